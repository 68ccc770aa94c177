use chrono::DateTime;
use fyers_api::hsm::ABSENT;
use mock_exchange::PriceOrigin;

use super::*;

const TOPIC: &str = "sf|nse_cm|3045";

fn known() -> (HsmClient, Directory) {
    let (mut client, mut names) = (HsmClient::default(), Directory::default());
    names.learn("NSE:SBIN-EQ", "10100000003045");
    client.authenticated(true);
    (client, names)
}

fn quote(ltp: i32, precision: u8) -> Arc<FeedQuote> {
    let snapshot = FeedSnapshot {
        topic: 99,
        name: "another".to_owned(),
        values: vec![ltp, 7],
        multiplier: 1,
        precision,
        exchange: String::new(),
        token: String::new(),
        symbol: "SBIN-EQ".to_owned(),
    };
    FeedQuote::new(Item::quote("NSE:SBIN-EQ"), snapshot, PriceOrigin::Live, DateTime::default()).into()
}

fn subscribe(channel: u8) -> ClientFrame {
    ClientFrame::Subscribe { topics: vec![TOPIC.to_owned(), "odd".to_owned()], channel }
}

fn follow(client: &mut HsmClient, names: &Directory) -> (Vec<ServerFrame>, Vec<Item>) {
    let (answers, step) = client.received(subscribe(11), names);
    let Some(HsmStep::Subscribe(wishes)) = step else { panic!("{step:?}") };
    let items = wishes.iter().map(|wish| wish.item.clone()).collect();
    assert_eq!(client.keep(wishes, &[]), None);
    (answers, items)
}

fn records(frames: Vec<ServerFrame>) -> Vec<FeedRecord> {
    let of = |frame| match frame {
        ServerFrame::Feed(feed) => feed.records,
        _ => vec![],
    };
    frames.into_iter().flat_map(of).collect()
}

#[test]
fn a_snapshot_comes_first_and_then_what_is_new() {
    let (mut client, names) = known();
    let (answers, items) = follow(&mut client, &names);
    assert_eq!(answers, [ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true }]);
    assert_eq!(items, [Item::quote("NSE:SBIN-EQ")]);
    let first = records(client.feed([&quote(80_000, 2)]));
    let FeedRecord::Snapshot(all) = &first[0] else { panic!("{first:?}") };
    assert_eq!((all.name.as_str(), all.topic, all.token.as_str()), (TOPIC, 1, "3045"));
    assert_eq!(records(client.feed([&quote(80_000, 2)])), []);
    assert_eq!(
        records(client.feed([&quote(80_100, 2)])),
        [FeedRecord::Update { topic: 1, values: vec![80_100, 7] }]
    );
    assert!(
        matches!(records(client.feed([&quote(80_100, 4)]))[..], [FeedRecord::Snapshot(_)]),
        "another scale"
    );
    let leave = ClientFrame::Unsubscribe { topics: vec![TOPIC.to_owned()], channel: 11 };
    assert_eq!(client.received(leave, &names).1, Some(HsmStep::Leave(vec![Item::quote("NSE:SBIN-EQ")])));
    assert_eq!(records(client.feed([&quote(80_200, 4)])), []);
}

#[test]
fn made_up_prices_begin_and_end_with_a_snapshot() {
    let (mut client, names) = known();
    follow(&mut client, &names);
    client.feed([&quote(80_000, 2)]);
    let walk = |ltp: i32| {
        let mut walk = FeedQuote::clone(&quote(ltp, 2));
        walk.set_origin(PriceOrigin::Walk);
        walk.snapshot.values = vec![ltp, ABSENT];
        Arc::new(walk)
    };
    let told = records(client.feed([&walk(79_000)]));
    assert!(
        matches!(&told[..], [FeedRecord::Snapshot(all)] if all.values == [79_000, ABSENT] && all.topic == 1),
        "an absent value in an update would leave the real one: {told:?}"
    );
    assert!(matches!(records(client.feed([&walk(79_100)]))[..], [FeedRecord::Update { topic: 1, .. }]));
    client.received(ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Lite }, &names);
    let told = records(client.feed([&quote(79_100, 2)]));
    assert!(matches!(&told[..], [FeedRecord::Snapshot(all)] if all.values == [79_100, 7]), "{told:?}");
}

#[test]
fn lite_and_paused_channels_are_their_own() {
    let (mut client, names) = known();
    client.received(ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Lite }, &names);
    follow(&mut client, &names);
    client.feed([&quote(1, 2)]);
    assert_eq!(records(client.feed([&quote(2, 2)])), [FeedRecord::LastPrice { topic: 1, value: 2 }]);
    client.received(ClientFrame::Pause { channels: 1 << 11 }, &names);
    assert_eq!(records(client.feed([&quote(3, 2)])), []);
    let (_, step) = client.received(ClientFrame::Resume { channels: 1 << 11 }, &names);
    assert!(matches!(step, Some(HsmStep::Follow(items)) if items.len() == 1), "what was missed comes again");
    assert_eq!(records(client.feed([&quote(3, 2)])), [FeedRecord::LastPrice { topic: 1, value: 3 }]);
}

#[test]
fn nothing_is_told_without_a_key() {
    let (mut client, names) = known();
    let refused = ServerFrame::Auth { is_ok: false, ack_every: ACK_EVERY, names: None };
    assert_eq!(client.authenticated(false), refused);
    let (answers, step) = client.received(subscribe(11), &names);
    assert!(matches!(answers[..], [ServerFrame::Notice { code: NOT_AUTHENTICATED, .. }]) && step.is_none());
    let auth = ClientFrame::Auth { key: "k".to_owned(), mode: "P".to_owned(), source: String::new() };
    assert_eq!(client.received(auth, &names), (vec![], Some(HsmStep::Key("k".to_owned()))));
}

#[test]
fn the_javascript_sdk_is_told_the_names_of_fields() {
    for (source, is_told) in [("JS_API", true), ("PythonSDK-3.2.0", false)] {
        let (mut client, names) = known();
        let (key, mode, source) = ("k".to_owned(), "P".to_owned(), source.to_owned());
        client.received(ClientFrame::Auth { key, mode, source }, &names);
        let answer = client.authenticated(true);
        assert!(matches!(answer, ServerFrame::Auth { names, .. } if names.is_some() == is_told));
    }
}

fn wishes(client: &mut HsmClient, names: &Directory, topics: Vec<String>) -> Vec<HsmWish> {
    let (_, step) = client.received(ClientFrame::Subscribe { topics, channel: 11 }, names);
    let Some(HsmStep::Subscribe(wishes)) = step else { panic!("{step:?}") };
    wishes
}

#[test]
fn of_what_is_too_many_nothing_is_kept() {
    let (mut client, names) = known();
    let topics = (0..5_000).map(|n| format!("sf|nse_cm|{n}")).collect();
    let wishes = wishes(&mut client, &names, topics);
    assert!(wishes.len() == 5_000 && client.topics.is_empty() && client.by_item.is_empty());
    let too_many: Vec<Item> = wishes.iter().skip(1).map(|wish| wish.item.clone()).collect();
    let told = client.keep(wishes, &too_many);
    let words = "Symbol limit exceeded by 4999".to_owned();
    assert_eq!(told, Some(ServerFrame::Notice { code: SYMBOL_LIMIT, message: words, about: 4 }));
    assert!(client.topics.len() == 1 && client.topics.capacity() < 16 && client.by_item.capacity() < 16);
}

#[test]
fn a_topic_is_short_and_few_are_about_the_same() {
    let (mut client, mut names) = known();
    let long = format!("sf|nse_cm|{}", "9".repeat(LONGEST_TOPIC));
    assert!(wishes(&mut client, &names, vec![long]).is_empty());
    (0..9).for_each(|n| names.learn_made_up("NSE:SBIN-EQ", &format!("101000000098765432{n}")));
    let topics = (0..9).map(|n| format!("sf|nse_cm|98765432{n}")).collect();
    let wishes = wishes(&mut client, &names, topics);
    assert!(wishes.iter().all(|wish| wish.item == Item::quote("NSE:SBIN-EQ")), "{wishes:?}");
    assert!(client.keep(wishes, &[]).is_some());
    assert_eq!(records(client.feed([&quote(1, 2)])).len(), MOST_NAMES);
}
