//! One update of the card: what is so, what follows, one action in the chat.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::oneshot, time::timeout};

use crate::chat::card::deps::{CardDeps, LoginPath, Memory};
use crate::journal;
use crate::{
    exchange::messages::{GetLivePositions, GetMode},
    token::messages::{BeginLogin, GetSession},
};
use fyers_api::ist;
use keeper_domain::chat::card::{
    model::{Card, CardAction, CardRequest, CardSession, InUse, Seen, Way},
    reminders::Tone,
};
use keeper_domain::{
    alert::SendError,
    backoff,
    chat::talk::MessageId,
    event::Event,
    mode::Mode,
    notes::{LOGIN_CARD, MUTED_UNTIL},
    ports::{Change, StoreError},
    reason::Reason,
    routing::live_positions::LivePositions,
    secret::Fingerprint,
    session_state::{SessionView, StateName},
};

/// Longest wait for another actor: it may be between two lives.
const PATIENCE: Duration = Duration::from_secs(5);
/// A chat that never answers would keep the card from ever changing again.
const STUCK: Duration = Duration::from_secs(60);
/// A one-time state lives ten minutes; the link is renewed before.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(9);
/// The pause when the bot or the chat is wrong: only a person can help.
const REFUSED: TimeDelta = TimeDelta::minutes(5);

type CardRequests = Vec<(CardRequest, oneshot::Sender<String>)>;

/// What an update may reach.
pub(super) struct World {
    pub(super) deps: CardDeps,
}

/// How an update ended.
pub(super) struct Updated {
    pub(super) memory: Memory,
    /// An action was tried: look again at once.
    pub(super) acted: bool,
    /// Another actor is in the middle of something: look again soon.
    pub(super) unsettled: bool,
}

/// Looks, answers who asked, and does at most one action.
pub(super) async fn update(
    world: &World,
    mut memory: Memory,
    requests: CardRequests,
) -> Result<Updated, StoreError> {
    let known = match memory.card.take() {
        Some(card) => card,
        None => world.load().await?,
    };
    let Some(seen) = world.look(&mut memory, &known.told).await? else {
        // Nobody is refused because another actor is between two lives: they are told.
        requests
            .into_iter()
            .for_each(|(_, reply)| answer(reply, keeper_domain::chat::card::words::UNSETTLED.to_owned()));
        memory.card = Some(known);
        return Ok(Updated { memory, acted: false, unsettled: true });
    };
    let mut card = known.clone();
    for (request, reply) in requests {
        let (next, words) = card.request(request, &seen);
        world.keep(&next, vec![]).await?;
        card = next;
        answer(reply, words);
    }
    let (planned, step) = card.plan(&seen, memory.shown.as_ref());
    if planned != card {
        world.keep(&planned, vec![]).await?;
    }
    let held = memory.held_until.is_some_and(|until| seen.now < until);
    let unsettled = matches!(seen.session, CardSession::Unsettled);
    let Some(step) = step.filter(|_| !held) else {
        memory.card = Some(planned);
        return Ok(Updated { memory, acted: false, unsettled });
    };
    memory.held_until = None;
    let done = world.carry_out(&step).await;
    memory.card = Some(world.settle(&planned, &step, done, &seen, &mut memory).await?);
    Ok(Updated { memory, acted: true, unsettled })
}

/// Whoever asked may have gone away.
fn answer(reply: oneshot::Sender<String>, words: String) {
    let _gone = reply.send(words);
}

impl World {
    async fn load(&self) -> Result<Card, StoreError> {
        // Without it the worst is a second card in the chat.
        Ok(LOGIN_CARD.read(self.deps.store.as_ref()).await?.readable().unwrap_or_default())
    }

    async fn keep(&self, card: &Card, events: Vec<(DateTime<Utc>, Event)>) -> Result<(), StoreError> {
        let notes = vec![LOGIN_CARD.set(card)?];
        let change = Change { notes, events, ..Change::default() };
        journal::commit(self.deps.store.as_ref(), change, "card", &self.deps.journal).await
    }

    /// `None` while the TokenActor or the ExchangeActor does not answer.
    async fn look(
        &self,
        memory: &mut Memory,
        told: &Option<Fingerprint>,
    ) -> Result<Option<Seen>, StoreError> {
        let deps = &self.deps;
        let now = deps.time.now();
        let (session, mode) = tokio::join!(
            timeout(PATIENCE, deps.session.ask(GetSession)),
            timeout(PATIENCE, deps.mode.ask(GetMode))
        );
        let (Ok(Ok(view)), Ok(Ok(mode))) = (session, mode) else { return Ok(None) };
        let session = session_of(&view, (mode.mode, self.deps.reads_only), mode.reason);
        let mut live = LivePositions::default();
        if matches!(session, CardSession::Needed(_)) {
            let known = timeout(PATIENCE, deps.positions.ask(GetLivePositions)).await;
            live = known.ok().and_then(Result::ok).unwrap_or_else(LivePositions::not_known);
            let Some(()) = self.make_link(memory, now).await else { return Ok(None) };
        }
        let today = ist::date(now);
        // Most looks find a good token that has been told of: those ask the store nothing.
        let settled = view.usable.is_some() && view.fingerprint == *told;
        let (tick, muted) = match settled {
            true => (None, None),
            false => (deps.store.last_tick().await?, MUTED_UNTIL.read(deps.store.as_ref()).await?.readable()),
        };
        Ok(Some(Seen {
            chat: deps.chat.present(deps.chat_id),
            now,
            hours: deps.hours.needed(now).map(|session| (session.opens, session.closes)),
            closings: deps.hours.closings(today),
            tick_done: tick.is_some_and(|tick| tick.date == today && tick.done_at.is_some()),
            next_day: deps.hours.next_day(today),
            session,
            live,
            link: memory.link.as_ref().map(|(link, _)| link.clone()).unwrap_or_default(),
            way: if matches!(deps.path, LoginPath::Page(_)) { Way::Browser } else { Way::Paste },
            rejects: deps.rejects,
            halted: mode.halted || (!settled && deps.store.halted().await?),
            sandbox: deps.sandbox,
            muted: muted.is_some_and(|until| now < until),
        }))
    }

    /// The keeper's own page makes a state for each visit; without it the link has one, and is renewed in time.
    async fn make_link(&self, memory: &mut Memory, now: DateTime<Utc>) -> Option<()> {
        let authorize = match &self.deps.path {
            LoginPath::Page(page) => {
                memory.link = Some((page(), now));
                return Some(());
            }
            LoginPath::Paste(authorize) => authorize,
        };
        let fresh =
            |(_, made): &(String, DateTime<Utc>)| (TimeDelta::zero()..LINK_LIFE).contains(&(now - *made));
        if memory.link.as_ref().is_none_or(|link| !fresh(link)) {
            let state = timeout(PATIENCE, self.deps.begin.ask(BeginLogin)).await.ok()?.ok()??;
            memory.link = Some((authorize(&state), now));
        }
        Some(())
    }

    async fn carry_out(&self, step: &CardAction) -> Result<Option<MessageId>, SendError> {
        let (chat, id) = (&self.deps.chat, self.deps.chat_id);
        let work = async {
            match step {
                CardAction::Open(bubble) | CardAction::Tell(bubble) | CardAction::Remind(bubble, ..) => {
                    chat.say(id, bubble).await.map(Some)
                }
                CardAction::Refresh(card, bubble) | CardAction::Close(card, bubble) => {
                    chat.edit(id, *card, bubble).await.map(|()| None)
                }
                CardAction::Tidy(message) => chat.delete(id, *message).await.map(|()| None),
            }
        };
        timeout(STUCK, work).await.unwrap_or_else(|_| Err(SendError::Unreachable("no answer".to_owned())))
    }

    /// Writes down what came of the step, or holds still for a while.
    async fn settle(
        &self,
        card: &Card,
        step: &CardAction,
        done: Result<Option<MessageId>, SendError>,
        seen: &Seen,
        memory: &mut Memory,
    ) -> Result<Card, StoreError> {
        let next = match &done {
            Ok(said) => card.after(step, *said, seen),
            Err(SendError::BadMessage(_)) => card.lost(step),
            Err(_) => card.clone(),
        };
        match &done {
            Ok(_) => {
                memory.failures = 0;
                memory.shown = match step {
                    CardAction::Refresh(_, bubble) => Some(bubble.clone()),
                    CardAction::Open(_) | CardAction::Close(..) => None,
                    CardAction::Tell(_) | CardAction::Remind(..) | CardAction::Tidy(_) => memory.shown.take(),
                };
            }
            Err(error) => self.hold(error, seen.now, memory),
        }
        let events = match (&done, step) {
            (Ok(_), CardAction::Remind(_, _, tone)) => {
                vec![(seen.now, Event::LoginReminder { urgent: *tone == Tone::Critical })]
            }
            _ => vec![],
        };
        if next != *card || !events.is_empty() {
            self.keep(&next, events).await?;
        }
        Ok(next)
    }

    fn hold(&self, error: &SendError, now: DateTime<Utc>, memory: &mut Memory) {
        memory.failures = memory.failures.saturating_add(1);
        let pause = match error {
            SendError::Wait(pause) => {
                TimeDelta::from_std(*pause).unwrap_or(REFUSED).min(TimeDelta::minutes(15))
            }
            SendError::Unauthorized(_) => REFUSED,
            SendError::BadMessage(_) => TimeDelta::zero(),
            SendError::Unreachable(_) => {
                let pause = backoff::wait(memory.failures, rand::random::<f64>());
                TimeDelta::from_std(pause).unwrap_or(REFUSED)
            }
        };
        memory.held_until = Some(now + pause);
        tracing::warn!(
            event = "card.failed",
            actor = "card",
            attempt = memory.failures,
            "the login card waits: {error}"
        );
    }
}

/// What the card makes of the session. A token is only told of once the mode has followed it.
fn session_of(view: &SessionView, (mode, reads_only): (Mode, bool), why: Reason) -> CardSession {
    let holder = view.holder.clone().or_else(|| view.account.clone()).unwrap_or_default();
    match (&view.usable, &view.fingerprint, view.state) {
        (Some(_), Some(_), _) if mode == Mode::Mock && why != Reason::Halted => CardSession::Unsettled,
        (Some(_), Some(fingerprint), _) => CardSession::Good(InUse {
            fingerprint: fingerprint.clone(),
            expires_at: view.expires_at,
            source: view.source,
            holder,
            since: view.verified_at,
            mode,
            reads_only,
        }),
        (_, _, StateName::LoginRequired) => CardSession::Needed(view.reason),
        _ => CardSession::Unsettled,
    }
}
