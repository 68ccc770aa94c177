//! Reads that may be given up half-way, on any thread and at any time.
//!
//! A connection goes back to its pool by a task, also when the future that reads is dropped: with the connection of
//! whoever has asked, with an actor, with everything at the end. A thread that ends drops its futures when it has left its
//! runtime, and there sqlx has nothing to start that task on and panics. So a read is dropped inside of the runtime
//! that it began in; where that one is ending, the task is dropped with it and the connection is closed.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// See [`droppable`].
pub(super) struct Droppable<F> {
    /// There until it is dropped.
    read: Option<Pin<Box<F>>>,
    runtime: Option<Handle>,
}

/// The same read, which may be dropped anywhere. To be called where it is polled.
pub(super) fn droppable<F: Future>(read: F) -> Droppable<F> {
    Droppable { read: Some(Box::pin(read)), runtime: Handle::try_current().ok() }
}

impl<F: Future> Future for Droppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.read {
            Some(read) => read.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Droppable<F> {
    fn drop(&mut self) {
        let _inside = self.runtime.as_ref().map(Handle::enter);
        self.read = None;
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc, task::Waker};

    use sqlx::SqlitePool;

    use super::*;

    /// A read that has its connection, as it is left behind by a thread that has ended.
    fn given_up_outside<F: Future>(begin: impl FnOnce(SqlitePool, Rc<Cell<bool>>) -> F) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(async {
            let (pool, has_it) = (SqlitePool::connect("sqlite::memory:").await.unwrap(), Rc::default());
            let mut read = Box::pin(begin(pool, Rc::clone(&has_it)));
            while !has_it.get() {
                assert!(read.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                tokio::task::yield_now().await;
            }
            Some(read)
        });
        assert!(Handle::try_current().is_err());
        drop(read);
    }

    /// It takes the connection and keeps it.
    async fn hold(pool: SqlitePool, has_it: Rc<Cell<bool>>) {
        let _held = pool.acquire().await.unwrap();
        has_it.set(true);
        std::future::pending::<()>().await;
    }

    #[test]
    fn a_read_that_is_given_up_outside_of_its_runtime_is_no_panic() {
        let plain = std::panic::catch_unwind(|| given_up_outside(hold));
        assert!(plain.is_err(), "sqlx does not mind any more: this is not needed");
        given_up_outside(|pool, has_it| droppable(hold(pool, has_it)));
    }

    #[tokio::test]
    async fn what_was_read_is_there() {
        let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
        let (one,): (i64,) = droppable(sqlx::query_as("SELECT 1").fetch_one(&pool)).await.unwrap();
        assert_eq!(one, 1);
    }
}
