//! `check` and `refresh`: the session without the service. If a keeper runs on the same state, it does the work.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, FixedOffset, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    clock::token_hours::TokenHours,
    ports::Broker,
    reason::Reason,
    secret::{AccessToken, Fingerprint},
    session::{
        StateName,
        reconcile::reconcile,
        retry::{CallFailure, judge_profile},
    },
};
use serde::Serialize;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{bad_end, complain, fail, json as print_json, no_runtime, no_state, say},
    probe::{Remote, block_on, mute},
    setup::{CliConfig, load},
    state_store::{self, StateStore, acts_elsewhere},
};
use crate::{
    app::recall_segments,
    cli::oneshot::OneShot,
    refresh_report,
    status::{SessionStatus, token_end},
    store::{StateDir, StateDirError},
    wall_clock::WallClock,
};

/// How long `refresh` and `login` retry what may pass.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The answer of both verbs.
#[derive(Debug, Serialize)]
struct TokenReport {
    state: StateName,
    reason: Reason,
    expires_at: Option<DateTime<FixedOffset>>,
    fingerprint: Option<Fingerprint>,
    account: Option<String>,
}

impl TokenReport {
    fn print(&self) {
        say(self.reason.words());
        self.print_token();
    }

    /// Which token is spoken of, if there is one.
    fn print_token(&self) {
        let Some(token) = &self.fingerprint else { return };
        let end = self.expires_at.map(|end| end.format("%a %d %b %Y, %H:%M:%S IST").to_string());
        say(&format!("token {token}{}", token_end(self.reason, end.as_deref())));
    }

    /// Prints the answer and, if it is a bad one, what to do.
    fn end(&self, json: bool) -> Exit {
        let exit = Exit::for_reason(self.reason);
        match exit {
            Exit::Good if json => print_json(self),
            Exit::Good => self.print(),
            _ => {
                if !json {
                    self.print_token();
                }
                let failure = fail(exit, self.reason.words(), Exit::advice(self.reason));
                return bad_end(json.then_some(self), &failure);
            }
        }
        exit
    }
}

pub(super) fn check(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    config.start_log(false);
    let Some(client) = config.broker()? else {
        let nothing = TokenReport {
            state: StateName::NoToken,
            reason: Reason::NoCredentials,
            expires_at: None,
            fingerprint: None,
            account: None,
        };
        return Ok(nothing.end(json));
    };
    match block_on(ask_broker(&config, client.as_ref())) {
        Some(answer) => Ok(answer?.end(json)),
        None => Err(no_runtime()),
    }
}

/// Reads the newest token there is, without touching anything, and asks the broker about it. A store that cannot be read
/// is not one without a token.
async fn ask_broker(config: &CliConfig, broker: &dyn Broker) -> Result<TokenReport, Failure> {
    let stored = state_store::peek(config).await?.unwrap_or_default();
    let session = reconcile(stored, &config.seeds());
    let mut answer = TokenReport {
        state: StateName::LoginRequired,
        reason: Reason::NeverLoggedIn,
        expires_at: None,
        fingerprint: session.access.as_ref().map(AccessToken::fingerprint),
        account: session.account.clone(),
    };
    let Some(token) = session.access else { return Ok(answer) };
    let end = token.ends_at();
    answer.expires_at = end.map(ist);
    (answer.state, answer.reason) = verdict(broker, &token, end, &mut answer.account).await;
    tracing::info!(event = "token.check", state = %answer.state, reason = %answer.reason, "token checked");
    Ok(answer)
}

async fn verdict(
    broker: &dyn Broker,
    token: &AccessToken,
    end: Option<DateTime<Utc>>,
    account: &mut Option<String>,
) -> (StateName, Reason) {
    if end.is_some_and(|end| end <= Utc::now()) {
        return (StateName::Expired, Reason::TokenExpired);
    }
    match broker.profile(token).await {
        Ok(profile) if account.as_ref().is_some_and(|account| *account != profile.fy_id) => {
            (StateName::LoginRequired, Reason::AccountMismatch)
        }
        Ok(profile) => {
            *account = Some(profile.fy_id);
            (StateName::Valid, Reason::Verified)
        }
        Err(error) => match judge_profile(&error) {
            CallFailure::Transient { reason, .. } => (StateName::Checking, reason),
            CallFailure::Final { reason, .. } => (StateName::LoginRequired, reason),
        },
    }
}

pub(super) fn refresh(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    config.start_log(false);
    let state = match StateDir::open(&config.settings.state_dir) {
        Ok(state) => state,
        Err(StateDirError::Locked { .. }) => return by_running_keeper(&config, json),
        Err(error) => return Err(no_state(&error)),
    };
    let Some(client) = config.broker()? else {
        let remedy = Exit::advice(Reason::NoCredentials);
        return Err(fail(Exit::BadSettings, Reason::NoCredentials.words(), remedy));
    };
    block_on(here(&config, &state, client, json)).unwrap_or_else(|| Err(no_runtime()))
}

/// Nobody else works on this state: do it here.
async fn here(
    config: &CliConfig,
    state: &StateDir,
    broker: Arc<dyn Broker>,
    json: bool,
) -> Result<Exit, Failure> {
    let (run, storage) = one_shot(config, state, broker).await?;
    let refreshed = run.refresh(PATIENCE).await;
    storage.end_task(config, state).await;
    match refreshed {
        Ok(outcome) => {
            if let Some(problem) = outcome.mirror_problem {
                complain(&problem, "The new token is safe in the state folder all the same.");
            }
            Ok(end_of_refresh(&SessionStatus::from(&outcome.session), json, false))
        }
        Err(error) => Err(fail(Exit::Error, &error.to_string(), "Check the disk and the state folder.")),
    }
}

/// The session without the service, and the store it works on, which is closed in the end.
pub(super) async fn one_shot(
    config: &CliConfig,
    state: &StateDir,
    broker: Arc<dyn Broker>,
) -> Result<(OneShot, StateStore), Failure> {
    let storage = StateStore::open_if_free(config, state).await?;
    let storage = storage.ok_or_else(acts_elsewhere)?;
    let (store, hours) =
        (storage.store(), TokenHours::new(config.calendar()?, config.settings.segments.clone()));
    let recalled = recall_segments(&hours, store.as_ref()).await;
    recalled
        .map_err(|error| fail(Exit::Error, &error.to_string(), "Check the disk and the state folder."))?;
    let run = OneShot {
        broker: storage.fence_broker(broker),
        store,
        mirror: config.mirror(),
        time: Arc::new(WallClock),
        facts: config.facts(),
        seeds: config.seeds(),
        hours,
    };
    Ok((run, storage))
}

/// A keeper holds the state, so it makes the call: two refreshes at once are never made.
fn by_running_keeper(config: &CliConfig, json: bool) -> Result<Exit, Failure> {
    match block_on(ask_for_refresh(config)).flatten() {
        Some(session) => Ok(end_of_refresh(&session, json, true)),
        None => Err(mute(config)),
    }
}

async fn ask_for_refresh(config: &CliConfig) -> Option<SessionStatus> {
    Remote::new(config)?.refresh().await
}

/// A refresh that failed is a failure even if the old token still works; what is said is true of that one too.
/// Where no keeper runs, nobody goes on trying.
fn end_of_refresh(session: &SessionStatus, json: bool, goes_on: bool) -> Exit {
    let report = report_of(session);
    let problem = session.problem.filter(|_| session.usable);
    let Some(problem) = problem else { return report.end(json) };
    let held = TokenReport { reason: session.reason, ..report_of(session) };
    let is_tried = matches!(session.state, StateName::Refreshing | StateName::Checking);
    // Which token it is, and no word of FYERS' about it: none has come now.
    if !json {
        held.print_token();
    }
    let what = format!("no new token: {}; the token in use stays", refresh_report::why(problem));
    let next = match is_tried && !goes_on {
        true => "Run it again later: no keeper runs here that would go on trying.".to_owned(),
        false => refresh_report::next(session),
    };
    let failure = fail(Exit::for_reason(problem), &what, &next);
    bad_end(json.then_some(&report), &failure)
}

fn report_of(session: &SessionStatus) -> TokenReport {
    TokenReport {
        state: session.state,
        reason: session.problem.unwrap_or(session.reason),
        expires_at: session.expires_at,
        fingerprint: session.fingerprint.clone(),
        account: session.account.clone(),
    }
}
