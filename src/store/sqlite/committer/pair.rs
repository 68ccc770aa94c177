//! The committer's two connections: one writes, the other one looks whether it is there.

use std::{path::Path, time::Duration};

use keeper_domain::ports::{ChangeLine, StoreErrorKind};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::store::sqlite::committer::{
    Work,
    fault::{self, Fault, Step},
};

/// How long a change waits for a writer of another program.
const BUSY: Duration = Duration::from_secs(5);

/// The number of transactions ever made, in each of them.
const READ_COUNT: &str = "SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'commits'";
const PUT_COUNT: &str = "INSERT INTO facts (name, value) VALUES ('commits', ?1)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// What became of one change of a transaction that is on disk.
pub(super) type Outcome = Result<(), NotMade>;

/// Why one change is not in a transaction that is on disk.
#[derive(Debug)]
pub(super) enum NotMade {
    /// SQLite refused it.
    Refused(rusqlite::Error),
    /// Another one of its line was not made, for this reason.
    Behind(StoreErrorKind),
}

/// A change, and what it builds on.
pub(super) type Piece = (Option<ChangeLine>, Work);

/// A connection that writes, and one that sees only what is committed.
#[derive(Debug)]
pub(super) struct Pair {
    writer: Connection,
    witness: Connection,
    commits: i64,
    /// The number of the last transaction when this was opened.
    pub(super) found: i64,
}

impl Pair {
    /// Opens an existing database.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        Self::connect(path).map_err(|error| Fault::of(&error))
    }

    /// After a fault: an empty transaction shows that the disk can be written. Nothing is left then of a transaction
    /// that failed, since this one takes its place in the log.
    ///
    /// It waits for nobody: those whose change has failed wait for the end of this, and another program that has held
    /// them up for [`BUSY`] would do it once more. An actor that waits twice as long is taken for hung.
    pub(super) fn settle(&mut self) -> Result<(), Fault> {
        let fault = |error| Fault::of(&error);
        self.writer.busy_timeout(Duration::ZERO).map_err(fault)?;
        self.begin().map_err(fault)?;
        self.end()?;
        self.writer.busy_timeout(BUSY).map_err(fault)
    }

    fn connect(path: &Path) -> rusqlite::Result<Self> {
        let writer = connection(path)?;
        let witness = connection(path)?;
        witness.pragma_update(None, "query_only", true)?;
        let found = count(&writer)?;
        Ok(Self { writer, witness, commits: found, found })
    }

    /// Makes these changes in one transaction. A change that is refused takes no other one with it; a fault of the
    /// disk takes all. After a fault this pair must not be used again.
    pub(super) fn commit(&mut self, pieces: Vec<Piece>, outcomes: &mut Vec<Outcome>) -> Result<(), Fault> {
        let fault = |error| Fault::of(&error);
        self.begin().map_err(fault)?;
        let before = self.writer.total_changes();
        for (line, work) in pieces {
            outcomes.push(self.next(line.as_ref(), work)?);
        }
        if self.writer.total_changes() == before {
            // Nothing was changed, so there is nothing to keep.
            return self.run("ROLLBACK").map_err(fault);
        }
        self.end()
    }

    /// First of all a number that tells this transaction from all others: if SQLite rolls back on the way, and
    /// whatever follows is committed, the number is missing.
    fn begin(&self) -> rusqlite::Result<()> {
        self.run("BEGIN IMMEDIATE")?;
        self.writer.prepare_cached(PUT_COUNT)?.execute([(self.commits + 1).to_string()])?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let next = self.commits + 1;
        self.run("COMMIT").map_err(|error| Fault::of(&error).at(Step::Commit(next)))?;
        self.check(next).map_err(|fault| fault.at(Step::Check(next)))?;
        self.commits = next;
        Ok(())
    }

    /// Of a line nothing is made after one that was not.
    fn next(&self, line: Option<&ChangeLine>, work: Work) -> Result<Outcome, Fault> {
        if let Some(kind) = line.and_then(ChangeLine::broken) {
            return Ok(Err(NotMade::Behind(kind)));
        }
        let outcome = self.one(work)?;
        if let (Some(line), Err(_)) = (line, &outcome) {
            line.break_off(StoreErrorKind::Refused);
        }
        Ok(outcome.map_err(NotMade::Refused))
    }

    /// One change inside the transaction, so that it can be taken back alone.
    fn one(&self, work: Work) -> Result<rusqlite::Result<()>, Fault> {
        let fault = |error| Fault::of(&error);
        self.run("SAVEPOINT change").map_err(fault)?;
        let outcome = work(&self.writer);
        if let Err(error) = &outcome {
            // On a fault of the disk SQLite may have rolled back everything.
            if self.writer.is_autocommit() || fault::kind(error) != StoreErrorKind::Refused {
                return Err(Fault::of(error));
            }
            self.run("ROLLBACK TO change").map_err(fault)?;
        }
        self.run("RELEASE change").map_err(fault)?;
        Ok(outcome)
    }

    /// A COMMIT that says "done" is not believed: the transaction must have ended, and another connection, which
    /// cannot see what is not committed, must see this very transaction.
    fn check(&self, expected: i64) -> Result<(), Fault> {
        let seen = count(&self.witness).map_err(|error| Fault::of(&error))?;
        if self.writer.is_autocommit() && seen == expected { Ok(()) } else { Err(Fault::missing()) }
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.writer.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

fn count(connection: &Connection) -> rusqlite::Result<i64> {
    let count = connection.prepare_cached(READ_COUNT)?.query_row([], |row| row.get(0)).optional()?;
    Ok(count.unwrap_or(0))
}

/// The file is there already: a missing one is an error, not an empty database.
fn connection(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // It answers with the mode it has.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_mode| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

#[cfg(test)]
impl Pair {
    /// Says "done" without a COMMIT.
    pub(super) fn pretend(&self) -> Result<(), Fault> {
        self.begin().map_err(|error| Fault::of(&error))?;
        self.check(self.commits + 1)
    }
}
