//! Which store the service works on, and from when on it may.

use std::sync::Arc;

use keeper_domain::{
    alert::Channel,
    note::Note,
    ports::{Broker, BrokerProxy, Change, ChangeStore, SessionStore, Store, StoreError},
    session_state::StoredSession,
    shared_calls::SentCalls,
};
use secrecy::{ExposeSecret, SecretString};

use crate::cli::{
    exit::Exit,
    failure::Failure,
    left_behind::{self, Purpose},
    moving, noted_place,
    output::{fail, no_database, no_state},
    setup::{self, CliConfig},
};
use crate::{
    fyers::Limiter,
    private_file::{self, Rules},
    standby::{self, FencedBroker, FencedProxy, Here, Page, Reach, StandbyError, StopSignals},
    store::{
        SqliteStore, StateDir,
        postgres::{
            Address, Candidate, ConnectError, Contender, HeldLease, LeaseRow, MigrateError, Occupancy,
            PostgresStore, SHARED_SECRETS, Secrets,
        },
        state_dir::{GATEWAY_KEY, SIGNING_SECRET},
    },
};

/// What keepers of one database share, so that bots may be passed on: the gateway key and the secret of tokens.
const SHARED: [(&str, &str); 2] = [(SHARED_SECRETS[0], GATEWAY_KEY), (SHARED_SECRETS[1], SIGNING_SECRET)];

/// The keeper's memory, when it may act on it.
#[derive(Clone)]
pub(super) enum StateStore {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl StateStore {
    /// Opens the store. On PostgreSQL this waits until this keeper has the lease, and serves as a standby meanwhile. Nothing
    /// when it is told to stop before.
    pub(super) async fn open(
        config: &CliConfig,
        state: &StateDir,
        stop: &mut StopSignals,
    ) -> Result<Option<Self>, Failure> {
        match contender(config, true)? {
            None => tokio::select! {
                biased;
                () = stop.came() => Ok(None),
                opened = Self::open_here(state) => opened.map(Some),
            },
            Some(mut contender) => {
                // A copy of this program has looked before; it takes over at once.
                if standby::After::of_this_run().is_none() {
                    tokio::select! {
                        biased;
                        () = stop.came() => return Ok(None),
                        looked = left_behind::look_before(state, &mut contender) => looked?,
                    }
                }
                let reach = Reach::new(config.way()?, Arc::clone(&config.contact));
                let place = contender.place();
                let keep = |name, secret| {
                    noted_place::note_place(state, &place);
                    keep_shared(config, state, (name, secret));
                };
                let has_new_address = || has_new_address(config);
                let here = Here { keep: &keep, has_new_address: &has_new_address };
                let page = page(config);
                let store = Box::pin(standby::wait(contender, page, reach, (here, stop))).await;
                if let Err(StandbyError::Database(ConnectError::Away(away))) = &store {
                    moving::has_left(state, away);
                }
                Ok(store.map_err(|error| no_standby(&error))?.map(Self::Postgres))
            }
        }
    }

    /// After the wait for the lease, which may have been long: whether the state of this folder would be forgotten.
    pub(super) async fn look_again(&self, config: &CliConfig, state: &StateDir) -> Result<(), Failure> {
        let Some((store, place)) = self.shared().zip(place_of(config)) else { return Ok(()) };
        left_behind::look_again(state, &place, store).await
    }

    /// The one in the state folder.
    async fn open_here(state: &StateDir) -> Result<Self, Failure> {
        left_behind::refuse_moved(state).await?;
        left_behind::refuse_without(state).await?;
        let store = SqliteStore::open(state).await;
        store.map(Self::Sqlite).map_err(|error| fail(Exit::Error, &error.to_string(), error.advice()))
    }

    /// For a single task: `None` when another keeper acts on this database, which can be asked to do it.
    pub(super) async fn open_if_free(config: &CliConfig, state: &StateDir) -> Result<Option<Self>, Failure> {
        let Some(mut contender) = contender(config, false)? else {
            return Self::open_here(state).await.map(Some);
        };
        left_behind::look_first(state, &mut contender, Purpose::Work).await?;
        contender.prepare().await.map_err(|error| no_database(&error))?;
        let taken = contender.try_take().await.map_err(|error| no_database(&error))?;
        let Some(holding) = taken else { return Ok(None) };
        let lost = Arc::new(|| std::process::exit(Exit::TryLater as i32));
        let store = contender.into_store(holding, lost);
        store
            .map(|store| Some(Self::Postgres(store)))
            .map_err(|error| no_standby(&StandbyError::Thread(error)))
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The same memory with the outbox of another channel.
    pub(super) async fn with_channel(&self, channel: Channel) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => Arc::new(store.with_channel(channel).await?),
            Self::Postgres(store) => Arc::new(store.with_channel(channel).await?),
        })
    }

    /// Forgets a channel that is no longer configured.
    pub(super) async fn without_channel(&self, channel: Channel) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.without_channel(channel).await,
            Self::Postgres(store) => store.without_channel(channel).await,
        }
    }

    pub(super) async fn session(&self) -> Option<StoredSession> {
        match self {
            Self::Sqlite(store) => store.session().await.ok(),
            Self::Postgres(store) => store.session().await.ok(),
        }
    }

    /// Whether the keeper before this one ended without notice: of those who share a database the last one that acted
    /// counts, whatever became of this folder's own runs.
    pub(super) fn after_crash(&self, state: &StateDir) -> bool {
        match self.holding() {
            Some(holding) => {
                state.ended();
                holding.after_crash()
            }
            None => state.began(),
        }
    }

    /// Whether the last one that acted has lost its lease with the database: this very keeper, which stood by since, or another
    /// one while this one stood by and saw the database away.
    pub(super) fn after_loss(&self, limiter: &Limiter) -> bool {
        let was_here = |holding: &HeldLease| holding.calls_before().holder == Some(limiter.origin());
        let is_own_loss = standby::After::of_this_run() == Some(standby::After::Loss);
        self.holding().is_some_and(|holding| holding.follows_outage() || (is_own_loss && was_here(holding)))
    }

    /// The store with its lease; `None` where no other keeper can act.
    pub(super) fn shared(&self) -> Option<&PostgresStore> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(store) => Some(store),
        }
    }

    fn holding(&self) -> Option<&HeldLease> {
        self.shared().map(PostgresStore::holding)
    }

    /// FYERS counts the calls of all keepers of an account together: this one goes on where another one has ended, and tells
    /// what it has sent itself.
    pub(super) fn share_calls(&self, limiter: &Arc<Limiter>) {
        let Some(holding) = self.holding() else { return };
        limiter.follow(holding.calls_before());
        let fence = holding.clone();
        limiter.leave_while(move || fence.is_good());
        holding.share(Arc::<Limiter>::clone(limiter));
    }

    /// The keeper has begun: from now on there is a state where it works.
    pub(super) fn has_begun(&self, config: &CliConfig, state: &StateDir) {
        let Some((store, place)) = self.shared().zip(place_of(config)) else { return };
        store.holding().note_begun();
        noted_place::note_place(state, &place);
    }

    /// A single task is done: where it was the first thing that has happened there, this is noted.
    pub(super) async fn end_task(&self, config: &CliConfig, state: &StateDir) {
        if let Some(store) = self.shared()
            && store.occupancy().await.is_ok_and(|found| found == Occupancy::Used)
        {
            self.has_begun(config, state);
        }
        self.close().await;
    }

    /// Whether another keeper waits for this one's end.
    pub(super) async fn is_awaited(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(store) => store.is_awaited().await,
        }
    }

    /// The way to FYERS for bots, closed when the lease ends.
    pub(super) fn fence_proxy(&self, inner: Arc<dyn BrokerProxy>) -> Arc<dyn BrokerProxy> {
        match self.holding().cloned() {
            Some(holding) => Arc::new(FencedProxy { holding, inner }),
            None => inner,
        }
    }

    /// The way to FYERS for the session, closed when the lease ends.
    pub(super) fn fence_broker(&self, inner: Arc<dyn Broker>) -> Arc<dyn Broker> {
        match self.holding().cloned() {
            Some(holding) => Arc::new(FencedBroker { holding, inner }),
            None => inner,
        }
    }

    /// Keepers of one database have the same secrets of their own: the first one's are in the database, and the others
    /// write them into their state folders.
    pub(super) async fn share_secrets(&self, state: &StateDir) -> Result<(), Failure> {
        let Self::Postgres(store) = self else { return Ok(()) };
        let failed = |error: StoreError| fail(Exit::Error, &error.to_string(), "").of_the_store(&error);
        for (name, file) in SHARED {
            let note = Note::<String>::new(name);
            match note.read(store).await.map_err(failed)?.readable() {
                Some(shared) => {
                    state.keep_secret(file, &SecretString::from(shared)).map_err(|error| no_state(&error))?;
                }
                None => {
                    let own = state.own_secret(file).map_err(|error| no_state(&error))?;
                    let note = note.set(&own.expose_secret().to_owned()).map_err(failed)?;
                    store.commit(Change { notes: vec![note], ..Change::default() }).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// What a standby's listener is to know.
fn page(config: &CliConfig) -> Page {
    let settings = &config.settings;
    Page {
        listen: settings.http_addr,
        trusted_proxies: settings.trusted_proxies.clone(),
        advertised: settings.advertise_url.clone(),
        public_url: settings.public_url.clone(),
    }
}

/// Which database is set, by host, port and name.
fn place_of(config: &CliConfig) -> Option<String> {
    let address = config.settings.database_url.as_ref().map(Address::parse)?;
    address.ok().map(|address| address.place())
}

/// What a state folder has of them; made where it is missing.
pub(super) fn secrets_in(state: &StateDir) -> Result<Secrets, MigrateError> {
    let secrets = SHARED.map(|(name, file)| state.own_secret(file).map(|secret| (name, secret)));
    let all = secrets.into_iter().collect::<Result<_, _>>();
    all.map_err(|error| MigrateError::Failed(error.to_string()))
}

/// What keepers share, in the folder of one that stands by: with it the command line on its machine is let in by the one
/// that acts.
fn keep_shared(config: &CliConfig, state: &StateDir, (name, secret): (&'static str, SecretString)) {
    config.redactor.register(&secret);
    for (_, file) in SHARED.into_iter().filter(|(shared, _)| *shared == name) {
        let kept = private_file::read(&state.path().join(file), Rules::OWN);
        if kept.is_ok_and(|kept| kept.text.trim() == secret.expose_secret()) {
            continue;
        }
        if let Err(error) = state.keep_secret(file, &secret) {
            tracing::warn!(event = "keeper.settings", "{error}. {}", error.advice());
        }
    }
}

/// Puts them into a state folder in the place of what is there: bots know these.
pub(super) fn keep_secrets(state: &StateDir, secrets: Secrets) -> Result<(), String> {
    for (name, secret) in secrets {
        for (_, file) in SHARED.into_iter().filter(|(shared, _)| *shared == name) {
            state.keep_secret(file, &secret).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Whether the settings, read again, have another address of PostgreSQL, and are whole.
fn has_new_address(config: &CliConfig) -> bool {
    let text =
        |config: &CliConfig| config.settings.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    setup::load().is_ok_and(|now| text(&now).is_some() && text(&now) != text(config))
}

/// Somebody who wants the lease; `None` on SQLite.
pub(super) fn contender(config: &CliConfig, is_keeper: bool) -> Result<Option<Contender>, Failure> {
    let settings = &config.settings;
    let Some(url) = &settings.database_url else { return Ok(None) };
    let address = Address::parse(url).map_err(|flaw| no_database(&flaw.into()))?;
    let who = Candidate { is_keeper, ..candidate(config) };
    Ok(Some(Contender::new(address, who)))
}

/// Who acts on the database, for somebody who found nobody here; `None` on SQLite.
pub(super) async fn who_acts(config: &CliConfig) -> Option<Result<LeaseRow, ConnectError>> {
    let mut looking = contender(config, false).ok().flatten()?;
    Some(looking.look_if_fit().await)
}

/// Where other keepers reach this one, when they are told.
pub(super) fn own_address(config: &CliConfig) -> Option<String> {
    let address = config.settings.advertise_url.as_ref();
    address.map(|url| url.as_str().trim_end_matches('/').to_owned())
}

/// Who this run of the program is to other keepers.
pub(super) fn candidate(config: &CliConfig) -> Candidate {
    Candidate {
        name: uuid::Uuid::new_v4().to_string(),
        address: own_address(config),
        served: config.settings.served(),
        is_keeper: false,
        replaced: standby::replaced_run(),
    }
}

/// The session as it is stored, without changing anything; `None` where nothing is stored.
pub(super) async fn peek(config: &CliConfig) -> Result<Option<StoredSession>, Failure> {
    let Some(mut looking) = contender(config, false)? else {
        let peeked = SqliteStore::peek(&config.settings.state_dir).await;
        return peeked.map_err(|error| fail(Exit::Error, &error.to_string(), error.advice()));
    };
    let found = left_behind::look(&config.settings.state_dir, &mut looking, Purpose::Work).await?;
    if found == Occupancy::Bare {
        return Ok(None);
    }
    looking.session().await.map_err(|error| no_database(&error))
}

/// Before a person does something for which there would be no place: whether the database can be worked on from here.
pub(super) async fn check_database(config: &CliConfig, state: &StateDir) -> Result<(), Failure> {
    let Some(mut contender) = contender(config, false)? else { return Ok(()) };
    left_behind::look_first(state, &mut contender, Purpose::Work).await?;
    contender.prepare().await.map_err(|error| no_database(&error))?;
    let row = contender.look_if_fit().await.map_err(|error| no_database(&error))?;
    if row.is_held() { Err(acts_elsewhere()) } else { Ok(()) }
}

/// Another keeper acts, and it is not the one of this folder.
pub(super) fn acts_elsewhere() -> Failure {
    let remedy = "Run this command on the host of that keeper, where it is asked to do it.";
    fail(Exit::TryLater, "another keeper acts on this database", remedy)
}

fn no_standby(error: &StandbyError) -> Failure {
    match error {
        StandbyError::Database(error) => no_database(error),
        StandbyError::Listen { .. } => {
            let remedy = "Another program may use the address: see KEEPER_HTTP_ADDR.";
            fail(Exit::AddressTaken, &error.to_string(), remedy)
        }
        StandbyError::Thread(_) => fail(Exit::Error, &error.to_string(), "The machine may be out of memory."),
    }
}
