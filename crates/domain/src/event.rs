//! Everything notable that happens, as one closed list.
//!
//! An event is committed to the journal in the same transaction as the state it belongs to. Alerts are made from the
//! journal, so an alert exists exactly when its change is on disk. Log lines and metrics come from the same values.

pub use death::Death;
pub use recorded::{Recorded, Repeated};
pub use unread::UnreadBook;

use chrono::{DateTime, NaiveDate, Utc};
use mock_exchange::sessions::Segment;
use serde::{Deserialize, Serialize};

use crate::{
    alert::Severity,
    asked::Asked,
    keys::{BotName, LimitKind},
    login_origin::LoginOrigin,
    mode::Mode,
    reason::Reason,
    secret::Fingerprint,
    session_state::StateName,
    trading_day::DaySummary,
};

mod death;
mod name;
mod recorded;
mod unread;
mod whose;

/// Something notable that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The service is up.
    KeeperStarted {
        /// The program's version.
        version: String,
        /// The commit it was built from; empty when nobody knew.
        #[serde(default)]
        commit: String,
        /// What is not configured and what that costs, in words.
        missing: Vec<String>,
        /// Whether the run before this one ended without saying goodbye.
        after_crash: bool,
        /// Whether that was this same keeper, which could not reach the database that it shares with others: it stood by, and
        /// nobody acted in between.
        #[serde(default)]
        after_loss: bool,
        /// Whether there is a way to a token only by a login.
        #[serde(default)]
        needs_login: bool,
    },
    /// The service was asked to stop.
    KeeperStopping {
        /// Whether another keeper stood by, which takes over at once.
        #[serde(default)]
        handed_over: bool,
        /// Whether it goes on as the one that stands by.
        #[serde(default)]
        stands_by: bool,
    },
    /// The daily tick was taken on by the TokenActor.
    Ticked {
        /// The trading day (IST) that the tick is for.
        trade_date: NaiveDate,
        /// Whether the tick was caught up after its time.
        late: bool,
    },
    /// A weekday without a tick.
    TickSkipped {
        /// The day (IST).
        date: NaiveDate,
        /// The holiday's name.
        holiday: String,
    },
    /// The calendar does not cover a year: weekdays count as trading days.
    CalendarUncovered {
        /// The year without holidays on file.
        year: i32,
    },
    /// The symbol master was taken into use.
    SymbolsLoaded {
        /// How many symbols it has.
        symbols: u64,
        /// When the oldest of its files was fetched.
        as_of: DateTime<Utc>,
    },
    /// The symbol master could not be fetched. Told once a day.
    SymbolsNotRenewed {
        /// Why, file by file.
        why: String,
        /// When the one in use was fetched; `None` when there is none.
        as_of: Option<DateTime<Utc>>,
    },
    /// This machine's clock jumped.
    ClockStepped {
        /// Seconds it jumped; negative is backwards.
        seconds: i64,
    },
    /// The token session moved from one state to another.
    SessionChanged {
        /// Before.
        from: StateName,
        /// After.
        to: StateName,
        /// Why.
        why: Reason,
        /// End of the token in use, if there is one.
        expires_at: Option<DateTime<Utc>>,
        /// The token in use.
        fingerprint: Option<Fingerprint>,
    },
    /// A refresh call is about to be made.
    RefreshStarted {
        /// 1 for the first call of this refresh.
        attempt: u32,
        /// What was known of the token in use, in words (the seed's "Current token status").
        current: String,
    },
    /// A refresh call failed.
    RefreshFailed {
        /// Which call it was.
        attempt: u32,
        /// Why it failed.
        reason: Reason,
        /// The broker's code, when it gave one.
        code: Option<i64>,
        /// Seconds until the next try; `None` when there will be none.
        retry_in_s: Option<u64>,
    },
    /// A refreshed token passed its check and is on disk.
    RefreshSucceeded {
        /// The new token.
        fingerprint: Fingerprint,
        /// Its end.
        expires_at: DateTime<Utc>,
        /// How many calls it took.
        attempts: u32,
    },
    /// A person's login brought a code, which is about to be redeemed.
    LoginStarted,
    /// A person's login did not bring a token into use.
    LoginFailed {
        /// Why.
        reason: Reason,
        /// The broker's code, when it gave one.
        code: Option<i64>,
    },
    /// A login with an account that the owner has not confirmed: whose keeper is this?
    AccountUnconfirmed {
        /// The account (`fy_id`).
        account: String,
        /// The holder's name, as the broker tells it.
        holder: String,
    },
    /// A person ended the session.
    LoggedOut,
    /// Somebody the keeper does not know wrote to its bot. Told once a day.
    StrangerWrote {
        /// The Telegram user.
        user: i64,
    },
    /// Somebody has shown wrong gateway keys. Told once an hour at most.
    WrongKeys {
        /// The latest client: an address, or the IPv6 network of a provider's customer.
        client: String,
        /// Wrong keys in the hour so far, of all clients.
        count: u32,
    },
    /// Another program polls Telegram with the same bot token.
    SecondPoller,
    /// The database that keepers share is at an earlier moment than it was: trading is halted with it.
    DatabasePutBack,
    /// A person halted trading, or ended the halt.
    HaltChanged {
        /// Whether it is halted now.
        halted: bool,
        /// Who, as shown in the chat or on the command line.
        by: String,
        /// Orders that were known to wait at FYERS then, as `+50 NSE:TCS-EQ`: a halt does not take them back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waiting: Vec<String>,
    },
    /// A person added a bot's key.
    KeyAdded {
        /// The bot.
        bot: BotName,
        /// How far its orders may go.
        ceiling: Mode,
        /// Whether it may only read.
        read_only: bool,
        /// Who.
        by: String,
    },
    /// A person gave a bot's key a new token; the old one opens nothing any more.
    KeyRotated {
        /// The bot.
        bot: BotName,
        /// Who.
        by: String,
    },
    /// A person removed a bot's key.
    KeyRemoved {
        /// The bot.
        bot: BotName,
        /// Who.
        by: String,
    },
    /// A person halted one bot, or ended its halt.
    KeyHalted {
        /// The bot.
        bot: BotName,
        /// Whether it is halted now.
        halted: bool,
        /// Who.
        by: String,
    },
    /// An order of a bot was refused by a limit of its key. Told once a day for each bot and limit.
    KeyLimitReached {
        /// The bot.
        bot: BotName,
        /// Which limit.
        limit: LimitKind,
        /// What it is and what was asked for.
        words: String,
    },
    /// A person asked for a test of the alerts.
    TestAlert {
        /// How loud this one is.
        severity: Severity,
    },
    /// A person's login passed its check and is on disk.
    LoginSucceeded {
        /// The new token.
        fingerprint: Fingerprint,
        /// Its end.
        expires_at: DateTime<Utc>,
        /// Where the login began; `None` in entries of the time before that was told.
        #[serde(default)]
        by: Option<LoginOrigin>,
    },
    /// The morning check found that today's token is already there.
    TokenGood {
        /// The token.
        fingerprint: Fingerprint,
        /// Its end.
        expires_at: DateTime<Utc>,
    },
    /// Only a person can bring a token now.
    LoginRequired {
        /// Why.
        reason: Reason,
        /// The broker's code, when it gave one.
        code: Option<i64>,
        /// How many PINs FYERS has refused since it last gave a token.
        #[serde(default)]
        wrong_pins: u32,
    },
    /// A person was reminded of the login that has not come.
    LoginReminder {
        /// Whether it is the last one before the market opens.
        urgent: bool,
    },
    /// The broker has been failing for a while and the keeper is still trying.
    TokenDelayed {
        /// The latest failure.
        reason: Reason,
        /// When the trouble began.
        since: DateTime<Utc>,
        /// How many calls have failed.
        attempts: u32,
        /// Whether the market opens in minutes or is open already.
        urgent: bool,
        /// Whether there is a token and it only waits for the broker's word.
        #[serde(default)]
        unconfirmed: bool,
    },
    /// The trading day ended and no token was to be had.
    DayGivenUp {
        /// The trading day (IST).
        trade_date: NaiveDate,
        /// The latest failure.
        reason: Reason,
    },
    /// The refresh token nears its end.
    RefreshTokenEnding {
        /// Whole days left; 0 is today.
        days_left: i64,
        /// The end.
        ends_at: DateTime<Utc>,
    },
    /// The courtesy copy in `.env` could not be written; the token itself is safe in the store.
    EnvFileFailed {
        /// What went wrong and what to do, without any content of the file.
        problem: String,
    },
    /// Requests go somewhere else from now on.
    ModeChanged {
        /// Before.
        from: Mode,
        /// After.
        to: Mode,
        /// Why.
        why: Reason,
        /// What is open at FYERS then, each as `+6 NSE:SBIN-EQ`; `None` when it is not known, and in older entries.
        #[serde(default)]
        open: Option<Vec<String>>,
    },
    /// An order was taken by the MockExchange.
    OrderSimulated {
        /// Whose it is; `None` in entries of the time before there were several keys.
        #[serde(default)]
        bot: Option<BotName>,
        /// The order id, which begins with `MOCK`.
        id: String,
        /// The symbol.
        symbol: String,
        /// Signed quantity: negative sells.
        quantity: i64,
        /// The mode at that time.
        mode: Mode,
        /// Why that mode; `None` in entries of older versions.
        #[serde(default)]
        why: Option<Reason>,
        /// It was sent to FYERS before, which refused it with a dead token: it may be there all the same.
        #[serde(default)]
        sent: bool,
    },
    /// The token is back after orders that were meant for FYERS had been simulated.
    SimulatedMeanwhile {
        /// How many.
        orders: u64,
    },
    /// An order was sent to FYERS, or may have been, its answer is not known, and the order book was looked at.
    OrderOutcomeUnknown {
        /// Whose it is; `None` in entries of the time before there were several keys.
        #[serde(default)]
        bot: Option<BotName>,
        /// What was asked.
        #[serde(default)]
        asked: Asked,
        /// The symbol; empty when the request names none.
        symbol: String,
        /// Signed quantity: negative sells.
        quantity: i64,
        /// The order's id, when the book has it.
        found: Option<String>,
        /// Whether the book could tell; if not, a person must look.
        #[serde(default)]
        searched: bool,
        /// When the same is known of several orders of one request: all of them, in words.
        #[serde(default)]
        orders: Vec<String>,
        /// The book's rows that are news, in words: its own; those that may be it; or, where it has one and the book could
        /// not tell, others that are like it.
        #[serde(default)]
        rows: Vec<String>,
        /// FYERS had refused it with the token, so it was handled as one that was not sent.
        #[serde(default)]
        token_refused: bool,
        /// It has no mark, so its row is told by its time.
        #[serde(default)]
        is_by_time: bool,
        /// Why no book was read for it; `None` where one was.
        #[serde(default)]
        unread: Option<UnreadBook>,
    },
    /// FYERS refused an order.
    OrderRejected {
        /// Whose it is; `None` in entries of the time before there were several keys.
        #[serde(default)]
        bot: Option<BotName>,
        /// What was asked.
        #[serde(default)]
        asked: Asked,
        /// The symbol; empty when the request names none.
        symbol: String,
        /// Signed quantity: negative sells.
        quantity: i64,
        /// Limit price in INR as text; `0` for a market order.
        price: String,
        /// The broker's code.
        code: i64,
        /// The broker's words, cut short.
        message: String,
        /// The order's id, when FYERS had taken it first: that is what its bot was told.
        #[serde(default)]
        taken_as: Option<String>,
    },
    /// The positions at FYERS cannot be read, or can be read again.
    PositionsUnreadable {
        /// Whether they can be read again.
        over: bool,
    },
    /// A position at FYERS has a row that the keeper does not understand.
    PositionUnknown {
        /// Its symbol.
        symbol: String,
    },
    /// A position at FYERS has grown under a halt.
    PositionGrew {
        /// Its symbol.
        symbol: String,
        /// What was open before, signed; zero: nothing.
        from: i64,
        /// What is open now.
        to: i64,
    },
    /// A position at FYERS has turned round while trading is halted.
    PositionTurned {
        /// Its symbol.
        symbol: String,
        /// What was open before, signed.
        from: i64,
        /// What is open now.
        to: i64,
    },
    /// Orders go to FYERS from now on, and simulated positions are still open, or simulated orders waited.
    SimulatedLeft {
        /// Each as `10 NSE:SBIN-EQ`.
        positions: Vec<String>,
        /// Orders that waited and were cancelled, each as `buy 10 NSE:SBIN-EQ`.
        #[serde(default)]
        cancelled: Vec<String>,
    },
    /// Orders or positions in a segment were seen for the first time: its sessions need a token from now on.
    SegmentJoined {
        /// The segment.
        segment: Segment,
        /// What was seen.
        symbol: String,
    },
    /// A person closed the simulated positions.
    SimulatedCleared {
        /// Who.
        by: String,
        /// How many positions were open.
        positions: u64,
    },
    /// An order was sent to FYERS and accepted.
    OrderPlaced {
        /// Whose it is; `None` in entries of the time before there were several keys.
        #[serde(default)]
        bot: Option<BotName>,
        /// The broker's order id.
        id: String,
        /// The symbol.
        symbol: String,
        /// Signed quantity: negative sells.
        quantity: i64,
    },
    /// An order was refused by the keeper.
    OrderRefused {
        /// Whose it is; `None` in entries of the time before there were several keys.
        #[serde(default)]
        bot: Option<BotName>,
        /// The symbol.
        symbol: String,
        /// Signed quantity: negative sells.
        quantity: i64,
        /// Why, in words.
        why: String,
        /// Whether it is an entry that a halt has kept out: nothing stays open because of that.
        #[serde(default)]
        is_halted_entry: bool,
        /// Whether that halt is of this bot alone.
        #[serde(default)]
        is_bots_halt: bool,
        /// Whether what it would have closed was only simulated, in whole or in part: a person must not close it at FYERS.
        #[serde(default)]
        is_simulated: bool,
    },
    /// FYERS takes no orders from this app at all (docs/fyers-api.md, "Order bans").
    OrdersNotAllowed {
        /// The symbol of the order that was refused.
        symbol: String,
        /// The configured app.
        app: String,
        /// This machine's address on the internet, if it could be asked for.
        address: Option<String>,
        /// The address registered with the app, if it is configured.
        expected: Option<String>,
    },
    /// Trading is over for today: what there was.
    DaySummary {
        /// The day.
        day: DaySummary,
    },
    /// An actor died.
    ActorCrashed {
        /// Its name.
        actor: String,
        /// How.
        death: Death,
    },
    /// An actor is back.
    ActorRestarted {
        /// Its name.
        actor: String,
        /// How often it has been restarted since the start of the program.
        restarts: u64,
    },
    /// The supervisor gave up: the program ends with exit code 70.
    ActorGaveUp {
        /// The actor that died too often.
        actor: String,
    },
}
