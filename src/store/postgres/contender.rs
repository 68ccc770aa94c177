//! A keeper that wants the lease, and the thread that keeps it once it has it.

use std::{convert::Infallible, sync::Arc};

use keeper_domain::{moments::SeenMoment, session_state::StoredSession, shared_calls::SentCalls};
use sqlx::{PgConnection, PgPool};
use tokio::{sync::oneshot, time::timeout};

use crate::store::{
    postgres::{
        committer::Committer,
        connect::{Address, ConnectError},
        held_lease::{self, Calls, HeldLease},
        lease::{self, ASK_LIMIT, Awaiting, Candidate, LeaseRow, Take, Taken},
        news::LeaseNews,
        occupancy::{self, Occupancy},
        renewal::{OnLost, Renewal},
        store::PostgresStore,
        warm,
        witness::Witness,
    },
    rows,
};

/// A keeper that may take over.
#[derive(Debug)]
pub struct Contender {
    pub(super) address: Address,
    pub(super) who: Candidate,
    connection: Option<PgConnection>,
    /// Connections for the reads of a keeper that acts; one is kept open while this one stands by.
    readers: Option<PgPool>,
    /// The holder is told that somebody waits.
    stands_by: bool,
    /// Whether FYERS answers here, and what of it the holder has been told on this connection.
    reaches_fyers: Option<bool>,
    said: Option<bool>,
    /// The system ends this program with its lease.
    is_mortal: bool,
    /// What it has seen of the database.
    seen: SeenMoment,
    /// What it has seen of the lease, on a clock that nobody can set.
    witness: Witness,
    /// See [`Self::counting`].
    pub(super) calls: Option<Calls>,
}

impl Contender {
    /// Somebody who has not asked yet.
    pub fn new(address: Address, who: Candidate) -> Self {
        Self {
            address,
            who,
            connection: None,
            readers: None,
            stands_by: false,
            reaches_fyers: None,
            said: None,
            is_mortal: false,
            seen: SeenMoment::default(),
            witness: Witness::default(),
            calls: None,
        }
    }

    /// What has left for FYERS within a minute goes along with a state that is moved, from there or to there.
    #[must_use]
    pub fn counting(self, calls: Arc<dyn SentCalls>) -> Self {
        Self { calls: Some(Calls(calls)), ..self }
    }

    /// From now on the holder can see that this keeper waits for the lease.
    pub fn stand_by(&mut self) {
        (self.stands_by, self.connection, self.readers) = (true, None, Some(self.address.readers()));
    }

    /// Keeps connections for reads ready for as long as it is polled, so that whoever takes over need not open them.
    pub fn keep_warm(&self) -> impl Future<Output = Infallible> + use<> {
        warm::keep_warm(self.readers.clone().unwrap_or_else(|| self.address.readers()))
    }

    /// Whether FYERS answers here. The holder can see it from the next question on.
    pub fn say(&mut self, reaches_fyers: Option<bool>) {
        self.reaches_fyers = reaches_fyers;
    }

    /// Once this program holds the lease, the system ends it when the lease ends, if it has not stopped by then.
    pub fn end_with_the_lease(&mut self) {
        self.is_mortal = true;
    }

    /// Where the others reach this keeper, when they are told.
    pub fn address(&self) -> Option<&str> {
        self.who.address.as_deref()
    }

    /// Which database it is, by host, port and name.
    pub fn place(&self) -> String {
        self.address.place()
    }

    /// Who is told when the lease is let go.
    pub fn news(&self) -> LeaseNews {
        LeaseNews::new(self.address.clone())
    }

    /// What the database has of a state. Nothing is made.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn occupancy(&mut self) -> Result<Occupancy, ConnectError> {
        self.ask(async |on| occupancy::look(on).await).await
    }

    /// Makes the tables where they are missing.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn prepare(&self) -> Result<(), ConnectError> {
        self.address.prepare().await
    }

    /// Takes the lease if nobody has it.
    ///
    /// # Errors
    /// The database does not answer, or it is that of a keeper which is set up otherwise.
    pub async fn try_take(&mut self) -> Result<Option<HeldLease>, ConnectError> {
        let row = self.look().await?;
        let (who, asked_at) = (self.who.clone(), held_lease::now());
        let is_over = self.witness.is_over(&row, asked_at);
        let taken = match self.ask(async |on| lease::take_if_here(on, &who, (row, is_over)).await).await? {
            Take::Taken(taken) => taken,
            Take::Held => return Ok(None),
            Take::Misfit(misfit) => return Err(ConnectError::Misfit(misfit)),
            Take::Away(away) => return Err(ConnectError::Away(away)),
            Take::Newer => return Err(ConnectError::Newer),
        };
        if self.stands_by {
            self.stands_by = false;
            let _on_another_connection_then = self.ask(async |on| lease::stand_down(on).await).await;
        }
        let calls = self.witness.correct(taken.calls, held_lease::now());
        let taken = Taken { calls, ..taken };
        let is_behind = self.seen.look(taken.commits, taken.since, &taken.halted);
        Ok(Some(HeldLease::new(taken, asked_at).comparing(is_behind, self.seen.clone())))
    }

    /// What the lease's row says, unless it is that of a keeper which is set up otherwise, or the state is elsewhere.
    ///
    /// # Errors
    /// As for [`Self::try_take`].
    pub async fn look_if_fit(&mut self) -> Result<LeaseRow, ConnectError> {
        let row = self.look_if_here().await?;
        match row.misfit(&self.who) {
            Some(misfit) => Err(ConnectError::Misfit(misfit)),
            None => Ok(row),
        }
    }

    /// What the lease's row says, unless the state is elsewhere.
    ///
    /// # Errors
    /// The database does not answer, or has a state no more.
    pub async fn look_if_here(&mut self) -> Result<LeaseRow, ConnectError> {
        let mut row = self.look().await?;
        if row.is_newer {
            return Err(ConnectError::Newer);
        }
        row.away.take().map_or(Ok(row), |away| Err(ConnectError::Away(away)))
    }

    /// The state for somebody who only reads it.
    pub fn reader(&self) -> PostgresStore {
        PostgresStore::read_only(self.readers.clone().unwrap_or_else(|| self.address.readers()))
    }

    /// What the lease's row says.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn look(&mut self) -> Result<LeaseRow, ConnectError> {
        let row = self.ask(async |on| lease::look(on).await).await?;
        self.seen.look(row.commits, row.at, &row.halted);
        if self.witness.see(&row, held_lease::now()) && self.stands_by {
            let calls = self.ask(async |on| lease::calls_before(on).await).await?;
            self.witness.see_calls(calls, held_lease::now());
        }
        Ok(row)
    }

    /// What it has seen of the database.
    pub fn seen(&self) -> &SeenMoment {
        &self.seen
    }

    /// The run before it has seen so much.
    #[must_use]
    pub fn having_seen(self, seen: SeenMoment) -> Self {
        Self { seen, ..self }
    }

    /// Whether another keeper stands by.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn awaiting(&mut self) -> Result<Awaiting, ConnectError> {
        self.ask(async |on| lease::awaiting(on).await).await
    }

    /// The session as it is stored, whoever acts.
    ///
    /// # Errors
    /// As for [`Self::look_if_here`].
    pub async fn session(&mut self) -> Result<Option<StoredSession>, ConnectError> {
        self.look_if_here().await?;
        let query =
            async |on: &mut PgConnection| sqlx::query("SELECT * FROM session").fetch_optional(on).await;
        Ok(self.ask(query).await?.map(|row| rows::session(&row)))
    }

    /// The connection, on which the holder is told what there is to tell.
    async fn connection(&mut self) -> sqlx::Result<PgConnection> {
        let mut on = match self.connection.take() {
            Some(on) => on,
            None => {
                self.said = None;
                let mut on = self.address.connect().await?;
                if self.stands_by {
                    lease::stand_by(&mut on).await?;
                }
                on
            }
        };
        if let Some(reaches) = self.reaches_fyers.filter(|now| self.stands_by && self.said != Some(*now)) {
            lease::say(&mut on, reaches, self.said).await?;
            self.said = Some(reaches);
        }
        Ok(on)
    }

    async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, ConnectError> {
        let asked = async {
            let mut on = self.connection().await?;
            let answer = question(&mut on).await?;
            Ok::<_, sqlx::Error>((on, answer))
        };
        let answered = timeout(ASK_LIMIT, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let (on, answer) = answered.map_err(|error| ConnectError::from(&error))?;
        self.connection = Some(on);
        Ok(answer)
    }

    /// The store of the holder: a thread makes its changes and renews the lease until the store is closed.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn into_store(self, holding: HeldLease, on_lost: OnLost) -> std::io::Result<PostgresStore> {
        // The connection on which the lease was just taken is one that works.
        let (committer, work) = Committer::new(self.address.clone(), holding.clone(), self.connection);
        let pool = self.readers.unwrap_or_else(|| self.address.readers());
        let (let_go, told_to) = oneshot::channel();
        let (released, is_released) = oneshot::channel();
        let keeping = Renewal {
            address: self.address,
            holding: holding.clone(),
            connection: None,
            is_mortal: self.is_mortal,
            is_keeper: self.who.is_keeper,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("store-committer".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::join!(keeping.run(told_to, on_lost), work);
                let _nobody_waits = released.send(());
            });
        })?;
        Ok(PostgresStore::new(pool, committer, (holding, self.who.address), let_go, is_released))
    }
}
