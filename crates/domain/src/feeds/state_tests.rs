use super::*;

const NOW: Duration = Duration::from_secs(1);

fn sbin() -> Item {
    Item::quote("NSE:SBIN-EQ")
}

fn value(item: Item, ltp: i32, origin: PriceOrigin) -> FeedQuote {
    let snapshot = FeedSnapshot {
        topic: 0,
        name: String::new(),
        values: vec![ltp, 7],
        multiplier: 1,
        precision: 2,
        exchange: "nse_cm".to_owned(),
        token: "3045".to_owned(),
        symbol: "SBIN-EQ".to_owned(),
    };
    quote(item, snapshot, origin, DateTime::default())
}

fn ltps(taken: &Taken) -> Vec<String> {
    taken.quotes.iter().map(|quote| quote.ltp().unwrap().to_string()).collect()
}

fn order(venue: Venue) -> OrderNews {
    OrderNews { venue, topic: Some(OrderTopic::Orders), text: "{}".into() }
}

fn mode(mode: Mode) -> ModeNotice {
    ModeNotice { mode, shown: ShownMode::of(mode, false), reason: Reason::Verified, at: DateTime::default() }
}

#[test]
fn whoever_follows_is_told_what_is_known_and_then_the_newest() {
    let mut feeds = Feeds::default();
    let (first, second) = (feeds.connect(Door::Hsm, Mode::Live), feeds.connect(Door::Plain, Mode::Live));
    feeds.follow(first, [sbin()], NOW);
    let version = feeds.version();
    feeds.snapshot(value(sbin(), 80_000, PriceOrigin::Live), NOW);
    feeds.follow(second, [sbin()], NOW);
    assert_eq!(feeds.version(), version, "one subscription at FYERS, however many bots");
    assert_eq!(feeds.woken(), BTreeSet::from([first, second]));
    assert_eq!(ltps(&feeds.take(second, 9, NOW)), ["800.00"], "at once");
    feeds.update(&sbin(), &[80_100], DateTime::default(), NOW);
    feeds.update(&sbin(), &[80_200], DateTime::default(), NOW);
    assert_eq!(ltps(&feeds.take(first, 9, NOW)), ["802.00"], "the newest alone");
    assert_eq!(feeds.counts().conflated, 3);
    feeds.update(&sbin(), &[fyers_api::hsm::ABSENT, 7], DateTime::default(), NOW);
    assert_eq!(feeds.take(first, 9, NOW), Taken::default(), "nothing has changed");
    feeds.disconnect(first);
    assert_eq!(feeds.wanted(), [sbin()]);
    feeds.unfollow(second, &[sbin()]);
    assert_eq!(feeds.wanted(), []);
}

#[test]
fn a_bot_is_woken_once_for_all_that_waits() {
    let mut feeds = Feeds::default();
    let id = feeds.connect(Door::Hsm, Mode::Live);
    let infy = Item::quote("NSE:INFY-EQ");
    feeds.follow(id, [sbin(), infy.clone()], NOW);
    for item in [sbin(), infy] {
        feeds.snapshot(value(item, 80_000, PriceOrigin::Live), NOW);
    }
    assert_eq!(feeds.woken(), BTreeSet::from([id]));
    assert!(feeds.take(id, 1, NOW).more);
    feeds.update(&sbin(), &[80_100], DateTime::default(), NOW);
    assert_eq!(feeds.woken(), BTreeSet::new(), "it takes until nothing is left");
    assert!(!feeds.take(id, 9, NOW).more);
    feeds.update(&sbin(), &[80_200], DateTime::default(), NOW);
    assert_eq!(feeds.woken(), BTreeSet::from([id]));
}

#[test]
fn simulated_fills_are_not_told_while_orders_are_real() {
    let mut feeds = Feeds::default();
    let orders = BTreeSet::from([OrderTopic::Orders]);
    let official = feeds.connect(Door::Orders, Mode::Live);
    let plain = feeds.connect(Door::Plain, Mode::Live);
    let trial = feeds.connect(Door::Orders, Mode::Sandbox);
    [official, plain, trial].into_iter().for_each(|id| feeds.set_orders(id, orders.clone()));
    let told = |feeds: &mut Feeds, id| {
        feeds.take(id, 9, NOW).news.into_iter().filter(|one| matches!(one, FeedNews::Order(_))).count()
    };
    for (now, venue, want) in [
        (Mode::Mock, Venue::Mock, [1, 1, 1]),
        (Mode::Sandbox, Venue::Mock, [1, 1, 1]),
        (Mode::Live, Venue::Fyers, [1, 1, 0]),
        (Mode::Live, Venue::Mock, [0, 0, 1]),
    ] {
        feeds.set_mode(mode(now), NOW);
        feeds.order(order(venue), NOW);
        assert_eq!([official, plain, trial].map(|id| told(&mut feeds, id)), want, "{now} {venue:?}");
    }
    feeds.set_orders(official, BTreeSet::new());
    feeds.order(order(Venue::Fyers), NOW);
    assert_eq!(told(&mut feeds, official), 0);
}

#[test]
fn the_mode_is_told_once_at_each_change_and_ages_the_prices() {
    let mut feeds = Feeds::default();
    let plain = feeds.connect(Door::Plain, Mode::Live);
    feeds.set_mode(mode(Mode::Live), NOW);
    feeds.set_mode(mode(Mode::Live), NOW);
    assert_eq!(feeds.take(plain, 9, NOW).news, [FeedNews::Mode(mode(Mode::Live))]);
    feeds.follow(plain, [sbin()], NOW);
    feeds.snapshot(value(sbin(), 80_000, PriceOrigin::Live), NOW);
    feeds.take(plain, 9, NOW);
    feeds.set_mode(mode(Mode::Mock), NOW);
    assert_eq!(feeds.take(plain, 9, NOW).news, [FeedNews::Mode(mode(Mode::Mock))]);
    let late = feeds.connect(Door::Plain, Mode::Live);
    feeds.follow(late, [sbin()], NOW);
    assert_eq!(feeds.take(late, 9, NOW).quotes[0].origin, PriceOrigin::Last);
}

#[test]
fn a_symbol_that_fyers_does_not_know_is_told_and_left() {
    let mut feeds = Feeds::default();
    let plain = feeds.connect(Door::Plain, Mode::Live);
    feeds.follow(plain, [sbin()], NOW);
    feeds.refuse("NSE:SBIN-EQ", "Invalid symbol", NOW);
    assert!(
        matches!(&feeds.take(plain, 9, NOW).news[..], [FeedNews::Unknown { symbol, .. }] if &**symbol == "NSE:SBIN-EQ")
    );
    assert_eq!(feeds.wanted(), []);
    let many = (0..=MOST_ITEMS).map(|n| Item::quote(&format!("NSE:S{n}-EQ")));
    assert_eq!(feeds.follow(plain, many, NOW).len(), 1, "one too many");
}

#[test]
fn all_bots_together_follow_so_many_items_and_no_more() {
    let room = 4 * MOST_ITEMS;
    let mut feeds = Feeds::with_room(room);
    let many = || (0..MOST_ITEMS).map(|n| Item::quote(&format!("NSE:S{n}-EQ")));
    let bots: Vec<ClientId> = (0..9).map(|_| feeds.connect(Door::Plain, Mode::Live)).collect();
    let refused: usize = bots.iter().map(|bot| feeds.follow(*bot, many(), NOW).len()).sum();
    assert_eq!(refused, 9 * MOST_ITEMS - room);
    assert_eq!(feeds.follow(bots[0], many(), NOW).len(), 0, "what is followed already is no more");
    feeds.disconnect(bots[0]);
    assert_eq!(feeds.follow(bots[8], many(), NOW).len(), 0, "there is room again");
}

#[test]
fn an_end_and_a_return_are_told_once_each() {
    let mut feeds = Feeds::default();
    let plain = feeds.connect(Door::Plain, Mode::Live);
    feeds.set_source(Upstream::Data, None, NOW);
    for reason in [EndReason::Lost, EndReason::Unreachable] {
        feeds.set_source(Upstream::Data, Some(reason), NOW);
    }
    feeds.set_source(Upstream::Data, None, NOW);
    let told = |ended| FeedNews::Source { upstream: Upstream::Data, ended };
    assert_eq!(feeds.take(plain, 9, NOW).news, [told(Some(EndReason::Lost)), told(None)]);
}

#[test]
fn the_exchange_is_told_the_newest_real_price_of_each_symbol_once() {
    let mut feeds = Feeds::default();
    feeds.snapshot(value(sbin(), 80_000, PriceOrigin::Live), NOW);
    feeds.update(&sbin(), &[80_100], DateTime::default(), NOW);
    feeds.snapshot(value(Item::quote("NSE:INFY-EQ"), 150_000, PriceOrigin::Walk), NOW);
    let prices = |feeds: &mut Feeds| -> Vec<String> {
        feeds.take_observed().into_iter().map(|one| one.seen.last.to_string()).collect()
    };
    assert_eq!(prices(&mut feeds), ["801.00"]);
    assert_eq!(prices(&mut feeds), [""; 0], "once");
    feeds.update(&sbin(), &[80_200], DateTime::default(), NOW);
    feeds.set_mode(mode(Mode::Live), NOW);
    feeds.set_mode(mode(Mode::Mock), NOW);
    assert_eq!(prices(&mut feeds), ["802.00"], "the last one before the token's death counts too");
    feeds.update(&sbin(), &[80_300], DateTime::default(), NOW);
    feeds.snapshot(value(sbin(), 79_000, PriceOrigin::Walk), NOW);
    assert_eq!(prices(&mut feeds), [""; 0], "a made-up one is none");
}

#[test]
fn a_bot_that_shows_its_key_late_has_the_ceiling_of_its_key() {
    let mut feeds = Feeds::default();
    feeds.set_mode(mode(Mode::Live), NOW);
    let plain = feeds.connect(Door::Plain, Mode::Mock);
    feeds.set_orders(plain, BTreeSet::from([OrderTopic::Orders]));
    feeds.order(order(Venue::Fyers), NOW);
    assert_eq!((feeds.take(plain, 9, NOW).news, feeds.wants_orders()), (vec![], false));
    assert_eq!(feeds.mode(plain).mode, Mode::Mock);
    for (ceiling, want) in [(Mode::Sandbox, 0), (Mode::Live, 1)] {
        feeds.set_ceiling(plain, ceiling);
        feeds.order(order(Venue::Fyers), NOW);
        assert_eq!(feeds.take(plain, 9, NOW).news.len(), want, "{ceiling}");
        assert_eq!((feeds.mode(plain).mode, feeds.wants_orders()), (ceiling, want == 1));
    }
    feeds.set_ceiling(plain, Mode::Sandbox);
    let halted = ModeNotice { shown: ShownMode::Halted, ..mode(Mode::Live) };
    feeds.set_mode(halted, NOW);
    let seen = ModeNotice { mode: Mode::Sandbox, ..halted };
    assert_eq!(feeds.take(plain, 9, NOW).news, [FeedNews::Mode(seen)]);
}
