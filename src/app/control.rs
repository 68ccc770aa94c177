//! What the chat's commands reach: answers for a phone, short and without secrets.

use std::sync::Arc;

use actix::Addr;
use async_trait::async_trait;
use chrono::{Days, TimeDelta};
use fyers_api::ist::{self, ist};
use keeper_actors::{
    chat::card::{CardActor, RequestCard},
    exchange::messages::{ClearSimulated, Cleared, SetHalted},
    journal,
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{LogOut, LoginProof},
};
use keeper_domain::{
    alert::Severity,
    alerts::words::and_more,
    chat::{
        card::rules::CardRequest,
        talk::{Action, Control, Person, TalkTopic},
    },
    clock::calendar::Calendar,
    event::{Event, Recorded, Repeated},
    event_words,
    keys::BotName,
    note::NoteChange,
    notes::MUTED_UNTIL,
    ports::{Change, Store, Time},
    reason::Reason,
    routing::real_positions::halt_leaves,
    session::login::LoginOrigin,
};
use secrecy::{ExposeSecret, SecretString};

use crate::app::{
    Actors, Parts, account_words, backend::KeeperBackend, bot_words, confirm_words::Confirmation,
    status_words,
};
use crate::{
    http::{Backend, account},
    keys::{self, KeyAdmin, KeyError},
    login_report::code_in,
    refresh_report,
    status::SessionStatus,
    telegram::GroupMoves,
};

const HALTED: &str = "Halted: entries are refused; orders that reduce an open position still pass, at FYERS while there is a token. \
     /resume in Telegram or the button on the page ends it.";
const NO_ANSWER: &str = "The keeper did not answer in time: whether it was done is not known. Look with /status before you send it again.";
/// How many events `/logs` looks at.
const EVENTS: u32 = 200;
/// And how many are told: equal ones in a row are one.
const SHOWN_EVENTS: usize = 8;
/// Entries of the order journal that `/orders` looks at.
const JOURNAL: u32 = 2_000;

/// Carries out what an allowed person asks for, in the chat or on the status page.
pub(super) struct KeeperControl {
    backend: Arc<KeeperBackend>,
    actors: Actors,
    keys: Arc<KeyAdmin>,
    /// `None` when there is no way to log in.
    card: Option<Addr<CardActor>>,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    calendar: Arc<Calendar>,
    journal: RecipientCell<JournalGrew>,
    moves: Option<Arc<GroupMoves>>,
    /// `FYERS_ACCOUNT_ID`.
    account: Option<String>,
}

impl KeeperControl {
    pub(super) fn new(
        parts: &Parts,
        backend: &Arc<KeeperBackend>,
        actors: &Actors,
        keys: &Arc<KeyAdmin>,
        journal: &RecipientCell<JournalGrew>,
    ) -> Self {
        Self {
            backend: Arc::clone(backend),
            actors: actors.clone(),
            keys: Arc::clone(keys),
            card: actors.card.clone(),
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            calendar: Arc::clone(&parts.calendar),
            journal: journal.clone(),
            moves: parts.phone.as_ref().and_then(|phone| phone.moves.clone()),
            account: parts.facts.account.clone(),
        }
    }

    /// Writes events down, and tells the Notifier.
    async fn note(&self, events: Vec<Event>, notes: Vec<NoteChange>) -> bool {
        let now = self.time.now();
        let events = events.into_iter().map(|event| (now, event)).collect();
        let change = Change { events, notes, ..Change::default() };
        let done = journal::commit(self.store.as_ref(), change, "chat", &self.journal).await;
        done.inspect_err(|error| tracing::error!(event = "store.failed", actor = "chat", "{error}")).is_ok()
    }

    /// What a person should put right after a group has moved.
    fn moved(&self) -> Option<String> {
        let to = self.moves.as_ref()?.moved_to()?;
        Some(format!("This group has a new id: set TELEGRAM_CHAT_ID={to}."))
    }

    async fn mute(&self, minutes: u32) -> String {
        let until = self.time.now() + TimeDelta::minutes(minutes.into());
        let Ok(muted) = MUTED_UNTIL.set(&until) else { return NO_ANSWER.to_owned() };
        match self.note(vec![], vec![muted]).await {
            true if minutes == 0 => "Alerts make a sound again.".to_owned(),
            true => format!("No sound until {} IST, but for critical alerts.", ist(until).format("%H:%M")),
            false => NO_ANSWER.to_owned(),
        }
    }

    async fn flat(&self, by: &Person) -> String {
        match self.actors.exchange.send(ClearSimulated { by: by.name.clone() }).await {
            Ok(Some(cleared)) => cleared_words(&cleared),
            Ok(None) => "Nothing was closed, because the disk fails: the simulated positions stay. /status tells of it; then send /flat, or press the button on the page, again.".to_owned(),
            Err(_) => NO_ANSWER.to_owned(),
        }
    }

    async fn halt(&self, halted: bool, by: &Person) -> String {
        let message = SetHalted { halted, by: by.name.clone() };
        match (self.actors.exchange.send(message).await, halted) {
            (Ok(true), true) => format!("{HALTED} {}", self.halt_leaves()),
            (Ok(false), true) => {
                format!("{HALTED} It is not on disk yet, because the disk fails: a restart now would end it.")
            }
            (Ok(true), false) => "The halt is over: entries are taken again. /mode shows where they go.".to_owned(),
            (Ok(false), false) => {
                "Still halted: the end of the halt could not be written to disk. /status tells of the disk; then /resume again.".to_owned()
            }
            (Err(_), _) => NO_ANSWER.to_owned(),
        }
    }

    fn halt_leaves(&self) -> String {
        halt_leaves(&self.actors.router.snapshot.load().waiting_at_fyers())
    }

    async fn halt_bot(&self, bot: &BotName, halted: bool, by: &Person) -> String {
        match (self.keys.halt(bot, halted, &by.name).await, halted) {
            (Ok(_), true) => format!("Bot {bot} is halted: its entries are refused, its exits pass."),
            (Ok(true), false) => format!("The halt of bot {bot} is over."),
            (Ok(false), false) => format!("Bot {bot} was not halted."),
            (Err(KeyError::Store(_)), true) => {
                format!(
                    "Bot {bot} is halted, but not on disk yet, because the disk fails: a restart now would end it."
                )
            }
            (Err(KeyError::Store(_)), false) => {
                format!("Bot {bot} is still halted: the end of the halt could not be written to disk.")
            }
            (Err(error), true) => format!("Nothing was done: {error}. /halt alone halts all bots."),
            (Err(error), false) => format!("Nothing was done: {error}."),
        }
    }

    /// A question to which either answer leads nowhere is not asked.
    async fn no_halt_to_end(&self) -> Option<String> {
        let status = self.backend.status().await?;
        (!status.halted).then(|| {
            "Trading is not halted: there is nothing to resume. /mode shows where orders go.".to_owned()
        })
    }

    fn no_such_bot(&self, bot: &BotName, of_all: &str) -> Option<String> {
        let unknown = self.keys.ring().known(bot).err()?;
        Some(format!("Nothing was done: {unknown}. /keys shows all{of_all}."))
    }

    fn bot_not_halted(&self, bot: &BotName) -> Option<String> {
        let owns = self.backend.owns();
        let rows = keys::rows(&self.keys.ring(), &owns);
        let row = rows.iter().find(|row| row.name == bot.as_str())?;
        (!row.halted).then(|| format!("Bot {bot} is not halted: there is nothing to resume."))
    }

    async fn card(&self, ask: CardRequest) -> String {
        match &self.card {
            Some(card) => card.send(RequestCard(ask)).await.unwrap_or_else(|_| NO_ANSWER.to_owned()),
            None => "There is no way to log in yet: FYERS_CLIENT_ID, FYERS_SECRET_KEY and an address for \
                     FYERS to send the browser back to are needed."
                .to_owned(),
        }
    }

    async fn confirm(&self, account: String) -> String {
        let report = self.backend.confirm_account(account.clone()).await;
        if report.reason != Some(Reason::AccountUnconfirmed) {
            return report.text();
        }
        let Some(session) = self.backend.session().await else { return NO_ANSWER.to_owned() };
        self.confirmation(&SessionStatus::from(&session)).nothing_for(&account)
    }

    fn confirmation<'a>(&'a self, session: &'a SessionStatus) -> Confirmation<'a> {
        Confirmation { session, configured: self.account.as_deref() }
    }

    async fn log_out(&self) -> String {
        match self.actors.token.send(LogOut).await {
            Ok(()) => "Logged out: no order goes to FYERS until the next login, /login. Positions that are open there stay open.".to_owned(),
            Err(_) => NO_ANSWER.to_owned(),
        }
    }

    async fn refresh(&self) -> String {
        let Some(session) = self.backend.refresh().await else { return NO_ANSWER.to_owned() };
        refresh_report::words(&session)
    }

    /// What FYERS rejected today before it was in its order book; `None` where the journal cannot be read now.
    async fn rejected_today(&self) -> Option<Vec<String>> {
        let entries = self.backend.orders(JOURNAL, None).await?;
        Some(account_words::rejected_outright(&entries, ist::date(self.time.now())))
    }

    async fn calendar(&self) -> String {
        let today = ist::date(self.time.now());
        let day = |ahead: u64| today + Days::new(ahead);
        let shown = |date: chrono::NaiveDate| date.format("%a %d %b %Y").to_string();
        let trading = (0..30).map(day).filter(|date| self.calendar.is_trading_day(*date)).take(3).map(shown);
        let weekday = |date: &chrono::NaiveDate| {
            !matches!(chrono::Datelike::weekday(date), chrono::Weekday::Sat | chrono::Weekday::Sun)
        };
        let closed = (0..120).map(day).filter(weekday).filter(|date| !self.calendar.is_trading_day(*date));
        format!(
            "📅 Calendar\nTrading days: {}\nNext holidays: {}",
            trading.collect::<Vec<_>>().join(", "),
            closed.take(3).map(shown).collect::<Vec<_>>().join(", ")
        )
    }

    async fn logs(&self) -> String {
        let Ok(events) = self.store.recent_events(EVENTS).await else { return NO_ANSWER.to_owned() };
        let line = |one: &Repeated<'_>| {
            format!("{} {}", ist(one.newest.at).format("%d %b %H:%M:%S"), event_words::repeated(one))
        };
        let lines: Vec<String> = Recorded::together(&events, SHOWN_EVENTS).iter().map(line).collect();
        format!("📜 Newest events (IST)\n{}", lines.join("\n"))
    }
}

/// What `/flat` did, and what it could not do.
fn cleared_words(cleared: &Cleared) -> String {
    let closed = match (cleared.closed, cleared.shut.is_empty()) {
        (0, true) => "No simulated position could be closed: none is open, or no price is known.".to_owned(),
        (0, false) => "Nothing was closed.".to_owned(),
        (1, _) => "1 simulated position closed. Positions at FYERS are as they were.".to_owned(),
        (many, _) => format!("{many} simulated positions closed. Positions at FYERS are as they were."),
    };
    if cleared.shut.is_empty() {
        return closed;
    }
    let shut = and_more(&cleared.shut, 160);
    let opens = cleared.opens.map(|at| ist(at).format(" It opens %a %d %b at %H:%M IST.").to_string());
    let opens = opens.unwrap_or_default();
    format!(
        "{closed}\nStill open, because the market is closed: {shut}.{opens} Send /flat again then, or press the button on the page."
    )
}

#[async_trait]
impl Control for KeeperControl {
    async fn tell(&self, topic: TalkTopic) -> String {
        match topic {
            TalkTopic::Calendar => return self.calendar().await,
            TalkTopic::Logs => return self.logs().await,
            TalkTopic::Version => return format!("fyers-keeper {}", crate::build_info::SHOWN),
            TalkTopic::Positions => {
                return account_words::positions(
                    account::positions(self.backend.as_ref(), BotName::owner()).await,
                );
            }
            TalkTopic::Orders => {
                let book = account::orders(self.backend.as_ref(), BotName::owner()).await;
                return account_words::orders(book, self.rejected_today().await.as_deref());
            }
            TalkTopic::Funds => {
                return account_words::funds(account::funds(self.backend.as_ref(), BotName::owner()).await);
            }
            TalkTopic::Pnl => {
                return account_words::pnl(account::positions(self.backend.as_ref(), BotName::owner()).await);
            }
            TalkTopic::Keys => {
                return bot_words::keys(&keys::rows(&self.keys.ring(), &self.backend.owns()));
            }
            TalkTopic::Status
            | TalkTopic::Mode
            | TalkTopic::Token
            | TalkTopic::Confirm
            | TalkTopic::Health
            | TalkTopic::Feeds => {}
        }
        let Some(status) = self.backend.status().await else { return NO_ANSWER.to_owned() };
        match topic {
            TalkTopic::Mode => status_words::mode(&status),
            TalkTopic::Token => status_words::token(&status.session),
            TalkTopic::Confirm => self.confirmation(&status.session).what(),
            TalkTopic::Health => status_words::health(&status),
            TalkTopic::Feeds => bot_words::feeds(&status.feeds),
            _ => {
                let halted = bot_words::halted(&self.keys.ring());
                let lines = [status_words::status(&status)].into_iter().chain(halted);
                lines.chain(self.moved()).collect::<Vec<_>>().join("\n")
            }
        }
    }

    async fn act(&self, action: Action, by: &Person) -> String {
        match action {
            Action::Login => self.card(CardRequest::Open).await,
            Action::Logout => self.log_out().await,
            Action::Refresh => self.refresh().await,
            Action::Halt { bot: None } => self.halt(true, by).await,
            Action::Resume { bot: None } => self.halt(false, by).await,
            Action::Halt { bot: Some(bot) } => self.halt_bot(&bot, true, by).await,
            Action::Resume { bot: Some(bot) } => self.halt_bot(&bot, false, by).await,
            Action::Flat => self.flat(by).await,
            Action::Mute { minutes } => self.mute(minutes).await,
            Action::Unmute => self.mute(0).await,
            Action::Snooze { minutes } => self.card(CardRequest::Snooze(minutes)).await,
            Action::MockToday => self.card(CardRequest::MockToday).await,
            Action::Confirm { account } => self.confirm(account).await,
            Action::Test => {
                let alert = |severity| Event::TestAlert { severity };
                let all = [Severity::Info, Severity::Warning, Severity::Critical].map(alert).to_vec();
                let sent = self.note(all, vec![]).await;
                if sent { "Three test alerts are on their way.".to_owned() } else { NO_ANSWER.to_owned() }
            }
        }
    }

    async fn needless(&self, action: &Action) -> Option<String> {
        match action {
            Action::Resume { bot: None } => self.no_halt_to_end().await,
            Action::Halt { bot: Some(bot) } => self.no_such_bot(bot, "; /halt alone halts all bots"),
            Action::Resume { bot: Some(bot) } => {
                self.no_such_bot(bot, "").or_else(|| self.bot_not_halted(bot))
            }
            _ => None,
        }
    }

    async fn beforehand(&self, action: &Action) -> Option<String> {
        matches!(action, Action::Halt { bot: None }).then(|| self.halt_leaves())
    }

    async fn redeem(&self, pasted: SecretString, _by: &Person) -> String {
        match code_in(pasted.expose_secret()) {
            Ok((code, _)) => {
                // A card that is a receipt already says nothing more of a code that comes again.
                let was_good = self.backend.session().await.is_some_and(|session| session.usable.is_some());
                match self.backend.finish_login(code, LoginProof::Person(LoginOrigin::Chat)).await {
                    // The card becomes the receipt.
                    report if report.good && self.card.is_some() && !was_good => String::new(),
                    report => report.text(),
                }
            }
            Err(report) => report.text(),
        }
    }

    async fn stranger(&self, user: i64) {
        self.note(vec![Event::StrangerWrote { user }], vec![]).await;
    }

    async fn second_poller(&self) {
        self.note(vec![Event::SecondPoller], vec![]).await;
    }
}
