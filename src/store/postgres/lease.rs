//! Who may act: one keeper at a time, by a row with an end that only the database's clock decides.
//!
//! The holder renews the row every few seconds and stops acting before it can have ended. Every transaction of the
//! holder is made in the name of its epoch, so a keeper that slept, or was cut off, can commit nothing after another
//! one has taken over.

use std::time::Duration;

use keeper_domain::{
    moments::PutBackHalt,
    notes::PUT_BACK_HALTS,
    served::{Misfit, Served},
    shared_calls::CallsBefore,
};
use sqlx::{PgConnection, PgExecutor, Result};

use crate::store::postgres::{
    away::{Away, MOVED_AWAY},
    connect,
};

/// How long a lease is good without being renewed.
pub const LEASE: Duration = Duration::from_secs(15);
/// How often it is renewed.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long one question about the lease may take.
pub(super) const ASK_LIMIT: Duration = Duration::from_secs(3);
/// Where it is told that the lease has been let go.
pub(super) const FREE: &str = "keeper_lease_free";
/// The number of the advisory locks of those who stand by; "keep" in ASCII.
const STANDS_BY: i32 = 0x6b65_6570;
/// The second number of the lock that says: FYERS answers where I am.
const REACHES_FYERS: i32 = 1;
/// The same for: it does not.
const IS_CUT_OFF: i32 = 2;
/// The holder stops so much earlier than the lease can end.
pub const MARGIN: Duration = Duration::from_secs(2);

/// Who a keeper is to the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Different for each run of the program.
    pub name: String,
    /// Where the others reach it, when they are told.
    pub address: Option<String>,
    /// What it is set up for; nothing where that does not matter.
    pub served: Served,
    /// Whether it acts as the keeper from then on. Otherwise it does one task and lets the lease go.
    pub is_keeper: bool,
    /// The run in whose place it was begun.
    pub replaced: Option<ReplacedRun>,
}

/// A run of the program that has replaced itself by a fresh copy: nothing of it acts any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedRun {
    /// See [`Candidate::name`].
    pub name: String,
    /// Whether it has begun to act. One that could not has said so, and is no crash.
    pub has_begun: bool,
}

/// What the row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// Who holds it; `None` when nobody does.
    pub holder: Option<String>,
    /// Where the holder is reached.
    pub address: Option<String>,
    /// The number of this holding.
    pub epoch: i64,
    /// How many transactions the holders have made so far.
    pub commits: i64,
    /// When that was, by the database's clock in microseconds.
    pub at: i64,
    /// Who has halted for a database that was put back to an earlier moment.
    pub halted: Vec<PutBackHalt>,
    /// When it ends, by the database's clock in microseconds. Each renewal changes it.
    pub ends: i64,
    /// How long it has been held.
    pub held: Duration,
    /// How long it is still good.
    pub left: Duration,
    /// Whether it has ended.
    pub is_over: bool,
    /// How long ago that was.
    pub over: Duration,
    /// What the latest keeper was set up for.
    pub served: Served,
    /// Whether that keeper has let the lease go in good order.
    pub has_ended: bool,
    /// Where the state is, when it has left this database.
    pub away: Option<Away>,
    /// A newer version has brought the tables forward: this one does not know what it would change.
    pub is_newer: bool,
}

impl LeaseRow {
    /// Whether a keeper acts.
    pub fn is_held(&self) -> bool {
        self.holder.is_some() && !self.is_over
    }

    /// Whether the holder gave this address, which is somebody's own.
    pub fn is_here(&self, own: Option<&str>) -> bool {
        self.address.is_some() && self.address.as_deref() == own
    }

    /// Why somebody may not follow the keeper of this row. A run that takes it again follows itself.
    pub fn misfit(&self, who: &Candidate) -> Option<Misfit> {
        let is_own = self.holder.as_ref() == Some(&who.name);
        who.served.misfit(&self.served, self.has_ended).filter(|_| !is_own)
    }
}

/// Which holding it is. The number alone does not say so: a database that was put back to an earlier moment gives it again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LeaseId {
    /// The number of the holding.
    pub(super) epoch: i64,
    /// The run of the program that has it.
    pub(super) holder: String,
}

/// A lease that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Taken {
    pub(super) id: LeaseId,
    /// How many transactions the holders have made so far.
    pub(super) commits: i64,
    /// See [`LeaseRow::halted`].
    pub(super) halted: Vec<PutBackHalt>,
    /// When it was given, by the database's clock in microseconds.
    pub(super) since: i64,
    /// Whether the keeper before it has not let go.
    pub(super) after_crash: bool,
    /// What keepers before it have sent to FYERS.
    pub(super) calls: CallsBefore,
}

/// What became of a question for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Take {
    /// It is this one's.
    Taken(Taken),
    /// Another one has it.
    Held,
    /// This one may not have it.
    Misfit(Misfit),
    /// Nobody may: the state is elsewhere.
    Away(Away),
    /// No version may that is as old as this one.
    Newer,
}

/// Takes the lease when nobody has it, unless it is a keeper's that was set up otherwise.
pub(super) async fn take(on: &mut PgConnection, who: &Candidate) -> Result<Take> {
    let before = look(on).await?;
    let is_over = before.is_over;
    take_if_here(on, who, (before, is_over)).await
}

/// The same after a look at the row by somebody who knows whether it is over.
pub(super) async fn take_if_here(
    on: &mut PgConnection,
    who: &Candidate,
    (mut before, is_over): (LeaseRow, bool),
) -> Result<Take> {
    match before.away.take() {
        Some(away) => Ok(Take::Away(away)),
        None => take_after(on, who, (before, is_over)).await,
    }
}

/// The same for somebody who brings the state back, if it has left.
pub(super) async fn take_to_fill(on: &mut PgConnection, who: &Candidate) -> Result<Take> {
    let before = look(on).await?;
    let is_over = before.is_over;
    take_after(on, who, (before, is_over)).await
}

/// A keeper that did not wait for the answer, or did not get it, may hold the lease without knowing: then it takes it
/// again. It takes it in the place of the holding that it has seen, so a question that is carried out late does nothing.
///
/// The lease of the run that it has replaced is nobody's any more: one that has acted does not wait for its end. One that could
/// not begin leaves it to another keeper, which may be able to. That a keeper has begun, so that its end is to be told, is
/// written with the first transaction after that, not here.
///
/// `is_over`: whether the lease of that row is over. One that was renewed since is not.
async fn take_after(
    on: &mut PgConnection,
    who: &Candidate,
    (before, is_over): (LeaseRow, bool),
) -> Result<Take> {
    if before.is_newer {
        return Ok(Take::Newer);
    }
    if let Some(misfit) = before.misfit(who) {
        return Ok(Take::Misfit(misfit));
    }
    let take = "UPDATE lease SET holder = $1, address = $2, epoch = epoch + 1, since = clock_timestamp(),
                expires_at = clock_timestamp() + make_interval(secs => $3),
                after_crash = CASE WHEN holder = $1 OR (holder = $8 AND $9) THEN after_crash ELSE unended END,
                served = CASE WHEN $5 THEN $6 ELSE served END
                WHERE one = 1 AND epoch = $4
                AND (holder IS NULL OR holder = $1 OR (holder = $8 AND NOT $9)
                OR (EXTRACT(EPOCH FROM expires_at) * 1000000)::bigint = $7)
                RETURNING epoch, after_crash, commits, (EXTRACT(EPOCH FROM since) * 1000000)::bigint";
    let query = sqlx::query_as::<_, (i64, bool, i64, i64)>(take).bind(&who.name).bind(&who.address);
    let query = query.bind(LEASE.as_secs_f64()).bind(before.epoch).bind(who.is_keeper);
    let query = query.bind(serde_json::to_string(&who.served).ok()).bind(is_over.then_some(before.ends));
    let replaced = who.replaced.as_ref();
    let query = query.bind(replaced.map(|run| &run.name)).bind(replaced.is_some_and(|run| !run.has_begun));
    let taken = query.fetch_optional(&mut *on).await?;
    let Some((epoch, after_crash, commits, since)) = taken else { return Ok(Take::Held) };
    // After that: what was written when the lease was let go a moment ago is seen, and nobody writes there any more.
    let calls = CallsBefore { over: before.over, ..calls_before(on).await? };
    let id = LeaseId { epoch, holder: who.name.clone() };
    Ok(Take::Taken(Taken { id, commits, halted: before.halted, since, after_crash, calls }))
}

/// What is written beside the lease of the calls to FYERS. What cannot be read is as if nothing had been written.
pub(super) async fn calls_before(on: &mut PgConnection) -> Result<CallsBefore> {
    let look = "SELECT calls, COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - written_at), 0)::float8,
                holder, is_whole FROM lease_calls";
    let (written, age, holder, is_whole): (Option<String>, f64, Option<i64>, bool) =
        sqlx::query_as(look).fetch_one(on).await?;
    let written = written.and_then(|json| serde_json::from_str(&json).ok());
    let holder = holder.and_then(|holder| u32::try_from(holder).ok());
    Ok(CallsBefore { written, age: seconds(age), holder, is_whole, ..CallsBefore::default() })
}

fn seconds(number: f64) -> Duration {
    Duration::from_secs_f64(number.max(0.0))
}

/// Makes it last from now on; false when another keeper has it, or when the holder must have stopped by now: a question
/// that is carried out so late would make the others wait for a keeper that does not act any more. False also when the
/// database knows of fewer than `made` transactions: it was put back to an earlier moment.
///
/// `calls`: what the holder has sent to FYERS.
pub(super) async fn renew(
    on: &mut PgConnection,
    (id, made): (&LeaseId, i64),
    calls: Option<&Told>,
) -> Result<bool> {
    let renew = "WITH renewed AS (UPDATE lease SET expires_at = clock_timestamp() + make_interval(secs => $2)
                 WHERE one = 1 AND epoch = $1 AND holder = $6 AND commits >= $7
                 AND expires_at > clock_timestamp() + make_interval(secs => $3) RETURNING 1),
                 written AS (UPDATE lease_calls SET calls = $4, written_at = clock_timestamp(), holder = $5, is_whole = false
                             WHERE $4 IS NOT NULL AND EXISTS (SELECT 1 FROM renewed))
                 SELECT COUNT(*) FROM renewed";
    let query = sqlx::query_as(renew).bind(id.epoch).bind(LEASE.as_secs_f64()).bind(MARGIN.as_secs_f64());
    let query = query.bind(calls.map(|told| &told.calls)).bind(calls.map(|told| i64::from(told.by)));
    let query = query.bind(&id.holder).bind(made);
    let (renewed,): (i64,) = query.fetch_one(on).await?;
    Ok(renewed == 1)
}

/// What a holder tells of its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Where it is.
    pub(super) by: u32,
    /// As JSON.
    pub(super) calls: String,
    /// Up to where ([`SentCalls::told`](keeper_domain::shared_calls::SentCalls::told)).
    pub(super) mark: u64,
}

/// Lets it go, so that another keeper need not wait for its end. A keeper's end is told by that, too.
///
/// `calls`: what it has sent to FYERS.
pub(super) async fn release(
    on: &mut PgConnection,
    id: &LeaseId,
    is_keeper: bool,
    calls: Option<&Told>,
) -> Result<()> {
    let release =
        "WITH released AS (UPDATE lease SET holder = NULL, address = NULL, expires_at = clock_timestamp(),
                   unended = unended AND NOT $3
                   WHERE one = 1 AND epoch = $1 AND holder = $6 RETURNING epoch),
         written AS (UPDATE lease_calls SET calls = $4, written_at = clock_timestamp(), holder = $5, is_whole = true
                     WHERE $4 IS NOT NULL AND EXISTS (SELECT 1 FROM released))
         SELECT pg_notify($2, '') FROM released";
    let query = sqlx::query(release).bind(id.epoch).bind(FREE).bind(is_keeper);
    let query = query.bind(calls.map(|told| &told.calls)).bind(calls.map(|told| i64::from(told.by)));
    query.bind(&id.holder).execute(on).await.map(drop)
}

/// Says on this connection, for as long as it is open, that a keeper stands by.
pub(super) async fn stand_by(on: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_try_advisory_lock_shared($1, 0)").bind(STANDS_BY).execute(on).await.map(drop)
}

/// Takes back on this connection all that was said on it.
pub(super) async fn stand_down(on: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_advisory_unlock_all()").execute(on).await.map(drop)
}

/// Says there, too, whether FYERS answers where it stands; `before` is what it has said of that.
pub(super) async fn say(on: &mut PgConnection, reaches_fyers: bool, before: Option<bool>) -> Result<()> {
    let lock = |reaches| if reaches { REACHES_FYERS } else { IS_CUT_OFF };
    let say = "SELECT pg_try_advisory_lock_shared($1, $2)";
    sqlx::query(say).bind(STANDS_BY).bind(lock(reaches_fyers)).execute(&mut *on).await?;
    let Some(before) = before else { return Ok(()) };
    let take_back = "SELECT pg_advisory_unlock_shared($1, $2)";
    sqlx::query(take_back).bind(STANDS_BY).bind(lock(before)).execute(on).await.map(drop)
}

/// Who waits for the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Awaiting {
    /// A keeper stands by and would take the lease at once.
    pub is_there: bool,
    /// Whether FYERS answers where it stands; with several of them, at each. `None` before it has looked.
    pub reaches_fyers: Option<bool>,
}

/// Whether a keeper stands by, and what it says of itself.
pub(super) async fn awaiting<'e>(on: impl PgExecutor<'e>) -> Result<Awaiting> {
    let query = "SELECT COALESCE(BOOL_OR(objid = 0), false),
                 CASE WHEN BOOL_OR(objid = $3::int8::oid) THEN false WHEN BOOL_OR(objid = $2::int8::oid) THEN true END
                 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1::int8::oid
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let numbers = [STANDS_BY, REACHES_FYERS, IS_CUT_OFF].map(i64::from);
    let query = numbers.into_iter().fold(sqlx::query_as(query), sqlx::query::QueryAs::bind);
    let (is_there, reaches_fyers) = query.fetch_one(on).await?;
    Ok(Awaiting { is_there, reaches_fyers })
}

/// What the row says now. Whose the state is, the session knows when the keeper was not told.
pub(super) async fn look(on: &mut PgConnection) -> Result<LeaseRow> {
    let look = "SELECT holder, address, epoch,
                COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - since), 0)::float8,
                EXTRACT(EPOCH FROM expires_at - clock_timestamp())::float8,
                served, NOT unended, (SELECT account FROM session), (SELECT value FROM facts WHERE name = $1), commits,
                (EXTRACT(EPOCH FROM expires_at) * 1000000)::bigint, (SELECT value FROM facts WHERE name = $2),
                (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint, (SELECT MAX(version) FROM _sqlx_migrations)
                FROM lease WHERE one = 1";
    type Text = Option<String>;
    type Row = (Text, Text, i64, f64, f64, Text, bool, Text, Text, i64, i64, Text, i64, Option<i64>);
    let query = sqlx::query_as::<_, Row>(look).bind(MOVED_AWAY).bind(PUT_BACK_HALTS.name());
    let (
        holder,
        address,
        epoch,
        held,
        left,
        served,
        has_ended,
        account,
        away,
        commits,
        ends,
        halted,
        at,
        version,
    ) = query.fetch_one(on).await?;
    let halted = halted.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let away = away.map(|json| Away::read(&json));
    let served: Served = served.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let served = Served { account: account.or(served.account), ..served };
    let (held, is_over, over, left) = (seconds(held), left <= 0.0, seconds(-left), seconds(left));
    Ok(LeaseRow {
        holder,
        address,
        epoch,
        commits,
        at,
        halted,
        ends,
        held,
        left,
        is_over,
        over,
        served,
        has_ended,
        away,
        is_newer: version.is_some_and(|version| version > connect::version()),
    })
}
