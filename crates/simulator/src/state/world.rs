//! Everything the simulator knows, behind one lock.

use chrono::{DateTime, TimeDelta, Utc};

use super::service::Service;
use crate::broker::{ApiError, Book, Logins, Market, OrderEvent, PriceWalk, TokenBook, TokenKind};
use crate::calls::CallLog;
use crate::clock::SimClock;
use crate::faults::FaultQueue;
use crate::options::{Account, App, Options, RefreshMode};
use crate::phone::Phone;
use crate::sockets::{SocketEnd, SocketFilter, Sockets};

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
    pub(crate) faults: FaultQueue,
    pub(crate) calls: CallLog,
    pub(crate) phone: Phone,
    pub(crate) logins: Logins,
    pub(crate) login_otp: String,
    pub(crate) instant_login: bool,
    /// The error the next login ends with, whatever the person answers.
    pub(crate) next_login_refusal: Option<ApiError>,
    pub(crate) longest_poll: std::time::Duration,
    pub(crate) sockets: Sockets,
    pub(crate) walk: PriceWalk,
    /// Real time between two steps of the walk; `None` means that prices change only by a call.
    pub(crate) walk_every: Option<std::time::Duration>,
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
            faults: FaultQueue::default(),
            calls: CallLog::default(),
            phone: Phone::new(options.telegram),
            logins: Logins::new(options.login_lifetime_seconds),
            login_otp: options.login_otp,
            instant_login: options.instant_login,
            next_login_refusal: None,
            longest_poll: options.longest_poll,
            sockets: Sockets::default(),
            walk: PriceWalk::new(options.price_walk.map_or(0, |walk| walk.seed)),
            walk_every: options.price_walk.map(|walk| walk.every),
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

    /// Runs `work` while `self.account` and `self.book` are those of this account instead of the owner's.
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

    pub(crate) fn client_ids(&self) -> Vec<String> {
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
            Service::Fyers => {
                self.fyers_outage = on;
                if on {
                    self.sockets.end(SocketFilter::ALL, SocketEnd::Reset);
                }
            }
            Service::Telegram => self.telegram_outage = on,
        }
    }

    /// Pushes for order sockets that were not delivered yet, with the client id of their account.
    pub(crate) fn take_order_events(&mut self) -> Vec<(String, OrderEvent)> {
        let others = self.others.iter_mut().map(|other| (&other.account, &mut other.book));
        let books = std::iter::once((&self.account, &mut self.book)).chain(others);
        let events = |(account, book): (&Account, &mut Book)| {
            let fy_id = account.fy_id.clone();
            book.take_events().into_iter().map(move |event| (fy_id.clone(), event))
        };
        books.flat_map(events).collect()
    }
}
