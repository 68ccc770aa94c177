//! Starting a simulator and changing what it does.

use std::io;
use std::net::{SocketAddr, TcpListener};

use chrono::{DateTime, Utc};

use crate::broker::{TokenKind, TokenStatus};
use crate::calls::{Call, CallCount};
use crate::faults::{Fault, FaultRule, Scope};
use crate::options::{Options, RefreshMode};
use crate::server::{Running, Shared};
use crate::state::{Service, Snapshot, World};
use crate::streams;

/// A running simulator; dropping it closes its ports.
pub struct Simulator {
    pub(super) world: Shared,
    pub(super) fyers: SocketAddr,
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

    /// Where the control API is.
    pub fn control_url(&self) -> String {
        format!("http://{}/control", self.fyers)
    }

    /// Everything the simulator knows now.
    pub fn state(&self) -> Snapshot {
        Snapshot::of(&self.world.lock())
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
        streams::set_prices(&mut self.world.lock(), &[(symbol.to_owned(), price)]);
    }

    /// Mints a token that works, issued now.
    pub fn mint(&self, kind: TokenKind) -> String {
        self.world.lock().mint(kind)
    }

    /// Mints a token as if issued at another time; one from the past may have expired already.
    pub fn mint_at(&self, kind: TokenKind, issued_at: DateTime<Utc>) -> String {
        self.world.lock().mint_at(kind, issued_at)
    }

    /// Ends a token before its time; false when it was not live.
    pub fn kill(&self, token: &str) -> bool {
        self.world.lock().tokens.end(token, TokenStatus::Killed)
    }

    /// Ends all live tokens of a kind and says how many there were.
    pub fn kill_all(&self, kind: TokenKind) -> usize {
        self.world.lock().tokens.kill_all(kind)
    }

    /// Requests so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world.lock().calls.calls()
    }

    /// How often one path (see [`endpoint`](crate::endpoint)) was called; zeros when never.
    pub fn call_count(&self, path: &str) -> CallCount {
        self.world.lock().calls.counts().get(path).copied().unwrap_or_default()
    }
}
