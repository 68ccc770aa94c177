//! One poller at a time: who waits, who is told to go, and what an update is.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{BOT_TOKEN, bot, client, morning, start};
use serde_json::json;
use simulator::{Fault, FaultRule, Options, Service, Simulator, UserAction, endpoint};
use teloxide::prelude::*;
use teloxide::types::AllowedUpdate;
use teloxide::{ApiError, RequestError};

/// Waits until this many polls are being held open.
async fn held(simulator: &Simulator, polls: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while simulator.call_count(endpoint::GET_UPDATES).in_flight != polls {
        assert!(Instant::now() < deadline, "{:?}", simulator.call_count(endpoint::GET_UPDATES));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn says(simulator: &Simulator, text: &str) {
    simulator.act(&UserAction::Text { from: 42, chat: None, text: text.into() }).unwrap();
}

#[tokio::test]
async fn of_two_pollers_the_older_one_is_told_to_go() {
    let simulator = start(&morning());
    let older = bot(&simulator, "getUpdates", json!({"timeout": 30}));
    let newer = async {
        held(&simulator, 1).await;
        bot(&simulator, "getUpdates", json!({"timeout": 30})).await
    };
    let person = async {
        while simulator.call_count(endpoint::GET_UPDATES).total < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        held(&simulator, 1).await;
        says(&simulator, "hi");
    };
    let (older, newer, ()) = tokio::join!(older, newer, person);
    assert_eq!(older.0, 409);
    assert_eq!(
        older.1,
        json!({"ok": false, "error_code": 409, "description": "Conflict: terminated by other getUpdates \
            request; make sure that only one bot instance is running"})
    );
    assert_eq!((newer.0, &newer.1["result"][0]["message"]["text"]), (200, &json!("hi")));
    assert_eq!(simulator.state().poll_conflicts, 1);
}

#[tokio::test]
async fn the_library_knows_a_conflict_real_or_asked_for() {
    let simulator = start(&morning());
    let api = Bot::with_client(BOT_TOKEN, client()).set_api_url(simulator.telegram_url().parse().unwrap());
    let is_conflict =
        |error: &RequestError| matches!(error, RequestError::Api(ApiError::TerminatedByOtherGetUpdates));
    let older = async { api.get_updates().timeout(30).await.unwrap_err() };
    let newer = async {
        held(&simulator, 1).await;
        api.get_updates().await.unwrap()
    };
    let (older, newer) = tokio::join!(older, newer);
    assert!(is_conflict(&older) && newer.is_empty(), "{older:?}");
    simulator.inject(FaultRule::once(endpoint::GET_UPDATES, Fault::poll_conflict()));
    let asked = api.get_updates().await.unwrap_err();
    assert!(is_conflict(&asked), "{asked:?}");
}

#[tokio::test]
async fn a_wrong_token_takes_nobodys_place_and_one_poller_after_another_is_fine() {
    let simulator = start(&morning());
    let poll = bot(&simulator, "getUpdates", json!({"timeout": 30}));
    let others = async {
        held(&simulator, 1).await;
        let url = format!("{}/botWRONG/getUpdates", simulator.telegram_url());
        assert_eq!(client().get(url).send().await.unwrap().status(), 401);
        says(&simulator, "hi");
    };
    let (answer, ()) = tokio::join!(poll, others);
    assert_eq!(answer.0, 200);
    for _ in 0..3 {
        assert_eq!(bot(&simulator, "getUpdates", json!({})).await.0, 200);
    }
    assert_eq!(simulator.state().poll_conflicts, 0);
}

#[tokio::test]
async fn a_poller_that_left_is_gone_and_conflicts_with_nobody() {
    let simulator = start(&morning());
    let url = format!("{}/bot{BOT_TOKEN}/getUpdates?timeout=30", simulator.telegram_url());
    let impatient = client().get(url).timeout(Duration::from_millis(200)).send().await;
    assert!(impatient.is_err());
    held(&simulator, 0).await;
    assert_eq!(bot(&simulator, "getUpdates", json!({})).await.0, 200);
    assert_eq!(simulator.state().poll_conflicts, 0);
}

#[tokio::test]
async fn a_poll_ends_with_its_time_or_with_an_outage() {
    let longest_poll = Duration::from_millis(50);
    let simulator = Simulator::start(Options { longest_poll, ..Options::default() }).unwrap();
    let (status, answer) = bot(&simulator, "getUpdates", json!({"timeout": 30})).await;
    assert_eq!((status, &answer["result"]), (200, &json!([])));

    let simulator = start(&morning());
    let url = format!("{}/bot{BOT_TOKEN}/getUpdates?timeout=30", simulator.telegram_url());
    let poll = client().get(url).send();
    let outage = async {
        held(&simulator, 1).await;
        simulator.set_outage(Service::Telegram, true);
    };
    let (poll, ()) = tokio::join!(poll, outage);
    assert!(poll.is_err(), "{poll:?}");
}

#[tokio::test]
async fn only_wanted_kinds_of_update_arrive() {
    let simulator = start(&morning());
    let api = Bot::with_client(BOT_TOKEN, client()).set_api_url(simulator.telegram_url().parse().unwrap());
    let sent = api.send_message(ChatId(42), "x").await.unwrap();
    api.get_updates().allowed_updates([AllowedUpdate::CallbackQuery]).await.unwrap();
    says(&simulator, "unwanted");
    simulator
        .act(&UserAction::Press { from: 42, message_id: i64::from(sent.id.0), data: "y".into() })
        .unwrap();
    let (_, answer) = bot(&simulator, "getUpdates", json!({})).await;
    let updates = answer["result"].as_array().unwrap();
    assert_eq!((updates.len(), &updates[0]["callback_query"]["data"]), (1, &json!("y")));
    bot(&simulator, "getUpdates", json!({"allowed_updates": []})).await;
    says(&simulator, "wanted again");
    let (_, answer) = bot(&simulator, "getUpdates", json!({"offset": -1})).await;
    assert_eq!(answer["result"][0]["message"]["text"], "wanted again");
}
