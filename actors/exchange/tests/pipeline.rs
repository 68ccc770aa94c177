//! Simulated orders that are on their way to the disk together.

use actix::Addr;
use futures_util::FutureExt;
use keeper_domain::{event::Death, restart_policy::Limits};

use super::*;
use crate::{
    exchange::messages::{GetWorth, Pending},
    supervisor::{CrashSink, Tree, chaos::Crash},
};

fn buy() -> ApiRequest {
    call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 5, 1, ""))
}

fn read(path: &str) -> ApiRequest {
    call(Method::Get, path, &Value::Null)
}

/// An answer on its way.
struct Awaited(std::pin::Pin<Box<dyn Future<Output = Forwarded>>>);

impl Awaited {
    /// The status and the body, if there is an answer.
    fn now(&mut self) -> Option<(u16, Value)> {
        self.0.as_mut().now_or_never().map(|done| told(&done))
    }
}

fn told(done: &Forwarded) -> (u16, Value) {
    (done.answer.status, serde_json::from_slice(&done.answer.body).unwrap())
}

/// Sends requests, all of which the actor has handled when this returns.
async fn send(actor: &Addr<ExchangeActor>, requests: Vec<ApiRequest>) -> Vec<Awaited> {
    let mut all = vec![];
    for request in requests {
        let pending: Pending = actor.send(Forward(request, BotName::owner())).await.unwrap();
        all.push(Awaited(Box::pin(pending.answered())));
    }
    all
}

async fn settle() {
    time::sleep(Duration::from_millis(50)).await;
}

fn id(told: &(u16, Value)) -> String {
    assert_eq!(told.0, 200, "{told:?}");
    told.1["id"].as_str().unwrap().to_owned()
}

fn ids(book: &(u16, Value)) -> Vec<String> {
    let rows = book.1["orderBook"].as_array().unwrap_or_else(|| panic!("{book:?}"));
    let mut ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

impl Floor {
    async fn book(&self) -> Vec<String> {
        ids(&told(&self.ask(Method::Get, "/orders", Value::Null).await.0))
    }

    /// What a start from this disk would know.
    fn accepted_on_disk(&self) -> Vec<String> {
        let accepted = |record: &Record| match record {
            Record::OrderAccepted { id, .. } => Some(id.clone()),
            _ => None,
        };
        self.store.shelf.lock().unwrap().mock_records.iter().filter_map(accepted).collect()
    }
}

#[actix::test]
async fn orders_that_come_together_wait_together_and_each_is_answered_when_it_is_on_disk() {
    let floor = floor(false, false).await;
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    floor.store.hold();
    let mut orders = send(&floor.actor, vec![buy(); 5]).await;
    settle().await;
    assert_eq!(floor.store.waiting(), 5, "none waits for the one before");
    assert!(orders.iter_mut().all(|one| one.now().is_none()), "nothing is on disk");
    floor.store.make_held(2);
    settle().await;
    let first: Vec<_> = orders.drain(..2).map(|mut one| id(&one.now().unwrap())).collect();
    assert!(orders.iter_mut().all(|one| one.now().is_none()));
    assert_eq!(floor.accepted_on_disk()[1..], first, "in the order in which they came");
    floor.store.let_go();
    settle().await;
    let rest = orders.iter_mut().map(|one| id(&one.now().unwrap()));
    let all: Vec<_> = first.into_iter().chain(rest).collect();
    assert_eq!(floor.accepted_on_disk()[1..], all);
    assert_eq!(floor.book().await.len(), 6);
}

#[actix::test]
async fn one_that_fails_takes_all_behind_it_and_memory_is_what_is_on_disk() {
    let floor = floor(false, false).await;
    floor.store.hold();
    let mut orders = send(&floor.actor, vec![buy(); 5]).await;
    floor.store.fault.lock().unwrap().extend([Fault::Pass, Fault::Pass, Fault::Refuse]);
    // The failure has happened and the actor has not heard of it when one more comes.
    floor.store.make_held(3);
    let late = send(&floor.actor, vec![buy()]).await;
    floor.store.let_go();
    settle().await;
    orders.extend(late);
    let answers: Vec<_> = orders.iter_mut().map(|one| one.now().unwrap()).collect();
    let taken: Vec<_> = answers[..2].iter().map(id).collect();
    for refused in &answers[2..] {
        assert_eq!(refused.0, 503);
        let words = refused.1["message"].as_str().unwrap();
        assert!(words.contains("nothing was done: the disk is full"), "{words}");
    }
    assert_eq!(floor.book().await, taken);
    assert_eq!(floor.accepted_on_disk(), taken);
    assert_eq!(floor.store.order_journal(9).await.unwrap().len(), 2);
    let next = id(&told(&floor.place("NSE:SBIN-EQ", 5, 1).await.0));
    assert!(!taken.contains(&next));
    let all = [taken, vec![next]].concat();
    assert_eq!(floor.book().await, all);
    assert_eq!(floor.accepted_on_disk(), all);
    let positions = floor.ask(Method::Get, "/positions", Value::Null).await.1;
    assert_eq!(positions["netPositions"][0]["netQty"], 15, "of three orders");
    floor.store.hold();
    let more = send(&floor.actor, vec![buy(); 2]).await;
    floor.store.make_held(1);
    settle().await;
    let shown = floor.actor.send(GetMode).await.unwrap().simulated_today;
    assert!((3..=4).contains(&shown), "{shown}: readers see nothing of what has vanished");
    floor.store.let_go();
    settle().await;
    drop(more);
    assert_eq!(floor.actor.send(GetMode).await.unwrap().simulated_today, 5);
    let gap = floor.store.shelf.lock().unwrap().note("simulated_in_gap").unwrap();
    assert_eq!(gap, 5, "orders that are counted are those that were taken");
}

#[actix::test]
async fn nobody_is_shown_what_is_not_on_disk() {
    time::pause();
    for fault in [Fault::Pass, Fault::Refuse] {
        let floor = open(false, false).await;
        let first = id(&told(&floor.place("NSE:SBIN-EQ", 5, 1).await.0));
        let worth = floor.actor.send(GetWorth).await.unwrap();
        floor.store.hold();
        floor.store.fault.lock().unwrap().push_back(fault);
        let requests = vec![buy(), read("/orders"), read("/positions"), buy(), read("/orders")];
        let mut answers = send(&floor.actor, requests).await;
        settle().await;
        assert!(answers.iter_mut().all(|one| one.now().is_none()));
        assert_eq!(floor.actor.send(GetMode).await.unwrap().simulated_today, 1);
        let asked = floor.actor.send(GetWorth);
        floor.store.let_go();
        settle().await;
        let answers: Vec<_> = answers.iter_mut().map(|one| one.now().unwrap()).collect();
        let quantity = &answers[2].1["netPositions"][0]["netQty"];
        match fault {
            Fault::Refuse => {
                assert_eq!((answers[0].0, answers[3].0), (503, 503));
                assert_eq!((ids(&answers[1]), ids(&answers[4])), (vec![first.clone()], vec![first]));
                assert_eq!(*quantity, 5);
                assert_eq!(asked.await.unwrap(), worth);
                assert_eq!(floor.actor.send(GetMode).await.unwrap().simulated_today, 1);
            }
            _ => {
                let (second, third) = (id(&answers[0]), id(&answers[3]));
                assert_eq!(ids(&answers[1]), [first.clone(), second.clone()]);
                assert_eq!(ids(&answers[4]), [first, second, third]);
                assert_eq!(*quantity, 10);
                assert_eq!(floor.actor.send(GetMode).await.unwrap().simulated_today, 3);
            }
        }
    }
}

#[actix::test]
async fn more_than_the_disk_takes_wait_before_they_are_decided() {
    let floor = floor(false, false).await;
    floor.store.hold();
    for _ in 0..400 {
        floor.actor.do_send(Forward(buy(), BotName::owner()));
    }
    settle().await;
    let most = floor.store.waiting();
    assert!((200..300).contains(&most), "{most}");
    floor.store.let_go();
    settle().await;
    assert_eq!(floor.accepted_on_disk().len(), 400);
}

struct NobodyHears;

impl CrashSink for NobodyHears {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

#[actix::test]
async fn a_new_life_begins_when_what_the_old_one_queued_is_on_disk() {
    time::pause();
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    fyers.books(&[], &[]);
    let tree = Tree::new(Limits::default(), Arc::new(NobodyHears));
    let actor = tree.supervise("exchange", ExchangeActor::new(deps(&fyers, &store, false)));
    actor.send(session(false)).await.unwrap();
    let floor = Floor { fyers, store, actor };
    let first = id(&told(&floor.place("NSE:SBIN-EQ", 5, 1).await.0));
    floor.store.hold();
    let mut lost = send(&floor.actor, vec![buy(); 3]).await;
    floor.actor.do_send(Crash);
    floor.actor.do_send(session(false));
    let after = send(&floor.actor, vec![buy()]);
    let go = async {
        settle().await;
        floor.store.let_go();
    };
    let (mut after, ()) = futures_util::future::join(after, go).await;
    time::sleep(Duration::from_secs(6)).await;
    for one in &mut lost {
        let (status, body) = one.now().unwrap();
        assert_eq!(status, 503, "{body}");
        assert!(body["message"].as_str().unwrap().contains("look in the order book"), "{body}");
    }
    let next = id(&after[0].now().unwrap());
    let on_disk = floor.accepted_on_disk();
    assert_eq!(floor.book().await, on_disk, "all that was queued, once each");
    assert_eq!((on_disk.len(), &on_disk[0], &on_disk[4]), (5, &first, &next));
}
