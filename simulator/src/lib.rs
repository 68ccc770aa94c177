//! A stand-in for FYERS API v3 and for the Telegram Bot API, on real ports, with faults on demand.
//!
//! It is written from the FYERS API contract alone and shares no type with the keeper, so that a misreading in one
//! is not repeated in the other. It runs in a thread of its own: any test, on any runtime, can start one, point the
//! keeper at its addresses, and break it in every way the real services break.
//!
//! ```
//! use simulator::{Fault, FaultRule, Options, Simulator, TokenKind, endpoint};
//!
//! let simulator = Simulator::start(Options::default())?;
//! let token = simulator.mint(TokenKind::Access);
//! simulator.inject(FaultRule::once(endpoint::PROFILE, Fault::Reset));
//! assert!(simulator.api_url().ends_with("/api/v3"));
//! assert_eq!(token.split('.').count(), 3);
//! # Ok::<(), std::io::Error>(())
//! ```

mod calls;
pub mod clock;
mod control;
mod faults;
mod fyers;
mod http;
mod login;
mod options;
mod server;
mod socket;
mod spoil;
mod telegram;
mod world;

use std::io;
use std::net::{SocketAddr, TcpListener};

use chrono::{DateTime, Utc};

pub use calls::{Call, CallCount};
pub use clock::{ManualClock, SimClock};
pub use faults::{Fault, FaultRule, Life, Scope};
pub use fyers::errors::ApiError;
pub use fyers::tokens::{TokenKind, TokenRecord, TokenStatus};
pub use login::{LoginSession, LoginStep};
pub use options::{Account, App, Options, OtherAccount, RefreshMode, Telegram};
pub use telegram::{Button, CallbackAnswer, PersonMessage, TelegramMessage, UserAction, Writing};
pub use world::{Service, Snapshot};

use server::{Running, Shared};
use world::World;

/// Paths as scopes, counts and the call log name them.
pub mod endpoint {
    /// The start of a login.
    pub const GENERATE_AUTHCODE: &str = "/api/v3/generate-authcode";
    /// The page a login is at; its forms go to the four paths below it.
    pub const LOGIN: &str = "/login";
    /// The form with the client id.
    pub const LOGIN_CLIENT_ID: &str = "/login/client-id";
    /// The form with the one-time password.
    pub const LOGIN_OTP: &str = "/login/otp";
    /// The form with the pin.
    pub const LOGIN_PIN: &str = "/login/pin";
    /// The form with yes or no.
    pub const LOGIN_CONSENT: &str = "/login/consent";
    /// The page that shows an auth code to copy, for apps without a public address.
    pub const REDIRECT_PAGE: &str = "/redirect";
    /// An auth code for a pair of tokens.
    pub const VALIDATE_AUTHCODE: &str = "/api/v3/validate-authcode";
    /// A refresh token for an access token.
    pub const VALIDATE_REFRESH_TOKEN: &str = "/api/v3/validate-refresh-token";
    /// Who the token belongs to.
    pub const PROFILE: &str = "/api/v3/profile";
    /// Cash.
    pub const FUNDS: &str = "/api/v3/funds";
    /// The order book; as a scope it covers `ORDERS_SYNC` too, unless made exact.
    pub const ORDERS: &str = "/api/v3/orders";
    /// Placing, changing and cancelling an order.
    pub const ORDERS_SYNC: &str = "/api/v3/orders/sync";
    /// Open and closed positions of the day.
    pub const POSITIONS: &str = "/api/v3/positions";
    /// Shares held.
    pub const HOLDINGS: &str = "/api/v3/holdings";
    /// Fills of the day.
    pub const TRADEBOOK: &str = "/api/v3/tradebook";
    /// The end of a token.
    pub const LOGOUT: &str = "/api/v3/logout";
    /// Last prices.
    pub const QUOTES: &str = "/data/quotes";
    /// Five levels of the market's book.
    pub const DEPTH: &str = "/data/depth";
    /// Whether the exchanges are open.
    pub const MARKET_STATUS: &str = "/data/marketStatus";
    /// Every Bot API method.
    pub const TELEGRAM: &str = "/telegram";
    /// A new message.
    pub const SEND_MESSAGE: &str = "/telegram/sendMessage";
    /// A changed message.
    pub const EDIT_MESSAGE_TEXT: &str = "/telegram/editMessageText";
    /// What people did.
    pub const GET_UPDATES: &str = "/telegram/getUpdates";
}

/// A running simulator; dropping it closes its ports.
pub struct Simulator {
    world: Shared,
    fyers: SocketAddr,
    telegram: SocketAddr,
    _running: Running,
}

impl Simulator {
    /// Binds both ports and starts to answer.
    ///
    /// # Errors
    /// When a port is taken or the thread cannot be started.
    pub fn start(options: Options) -> io::Result<Self> {
        let fyers = TcpListener::bind((options.host, options.port))?;
        let telegram = TcpListener::bind((options.host, options.telegram_port))?;
        let (fyers_address, telegram_address) = (fyers.local_addr()?, telegram.local_addr()?);
        let world = Shared::new(World::new(options));
        let running = Running::start(&world, fyers, telegram)?;
        Ok(Self { world, fyers: fyers_address, telegram: telegram_address, _running: running })
    }

    /// Where the trading API is: `http://127.0.0.1:PORT/api/v3`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/v3", self.fyers)
    }

    /// Where the data API is: `http://127.0.0.1:PORT/data`.
    pub fn data_url(&self) -> String {
        format!("http://{}/data", self.fyers)
    }

    /// Where the Bot API is, on a port of its own; a client appends `/bot<TOKEN>/<Method>`.
    pub fn telegram_url(&self) -> String {
        format!("http://{}/telegram", self.telegram)
    }

    /// The page that shows an auth code as text, to be registered with [`Self::set_redirect_uri`]:
    /// `http://127.0.0.1:PORT/redirect`.
    pub fn redirect_page_url(&self) -> String {
        format!("http://{}{}", self.fyers, endpoint::REDIRECT_PAGE)
    }

    /// Where a person's browser starts a login for the registered app.
    pub fn login_url(&self, state: &str) -> String {
        let world = self.world.lock();
        let query = login::start_query(&world.app.client_id, &world.app.redirect_uri, state);
        format!("http://{}{}?{query}", self.fyers, endpoint::GENERATE_AUTHCODE)
    }

    /// Where the control API is.
    pub fn control_url(&self) -> String {
        format!("http://{}/control", self.fyers)
    }

    /// Everything the simulator knows now.
    pub fn state(&self) -> Snapshot {
        self.world.lock().snapshot()
    }

    /// Simulated time.
    pub fn now(&self) -> DateTime<Utc> {
        self.world.lock().now()
    }

    /// Adds a fault behind those already waiting.
    pub fn inject(&self, rule: FaultRule) {
        self.world.lock().faults.add(rule);
    }

    /// Adds a script: the first matching request meets the first fault, the next the second, and so on.
    pub fn script(&self, scope: impl Into<Scope>, faults: impl IntoIterator<Item = Fault>) {
        let scope = scope.into();
        let mut world = self.world.lock();
        faults.into_iter().for_each(|fault| world.faults.add(FaultRule::once(scope.clone(), fault)));
    }

    /// Forgets all faults; requests that already hang go on hanging.
    pub fn clear_faults(&self) {
        self.world.lock().faults.clear();
    }

    /// Starts or ends an outage: every connection of the service is reset without an answer.
    pub fn set_outage(&self, service: Service, on: bool) {
        self.world.lock().set_outage(service, on);
    }

    /// Switches the refresh call on or off.
    pub fn set_refresh(&self, mode: RefreshMode) {
        self.world.lock().refresh = mode;
    }

    /// Whether a refresh also brings a new refresh token.
    pub fn set_rotation(&self, on: bool) {
        self.world.lock().rotate_refresh_token = on;
    }

    /// Whether orders are refused as not allowed from this app.
    pub fn set_order_restricted(&self, on: bool) {
        self.world.lock().order_restricted = on;
    }

    /// Seconds added to the clock in the `Date` header.
    pub fn set_date_skew(&self, seconds: i64) {
        self.world.lock().date_skew_seconds = seconds;
    }

    /// Lists a symbol or moves its price, and fills the orders the price reaches.
    pub fn set_price(&self, symbol: &str, price: f64) {
        self.world.lock().set_price(symbol, price);
    }

    /// Mints a token that works, issued now.
    pub fn mint(&self, kind: TokenKind) -> String {
        self.world.lock().mint(kind)
    }

    /// Mints a token as if issued at another time; one from the past may have expired already.
    pub fn mint_at(&self, kind: TokenKind, issued_at: DateTime<Utc>) -> String {
        self.world.lock().mint_at(kind, issued_at)
    }

    /// Registers another redirect address for the app, for a keeper whose port was not known at the start.
    pub fn set_redirect_uri(&self, uri: &str) {
        self.world.lock().app.redirect_uri = uri.to_owned();
    }

    /// Lets a person log in without a browser: the address they end up at, with a fresh auth code. `None` when the
    /// registered redirect address is no URL.
    pub fn callback_url(&self, state: &str) -> Option<String> {
        fyers::auth::callback_url(&mut self.world.lock(), state)
    }

    /// The same for another known client id; `None` also when there is no such account.
    pub fn callback_url_for(&self, fy_id: &str, state: &str) -> Option<String> {
        fyers::auth::callback_url_for(&mut self.world.lock(), fy_id, state)
    }

    /// Mints a token for any known client id, issued now; `None` when there is no such account.
    pub fn mint_for(&self, fy_id: &str, kind: TokenKind) -> Option<String> {
        self.world.lock().mint_for(fy_id, kind)
    }

    /// Whether `generate-authcode` redirects at once instead of showing the login pages.
    pub fn set_instant_login(&self, on: bool) {
        self.world.lock().instant_login = on;
    }

    /// Changes the one-time password that logins expect.
    pub fn set_login_otp(&self, otp: &str) {
        self.world.lock().login_otp = otp.to_owned();
    }

    /// Makes the next login through the pages end with this error redirect, whatever the person answers at its end.
    pub fn refuse_next_login(&self, error: ApiError) {
        self.world.lock().next_login_refusal = Some(error);
    }

    /// Lets every login under way on the pages expire now.
    pub fn expire_logins(&self) {
        let mut world = self.world.lock();
        let now = world.now();
        world.logins.expire_all(now);
    }

    /// Ends a token before its time; false when it was not live.
    pub fn kill(&self, token: &str) -> bool {
        self.world.lock().tokens.end(token, TokenStatus::Killed)
    }

    /// Ends all live tokens of a kind and says how many there were.
    pub fn kill_all(&self, kind: TokenKind) -> usize {
        self.world.lock().tokens.kill_all(kind)
    }

    /// Messages the bot sent, oldest first, edited and deleted ones included.
    pub fn telegram_messages(&self) -> Vec<TelegramMessage> {
        self.world.lock().phone.messages.clone()
    }

    /// Lets a person write to the bot or press a button; returns the update's id, or `None` when the message with
    /// the button is not there.
    pub fn act(&self, action: &UserAction) -> Option<i64> {
        let mut world = self.world.lock();
        let now = world.now();
        world.phone.act(action, now)
    }

    /// Lets a person press the callback button with this data on the newest message that shows it to them; returns
    /// the update's id, or `None` when they see no such button.
    pub fn press_button(&self, from: i64, data: &str) -> Option<i64> {
        self.act(&UserAction::PressButton { from, data: data.to_owned() })
    }

    /// Lets a person write a message with all its trimmings; returns the message's id.
    pub fn write(&self, writing: Writing) -> i64 {
        let mut world = self.world.lock();
        let now = world.now();
        world.phone.act(&UserAction::Write(writing), now);
        world.phone.heard.last().map_or(0, |message| message.id)
    }

    /// Messages people wrote, oldest first, edited and deleted ones included.
    pub fn person_messages(&self) -> Vec<PersonMessage> {
        self.world.lock().phone.heard.clone()
    }

    /// What the bot answered to pressed buttons, oldest first.
    pub fn callback_answers(&self) -> Vec<CallbackAnswer> {
        self.world.lock().phone.answers.clone()
    }

    /// Requests so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world.lock().calls.calls()
    }

    /// How often one path (see [`endpoint`]) was called; zeros when never.
    pub fn call_count(&self, path: &str) -> CallCount {
        self.world.lock().calls.counts().get(path).copied().unwrap_or_default()
    }
}
