//! What a simulator is started with.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{self, SimClock};

/// Everything a [`Simulator`](crate::Simulator) needs to know before it starts.
///
/// The defaults describe a healthy afternoon under the rules in force since April 2026: any free port, the
/// system clock, one account, one app, and a refresh call that is switched off by regulation.
#[derive(Clone)]
pub struct Options {
    /// The address both ports listen on.
    pub host: IpAddr,
    /// The port of the FYERS side and of the control API; 0 means any free one.
    pub port: u16,
    /// The port of the Telegram side; 0 means any free one.
    pub telegram_port: u16,
    /// The clock that token lifetimes, order times and the `Date` header follow.
    pub clock: SimClock,
    /// The trading account behind every token.
    pub account: Account,
    /// The registered app.
    pub app: App,
    /// The bot and the chats it may write to.
    pub telegram: Telegram,
    /// Whether the refresh call works.
    pub refresh: RefreshMode,
    /// Whether a successful refresh also answers with a new refresh token (FYERS documents none).
    pub rotate_refresh_token: bool,
    /// Whether a login's answer has a refresh token too, as FYERS documents it.
    pub login_gives_refresh_token: bool,
    /// Whether orders are refused as "not allowed from this app" (docs/fyers-api.md, "Order bans").
    pub order_restricted: bool,
    /// Seconds added to the clock in the HTTP `Date` header, to simulate a server whose clock is wrong.
    pub date_skew_seconds: i64,
    /// People besides the owner who can log in on the pages, each with an account of their own; one with the owner's
    /// client id is left out.
    pub other_accounts: Vec<OtherAccount>,
    /// Whether `generate-authcode` redirects at once, as for a browser that is still logged in, instead of leading
    /// the person through the pages.
    pub instant_login: bool,
    /// The one-time password every login expects.
    pub login_otp: String,
    /// Seconds of simulated time a login through the pages may take.
    pub login_lifetime_seconds: u32,
    /// The longest a `getUpdates` call is held open, whatever its `timeout` asks; real time.
    pub longest_poll: Duration,
    /// A random walk of all prices; without one they change only by a call.
    pub price_walk: Option<PriceWalkOptions>,
}

/// A random walk of all prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceWalkOptions {
    /// Real time between two steps.
    pub every: Duration,
    /// The same seed gives the same prices.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            telegram_port: 0,
            clock: clock::system(),
            account: Account::default(),
            app: App::default(),
            telegram: Telegram::default(),
            refresh: RefreshMode::Disabled,
            rotate_refresh_token: false,
            login_gives_refresh_token: true,
            order_restricted: false,
            date_skew_seconds: 0,
            other_accounts: vec![OtherAccount::default()],
            instant_login: false,
            login_otp: "123456".into(),
            login_lifetime_seconds: 600,
            longest_poll: Duration::from_secs(50),
            price_walk: None,
        }
    }
}

/// The trading account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The FYERS client id, such as `XX00001`.
    pub fy_id: String,
    /// The account holder as the profile shows it.
    pub name: String,
    /// Cash at the start of the day, in rupees.
    pub capital: f64,
}

impl Default for Account {
    fn default() -> Self {
        Self { fy_id: "XX00001".into(), name: "AXXX B".into(), capital: 1_000_000.0 }
    }
}

/// A second person the broker knows: logging in as them gives tokens for another account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherAccount {
    /// The account.
    pub account: Account,
    /// Its four digits.
    pub pin: String,
}

impl Default for OtherAccount {
    fn default() -> Self {
        let account = Account { fy_id: "XX00002".into(), name: "CXXX D".into(), ..Account::default() };
        Self { account, pin: "4321".into() }
    }
}

/// The registered app and the owner's pin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct App {
    /// The app id with its suffix, such as `ABCD1234EF-100`.
    pub client_id: String,
    /// The app secret; the hash of `client_id:secret` proves the caller knows it.
    pub secret: String,
    /// The owner's four digits, for a refresh call and for the login page.
    pub pin: String,
    /// The redirect address registered for the app.
    pub redirect_uri: String,
}

impl Default for App {
    fn default() -> Self {
        Self {
            client_id: "ABCD1234EF-100".into(),
            secret: "SIMULATED1".into(),
            pin: "1234".into(),
            redirect_uri: "http://127.0.0.1:8080/fyers/callback".into(),
        }
    }
}

/// The Telegram bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Telegram {
    /// The token every call must carry in its path.
    pub bot_token: String,
    /// The bot's user name, without the `@`.
    pub username: String,
    /// Chats that exist; a negative id is a group.
    pub chats: Vec<i64>,
}

impl Default for Telegram {
    fn default() -> Self {
        Self {
            bot_token: "123456789:SIMULATED-bot-token".into(),
            username: "keeper_sim_bot".into(),
            chats: vec![42],
        }
    }
}

/// Whether FYERS answers refresh calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshMode {
    /// As before April 2026: pin and refresh token buy an access token.
    Enabled,
    /// As since April 2026: HTTP 400, code -16 (docs/fyers-api.md, "Refresh").
    Disabled,
}
