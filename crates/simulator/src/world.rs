//! Everything the simulator knows, behind one lock, and the picture of it that others get.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calls::{CallCount, CallLog};
use crate::clock::SimClock;
use crate::faults::{FaultBook, FaultRule};
use crate::fyers::Book;
use crate::fyers::errors::ApiError;
use crate::fyers::market::Market;
use crate::fyers::tokens::{TokenBook, TokenKind, TokenRecord};
use crate::login::{LoginSession, Logins};
use crate::options::{Account, App, Options, RefreshMode};
use crate::telegram::{CallbackAnswer, PersonMessage, Phone, TelegramMessage};

/// One of the two services the simulator plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The broker.
    Fyers,
    /// The Telegram Bot API.
    Telegram,
}

/// The simulator at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Simulated time.
    pub now: DateTime<Utc>,
    /// Whether the refresh call works.
    pub refresh: RefreshMode,
    /// Whether a refresh also brings a new refresh token.
    pub rotate_refresh_token: bool,
    /// Whether orders are refused as not allowed from this app.
    pub order_restricted: bool,
    /// Whether every FYERS connection is closed without an answer.
    pub fyers_outage: bool,
    /// Whether every Telegram connection is closed without an answer.
    pub telegram_outage: bool,
    /// Seconds added to the clock in the `Date` header.
    pub date_skew_seconds: i64,
    /// Every token ever minted, oldest first.
    pub tokens: Vec<TokenRecord>,
    /// The order book, rows as `GET /orders` shows them.
    pub orders: Vec<Value>,
    /// Last prices by symbol.
    pub prices: BTreeMap<String, f64>,
    /// Faults still to come, oldest first.
    pub faults: Vec<FaultRule>,
    /// Calls by path.
    pub calls: BTreeMap<String, CallCount>,
    /// Messages the bot sent, edited and deleted ones included.
    pub telegram_messages: Vec<TelegramMessage>,
    /// Buttons the bot answered.
    pub callback_answers: Vec<CallbackAnswer>,
    /// The bot's command menu, as set.
    pub telegram_commands: Value,
    /// Messages people wrote, edited and deleted ones included.
    pub person_messages: Vec<PersonMessage>,
    /// How often a `getUpdates` call was ended by a later one.
    pub poll_conflicts: u64,
    /// The one-time password every login expects.
    pub login_otp: String,
    /// Whether `generate-authcode` redirects at once.
    pub instant_login: bool,
    /// Logins through the pages, oldest first.
    pub logins: Vec<LoginSession>,
    /// Client ids that can log in; the first is the owner's.
    pub accounts: Vec<String>,
}

/// Someone who is not the owner: an account with books and a pin of its own.
struct Other {
    account: Account,
    pin: String,
    book: Book,
}

/// The live state.
pub(crate) struct World {
    clock: SimClock,
    pub(crate) account: Account,
    pub(crate) app: App,
    pub(crate) refresh: RefreshMode,
    pub(crate) rotate_refresh_token: bool,
    pub(crate) login_gives_refresh_token: bool,
    pub(crate) order_restricted: bool,
    pub(crate) fyers_outage: bool,
    pub(crate) telegram_outage: bool,
    pub(crate) date_skew_seconds: i64,
    pub(crate) tokens: TokenBook,
    pub(crate) market: Market,
    pub(crate) book: Book,
    pub(crate) faults: FaultBook,
    pub(crate) calls: CallLog,
    pub(crate) phone: Phone,
    pub(crate) logins: Logins,
    pub(crate) login_otp: String,
    pub(crate) instant_login: bool,
    /// The error the next login ends with, whatever the person answers.
    pub(crate) next_login_refusal: Option<ApiError>,
    pub(crate) longest_poll: std::time::Duration,
    others: Vec<Other>,
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        let owner = options.account.fy_id.clone();
        Self {
            clock: options.clock,
            account: options.account,
            app: options.app,
            refresh: options.refresh,
            rotate_refresh_token: options.rotate_refresh_token,
            login_gives_refresh_token: options.login_gives_refresh_token,
            order_restricted: options.order_restricted,
            fyers_outage: false,
            telegram_outage: false,
            date_skew_seconds: options.date_skew_seconds,
            tokens: TokenBook::new(),
            market: Market::new(),
            book: Book::default(),
            faults: FaultBook::default(),
            calls: CallLog::default(),
            phone: Phone::new(options.telegram),
            logins: Logins::new(options.login_lifetime_seconds),
            login_otp: options.login_otp,
            instant_login: options.instant_login,
            next_login_refusal: None,
            longest_poll: options.longest_poll,
            others: options
                .other_accounts
                .into_iter()
                .filter(|other| other.account.fy_id != owner)
                .map(|other| Other { account: other.account, pin: other.pin, book: Book::default() })
                .collect(),
        }
    }

    /// Simulated time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// The `Date` header of an answer sent now (RFC 9110, section 5.6.7).
    pub(crate) fn date_header(&self) -> String {
        let shown = self.now() + TimeDelta::seconds(self.date_skew_seconds);
        shown.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Mints a token for the account and the app, issued now.
    pub(crate) fn mint(&mut self, kind: TokenKind) -> String {
        let now = self.now();
        self.mint_at(kind, now)
    }

    pub(crate) fn mint_at(&mut self, kind: TokenKind, issued_at: DateTime<Utc>) -> String {
        self.tokens.mint(kind, issued_at, &self.account, &self.app)
    }

    /// Mints a token for any known account; `None` when there is no such client id.
    pub(crate) fn mint_for(&mut self, fy_id: &str, kind: TokenKind) -> Option<String> {
        let now = self.now();
        self.mint_for_at(fy_id, kind, now)
    }

    pub(crate) fn mint_for_at(
        &mut self,
        fy_id: &str,
        kind: TokenKind,
        issued_at: DateTime<Utc>,
    ) -> Option<String> {
        let others = self.others.iter().map(|other| &other.account);
        let account = std::iter::once(&self.account).chain(others).find(|account| account.fy_id == fy_id)?;
        Some(self.tokens.mint(kind, issued_at, account, &self.app))
    }

    /// The account's four digits; `None` when there is no such client id.
    pub(crate) fn pin_of(&self, fy_id: &str) -> Option<&str> {
        if fy_id == self.account.fy_id {
            return Some(&self.app.pin);
        }
        self.others.iter().find(|other| other.account.fy_id == fy_id).map(|other| other.pin.as_str())
    }

    /// Does something with the account and the books of the person a token belongs to in the place of the owner's.
    pub(crate) fn seen_by<T>(&mut self, fy_id: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let place = self.others.iter().position(|other| other.account.fy_id == fy_id);
        self.trade_places(place);
        let result = work(self);
        self.trade_places(place);
        result
    }

    fn trade_places(&mut self, with: Option<usize>) {
        if let Some(other) = with.and_then(|place| self.others.get_mut(place)) {
            std::mem::swap(&mut self.account, &mut other.account);
            std::mem::swap(&mut self.book, &mut other.book);
        }
    }

    fn client_ids(&self) -> Vec<String> {
        let others = self.others.iter().map(|other| other.account.fy_id.clone());
        std::iter::once(self.account.fy_id.clone()).chain(others).collect()
    }

    pub(crate) fn is_out(&self, service: Service) -> bool {
        match service {
            Service::Fyers => self.fyers_outage,
            Service::Telegram => self.telegram_outage,
        }
    }

    pub(crate) fn set_outage(&mut self, service: Service, on: bool) {
        match service {
            Service::Fyers => self.fyers_outage = on,
            Service::Telegram => self.telegram_outage = on,
        }
    }

    /// Moves a price and fills the orders it reaches.
    pub(crate) fn set_price(&mut self, symbol: &str, price: f64) {
        self.market.set_price(symbol, price);
        for fy_id in self.client_ids() {
            self.seen_by(&fy_id, crate::fyers::orders::match_waiting);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            now: self.now(),
            refresh: self.refresh,
            rotate_refresh_token: self.rotate_refresh_token,
            order_restricted: self.order_restricted,
            fyers_outage: self.fyers_outage,
            telegram_outage: self.telegram_outage,
            date_skew_seconds: self.date_skew_seconds,
            tokens: self.tokens.records().to_vec(),
            orders: self.book.order_rows(),
            prices: self.market.prices().clone(),
            faults: self.faults.rules().to_vec(),
            calls: self.calls.counts().clone(),
            telegram_messages: self.phone.messages.clone(),
            callback_answers: self.phone.answers.clone(),
            telegram_commands: self.phone.commands.clone(),
            person_messages: self.phone.heard.clone(),
            poll_conflicts: self.phone.poll_conflicts(),
            login_otp: self.login_otp.clone(),
            instant_login: self.instant_login,
            logins: self.logins.all(),
            accounts: self.client_ids(),
        }
    }
}
