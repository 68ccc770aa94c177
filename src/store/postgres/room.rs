//! Whether there is room on the server's disk. A row that is changed in its place, or that fits into a page which is there,
//! says nothing of that: only what makes the files longer does.

use sqlx::{Executor, PgPool};

/// A table of a megabyte beside those of the keeper.
const TAKE: [&str; 2] = [
    "CREATE TABLE keeper_room (piece TEXT)",
    "INSERT INTO keeper_room SELECT repeat('x', 1000) FROM generate_series(1, 1000)",
];

/// Takes it and gives it back.
pub(super) async fn find(pool: &PgPool) -> sqlx::Result<()> {
    let mut taking = pool.begin().await?;
    for statement in TAKE {
        taking.execute(statement).await?;
    }
    taking.rollback().await
}
