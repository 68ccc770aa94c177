//! Reads of the store that may be given up half-way: sqlx gives a connection back to its pool by a task
//! (`keeper_actors::droppable`).

pub(super) use keeper_actors::droppable::droppable;

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        rc::Rc,
        task::{Context, Waker},
    };

    use sqlx::SqlitePool;
    use tokio::runtime::Handle;

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
