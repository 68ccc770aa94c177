//! A question to an actor that does not wait long.

use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, dev::ToEnvelope};

/// Longest wait for an actor's answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The actor's answer; `None` when it does not come in time.
pub(super) async fn ask<A, M>(addr: &Addr<A>, message: M) -> Option<M::Result>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
    A::Context: ToEnvelope<A, M>,
{
    tokio::time::timeout(ANSWER_LIMIT, addr.send(message)).await.ok()?.ok()
}
