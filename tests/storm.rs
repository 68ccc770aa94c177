//! The whole keeper in a storm: ten thousand panics over all six actors, on the real store and against the
//! simulator's Telegram. Everything the keeper was told arrives, and every alert that is due is delivered.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use fyers_api::{
    http::{ApiRequest, Method, Surface},
    ist,
    model::{OrderRequest, OrderType, Product, Side},
};
use fyers_keeper::{
    app::{Keeper, Parts, Phone},
    config::TelegramSettings,
    demo::sped_clock::SpedClock,
    login_report::LoginSetup,
    store::{SqliteStore, StateDir},
    telegram::{TelegramChat, TelegramMessenger},
};
use keeper_actors::{
    exchange::{
        execution::FaultPoint,
        market::MockMarket,
        messages::{Forward, GetMode},
    },
    supervisor::{chaos::Crash, install_panic_hook, panics_here},
};
use keeper_domain::{
    alerts::texts::{Context, alert_for},
    clock::{calendar::Calendar, token_hours::TokenHours},
    event::{Event, Recorded},
    keys::BotName,
    ports::{Store, Time},
    restart_policy::Limits,
    routing::OnTokenLoss,
    session::{reconcile::Seeds, rules::Facts},
};
use mock_exchange as engine;
use rust_decimal::Decimal;
use secrecy::SecretString;
use simulator::{Options, Simulator};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

const PANICS: u64 = 10_000;
const NAMES: [&str; 6] = ["token", "clock", "exchange", "notifier", "card", "inbox"];

fn texts() -> Context {
    Context {
        login_hint: "log in.".into(),
        live: false,
        reads_only: false,
        reject_without_token: false,
        halted: false,
        tick_time: ist::at(8, 45),
        card: None,
    }
}

fn parts(simulator: &Simulator, clock: &Arc<SpedClock>, store: &Arc<dyn Store>) -> Parts {
    let telegram = Options::default().telegram;
    let chat_id = telegram.chats[0];
    let settings = TelegramSettings {
        bot_token: SecretString::from(telegram.bot_token),
        chat_id,
        allowed_users: vec![chat_id],
        api_url: simulator.telegram_url().parse().unwrap(),
    };
    let messenger = TelegramMessenger::new(&settings);
    let chat = Arc::new(TelegramChat::new(&settings).unwrap());
    let login =
        LoginSetup { authorize: Arc::new(str::to_owned), page: Some("https://keeper.example".into()) };
    Parts {
        broker: None,
        outgoing: None,
        proxy: None,
        contact: None,
        sockets: None,
        messenger: Arc::new(messenger.unwrap()),
        webhook: None,
        state_folder: String::new(),
        store: Arc::clone(store),
        mirror: None,
        time: Arc::clone(clock) as Arc<dyn Time>,
        steady: None,
        day_summary: false,
        feed_items: 30_000,
        calendar: Arc::new(Calendar::embedded()),
        hours: Arc::new(TokenHours::usual(Arc::new(Calendar::embedded()))),
        tick_time: ist::at(8, 45),
        phone: Some(Phone { chat, chat_id, allowed_users: vec![chat_id], moves: None }),
        login: Some(login),
        facts: Facts::default(),
        test_doors: false,
        seeds: Seeds::default(),
        sandbox: true,
        on_token_loss: OnTokenLoss::Mock,
        rules: engine::Config { around_the_clock: true, ..engine::Config::new(Decimal::from(1_000_000)) },
        market: MockMarket::walking(Arc::new(Calendar::embedded())),
        instruments: engine::Instruments::default(),
        symbols: None,
        listen: None,
        public_url: None,
        trusted_proxies: vec![],
        metrics: fyers_keeper::http::metrics::Metrics::new(),
        key: SecretString::from(String::new()).into(),
        memory: fyers_keeper::memory::Memory::default(),
        secrets: fyers_keeper::logging::Redactor::default(),
        signing: SecretString::from("signing".to_owned()),
        rotate_owner: None,
        texts: texts(),
        missing: vec![],
        after_crash: false,
        after_loss: false,
        limits: Limits::tireless(),
        lease: None,
        set_up: None,
        order_fault: FaultPoint::default(),
    }
}

fn order(number: u64) -> OrderRequest {
    OrderRequest {
        symbol: "NSE:SBIN-EQ".into(),
        quantity: 1,
        side: if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        order_type: OrderType::Market,
        product: Product::Intraday,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: Some(format!("n{number}")),
    }
}

fn place(order: &OrderRequest) -> ApiRequest {
    ApiRequest {
        surface: Surface::Api,
        method: Method::Post,
        path: "/orders/sync".into(),
        query: String::new(),
        content_type: None,
        body: fyers_api::request::order(order).unwrap().to_string().into_bytes(),
    }
}

/// Sends orders and crashes in turns until there have been enough panics; gives the number of orders.
async fn storm(keeper: &Keeper) -> u64 {
    let actors = &keeper.actors;
    let mut orders = 0;
    while keeper.tree.accounted_panics() < PANICS {
        for round in 0..25 {
            actors.token.do_send(Crash);
            actors.clock.do_send(Crash);
            actors.notifier.do_send(Crash);
            actors.exchange.do_send(Crash);
            actors.card.as_ref().unwrap().do_send(Crash);
            keeper.inbox.as_ref().unwrap().do_send(Crash);
            // Behind a crash in the queue: to be handled by the next life. Nobody waits for the answer here, so a
            // lost order would go unnoticed but for the count at the end.
            if round % 5 == 0 {
                actors.exchange.do_send(Forward(place(&order(orders)), BotName::owner()));
                orders += 1;
            }
        }
        // All of it is worked off before the next round: an order that is being written when its actor dies is
        // told to have failed, which is not what is counted here.
        while actors.exchange.send(GetMode).await.is_err() {}
    }
    orders
}

#[actix::test]
async fn ten_thousand_panics_lose_no_message_and_no_alert() {
    install_panic_hook();
    let before = panics_here();
    let start: DateTime<Utc> = "2026-11-23T03:00:00Z".parse().unwrap();
    let clock = Arc::new(SpedClock::new(start));
    clock.set_speed(200.0);
    let simulator = Simulator::start(Options::default()).unwrap();
    let work = tempfile::tempdir().unwrap();
    let state = StateDir::open(&work.path().join("state")).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&state).await.unwrap());
    let keeper = Keeper::start(parts(&simulator, &clock, &store)).await.unwrap();

    let orders = storm(&keeper).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(300);
    loop {
        keeper.flush(Duration::from_secs(60)).await;
        let unread = store.unread_events(1).await.unwrap().len();
        if unread == 0 && store.waiting_alerts().await.unwrap().is_empty() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "alerts are still waiting");
    }

    let journal = store.recent_events(u32::MAX >> 1).await.unwrap();
    let simulated = count(&journal, |event| matches!(event, Event::OrderSimulated { .. }));
    let due: i64 = journal.iter().filter(|entry| alert_for(entry, &texts()).is_some()).count() as i64;
    let totals = store.alert_totals().await.unwrap();
    let told = told(&state.path().join("keeper.db")).await;
    let (seen, accounted) = (panics_here() - before, keeper.tree.accounted_panics());
    println!("{:<10}{:>9}{:>10}", "actor", "panics", "restarts");
    for name in NAMES {
        let counters = keeper.tree.counters(name);
        println!("{name:<10}{:>9}{:>10}", counters.panics, counters.restarts);
        assert!(counters.panics >= PANICS / 8 && counters.restarts == counters.panics, "{name}");
    }
    println!("panic hook {seen}, accounted {accounted}; orders sent {orders}, kept {simulated}");
    println!(
        "events worth an alert {due}, told of {told}, alerts queued {}, delivered {}",
        totals.queued, totals.delivered
    );

    assert_eq!(seen, accounted, "every panic has an owner");
    assert_eq!(simulated as u64, orders, "an order was lost or doubled");
    assert_eq!(told, due, "an event was not told of, or twice");
    assert_eq!(totals.queued, totals.delivered);
    assert_eq!(count(&journal, |event| matches!(event, Event::Ticked { .. })), 1, "ticks of one day");
    let phone: Vec<_> = simulator.telegram_messages().into_iter().map(|message| message.text).collect();
    assert!(phone.len() as u64 >= totals.delivered, "a delivered alert is on the phone");
    assert!(due > 0 && phone.iter().any(|text| text.contains("restarted")), "{phone:?}");
    keeper.tree.shutdown().await;
}

/// Events that the alerts in the database stand for, repeats counted.
async fn told(database: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let row: (i64,) =
        sqlx::query_as("SELECT SUM(count) FROM alerts").fetch_one(&mut connection).await.unwrap();
    row.0
}

fn count(journal: &[Recorded], wanted: impl Fn(&Event) -> bool) -> usize {
    journal.iter().filter(|entry| wanted(&entry.event)).count()
}
