//! The order in which the ExchangeActor learns of the session, in its first life and in later ones.

use std::sync::atomic::{AtomicU32, Ordering};

use actix::{Context, Handler};
use fyers_api::operation::Operation;
use keeper_domain::{event::Death, order_journal::OrderEntry, restart_policy::Limits, routing::request::Leg};

use super::*;
use crate::{
    supervisor::{CrashSink, Tree, chaos::Crash},
    token::messages::GetSession,
};

/// A TokenActor that has proven its token already. It counts who asks.
struct Proven(Arc<AtomicU32>);

impl Actor for Proven {
    type Context = Context<Self>;
}

impl Handler<GetSession> for Proven {
    type Result = actix::MessageResult<GetSession>;

    fn handle(&mut self, _: GetSession, _: &mut Self::Context) -> Self::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        actix::MessageResult(session(true).view)
    }
}

struct NobodyHears;

impl CrashSink for NobodyHears {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

fn checking() -> SessionChanged {
    let view = SessionView { state: StateName::Checking, usable: None, ..session(true).view };
    SessionChanged { from: StateName::NoToken, to: StateName::Checking, why: Reason::Starting, view }
}

#[actix::test]
async fn news_that_waits_at_the_start_is_overtaken_by_no_answer_and_after_a_crash_the_actor_asks() {
    time::pause();
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    fyers.books(&[], &[]);
    let asked = Arc::new(AtomicU32::new(0));
    let deps = deps(&fyers, &store, false);
    deps.session.connect(Proven(Arc::clone(&asked)).start().recipient());
    let tree = Tree::new(Limits::default(), Arc::new(NobodyHears));
    let actor = tree.supervise("exchange", ExchangeActor::new(deps));
    // Both wait while the state is read from the store; when it is, the session is long past the first.
    actor.do_send(checking());
    actor.do_send(session(true));
    let switches = || -> Vec<(Mode, Mode)> {
        let switch = |event: Event| match event {
            Event::ModeChanged { from, to, .. } => Some((from, to)),
            _ => None,
        };
        store.events().into_iter().filter_map(switch).collect()
    };
    assert_eq!(actor.send(GetMode).await.unwrap().mode, Mode::Live);
    assert_eq!(switches(), [(Mode::Mock, Mode::Live)], "Live is not left for news of before");
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    actor.do_send(Crash);
    time::sleep(Duration::from_secs(5)).await;
    assert_eq!(actor.send(GetMode).await.unwrap().mode, Mode::Live);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "nobody tells it again by himself");
    assert_eq!(switches(), [(Mode::Mock, Mode::Live)], "a crash is no switch");
}

/// An id that is not known to be a bot's would be taken for that of the next lost order.
#[actix::test]
async fn an_order_of_this_day_is_known_behind_ten_thousand_simulated_ones() {
    time::pause();
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    let leg = Leg {
        symbol: "NSE:SBIN-EQ".into(),
        product: "INTRADAY".into(),
        quantity: 5,
        price: Decimal::ZERO,
        tag: Some("t".into()),
    };
    let entry = |venue, id: String| {
        let (at, answer) = ("2026-11-23T04:29:00Z".parse().unwrap(), (200, 1101, "", Some(id)));
        OrderEntry::new((Operation::Place, Mode::Live, venue), Some(&leg), answer, at).of(&BotName::owner())
    };
    let simulated = (0..10_000).map(|number| entry(Venue::Mock, format!("MOCK{number}")));
    let orders = [entry(Venue::Fyers, "26".into())].into_iter().chain(simulated).collect();
    let live_positions = Some(LivePositions { was_live: true, ..LivePositions::default() });
    store.commit(Change { orders, live_positions, ..Change::default() }).await.unwrap();
    fyers.books(&[], &[]);
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    let floor = Floor { fyers, store, actor };
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.1["code"], 201, "nobody knows");
    floor.fyers.books(&[row("26", 5, 6)], &[]);
    time::sleep(Duration::from_secs(30)).await;
    let told = |found: bool| {
        let is_it = move |event: &Event| matches!(event, Event::OrderOutcomeUnknown { found: id, .. } if id.is_some() == found);
        floor.store.count(is_it)
    };
    assert_eq!((told(true), told(false)), (0, 1), "it is the other one's");
}
