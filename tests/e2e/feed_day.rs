//! A short day at the sockets: prices by FYERS' protocol, orders by FYERS' protocol, and `/feed`, over faults of the connections
//! to FYERS, a token's death and a login. `scripts/feed-week` does the same for a week with FYERS' own SDKs.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;
use simulator::{Fault, FaultRule, RefreshMode, SocketEnd, SocketKind, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{press_through, wait_card},
    feed_client::Socket,
    order_recovery::{told, wait_source},
    support::{Home, Keeper},
};

const SBIN: &str = "NSE:SBIN-EQ";
/// Longest time until a subscription is alive after a fault.
const LIMIT: Duration = Duration::from_secs(35);

struct Bots {
    feed: Socket,
    orders: Socket,
    prices: Socket,
}

struct Day {
    home: Home,
    keeper: Keeper,
    bot: Bot,
    bots: Bots,
    /// Every order that was placed.
    ids: Vec<String>,
    paise: i32,
}

impl Day {
    fn begin() -> Self {
        let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled).with_telegram();
        home.sim.set_instant_login(true);
        home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
        let page = format!("http://127.0.0.1:{}", home.port);
        let home = home
            .set("FYERS_SANDBOX", "false")
            .set("KEEPER_PUBLIC_URL", page)
            .set("KEEPER_MOCK_PRICES", "walk");
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        let (mut feed, _) = Socket::feed(&home, &keeper);
        feed.send(&json!({"type": "subscribe", "symbols": [SBIN], "kinds": ["ltp", "orders"]}).to_string());
        feed.until("the snapshot", |message| message["type"] == "tick");
        let orders = Socket::orders(&home, &keeper);
        let prices = Socket::hsm(&home, &keeper, &["sf|nse_cm|3045"]);
        wait_source(&home);
        let (bot, bots) = (Bot::of(&home, &keeper), Bots { feed, orders, prices });
        Self { home, keeper, bot, bots, ids: vec![], paise: 80_000 }
    }

    fn order(&mut self) {
        self.ids.push(self.bot.buy(SBIN).body["id"].as_str().unwrap().to_owned());
    }

    /// Both price subscriptions tell a price that is set from now on: they may take a moment to be there again.
    fn is_alive(&mut self, what: &str) {
        let began = Instant::now();
        let mut set = || {
            self.paise += 10;
            self.home.sim.set_price(SBIN, f64::from(self.paise) / 100.0);
            self.paise
        };
        let first = set();
        let end = Instant::now() + LIMIT;
        let mut newest = first;
        while !self.bots.prices.has_ltp(|ltp| ltp >= first && ltp <= newest) {
            assert!(Instant::now() < end, "{what}: no price after {LIMIT:?}");
            newest = set();
        }
        self.bots.feed.until(what, |message| {
            message["type"] == "tick"
                && message["ltp"].as_f64().is_some_and(|ltp| ltp * 100.0 >= f64::from(first) - 0.5)
        });
        assert!(began.elapsed() < LIMIT, "{what}: {:?}", began.elapsed());
    }

    fn fault(&mut self, what: &str, fault: impl Fn(&Home)) {
        self.order();
        fault(&self.home);
        self.order();
        self.is_alive(what);
        self.order();
        self.all_told();
    }

    /// Waits until both doors have told of every fill.
    fn all_told(&mut self) {
        let last = self.ids.last().unwrap().clone();
        for id in self.ids.clone() {
            let is_told = |socket: &Socket| told(socket).contains_key(&(id.clone(), "trade".to_owned()));
            if !is_told(&self.bots.feed) {
                self.bots
                    .feed
                    .until(&format!("the fill of {id} of {last}"), |message| message["trade"]["id"] == id);
            }
            if !is_told(&self.bots.orders) {
                self.bots.orders.until(&format!("the fill of {id}"), |message| message["trades"]["id"] == id);
            }
        }
    }

    fn token_death_and_login(&mut self) {
        assert!(self.home.sim.kill(&self.home.newest(TokenKind::Access)));
        self.bot.get("/api/v3/funds");
        self.bots
            .feed
            .until("the news of it", |message| message["type"] == "mode" && message["mode"] == "mock");
        let simulated = self.bot.buy("NSE:INFY-EQ").body["id"].as_str().unwrap().to_owned();
        assert!(simulated.starts_with("MOCK"), "{simulated}");
        self.ids.push(simulated);
        self.all_told();
        let card = wait_card(&self.home);
        press_through(&card.buttons().into_iter().find_map(|button| button.url).unwrap());
        self.bots.feed.until("the login", |message| message["type"] == "mode" && message["mode"] == "live");
        self.is_alive("the login");
    }

    /// Each order's end and its fill, told once by both doors.
    fn closing_table(&self) {
        for (door, socket) in [("/feed", &self.bots.feed), ("/trade/v3", &self.bots.orders)] {
            let told = told(socket);
            let doubled: BTreeMap<_, _> = told.iter().filter(|(_, times)| **times > 1).collect();
            assert!(doubled.is_empty(), "{door} doubled {doubled:#?}");
            for id in &self.ids {
                let ends =
                    told.keys().filter(|(order, state)| order == id && state.starts_with("2 ")).count();
                let fills = told.get(&(id.clone(), "trade".to_owned())).copied().unwrap_or(0);
                assert_eq!((ends, fills), (1, 1), "{door} {id}");
            }
        }
        assert_eq!(self.keeper.status()["actors"]["feeds"]["restarts"], 0);
    }
}

fn refuse(home: &Home, path: &str, kind: SocketKind) {
    home.sim.script(path, [Fault::EmptyBody { status: 403 }, Fault::Reset]);
    home.sim.close_sockets(kind, SocketEnd::Drop);
}

#[test]
fn a_day_of_faults_loses_no_order_event_and_no_subscription() {
    let mut day = Day::begin();
    day.fault("order socket closed", |home| {
        home.sim.close_sockets(SocketKind::Orders, SocketEnd::Close);
    });
    day.fault("data socket reset", |home| {
        home.sim.close_sockets(SocketKind::Data, SocketEnd::Reset);
    });
    day.fault("order socket ends after two messages", |home| {
        home.sim.set_socket_fault(SocketKind::Orders, Some(&Fault::Disconnect { after: 2 }));
    });
    day.fault("half a frame on the data socket", |home| {
        home.sim.set_socket_fault(SocketKind::Data, Some(&Fault::ShortFrame { after: 0 }));
    });
    day.fault("no books after the return", |home| {
        home.sim.inject(FaultRule::once(endpoint::POSITIONS, Fault::Html { status: 503 }));
        home.sim.close_sockets(SocketKind::Orders, SocketEnd::Reset);
    });
    day.token_death_and_login();
    day.fault("order socket refused twice", |home| refuse(home, endpoint::ORDER_SOCKET, SocketKind::Orders));
    day.fault("both sockets dropped", |home| {
        home.sim.close_sockets(SocketKind::Data, SocketEnd::Drop);
        home.sim.close_sockets(SocketKind::Orders, SocketEnd::Drop);
    });
    day.closing_table();
}
