//! Logins that are under way: how they went, and what is said of those that a keeper which stops cannot wait for.

use std::time::Duration;

use actix::{Addr, MailboxError};
use keeper_actors::exchange::{ExchangeActor, messages::GetMode, reads::Router};
use keeper_domain::session::{SessionView, login::LoginFailure};

use crate::{
    app::{Actors, Parts, ask::ask},
    login_report::LoginReport,
    under_way::UnderWay,
};

/// Longest wait for the outcome of a login: two calls to the broker with some retries.
const LIMIT: Duration = Duration::from_secs(30);

/// Those that wait for their outcome.
pub(super) struct Logins {
    under_way: UnderWay,
    exchange: Addr<ExchangeActor>,
    router: Router,
    reads_only: bool,
}

impl Logins {
    pub(super) fn new(parts: &Parts, actors: &Actors) -> Self {
        Self {
            under_way: UnderWay::default(),
            exchange: actors.exchange.clone(),
            router: actors.router.clone(),
            reads_only: parts.texts.reads_only,
        }
    }

    /// How a login went. The exchange has been told of the new token before this answer, and its mailbox keeps the
    /// order, so the mode it tells now is the one after the login.
    pub(super) async fn report<O>(&self, outcome: O) -> LoginReport
    where
        O: Future<Output = Result<Result<SessionView, LoginFailure>, MailboxError>>,
    {
        let _until_told = self.under_way.begin();
        let outcome = tokio::select! {
            biased;
            outcome = tokio::time::timeout(LIMIT, outcome) => outcome,
            () = self.under_way.given_up() => return LoginReport::stopped(),
        };
        match outcome {
            Ok(Ok(Ok(session))) => match ask(&self.exchange, GetMode).await {
                Some(_) => {
                    let mode = self.router.snapshot.load().shown();
                    LoginReport::done(&session, mode, self.reads_only)
                }
                None => LoginReport::silent(),
            },
            Ok(Ok(Err(failure))) => LoginReport::failed(failure),
            Ok(Err(_)) | Err(_) => LoginReport::silent(),
        }
    }

    /// Waits for them: a code works once. What takes longer is told to be not known.
    pub(super) async fn end(&self, limit: Duration) {
        self.under_way.over_or_given_up(limit).await;
    }
}
