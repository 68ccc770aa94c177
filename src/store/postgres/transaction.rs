//! One transaction in the name of the lease's epoch, and what is known of it when it fails.

use std::time::Duration;

use keeper_domain::ports::{ChangeLine, StoreError, StoreErrorKind};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, timeout};

use crate::store::postgres::{
    fault::{is_of_the_connection, of, told},
    held_lease::HeldLease,
    write::{self, Work},
};

/// How long a transaction may take. The lease must not end in it.
pub(super) const LIMIT: Duration = Duration::from_secs(6);
/// The least that its COMMIT is given of it.
const FOR_COMMIT: Duration = Duration::from_millis(50);

/// A change, and what it builds on.
pub(super) type Piece = (Option<ChangeLine>, Work);

/// Why a transaction is not known to be on disk.
pub(super) enum Fault {
    /// It is not there.
    NotMade(StoreError),
    /// Its COMMIT, of this number, got no answer.
    NotKnown(i64, StoreError),
    /// The lease is not this keeper's any more.
    Fenced(Fenced),
}

/// Why nothing can be made in the name of a lease any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fenced {
    /// Another keeper has taken over.
    Taken,
    /// The database was put back to an earlier moment: what this keeper goes by is not there.
    PutBack,
}

/// Makes the changes in one transaction, or each in its own when one of them is refused. The answers are in their order.
pub(super) async fn make(
    on: &mut PgConnection,
    holding: &HeldLease,
    pieces: &[Piece],
) -> Result<Vec<Result<(), StoreError>>, Fault> {
    if pieces.iter().any(|piece| behind(piece).is_some()) {
        return one_by_one(on, holding, pieces).await;
    }
    match transaction(on, holding, pieces).await {
        Err(Refused::One(_)) if pieces.len() > 1 => one_by_one(on, holding, pieces).await,
        Err(Refused::One(error)) => Ok(vec![Err(error)]),
        Err(Refused::All(fault)) => Err(fault),
        Ok(()) => Ok(pieces.iter().map(|_| Ok(())).collect()),
    }
}

/// Why a change is not made: another one of its line was not.
fn behind((line, _): &Piece) -> Option<StoreError> {
    line.as_ref()?.refusal("made a change")
}

/// Removes what nobody reads any more; true when there may be more.
pub(super) async fn trim(on: &mut PgConnection, holding: &HeldLease) -> sqlx::Result<bool> {
    let trimming = async {
        let mut transaction = on.begin().await?;
        let Ok(number) = count(&mut transaction, holding).await? else { return Ok(false) };
        let is_more = write::trim(&mut transaction).await?;
        transaction.commit().await?;
        holding.note_made(number);
        Ok(is_more)
    };
    timeout(LIMIT, trimming).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Why a transaction was not made.
enum Refused {
    /// One of its changes was refused; nothing of it is there and the connection is fine.
    One(StoreError),
    /// None of them is known to be there.
    All(Fault),
}

/// Counts this transaction in the row of the lease, if that is still the one of this holding. The row stays locked until the
/// end of the transaction, so nobody takes over in between.
async fn count(on: &mut PgConnection, holding: &HeldLease) -> sqlx::Result<Result<i64, Fenced>> {
    let count = "UPDATE lease SET commits = commits + 1, unended = unended OR $4
                 WHERE one = 1 AND epoch = $1 AND holder = $2 AND commits >= $3 RETURNING commits";
    let query = sqlx::query_as(count).bind(holding.epoch()).bind(&holding.id().holder).bind(holding.made());
    let query = query.bind(holding.is_to_be_ended());
    let row: Option<(i64,)> = query.fetch_optional(&mut *on).await?;
    match row {
        Some((number,)) => Ok(Ok(number)),
        None => Ok(Err(found(on, holding).await?.err().unwrap_or(Fenced::Taken))),
    }
}

/// The number of the last transaction in the database, if the lease there is still that of this holding.
pub(super) async fn found(on: &mut PgConnection, holding: &HeldLease) -> sqlx::Result<Result<i64, Fenced>> {
    let look = "SELECT commits, epoch = $1 AND holder IS NOT DISTINCT FROM $2 FROM lease WHERE one = 1";
    let query = sqlx::query_as(look).bind(holding.epoch()).bind(&holding.id().holder);
    let (commits, is_ours): (i64, bool) = query.fetch_one(on).await?;
    // Whoever takes over counts on.
    Ok(match (commits < holding.made(), is_ours) {
        (true, _) => Err(Fenced::PutBack),
        (false, false) => Err(Fenced::Taken),
        (false, true) => Ok(commits),
    })
}

async fn transaction(on: &mut PgConnection, holding: &HeldLease, pieces: &[Piece]) -> Result<(), Refused> {
    let started = Instant::now();
    let making = async {
        let fault = |error: sqlx::Error| {
            let told = told("made a change", &error);
            if is_of_the_connection(&error) { Refused::All(Fault::NotMade(told)) } else { Refused::One(told) }
        };
        let mut transaction = on.begin().await.map_err(fault)?;
        let number = count(&mut transaction, holding).await.map_err(fault)?;
        let number = number.map_err(|fenced| Refused::All(Fault::Fenced(fenced)))?;
        for (_, work) in pieces {
            work.make(&mut transaction).await.map_err(fault)?;
        }
        Ok((transaction, number))
    };
    let hung = || told("made a change", &sqlx::Error::PoolTimedOut);
    let made = timeout(LIMIT, making).await.unwrap_or_else(|_| Err(Refused::All(Fault::NotMade(hung()))));
    let (transaction, number) = made?;
    let left = LIMIT.saturating_sub(started.elapsed()).max(FOR_COMMIT);
    let committed = timeout(left, transaction.commit()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    committed.map_err(|error| Refused::All(Fault::NotKnown(number, told("made a change", &error))))?;
    holding.note_made(number);
    Ok(())
}

/// A change that is refused takes no other one with it, but for those that build on it.
async fn one_by_one(
    on: &mut PgConnection,
    holding: &HeldLease,
    pieces: &[Piece],
) -> Result<Vec<Result<(), StoreError>>, Fault> {
    let mut outcomes = vec![];
    for piece in pieces {
        if let Some(error) = behind(piece) {
            outcomes.push(Err(error));
            continue;
        }
        match transaction(on, holding, std::slice::from_ref(piece)).await {
            Ok(()) => outcomes.push(Ok(())),
            Err(Refused::One(error)) => {
                if let Some(line) = &piece.0 {
                    line.break_off(error.kind);
                }
                outcomes.push(Err(error));
            }
            Err(Refused::All(fault)) if outcomes.is_empty() => return Err(fault),
            // Those before it are on disk and must be answered so.
            Err(Refused::All(fault)) => {
                let error = match fault {
                    Fault::NotMade(error) => error,
                    Fault::NotKnown(_, error) => not_known(&error),
                    Fault::Fenced(_) => of(StoreErrorKind::Fenced, "made a change"),
                };
                outcomes.resize_with(pieces.len(), || Err(error.clone()));
                return Ok(outcomes);
            }
        }
    }
    Ok(outcomes)
}

pub(super) fn not_known(error: &StoreError) -> StoreError {
    StoreError {
        problem: format!("{}. Whether the change is on disk is not known", error.problem),
        ..error.clone()
    }
}
