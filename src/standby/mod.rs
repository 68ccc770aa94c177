//! Two keepers, one account: this one waits while the other one holds the lease, and acts when it has it.
//!
//! Waiting costs nothing that is shared: no actor runs, nobody polls Telegram, nothing is sent to FYERS. The listener
//! passes bots on to the holder. A keeper that has lost the lease replaces itself by a fresh copy of the program, which
//! waits: nothing that was in memory can act afterwards.

mod answer;
mod fenced;
mod holder;
mod listener;
mod page;
mod reach;
mod refusal;
mod stop;
mod told;
mod tunnel;

use std::{
    convert::Infallible,
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use keeper_domain::{
    moments::SeenMoment,
    note::{Note, Remembered},
};
use secrecy::SecretString;
use tokio::time::{sleep, timeout};

pub use fenced::{FencedBroker, FencedProxy};
pub use holder::{Held, Holder};
pub use page::Page;
pub use reach::Reach;
pub use stop::StopSignals;
use told::Told;

use crate::{
    logging,
    store::postgres::{
        ConnectError, Contender, HeldLease, LEASE, LeaseNews, PostgresStore, ReplacedRun, SHARED_SECRETS,
    },
    under_way::UnderWay,
};

/// How often a standby asks for the lease at least. It asks at its end, too, and when it hears that it was let go.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often it asks at most.
const ASK_PAUSE: Duration = Duration::from_millis(50);
/// The first pause between attempts to make the tables while the database does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The secret that keepers sign with.
const SIGNING: &str = SHARED_SECRETS[1];
/// How often a standby looks whether the shared secrets are still the same.
const SECRETS_EVERY: Duration = Duration::from_secs(60);
/// The longest pause between attempts to make the tables while the database does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the last line of a program that is replaced may take.
const LAST_LINE: Duration = Duration::from_millis(300);
/// The same for one that ends, where nobody waits.
const REFUSAL_LINE: Duration = Duration::from_secs(3);

/// The exit code of a program that should simply be started again.
const TRY_LATER: i32 = 75;
/// How long a keeper that has handed over waits for another one to act.
const GIVE_WAY: Duration = Duration::from_secs(5);
/// Tells the fresh copy of a program why it was begun. It is no setting, and its name is none that a setting could have.
const BEGUN_AFTER: &str = "_FYERS_KEEPER_BEGUN_AFTER";
/// Tells it what was seen of the database.
const HAS_SEEN: &str = "_FYERS_KEEPER_HAS_SEEN";
/// Tells it in whose name the lease was held.
const HAS_REPLACED: &str = "_FYERS_KEEPER_HAS_REPLACED";

/// A standby could not go on.
#[derive(Debug, thiserror::Error)]
pub enum StandbyError {
    /// The database is not of use, and waiting does not help.
    #[error(transparent)]
    Database(#[from] ConnectError),
    /// The listener's address cannot be had.
    #[error("cannot listen on {addr}: {problem}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        problem: String,
    },
    /// The system gives no thread.
    #[error("the thread of the store cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Waits until this keeper may act; nothing when it is told to stop before. While it waits, `page` is served.
///
/// A keeper that only stood by has nothing to tell when it stops. One that has taken the lease has: the signal waits until
/// it acts.
///
/// # Errors
/// See [`StandbyError`].
pub async fn wait(
    contender: Contender,
    page: Page,
    reach: Reach,
    (here, stop): (Here<'_>, &mut StopSignals),
) -> Result<Option<PostgresStore>, StandbyError> {
    let seen = std::env::var(HAS_SEEN).map(|text| SeenMoment::read(&text)).unwrap_or_default();
    let mut contender = contender.having_seen(seen);
    let holder = Holder::default();
    let listen = page.listen;
    let refused = |problem: String| StandbyError::Listen { addr: listen, problem };
    let relays = UnderWay::default();
    let server = listener::serve(page, holder.clone(), (reach.clone(), relays.clone()));
    let mut server = server.map_err(|error| refused(error.to_string()))?;
    let holding = tokio::select! {
        biased;
        held = until_held(&mut contender, &holder, (&reach, here), stop) => held?,
        ended = &mut server => {
            return Err(refused(ended.err().map_or("it ended".to_owned(), |error| error.to_string())));
        }
    };
    let Some(holding) = holding else {
        // Orders that were passed on have left: their bots are told what came of them.
        relays.close();
        tokio::select! {
            () = relays.over_or_given_up(DRAIN) => {}
            _ended = &mut server => {}
        }
        tracing::info!(event = "lease.left", "this keeper stood by and stops, as it was asked to");
        return Ok(None);
    };
    tracing::info!(event = "lease.taken", epoch = holding.epoch(), "this keeper acts from now on");
    contender.end_with_the_lease();
    // The one before has answered all it was asked, before it let the lease go.
    relays.close();
    relays.over_or_given_up(LAST_ANSWERS).await;
    // Its socket is free when this returns, for the listener of the keeper.
    let _ended = tokio::join!(server.handle().stop(false), server);
    let stop = stop.clone();
    let held = holding.clone();
    let on_lost = Arc::new(move || stand_by_again(&held, &stop));
    contender.into_store(holding, on_lost).map(Some).map_err(StandbyError::Thread)
}

async fn until_held(
    contender: &mut Contender,
    holder: &Holder,
    (reach, here): (&Reach, Here<'_>),
    stop: &mut StopSignals,
) -> Result<Option<HeldLease>, StandbyError> {
    let (mut told, signals) = (Told::new(holder.clone()), stop.clone());
    let stands_by = async {
        prepare(contender, &mut told, (here, &signals)).await?;
        contender.stand_by();
        give_way(contender).await;
        Ok::<_, StandbyError>(())
    };
    tokio::select! {
        biased;
        () = stop.came() => return Ok(None),
        ready = stands_by => ready?,
    }
    let (news, warm) = (contender.news(), Box::pin(contender.keep_warm()));
    let keep = |name, secret: SecretString| {
        if name == SIGNING {
            holder.set_signing(secret.clone());
        }
        (here.keep)(name, secret);
    };
    let secrets = Box::pin(follow_secrets(contender.reader(), &keep));
    tokio::select! {
        never = news.listen() => match never {},
        never = reach.look() => match never {},
        never = warm => match never {},
        never = secrets => match never {},
        holding = taken(contender, told, (&news, reach, here), stop) => holding,
    }
}

/// How long orders that were passed on may take when this keeper stops: a little longer than the holder waits for FYERS then.
const DRAIN: Duration = Duration::from_secs(9);
/// How long their answers may take through this one when it takes over: it is to act within a second.
const LAST_ANSWERS: Duration = Duration::from_millis(300);

/// What to do with a secret that all keepers of the database share.
pub type KeepShared<'a> = &'a dyn Fn(&'static str, SecretString);

/// What a standby has of the machine it is on.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// What to do with the secrets that it shares.
    pub keep: KeepShared<'a>,
    /// Whether the settings have another address of the database by now: a password may be changed while it stands by.
    pub has_new_address: &'a dyn Fn() -> bool,
}

impl Here<'_> {
    /// The server does not let it in: a fresh copy of the program reads the settings again, where they have changed.
    fn begin_again_if_moved(self, error: &ConnectError, contender: &Contender, stop: &StopSignals) {
        if matches!(error, ConnectError::Settings(_)) && (self.has_new_address)() {
            tracing::info!(
                event = "lease.new_address",
                "the settings have another address of PostgreSQL: it is tried"
            );
            begin_again((After::Loss, contender.seen(), None), stop);
        }
    }
}

/// Whoever stands by has the secrets of those who act: the command line on its machine asks with them.
async fn follow_secrets(store: PostgresStore, keep: KeepShared<'_>) -> Infallible {
    loop {
        let mut all_there = true;
        for name in SHARED_SECRETS {
            let read = Note::<String>::new(name).read(&store).await.ok();
            match read.and_then(Remembered::readable) {
                Some(secret) => keep(name, SecretString::from(secret)),
                None => all_there = false,
            }
        }
        sleep(if all_there { SECRETS_EVERY } else { ASK_EVERY }).await;
    }
}

async fn taken(
    contender: &mut Contender,
    mut told: Told,
    (news, reach, here): (&LeaseNews, &Reach, Here<'_>),
    stop: &mut StopSignals,
) -> Result<Option<HeldLease>, StandbyError> {
    loop {
        contender.say(reach.answers());
        // A signal does not cut this off: the lease could be taken by then, and nobody would know.
        let pause = match contender.try_take().await {
            Ok(Some(holding)) => {
                told.answered();
                if told.saw_outage_within(LEASE) {
                    holding.note_outage();
                }
                return Ok(Some(holding));
            }
            Ok(None) => look(contender, &mut told).await,
            Err(error) if !error.may_pass_again() => return Err(refused(error)),
            Err(error) => {
                told.away(&error);
                here.begin_again_if_moved(&error, contender, stop);
                ASK_EVERY
            }
        };
        tokio::select! {
            biased;
            () = stop.came() => return Ok(None),
            _heard = timeout(pause.clamp(ASK_PAUSE, ASK_EVERY), news.heard()) => {}
        }
    }
}

/// How long the lease is still good.
async fn look(contender: &mut Contender, told: &mut Told) -> Duration {
    match contender.look().await {
        Ok(row) => {
            let (left, ends) = (row.left, row.ends);
            told.found(Held::of(row, contender.address()), ends);
            left
        }
        Err(error) => {
            told.away(&error);
            ASK_EVERY
        }
    }
}

/// The tables are there, and this keeper is of the account whose they are. A copy of a program that has acted has reached
/// the database before: what it was let in with is no mistake in the settings.
async fn prepare(
    contender: &mut Contender,
    told: &mut Told,
    (here, stop): (Here<'_>, &StopSignals),
) -> Result<(), StandbyError> {
    let mut pause = FIRST_PAUSE;
    let has_acted = matches!(After::of_this_run(), Some(After::Loss | After::HandOver | After::FailedStart));
    loop {
        let prepared = match contender.prepare().await {
            Ok(()) => contender.look_if_fit().await,
            Err(error) => Err(error),
        };
        match prepared {
            Err(error) if error.may_pass() || (has_acted && error.may_pass_again()) => {
                told.away(&error);
                here.begin_again_if_moved(&error, contender, stop);
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(refused(error)),
            Ok(_) => {
                told.answered();
                return Ok(());
            }
        }
    }
}

/// Waiting does not help: that is for a person.
fn refused(error: ConnectError) -> StandbyError {
    tracing::error!(event = "lease.refused", "this keeper does not stand by: {error}. {}", error.advice());
    // The first line of a program may take a while: what secrets look like is made ready for it.
    logging::flush(REFUSAL_LINE);
    error.into()
}

/// Why the program begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Another keeper may act by now.
    Loss,
    /// Another keeper is to act: it is given the time to take the lease.
    HandOver,
    /// There are settings that this run has not.
    SetUp,
    /// It had the lease and could not begin.
    FailedStart,
}

impl After {
    const ALL: [(Self, &str); 4] = [
        (Self::Loss, "the lease was lost"),
        (Self::HandOver, "a handover"),
        (Self::SetUp, "a set-up"),
        (Self::FailedStart, "a start that failed"),
    ];

    fn slug(self) -> &'static str {
        Self::ALL.into_iter().find_map(|(after, slug)| (after == self).then_some(slug)).unwrap_or_default()
    }

    /// Why this run was begun, when it is a copy.
    pub fn of_this_run() -> Option<Self> {
        let said = std::env::var(BEGUN_AFTER).ok()?;
        Self::ALL.into_iter().find_map(|(after, slug)| (slug == said).then_some(after))
    }
}

/// The run of the program that this one has replaced: its lease need not be waited for.
pub fn replaced_run() -> Option<ReplacedRun> {
    let name = std::env::var(HAS_REPLACED).ok()?;
    Some(ReplacedRun { name, has_begun: After::of_this_run() != Some(After::FailedStart) })
}

/// The lease is lost: nothing of this run may act any more.
fn stand_by_again(held: &HeldLease, stop: &StopSignals) {
    tracing::error!(
        event = "lease.lost",
        "the lease is lost; another keeper may act, and this one stands by"
    );
    begin_again((After::Loss, &held.seen(), Some(held.run())), stop);
}

/// Replaces this program by a fresh copy of itself, which stands by. One that was told to stop ends. `seen`: what it knows of
/// the database. `run`: in whose name it had a lease that may still stand; where it had none, that of the copy before.
pub fn begin_again((after, seen, run): (After, &SeenMoment, Option<&str>), stop: &StopSignals) -> ! {
    logging::flush(LAST_LINE);
    if !stop.leave_to_the_copy() {
        std::process::exit(0);
    }
    let Ok(program) = std::env::current_exe() else { std::process::exit(TRY_LATER) };
    let mut fresh = Command::new(program);
    fresh.args(std::env::args_os().skip(1)).env(BEGUN_AFTER, after.slug()).env(HAS_SEEN, seen.text());
    if let Some(run) = run {
        fresh.env(HAS_REPLACED, run);
    }
    let failed = fresh.exec();
    // Only when the program is not there any more: whoever started this one starts it again.
    tracing::error!(event = "keeper.not_replaced", "{failed}");
    logging::flush(LAST_LINE);
    std::process::exit(TRY_LATER);
}

/// After a handover the other keeper comes first; if there is none, this one goes on.
async fn give_way(contender: &mut Contender) {
    if After::of_this_run() != Some(After::HandOver) {
        return;
    }
    let until = Instant::now() + GIVE_WAY;
    while Instant::now() < until {
        if contender.look().await.is_ok_and(|row| row.is_held()) {
            return;
        }
        sleep(FIRST_PAUSE).await;
    }
}
