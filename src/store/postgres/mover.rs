//! A state on its way here or from here, under a lease of its own.

use std::path::Path;

use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use crate::store::postgres::{
    away::{self, Away},
    connect::ConnectError,
    contender::Contender,
    held_lease::Calls,
    lease::{self, ASK_LIMIT, LeaseId, RENEW_EVERY, Take, Taken},
    leave,
    migrate::{self, Copied, Keep, Secrets},
    migrate_error::MigrateError,
};

impl Contender {
    /// Brings the rows of a SQLite database here, and the secrets beside it. All of it happens, or nothing does; nobody acts
    /// meanwhile. A state that has left is replaced by what has become of it, and by nothing else.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn fill_from(&self, from: &Path, secrets: Secrets) -> Result<Copied, MigrateError> {
        self.prepare().await?;
        let mut on = self.patient().await?;
        let Taken { id, .. } = given(lease::take_to_fill(&mut on, &self.who).await?)?;
        let filling = async {
            let mut writing = on.begin().await?;
            let copied = migrate::to_postgres(from, &mut writing, secrets).await?;
            if let Some(told) = self.calls.as_ref().and_then(Calls::told) {
                migrate::write_calls(&mut writing, &told).await?;
            }
            in_time(leave::end_in_time(&mut writing, &id).await?)?;
            writing.commit().await?;
            Ok(copied)
        };
        let filled = self.renewing(&id, filling).await;
        let _ends_by_itself = lease::release(&mut on, &id, false, None).await;
        filled
    }

    /// Brings the rows to an empty SQLite database, and the shared secrets to where they are kept there; nobody acts
    /// meanwhile. The last step is the mark that the state has left: before it the state is here, after it there.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn move_to(&self, to: &Path, keep: Keep<'_>, away: &Away) -> Result<Copied, MigrateError> {
        self.prepare().await?;
        let mut on = self.patient().await?;
        let Taken { id, calls, .. } = given(lease::take(&mut on, &self.who).await?)?;
        // At the moment from which they are told. When it is done twice they count twice, for a minute.
        self.calls.iter().for_each(|Calls(here)| here.adopt(&calls));
        let moving = async {
            let copied = migrate::to_sqlite(&mut on, to, (keep, Some(&away.number))).await?;
            in_time(leave::leave(&mut on, &id, away).await?)?;
            Ok(copied)
        };
        let moved = self.renewing(&id, moving).await;
        let _ends_by_itself = lease::release(&mut on, &id, false, None).await;
        moved
    }

    /// Does it while the lease is renewed beside it: a migration that is killed leaves one that ends as soon as any other.
    async fn renewing<T>(
        &self,
        id: &LeaseId,
        work: impl Future<Output = Result<T, MigrateError>>,
    ) -> Result<T, MigrateError> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.renew(id) => Err(MigrateError::Late),
        }
    }

    /// Until it cannot be renewed any more.
    async fn renew(&self, id: &LeaseId) {
        let mut connection = None;
        loop {
            sleep(RENEW_EVERY).await;
            let before = connection.take();
            let renewing = async {
                let mut on = match before {
                    Some(on) => on,
                    None => self.address.connect().await?,
                };
                let is_ours = lease::renew(&mut on, (id, 0), None).await?;
                Ok::<_, sqlx::Error>((on, is_ours))
            };
            match timeout(ASK_LIMIT, renewing).await {
                Ok(Ok((on, true))) => connection = Some(on),
                Ok(Ok((_, false))) => return,
                // Asked again; what is not renewed in time commits nothing.
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Brings the rows as they are at one moment to an empty SQLite database, and the shared secrets beside it. Whoever
    /// acts goes on meanwhile.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn copy_to(&self, to: &Path, keep: Keep<'_>) -> Result<Copied, MigrateError> {
        self.prepare().await?;
        let mut on = self.patient().await?;
        let mut moment = on.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        if let Some(away) = away::look(&mut moment).await? {
            return Err(ConnectError::Away(away).into());
        }
        migrate::to_sqlite(&mut moment, to, (keep, None)).await
    }

    /// A connection that may take its time.
    async fn patient(&self) -> sqlx::Result<PgConnection> {
        let mut on = self.address.connect().await?;
        sqlx::query("SET statement_timeout = 0").execute(&mut on).await?;
        sqlx::query("SET idle_in_transaction_session_timeout = 0").execute(&mut on).await?;
        Ok(on)
    }
}

fn given(taken: Take) -> Result<Taken, MigrateError> {
    match taken {
        Take::Taken(taken) => Ok(taken),
        Take::Held => Err(MigrateError::InUse),
        Take::Misfit(misfit) => Err(ConnectError::Misfit(misfit).into()),
        Take::Away(away) => Err(ConnectError::Away(away).into()),
        Take::Newer => Err(ConnectError::Newer.into()),
    }
}

fn in_time(is_in_time: bool) -> Result<(), MigrateError> {
    if is_in_time { Ok(()) } else { Err(MigrateError::Late) }
}
