//! Strangers and bots who ask for long answers and do not take them: everybody else is served.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use simulator::{Fault, FaultRule, endpoint};
use socket2::{Domain, Socket, Type};

use crate::{
    browserless::{day, get, key, log_in},
    pressure::{StopAtTheEnd, peak},
    readers,
    support::{Home, Keeper, wait_for},
    worst,
};

/// Connections of each kind, where `KEEPER_TEST_CONNECTIONS` does not say another number.
const COUNT: usize = 400;
/// How often each of the others asks while they are held.
const ROUNDS: usize = 20;
/// How many of those that the keeper has closed come back in a round: this is about the keeper's limits, not the machine's.
const AGAIN: usize = 25;
/// Requests that each of them sends without waiting.
const PIPELINED: usize = 100;

/// What is asked for and not taken.
#[derive(Debug, Clone, Copy)]
struct Taker {
    path: &'static str,
    has_key: bool,
    /// A byte in every round, or nothing.
    drips: bool,
}

impl Taker {
    const fn of(path: &'static str, has_key: bool) -> Self {
        Self { path, has_key, drips: false }
    }

    fn opening(self, port: u16, key: &str) -> Vec<u8> {
        let scheme = if self.path.starts_with("/data") { "X:" } else { "Bearer " };
        let shown = if self.has_key { format!("authorization: {scheme}{key}\r\n") } else { String::new() };
        let request = format!("GET {} HTTP/1.1\r\nhost: localhost:{port}\r\n{shown}\r\n", self.path);
        request.repeat(PIPELINED).into_bytes()
    }

    fn open(self, port: u16, opening: &[u8]) -> Option<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        socket.set_recv_buffer_size(2_048).ok()?;
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).ok()?;
        let mut stream = TcpStream::from(socket);
        stream.set_nonblocking(true).ok()?;
        stream.write_all(opening).ok()?;
        Some(stream)
    }

    /// Opens so many, keeps them, and opens again what the keeper has closed.
    fn hold(self, (port, key, count): (u16, &str, usize), stop: &AtomicBool, opened: &AtomicU64) {
        let opening = self.opening(port, key);
        let mut held: Vec<Option<TcpStream>> = (0..count).map(|_| None).collect();
        while !stop.load(Ordering::Relaxed) {
            let mut again = 0;
            for place in &mut held {
                if place.as_mut().is_some_and(|stream| self.goes_on(stream)) || again == AGAIN {
                    continue;
                }
                (*place, again) = (self.open(port, &opening), again + 1);
                opened.fetch_add(1, Ordering::Relaxed);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn goes_on(self, stream: &mut TcpStream) -> bool {
        let is_open = !self.drips || !matches!(stream.read(&mut [0]), Ok(0));
        is_open && !matches!(stream.take_error(), Ok(Some(_)) | Err(_))
    }
}

/// Somebody who asks once and reads to the end: the answer's first line, and how long it took.
fn ask(port: u16, request: &str) -> (String, Duration) {
    let began = Instant::now();
    let read = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!("{request}host: localhost:{port}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = read().unwrap_or_else(|error| error.to_string().into_bytes());
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or("nothing").to_owned();
    (line, began.elapsed())
}

/// The keys of those who hold connections, of the owner and of a bot.
struct Keys {
    /// Of programs that trade, which may be the owner's, and of those that watch.
    traders: String,
    watchers: String,
    owner: String,
    bot: String,
}

impl Keys {
    /// Where the only program that trades has the owner's key.
    fn of_the_owner(home: &Home) -> Self {
        let (owner, watchers) = (key(home), added(home, "watchers"));
        Self { traders: owner.clone(), watchers, owner, bot: added(home, "modest") }
    }

    fn of_holder(&self, taker: Taker) -> &str {
        if taker.path == "/metrics" { &self.watchers } else { &self.traders }
    }
}

/// The key of a bot that may only read.
fn added(home: &Home, name: &str) -> String {
    let answer = home.run(&["key", "add", "--json", name, "--read-only"]).exits(0).json();
    answer["token"].as_str().unwrap().to_owned()
}

/// What a health check, the owner, Prometheus and a bot ask for.
fn requests(keys: &Keys) -> [(&'static str, String, &'static str); 5] {
    let Keys { owner, bot, .. } = keys;
    [
        ("health check", "GET /livez HTTP/1.1\r\n".into(), "HTTP/1.1 200"),
        ("owner's page", format!("GET / HTTP/1.1\r\nauthorization: Bearer {owner}\r\n"), "HTTP/1.1 200"),
        ("metrics", format!("GET /metrics HTTP/1.1\r\nauthorization: Bearer {owner}\r\n"), "HTTP/1.1 200"),
        ("login", "GET /fyers/login HTTP/1.1\r\n".into(), "HTTP/1.1 30"),
        ("bot", format!("GET /api/v3/funds HTTP/1.1\r\nauthorization: X:{bot}\r\n"), "HTTP/1.1 200"),
    ]
}

/// While these are held, everybody else asks again and again; what they were not told.
fn under(
    (home, keeper): (&Home, &Keeper),
    takers: &[Taker],
    (keys, count, rounds): (&Keys, usize, usize),
) -> Vec<String> {
    let stop = AtomicBool::new(false);
    let opened: Vec<AtomicU64> = takers.iter().map(|_| AtomicU64::new(0)).collect();
    let (mut lost, mut times) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        for (taker, opened) in takers.iter().zip(&opened) {
            let (stop, key) = (&stop, keys.of_holder(*taker));
            scope.spawn(move || taker.hold((home.port, key, count), stop, opened));
        }
        let stops = StopAtTheEnd(&stop);
        wait_for("all connections", || {
            opened.iter().all(|opened| opened.load(Ordering::Relaxed) >= count as u64).then_some(())
        });
        for _ in 0..rounds {
            for (who, request, good) in requests(keys) {
                let (line, time) = ask(home.port, &request);
                times.push((who, time));
                if !line.starts_with(good) {
                    lost.push(format!("{who}: {line}"));
                }
            }
        }
        drop(stops);
    });
    let opened: u64 = opened.into_iter().map(AtomicU64::into_inner).sum();
    let slowest = |who: &str| times.iter().filter(|(of, _)| *of == who).map(|(_, time)| *time).max().unwrap();
    println!(
        "{takers:?}: {opened} connections; slowest health check {:?}, page {:?}, bot {:?}; {} of {} not answered; {} MiB",
        slowest("health check"),
        slowest("owner's page"),
        slowest("bot"),
        lost.len(),
        times.len(),
        peak(keeper)
    );
    lost
}

fn connections() -> usize {
    let told = std::env::var("KEEPER_TEST_CONNECTIONS").ok().and_then(|text| text.parse().ok());
    told.unwrap_or(COUNT)
}

#[test]
fn whoever_takes_no_answers_keeps_nobody_out() {
    let (home, keeper) = worst::ready();
    home.sim.inject(readers::long_candles());
    let (keys, count) = (Keys::of_the_owner(&home), connections());
    let kinds = [
        Taker::of("/metrics", false),
        Taker::of("/", false),
        Taker::of("/metrics", true),
        Taker { drips: true, ..Taker::of("/metrics", true) },
        Taker::of("/api/orders?limit=1000", true),
        Taker::of("/data/quotes?symbols=NSE:SBIN-EQ", true),
        Taker::of(readers::HISTORY, true),
    ];
    let mut lost: Vec<String> = Vec::new();
    for kind in kinds {
        lost.extend(under((&home, &keeper), &[kind], (&keys, count, ROUNDS)));
    }
    // As many as of one kind, of all kinds together.
    lost.extend(under((&home, &keeper), &kinds, (&keys, count / kinds.len(), ROUNDS)));
    println!(
        "tried: {} times {count} connections; {} of the others not answered",
        kinds.len() + 1,
        lost.len()
    );
    // Each asks once, where a client asks again; without the rule most are lost.
    let asked = (kinds.len() + 1) * ROUNDS * 5;
    assert!(lost.len() * 50 < asked, "{} of {asked}: {lost:#?}", lost.len());
    assert!(peak(&keeper) < 128, "{} MiB", peak(&keeper));
    assert!(keeper.stop().success());
}

/// How often the others ask while one key's requests wait for FYERS: a bot's reads are a small part of what a minute has.
const FEW: usize = 8;

/// One bot asks FYERS on all the connections that it can have, and takes no answer or gets none for long. It may only read.
#[test]
fn one_key_that_asks_fyers_on_every_connection_keeps_nobody_out() {
    let home = day().set("FYERS_SANDBOX", "true").set("MALLOC_ARENA_MAX", "1");
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let keys = Keys { traders: added(&home, "greedy"), ..Keys::of_the_owner(&home) };
    let count = connections();
    let mut lost: Vec<String> = Vec::new();
    let taker = Taker::of("/api/v3/profile", true);
    lost.extend(under((&home, &keeper), &[taker], (&keys, count, FEW)));
    // FYERS has them wait, and then answers nobody at all.
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, Fault::Latency { ms: 20_000 }));
    lost.extend(under((&home, &keeper), &[taker], (&keys, count, FEW)));
    let asked = 2 * FEW * 5;
    println!(
        "tried: 2 times {count} connections of one key; {} of {asked} of the others not answered",
        lost.len()
    );
    assert_eq!(lost, [""; 0]);
    let metrics = get(&keeper, "/metrics", &[("authorization", &format!("Bearer {}", keys.owner))]).body;
    let refused = |bot: &str| {
        let series = format!("fyers_keeper_places_refused_total{{bot=\"{bot}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&series)).map(|count| count.parse::<f64>().unwrap())
    };
    assert!(refused("greedy").is_some_and(|count| count > 0.0), "{metrics}");
    assert_eq!(refused("modest"), None);
    assert!(peak(&keeper) < 128, "{} MiB", peak(&keeper));
    assert!(keeper.stop().success());
}

/// What a bot is told that has too many reads waiting: that, and when to come back; its orders come in.
#[test]
fn too_many_reads_of_a_key_are_refused_in_words_and_its_orders_are_not() {
    let home = day().set("FYERS_SANDBOX", "true");
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, Fault::Latency { ms: 20_000 }));
    let authorization = format!("X:{}", key(&home));
    let bot = [("authorization", authorization.as_str())];
    let head =
        format!("GET /api/v3/profile HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\n\r\n");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| ask_and_ask((home.port, &head), &stop));
        }
        let stops = StopAtTheEnd(&stop);
        let refused = wait_for("a refusal", || {
            let told = get(&keeper, "/api/v3/profile", &bot);
            (told.status == 429 && told.body.contains("wait for their answers")).then_some(told)
        });
        assert_eq!((refused.header("retry-after"), refused.header("x-keeper-order-venue")), ("1", "none"));
        assert_eq!(refused.header("x-keeper-mode"), "sandbox");
        assert!(refused.body.contains(r#""code":-429"#), "{}", refused.body);
        let order = serde_json::json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1,
            "productType": "INTRADAY"});
        for _ in 0..5 {
            let told = crate::browserless::send(|client| {
                client
                    .post(keeper.url("/api/v3/orders/sync"))
                    .header("authorization", &authorization)
                    .json(&order)
            });
            assert!(!told.body.contains("wait for their answers"), "{told:?}");
        }
        drop(stops);
    });
}

/// One connection on which the next request follows each answer.
fn ask_and_ask((port, head): (u16, &str), stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { continue };
        let _limit = stream.set_read_timeout(Some(Duration::from_secs(1)));
        while !stop.load(Ordering::Relaxed) && stream.write_all(head.as_bytes()).is_ok() {
            let has_answer = |read: std::io::Result<usize>| {
                read.map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |length| length > 0)
            };
            if !has_answer(stream.read(&mut [0; 4_096])) {
                break;
            }
        }
    }
}
