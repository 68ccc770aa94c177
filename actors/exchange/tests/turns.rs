//! Bots that fill the mailbox: everybody else on the actors' thread has his turn.

use std::{cell::Cell, rc::Rc};

use super::*;

/// Bots' messages that wait in the mailbox before the actor comes to it.
const FLOOD: usize = 2_000;

#[actix::test]
async fn a_mailbox_that_is_full_of_reads_keeps_nobody_else_from_his_turn() {
    let floor = floor(false, false).await;
    let (turns, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (counted, ended) = (Rc::clone(&turns), Rc::clone(&done));
    #[allow(clippy::disallowed_methods, reason = "there is no supervisor here")]
    actix_rt::spawn(async move {
        while !ended.get() {
            counted.set(counted.get() + 1);
            tokio::task::yield_now().await;
        }
    });
    let read = || Forward(call(Method::Get, "/orders", &Value::Null), BotName::owner());
    (0..FLOOD).for_each(|_| floor.actor.do_send(read()));
    // Behind them all.
    let (last, _) = floor.ask(Method::Get, "/orders", Value::Null).await;
    done.set(true);
    assert_eq!(last.answer.status, 200);
    // One turn in eight messages; without a pause the actor goes through all of them at one go.
    assert!(turns.get() * 10 > FLOOD, "{} turns", turns.get());
}
