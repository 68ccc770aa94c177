//! Random days of the calendar, trading days or not, for random segments, with the session's rules, the card's rules and the
//! alerts together: whenever there is no usable token while a session is open, a person has exactly one card with the link,
//! or an alert that asks for something has arrived, within a minute; where Telegram was down, within a minute of its return.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

mod days;
mod happenings;
mod telegram;

use days::{KindOfDay, TwoDays, at, kind, two_days};
use happenings::{Happening, happening};
use telegram::Telegram;

use crate::{
    alert::Severity,
    alerts::texts::Context,
    broker_error::{BrokerError, Transport},
    chat::{
        card::model::{Card, CardAction, CardSession, InUse, Seen, Way},
        talk::{Bubble, Button, MessageId},
    },
    clock::{
        due::{Dates, Due, due},
        token_hours::TokenHours,
    },
    login_origin::LoginOrigin,
    mode::Mode,
    ports::FreshTokens,
    routing::live_positions::LivePositions,
    secret::{AccessToken, AuthCode},
    session::rules::{CallId, Effect, Facts, Input, Machine, Moment},
    session_state::{StateName, StoredSession},
};
use fyers_api::{claims as jwt, ist, model::Profile};

/// Seconds between two looks.
const LOOK: i64 = 10;

const LINK: &str = "https://keeper.example/fyers/login";

struct World {
    machine: Machine,
    stored: StoredSession,
    tick: Option<crate::ports::TickRecord>,
    /// Days with a tick.
    ticked: Dates,
    card: Card,
    /// Messages in the chat, by number.
    chat: Vec<Option<Bubble>>,
    shown: Option<Bubble>,
    context: Context,
    hours: Arc<TokenHours>,
    now: DateTime<Utc>,
    /// The token that FYERS takes, if any.
    good: Option<AccessToken>,
    outage_until: DateTime<Utc>,
    made: u32,
    waits: Vec<CallId>,
    telegram: Telegram,
    /// An alert of this absence of a token has arrived.
    alerted: bool,
    /// Since when there is none.
    missing_since: Option<DateTime<Utc>>,
    since: Option<DateTime<Utc>>,
    /// Losses that lasted a minute.
    losses: usize,
    /// Of them, those of which Telegram could not tell at first.
    untold: usize,
}

fn facts() -> Facts {
    Facts { app_id: Some("ABCD1234EF-100".into()), refresh_days: 15, ..Facts::default() }
}

impl World {
    fn new(days: &TwoDays) -> Self {
        let hours = days.hours();
        let context = Context {
            login_hint: "log in.".into(),
            live: true,
            reads_only: false,
            reject_without_token: false,
            halted: false,
            tick_time: ist::at(8, 45),
            card: Some(Arc::clone(&hours)),
        };
        Self {
            machine: Machine::new(facts(), StoredSession::default(), None),
            stored: StoredSession::default(),
            tick: None,
            ticked: Dates::new(),
            card: Card::default(),
            chat: vec![],
            shown: None,
            context,
            hours,
            now: at(days.first, 8, 44),
            good: None,
            outage_until: DateTime::UNIX_EPOCH,
            made: 0,
            waits: vec![],
            telegram: Telegram::new(),
            alerted: false,
            missing_since: None,
            since: None,
            losses: 0,
            untold: 0,
        }
    }

    fn tell(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let moment =
                Moment { now: self.now, session: self.hours.needed(self.now), dice: 0.5, skew: None };
            let (machine, decision) = self.machine.clone().step(input, moment);
            self.machine = machine;
            if let Some(change) = decision.change {
                self.stored = change.session.unwrap_or(self.stored.clone());
                self.tick = change.tick.or(self.tick);
                for (at, event) in change.events {
                    self.telegram.hears(at, event, &self.context);
                }
            }
            inputs.extend(decision.effects.into_iter().filter_map(|effect| self.answer(effect)));
        }
    }

    fn answer(&mut self, effect: Effect) -> Option<Input> {
        let down = || BrokerError::Transport(Transport::Connect);
        let out = self.now < self.outage_until;
        match effect {
            Effect::CheckToken(call, token) | Effect::ProveToken(call, token) => {
                let dead = BrokerError::Refused { status: 401, code: -16, message: String::new() };
                let profile = Profile { fy_id: "XX00001".into(), name: "A B".into() };
                let outcome = if out {
                    Err(down())
                } else if self.good.as_ref() == Some(&token) {
                    Ok(profile)
                } else {
                    Err(dead)
                };
                Some(Input::Profiled(call, outcome))
            }
            Effect::CallLogin(call, _) if out => Some(Input::CodeRedeemed(call, Err(down()))),
            Effect::CallLogin(call, _) => {
                self.made += 1;
                let end = at(ist::date(self.now) + Days::new(1), 6, 0);
                let access = AccessToken::new(jwt::fake(&json!({"exp": end.timestamp(), "n": self.made})));
                self.good = Some(access.clone());
                Some(Input::CodeRedeemed(call, Ok(FreshTokens { access, refresh: None })))
            }
            Effect::Wait(call, _) => {
                // Waits end at the next look.
                self.waits.push(call);
                None
            }
            _ => None,
        }
    }

    fn seen(&self) -> Seen {
        let view = self.machine.view(self.now);
        let session = match (&view.usable, &view.fingerprint, view.state) {
            (Some(_), Some(fingerprint), _) => CardSession::Good(InUse {
                fingerprint: fingerprint.clone(),
                expires_at: view.expires_at,
                source: view.source,
                holder: String::new(),
                since: view.verified_at,
                mode: Mode::Live,
                reads_only: false,
            }),
            (_, _, StateName::LoginRequired) => CardSession::Needed(view.reason),
            _ => CardSession::Unsettled,
        };
        Seen {
            chat: 42,
            now: self.now,
            hours: self.hours.needed(self.now).map(|session| (session.opens, session.closes)),
            closings: self.hours.closings(ist::date(self.now)),
            tick_done: self
                .tick
                .is_some_and(|tick| tick.date == ist::date(self.now) && tick.done_at.is_some()),
            next_day: self.hours.next_day(ist::date(self.now)),
            session,
            live: LivePositions::default(),
            link: LINK.into(),
            way: Way::Browser,
            rejects: false,
            halted: false,
            sandbox: false,
            muted: false,
        }
    }

    fn update_card(&mut self) {
        let seen = self.seen();
        for _ in 0..10 {
            let (card, action) = self.card.plan(&seen, self.shown.as_ref());
            self.card = card;
            let Some(action) = action.filter(|_| self.telegram.takes_a_step(self.now)) else { return };
            let mut said = None;
            match &action {
                CardAction::Open(bubble) | CardAction::Tell(bubble) | CardAction::Remind(bubble, ..) => {
                    self.chat.push(Some(bubble.clone()));
                    said = Some(MessageId(self.chat.len() as i32 - 1));
                }
                CardAction::Refresh(id, bubble) | CardAction::Close(id, bubble) => {
                    self.chat[id.0 as usize] = Some(bubble.clone());
                }
                CardAction::Tidy(id) => self.chat[id.0 as usize] = None,
            }
            match &action {
                CardAction::Refresh(_, bubble) => self.shown = Some(bubble.clone()),
                CardAction::Open(_) | CardAction::Close(..) => self.shown = None,
                _ => {}
            }
            self.card = self.card.after(&action, said, &seen);
        }
    }

    fn cards(&self) -> usize {
        let link = |button: &Button| matches!(button, Button::Link { url, .. } if url == LINK);
        let is_card =
            |bubble: &&Bubble| bubble.reply_to.is_none() && bubble.buttons.iter().flatten().any(link);
        self.chat.iter().flatten().filter(is_card).count()
    }

    fn look(&mut self) -> Result<(), TestCaseError> {
        self.now += TimeDelta::seconds(LOOK);
        if let Due::Now { trade_date, late } = due(self.now, ist::at(8, 45), &self.ticked, &self.hours) {
            self.ticked.insert(trade_date);
            self.tell(Input::Tick { trade_date, late });
        }
        if self.now.timestamp() % 30 < LOOK {
            self.tell(Input::Watch);
        }
        for call in std::mem::take(&mut self.waits) {
            self.tell(Input::Waited(call));
        }
        self.update_card();
        prop_assert!(self.cards() <= 1, "more than one card");
        let session = self.hours.needed(self.now);
        let missing = self.machine.view(self.now).usable.is_none();
        let before = self.now - TimeDelta::seconds(LOOK);
        self.missing_since = missing.then(|| self.missing_since.unwrap_or(before));
        for alert in self.telegram.deliver(self.now) {
            let is_of_now = self.missing_since.is_some_and(|since| alert.last_at >= since);
            self.alerted |= is_of_now && alert.severity > Severity::Info;
        }
        // An alert of the last minutes before a session opens counts for that session.
        self.alerted &= missing && session.is_some_and(|session| session.is_pressing(self.now));
        let lost = missing && session.is_some_and(|session| session.opens <= self.now);
        let back = self.telegram.answers_from();
        match (lost, self.since) {
            (false, _) => self.since = None,
            (true, None) => self.since = Some(self.now),
            (true, Some(since)) if self.now - since.max(back) >= TimeDelta::seconds(60) => {
                let is_first = (self.now - since.max(back)).num_seconds() < 60 + LOOK;
                self.losses += usize::from(is_first);
                self.untold += usize::from(is_first && since < back);
                let told = self.cards() == 1 || self.alerted;
                let view = self.machine.view(self.now);
                prop_assert!(told, "nobody was asked at {}: {:?} {:?}", ist::ist(self.now), view, self.card);
            }
            _ => {}
        }
        Ok(())
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Killed => self.killed(),
            Happening::Outage { minutes } => {
                self.outage_until = self.now + TimeDelta::minutes(minutes);
                self.killed();
            }
            Happening::Login => {
                self.made += 1;
                let code = AuthCode::new(jwt::fake(&json!({"app_id": "ABCD1234EF", "n": self.made})));
                self.tell(Input::CodeCame(u64::from(self.made), code, LoginOrigin::Chat));
            }
            Happening::Silence { minutes } => self.telegram.goes_down(self.now + TimeDelta::minutes(minutes)),
            Happening::Commodity => drop(self.hours.join_mcx(["MCX:GOLDM26DECFUT"])),
            Happening::Restart => {
                self.machine = Machine::new(facts(), self.stored.clone(), self.tick);
                self.shown = None;
                self.telegram.restart();
                self.card = serde_json::from_value(serde_json::to_value(&self.card).unwrap()).unwrap();
                self.tell(Input::Started);
            }
        }
    }

    fn killed(&mut self) {
        self.good = None;
        if let Some(fingerprint) = self.machine.view(self.now).fingerprint {
            self.tell(Input::TokenRejected(fingerprint));
        }
    }
}

impl World {
    /// When the day is over: a while after its last session.
    fn end(&self, date: NaiveDate) -> DateTime<Utc> {
        let closes = self.hours.on(date).map(|session| session.closes);
        closes.unwrap_or(at(date, 15, 40)) + TimeDelta::minutes(4)
    }

    /// Plays one day to its end.
    fn play(&mut self, date: NaiveDate, day: &[(i64, Happening)]) -> Result<(), TestCaseError> {
        // The machine sleeps through the night.
        self.now = at(date, 8, 44);
        for (minutes, happening) in day {
            for _ in 0..minutes * 60 / LOOK {
                if self.now < self.end(date) {
                    self.look()?;
                }
            }
            if self.now < self.end(date) {
                self.happen(*happening);
            }
        }
        // A card cannot be taken away while Telegram is down.
        let last = self.end(date).max(self.telegram.answers_from() + TimeDelta::seconds(60 + LOOK));
        while self.now < last {
            self.look()?;
        }
        prop_assert_eq!(self.cards(), 0, "the day's card ends with the day");
        Ok(())
    }
}

/// What was played: days of each kind, how often a session was open without a usable token for a minute or more, and how often
/// Telegram was down then.
#[derive(Debug, Default)]
struct Played(BTreeMap<KindOfDay, (usize, usize)>, usize);

/// Plays two days in a row.
fn play(
    days: &TwoDays,
    happenings: &[Vec<(i64, Happening)>; 2],
    played: &RefCell<Played>,
) -> Result<(), TestCaseError> {
    let mut world = World::new(days);
    world.tell(Input::Started);
    for (date, happenings) in days.dates().into_iter().zip(happenings) {
        let before = world.losses;
        let untold = world.untold;
        world.play(date, happenings)?;
        let mut played = played.borrow_mut();
        played.1 += world.untold - untold;
        let (days, losses) = played.0.entry(kind(&world.hours, date)).or_default();
        (*days, *losses) = (*days + 1, *losses + world.losses - before);
    }
    Ok(())
}

/// `PROPTEST_CASES=10000 cargo test -p keeper-domain day_walk -- --nocapture` plays twenty thousand days; 512 without it.
#[test]
fn a_person_is_asked_within_a_minute_of_every_loss() {
    let mut runner = TestRunner::new(ProptestConfig::default());
    let played = RefCell::new(Played::default());
    let day = || proptest::collection::vec(happening(), 0..18);
    let outcome =
        runner.run(&(two_days(), [day(), day()]), |(days, happenings)| play(&days, &happenings, &played));
    let Played(kinds, untold) = played.into_inner();
    println!(
        "days and losses in a session of a minute or more, each told within it: {kinds:?}; {untold} met an outage of Telegram"
    );
    outcome.unwrap_or_else(|error| panic!("{error}"));
    for kind in [KindOfDay::Regular, KindOfDay::Evening, KindOfDay::Long] {
        let (days, losses) = kinds[&kind];
        assert!(losses > days / 2, "tokens were lost on {kind:?} days: {losses} on {days}");
    }
    assert!(untold > 20, "{untold} losses met an outage of Telegram");
    assert!(kinds[&KindOfDay::Without].0 > 0 && kinds[&KindOfDay::Without].1 == 0);
}
