//! Requests while the mode changes under them.

use super::*;

#[actix::test]
async fn a_thousand_requests_across_a_hundred_switches_none_lost_none_doubled() {
    time::pause();
    let fyers = Arc::new(Fyers { slow: Duration::from_millis(7), ..Fyers::default() });
    fyers.books(&[], &[]);
    let store = Arc::new(MemoryStore::default());
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    let mut flying = Vec::new();
    for round in 0..100 {
        actor.do_send(session(round % 2 == 0));
        for number in 0..10 {
            let tag = format!("r{round}x{number}");
            let body = order(&format!("NSE:S{round}X{number}-EQ"), 1, 1, &tag);
            flying.push((
                round,
                tag,
                actor.send(Forward(call(Method::Post, "/orders/sync", &body), BotName::owner())),
            ));
        }
        time::sleep(Duration::from_millis(3)).await;
    }
    for (round, tag, answer) in flying {
        let done = answer.await.unwrap().answered().await;
        assert_eq!(done.answer.status, 200, "{tag}");
        let wanted = if round % 2 == 0 { (Mode::Live, Venue::Fyers) } else { (Mode::Mock, Venue::Mock) };
        assert_eq!((done.mode, done.venue), wanted, "{tag} ends where it began");
        let body: Value = serde_json::from_slice(&done.answer.body).unwrap();
        assert_eq!(body["id"].as_str().unwrap().starts_with("MOCK"), wanted.1 == Venue::Mock);
    }
    let live: Vec<String> = fyers.calls("/orders/sync").iter().map(|call| tag_of(&call.body)).collect();
    let journal = store.order_journal(2_000).await.unwrap();
    assert_eq!((live.len(), journal.len()), (500, 1_000));
    let mock =
        journal.iter().filter(|entry| entry.venue == Venue::Mock).filter_map(|entry| entry.tag.clone());
    let mut all: Vec<String> = live.into_iter().chain(mock).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 1_000, "no order went to both venues or twice to one");
}

fn tag_of(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["orderTag"].as_str().unwrap().to_owned()
}
