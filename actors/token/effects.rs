//! Carrying out what a step of the session asks for: calls to FYERS, waits, messages, the `.env` file.

use std::{sync::Arc, time::Duration};

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use fyers_api::model::Profile;
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    event::Event,
    ports::{Broker, Change},
    secret::{AccessToken, RefreshToken},
    session::rules::{Effect, Input},
};

use crate::{
    journal,
    token::{actor::TokenActor, messages::SessionChanged},
};

/// Last net under the adapter's own time limits: an await that never ends would stop the session.
const CALL_LIMIT: Duration = Duration::from_secs(60);

impl TokenActor {
    pub(super) fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::CheckToken(id, token) => {
                let call = self.with_broker(move |broker| async move { broker.profile(&token).await });
                self.later(ctx, call, move |outcome| Input::Profiled(id, outcome));
            }
            Effect::ProveToken(id, token) => {
                let call =
                    self.with_broker(move |broker| async move { prove(broker.as_ref(), &token).await });
                self.later(ctx, call, move |outcome| Input::Profiled(id, outcome));
            }
            Effect::CallLogin(id, code) => {
                let call = self.with_broker(move |broker| async move { broker.login(&code).await });
                self.later(ctx, call, move |outcome| Input::CodeRedeemed(id, outcome));
            }
            Effect::CallLogout(token) => {
                let call = self.with_broker(move |broker| async move { broker.logout(&token).await });
                ctx.spawn(call.into_actor(self).map(|ended, _, _| {
                    if let Err(error) = ended {
                        tracing::warn!(
                            event = "login.ended",
                            actor = "token",
                            "FYERS did not take the logout: {error}"
                        );
                    }
                }));
            }
            Effect::LoginEnded(login, outcome) => {
                self.logins.ended(login, outcome);
                // Whoever sends it again after a restart, or to the next keeper, learns that it is over. If this is not
                // written, what came of it is not known, which does no harm.
                if self.used_states.ended(login) {
                    ctx.wait(self.keep_states().map(|_written, _, _| ()));
                }
            }
            Effect::CallRefresh(id, token) => {
                let call = self.with_broker(move |broker| async move { broker.refresh(&token).await });
                self.later(ctx, call, move |outcome| Input::Refreshed(id, outcome));
            }
            Effect::Wait(id, wait) => {
                let time = Arc::clone(&self.deps.time);
                self.later(ctx, async move { time.sleep(wait).await }, move |()| Input::Waited(id));
            }
            Effect::Announce { from, to, why, view } => {
                for listener in &self.deps.listeners {
                    listener.do_send(SessionChanged { from, to, why, view: view.clone() });
                }
            }
            Effect::NewerRefused(reason) => tracing::warn!(
                event = "token.newer_refused",
                actor = "token",
                %reason,
                "FYERS does not take FYERS_ACCESS_TOKEN of the settings, which is newer than the stored token: that one stays in \
                 use. Remove the line from the settings"
            ),
            Effect::Mirror(access, refresh) => self.mirror(access, refresh, ctx),
        }
    }

    /// A broker call with a last limit on its time. No broker is no connection.
    fn with_broker<T, F, C>(&self, call: C) -> impl Future<Output = Result<T, BrokerError>> + use<T, F, C>
    where
        C: FnOnce(Arc<dyn Broker>) -> F,
        F: Future<Output = Result<T, BrokerError>>,
    {
        let call = self.deps.broker.clone().map(call);
        async move {
            let Some(call) = call else { return Err(BrokerError::Transport(Transport::Connect)) };
            let limited = tokio::time::timeout(CALL_LIMIT, call).await;
            limited.unwrap_or(Err(BrokerError::Transport(Transport::Timeout)))
        }
    }

    /// Turns the outcome of something slow into the next input.
    fn later<T: 'static>(
        &self,
        ctx: &mut Context<Self>,
        slow: impl Future<Output = T> + 'static,
        input: impl FnOnce(T) -> Input + 'static,
    ) {
        ctx.spawn(slow.into_actor(self).map(|outcome, act, ctx| {
            let turn = act.take(input(outcome));
            ctx.wait(turn);
        }));
    }

    /// The token is safe in the store already, so a failure here is told and nothing more.
    fn mirror(&self, access: AccessToken, refresh: Option<RefreshToken>, ctx: &mut Context<Self>) {
        let Some(mirror) = self.deps.mirror.clone() else { return };
        let write = async move { mirror.write(&access, refresh.as_ref()).await };
        ctx.spawn(write.into_actor(self).map(|written, act, ctx| {
            if let Err(problem) = written {
                let events = vec![(act.deps.time.now(), Event::EnvFileFailed { problem })];
                let change = Change { events, ..Change::default() };
                let (store, wake) = (Arc::clone(&act.deps.store), act.deps.journal.clone());
                // Only a courtesy: a failure of this too is nobody's business.
                let note = async move { drop(journal::commit(store.as_ref(), change, "token", &wake).await) };
                ctx.spawn(note.into_actor(act));
            }
        }));
    }
}

/// A new token is good when FYERS says whose it is. That it can read the funds is not asked of it: what looks odd
/// there is a warning and never costs a login.
async fn prove(broker: &dyn Broker, token: &AccessToken) -> Result<Profile, BrokerError> {
    let profile = broker.profile(token).await?;
    if let Err(error) = broker.funds(token).await {
        tracing::warn!(
            event = "token.drift",
            actor = "token",
            "the token works, but not for the funds: {error}"
        );
    }
    Ok(profile)
}
