//! A critical alert does not wait behind silent ones: sixty of them are queued while Telegram is down.

use keeper_domain::event::Event;
use simulator::{RefreshMode, Service};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{Home, block_on, post, wait_for};

/// Silent alerts that are never merged, as a life before this one has left them in the journal.
fn leave_silent_events(home: &Home, count: usize) {
    let path = home.path("state/keeper.db");
    block_on(async {
        let mut database =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
        for n in 0..count {
            let event = Event::ActorRestarted { actor: format!("actor {n}"), restarts: 1 };
            let put = "INSERT INTO journal (at, kind, event) SELECT MAX(at), ?1, ?2 FROM journal";
            let put = sqlx::query(put).bind(event.name()).bind(serde_json::to_string(&event).unwrap());
            put.execute(&mut database).await.unwrap();
        }
    });
}

#[test]
fn a_critical_alert_is_the_first_after_an_outage_and_the_silent_ones_follow() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.set_outage(Service::Telegram, true);
    home.start_ready().kill9();
    leave_silent_events(&home, 60);
    let keeper = home.start_ready();
    let waits = |least: u64| {
        keeper.wait_status("a queue", |status| status["outbox"]["waiting"].as_u64() >= Some(least))
    };
    let before = waits(60)["outbox"]["waiting"].as_u64().unwrap();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    assert_eq!(post(&keeper.url("/api/alerts/test"), Some(key.trim())).unwrap().0, 200);
    waits(before + 3);
    home.sim.set_outage(Service::Telegram, false);
    let alerts = wait_for("some alerts", || {
        let mut alerts = home.alerts();
        alerts.retain(|alert| alert.contains("#K-"));
        (alerts.len() >= 5).then_some(alerts)
    });
    let place = |words: &str| alerts.iter().position(|alert| alert.contains(words)).unwrap();
    // One may have been on its way.
    assert!(place("marked \"critical\"") <= 1, "{alerts:#?}");
    assert!(place("marked \"warning\"") < place("was restarted"), "{alerts:#?}");
    let late = alerts.iter().find(|alert| alert.contains("was restarted")).unwrap();
    assert!(late.contains("(A newer, more urgent alert was sent before this one"), "{late}");
}
