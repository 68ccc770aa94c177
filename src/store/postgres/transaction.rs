//! One transaction in the name of the lease's epoch, and what is known of it when it fails.

use std::time::Duration;

use keeper_domain::ports::{ChangeLine, StoreError, StoreErrorKind};
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, timeout};

use crate::store::postgres::{
    fault::{is_of_the_connection, of, told},
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
    /// Another keeper has taken over.
    Fenced,
}

/// Makes the changes in one transaction, or each in its own when one of them is refused. The answers are in their order.
pub(super) async fn make(
    on: &mut PgConnection,
    epoch: i64,
    pieces: &[Piece],
) -> Result<Vec<Result<(), StoreError>>, Fault> {
    if pieces.iter().any(|piece| behind(piece).is_some()) {
        return one_by_one(on, epoch, pieces).await;
    }
    match transaction(on, epoch, pieces).await {
        Err(Refused::One(_)) if pieces.len() > 1 => one_by_one(on, epoch, pieces).await,
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
pub(super) async fn trim(on: &mut PgConnection, epoch: i64) -> sqlx::Result<bool> {
    let trimming = async {
        let mut transaction = on.begin().await?;
        let is_more = match count(&mut transaction, epoch).await? {
            Some(_) => write::trim(&mut transaction).await?,
            None => false,
        };
        transaction.commit().await?;
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

/// Counts this transaction in the row of the lease; `None` when another keeper has it. The row stays locked until the
/// end of the transaction, so nobody takes over in between.
async fn count(on: &mut PgConnection, epoch: i64) -> sqlx::Result<Option<i64>> {
    let count = "UPDATE lease SET commits = commits + 1 WHERE one = 1 AND epoch = $1 AND holder IS NOT NULL
                 RETURNING commits";
    let row: Option<(i64,)> = sqlx::query_as(count).bind(epoch).fetch_optional(on).await?;
    Ok(row.map(|(number,)| number))
}

async fn transaction(on: &mut PgConnection, epoch: i64, pieces: &[Piece]) -> Result<(), Refused> {
    let started = Instant::now();
    let making = async {
        let fault = |error: sqlx::Error| {
            let told = told("made a change", &error);
            if is_of_the_connection(&error) { Refused::All(Fault::NotMade(told)) } else { Refused::One(told) }
        };
        let mut transaction = on.begin().await.map_err(fault)?;
        let Some(number) = count(&mut transaction, epoch).await.map_err(fault)? else {
            return Err(Refused::All(Fault::Fenced));
        };
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
    committed.map_err(|error| Refused::All(Fault::NotKnown(number, told("made a change", &error))))
}

/// A change that is refused takes no other one with it, but for those that build on it.
async fn one_by_one(
    on: &mut PgConnection,
    epoch: i64,
    pieces: &[Piece],
) -> Result<Vec<Result<(), StoreError>>, Fault> {
    let mut outcomes = vec![];
    for piece in pieces {
        if let Some(error) = behind(piece) {
            outcomes.push(Err(error));
            continue;
        }
        match transaction(on, epoch, std::slice::from_ref(piece)).await {
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
                    Fault::Fenced => of(StoreErrorKind::Fenced, "made a change"),
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
