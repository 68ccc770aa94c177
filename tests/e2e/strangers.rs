//! Strangers at the login, from hundreds of addresses at once: FYERS hears of a few, the owner gets in.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use serde_json::json;
use simulator::{Call, Fault, FaultRule, RefreshMode, TokenKind, endpoint};
use socket2::{Domain, Socket, Type};

use crate::{
    bot::Bot,
    card::{home, link, press_through, wait_card, with_yesterdays_refresh_token},
    support::{DEADLINE, Home, Keeper, block_on, wait_for},
};

/// Addresses of each kind.
const EACH: usize = 300;
const FLOODS: usize = 6;

/// A code as FYERS makes them, of nobody. Each is another one: what came of a code is remembered.
fn made_up() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let nth = LAST.fetch_add(1, Ordering::Relaxed);
    format!("eyJhbGciOiJIUzI1NiJ9.eyJhcHBfaWQiOiJBQkNEMTIzNEVGIn0.c{nth:0>20}")
}

/// Somebody somewhere else.
#[derive(Clone, Copy)]
enum Stranger {
    /// On an address of this machine's loopback network, straight to the listener.
    Direct(Ipv4Addr),
    /// In an IPv6 /64 of their own, behind the trusted proxy.
    Forwarded(u16),
}

impl Stranger {
    fn all() -> Vec<Self> {
        let nth = |n: usize| u16::try_from(n).unwrap();
        let direct = (0..EACH).map(|n| Self::Direct(Ipv4Addr::from_bits(0x7f01_0001 + u32::from(nth(n)))));
        direct.chain((0..EACH).map(|n| Self::Forwarded(nth(n)))).collect()
    }

    fn connect(self, port: u16) -> Option<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        if let Self::Direct(address) = self {
            socket.bind(&SocketAddr::new(IpAddr::V4(address), 0).into()).ok()?;
        }
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).ok()?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(DEADLINE)).ok()?;
        Some(stream)
    }

    /// Sends a request and reads the answer; `None` when the keeper has made room for somebody else.
    fn ask(self, port: u16, line: &str, body: &str) -> Option<String> {
        let mut stream = self.connect(port)?;
        let from = match self {
            Self::Direct(_) => String::new(),
            Self::Forwarded(net) => format!("x-forwarded-for: 2001:db8:0:{net:x}::1\r\n"),
        };
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: keeper.example\r\nconnection: close\r\n{from}content-length: {length}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer).filter(|answer| !answer.is_empty())
    }

    /// Begins a login and ends it with a code that means nothing, and another that nobody has begun.
    fn attacks(self, port: u16) -> Option<()> {
        let begun = self.ask(port, "GET /fyers/login", "")?;
        let state = begun.split_once("state=")?.1.split(['&', '\r']).next()?.to_owned();
        for state in [state.as_str(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let form = format!("auth_code={}&state={state}", made_up());
            let answer = self.ask(port, "POST /fyers/callback", &form)?;
            assert!(!answer.contains("Logged in"), "{answer}");
        }
        Some(())
    }
}

/// Strangers who go on until they are told to stop.
#[derive(Default)]
struct Strangers {
    stop: AtomicBool,
    /// How many have been through a whole login.
    rounds: AtomicUsize,
}

impl Strangers {
    fn go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// While strangers attack from all addresses and hold a silent connection from each, this happens.
    fn while_they_attack<T>(&self, port: u16, happens: impl FnOnce() -> T) -> T {
        let all = Stranger::all();
        std::thread::scope(|scope| {
            for part in all.chunks(all.len().div_ceil(FLOODS)) {
                scope.spawn(move || self.flood(part, port));
            }
            scope.spawn(|| self.hold(&all[..EACH], port));
            let _ends = Ends(self);
            happens()
        })
    }

    fn flood(&self, part: &[Stranger], port: u16) {
        for stranger in part.iter().cycle().take_while(|_| self.go_on()) {
            let done = stranger.attacks(port).is_some();
            self.rounds.fetch_add(usize::from(done), Ordering::Relaxed);
        }
    }

    fn hold(&self, all: &[Stranger], port: u16) {
        let mut held = VecDeque::new();
        for stranger in all.iter().cycle().take_while(|_| self.go_on()) {
            held.push_back(stranger.connect(port));
            if held.len() > all.len() {
                held.pop_front();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Each of them has been through it, on average.
    fn wait_for_all(&self) {
        let from = self.rounds.load(Ordering::Relaxed);
        wait_for("all strangers", || (self.rounds.load(Ordering::Relaxed) >= from + 2 * EACH).then_some(()));
    }
}

/// A failing test must not wait for its strangers for ever.
struct Ends<'a>(&'a Strangers);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

fn redeemed(home: &Home) -> u64 {
    home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total
}

/// The owner taps the card's link; how many tries it takes until the keeper is live.
fn tries(home: &Home, keeper: &Keeper) -> u32 {
    let card = wait_card(home);
    for nth in 1..=2 {
        // A page that is lost on the way is one try.
        let page = std::panic::catch_unwind(|| press_through(&link(&card))).unwrap_or_default();
        println!("the owner's try {nth}: {} bytes", page.len());
        if page.contains("Logged in") {
            keeper.wait_status("live", |status| status["mode"] == "live");
            return nth;
        }
    }
    panic!("the owner does not get in");
}

#[test]
fn hundreds_of_addresses_at_the_login_keep_neither_the_refresh_nor_the_owner_out() {
    let home = home("2026-11-23T08:44:45").set("KEEPER_TRUSTED_PROXIES", "127.0.0.1");
    home.sim.set_refresh(RefreshMode::Enabled);
    with_yesterdays_refresh_token(&home);
    // The tick's work is pending for seconds, while strangers come and go.
    let down = Fault::Html { status: 503 };
    home.sim.inject(FaultRule::times(endpoint::VALIDATE_REFRESH_TOKEN, down, 2));
    let keeper = home.start_ready();
    let strangers = Strangers::default();
    let tries = strangers.while_they_attack(home.port, || {
        keeper.wait_status("the tick", |status| status["last_tick"]["done_at"].is_string());
        let status = keeper.status();
        assert_eq!((&status["session"]["source"], &status["mode"]), (&json!("refresh"), &json!("live")));
        assert_eq!(home.refresh_calls(), 3, "two that failed, and the one that came off");
        strangers.wait_for_all();

        home.sim.set_refresh(RefreshMode::Disabled);
        assert!(home.sim.kill(&home.newest(TokenKind::Access)));
        assert_eq!(Bot::of(&home, &keeper).get("/api/v3/funds").mode, "mock");
        let tries = tries(&home, &keeper);
        strangers.wait_for_all();
        tries
    });
    let rounds = strangers.rounds.into_inner();
    println!("tried: {rounds} logins from {} addresses; the owner needed {tries}", 2 * EACH);
    // Five of strangers in an hour, and the owner's.
    assert!(redeemed(&home) <= 5 + 2, "{} at FYERS", redeemed(&home));
    assert_eq!(keeper.status()["mode"], "live");
}

/// The most calls that arrived within so long, wherever that begins.
fn most_within(calls: &[Call], span: TimeDelta) -> &[Call] {
    let within =
        |first: usize| calls[first..].iter().take_while(|call| call.at - calls[first].at < span).count();
    let windows = (0..calls.len()).map(|first| &calls[first..first + within(first)]);
    windows.max_by_key(|window| window.len()).unwrap_or_default()
}

/// Somebody with the key ends a login with this code.
fn complete(home: &Home, keeper: &Keeper, code: &str) -> bool {
    report(home, keeper, code)["good"] == true
}

/// The same, with what he is told.
fn report(home: &Home, keeper: &Keeper, code: &str) -> serde_json::Value {
    let key = crate::feed_client::key(home);
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let body = json!({ "pasted": code });
        let request = client.post(keeper.url("/api/login/complete")).bearer_auth(key).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    })
}

#[test]
fn whoever_is_held_back_by_the_keepers_own_limit_is_told_so_and_until_when() {
    let home = home("2026-11-23T11:00:00");
    let keeper = home.start_ready();
    (0..16).for_each(|_| assert!(!complete(&home, &keeper, &made_up())));
    assert_eq!(redeemed(&home), 16);
    let told = report(&home, &keeper, &home.sim.mint(TokenKind::AuthCode));
    assert_eq!((&told["good"], &told["reason"]), (&json!(false), &json!("logins_held")), "{told}");
    assert_eq!(told["title"], "Too many logins have failed within an hour");
    let lines = told["lines"].to_string();
    assert!(lines.contains("FYERS was not asked") && lines.contains(" at 11:0") && lines.contains(" IST"));
    assert!(!lines.contains("FYERS limits") && !lines.contains("may be spent"), "{lines}");
    assert_eq!(redeemed(&home), 16, "FYERS was not asked");
    drop(keeper);
    let keeper = home.start_ready();
    let told = report(&home, &keeper, &home.sim.mint(TokenKind::AuthCode));
    assert_eq!(
        (&told["reason"], redeemed(&home)),
        (&json!("logins_held"), 16),
        "after a start as well: {told}"
    );
    assert_eq!(keeper.status()["session"]["failed_login"], "code_rejected", "what FYERS said stays");
}

#[test]
fn made_up_codes_and_a_bot_that_reads_stay_within_fyers_limits() {
    let home = home("2026-11-23T11:00:00").set("KEEPER_TRUSTED_PROXIES", "127.0.0.1");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let strangers = Strangers::default();
    let of_strangers = strangers.while_they_attack(home.port, || {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let bot = Bot::of(&home, &keeper);
                    while strangers.go_on() {
                        assert!([200, 429].contains(&bot.ask_raw("/api/v3/funds").0));
                    }
                });
            }
            let ends = Ends(&strangers);
            // Longer than FYERS' minute: what is held back in one is not made up for in the next.
            let end = Instant::now() + Duration::from_secs(66);
            wait_for("a minute and more", || (Instant::now() > end).then_some(()));
            let of_strangers = redeemed(&home);
            // With the key somebody may err more often, and the owner's code is still good.
            (0..3).for_each(|_| assert!(!complete(&home, &keeper, &made_up())));
            wait_for("the owner's login", || {
                complete(&home, &keeper, &home.sim.mint(TokenKind::AuthCode)).then_some(())
            });
            drop(ends);
            of_strangers
        })
    });
    (0..40).for_each(|_| assert!(!complete(&home, &keeper, &made_up())));
    let is_counted = |call: &Call| call.path.starts_with("/api/v3/") || call.path.starts_with("/data/");
    let calls: Vec<Call> = home.sim.calls().into_iter().filter(is_counted).collect();
    let (second, minute) =
        (most_within(&calls, TimeDelta::seconds(1)), most_within(&calls, TimeDelta::minutes(1)));
    let (fullest, second, minute) = (second, second.len(), minute.len());
    let rounds = strangers.rounds.into_inner();
    println!(
        "tried: {rounds} logins of strangers; FYERS saw {} calls, at most {second} in a second and {minute} in a minute, \
         {of_strangers} codes of strangers, {} in all",
        calls.len(),
        redeemed(&home)
    );
    assert!(second <= 10 && minute <= 200, "{second} in a second, {minute} in a minute: {fullest:#?}");
    assert!(minute > 150, "the bot has taken what it could: {minute}");
    assert!((1..=5).contains(&of_strangers), "{of_strangers} codes of strangers");
    // Sixteen failures in an hour, and what was good.
    assert!((6..=16 + 1).contains(&redeemed(&home)), "{} codes in all", redeemed(&home));
    assert_eq!(keeper.status()["mode"], "live");
}
