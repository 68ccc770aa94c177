//! Work that may be given up half-way, on any thread and at any time.
//!
//! A connection goes back to its pool by a task, also when the future that uses it is dropped: with the connection of
//! whoever has asked, with an actor, with everything at the end. A thread that ends drops its futures when it has left its
//! runtime, and there a pool has nothing to start that task on and panics. So such a future is dropped inside of the
//! runtime that it began in; where that one is ending, the task is dropped with it and the connection is closed.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// See [`droppable`].
#[derive(Debug)]
pub struct Droppable<F> {
    /// There until it is dropped.
    work: Option<Pin<Box<F>>>,
    runtime: Option<Handle>,
}

/// The same work, which may be dropped anywhere. To be called where it is polled.
pub fn droppable<F: Future>(work: F) -> Droppable<F> {
    Droppable { work: Some(Box::pin(work)), runtime: Handle::try_current().ok() }
}

impl<F: Future> Future for Droppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.work {
            Some(work) => work.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Droppable<F> {
    fn drop(&mut self) {
        let _inside = self.runtime.as_ref().map(Handle::enter);
        self.work = None;
    }
}
