//! The database is at an earlier moment than a holder has written: a backup was put back, or a replica that lagged behind has
//! taken its place. Whoever acts next must know.

use keeper_domain::notes::PUT_BACK;
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::store::postgres::lease::ASK_LIMIT;

/// Tells it, and notes it in the database for whoever takes the lease next. It is no change in the name of the lease, which
/// is over: it makes the next keeper careful, and nothing else.
pub(super) async fn tell(on: &mut PgConnection) {
    tracing::error!(
        event = "store.put_back",
        "the database is at an earlier moment than this keeper has written: a backup was put back, or a replica that lagged \
         behind has taken its place. This keeper stops to act; orders, halts and keys since that moment are not there"
    );
    let note =
        "INSERT INTO facts (name, value) VALUES ($1, 'true') ON CONFLICT (name) DO UPDATE SET value = 'true'";
    let noting = sqlx::query(note).bind(PUT_BACK.name()).execute(on);
    if !matches!(timeout(ASK_LIMIT, noting).await, Ok(Ok(_))) {
        tracing::warn!(event = "store.put_back", "this could not be noted for the next keeper that acts");
    }
}
