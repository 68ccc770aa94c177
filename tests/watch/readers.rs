//! Bots that only read, each properly and with pauses, on all the connections that there are: everybody else is answered.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use simulator::{Fault, FaultRule};

use crate::{
    browserless::{day, get, key, log_in},
    pressure::{StopAtTheEnd, peak},
    support::{Home, Keeper, wait_for},
};

/// Keys that only read, and connections of each.
const READERS: usize = 5;
const EACH: usize = 60;
/// Between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(500);
/// How often each of the others asks meanwhile.
const ROUNDS: usize = 12;
/// What FYERS allows to be asked for at once: some megabytes.
const CANDLES: usize = 100_000;

/// Somebody who has one connection, waits for each answer, and rests.
fn read_properly((port, head): (u16, &str), stop: &AtomicBool, answered: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            let _limit = stream.set_read_timeout(Some(Duration::from_secs(30)));
            let mut stream = BufReader::new(stream);
            while !stop.load(Ordering::Relaxed) && stream.get_mut().write_all(head.as_bytes()).is_ok() {
                let Some(_) = read_answer(&mut stream) else { break };
                answered.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// The status of an answer that is read whole.
fn read_answer(stream: &mut BufReader<TcpStream>) -> Option<u16> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        status = status.or_else(|| line.get(9..12)?.parse().ok());
        if let Some(told) = line.strip_prefix("content-length: ") {
            length = told.parse().ok()?;
        }
    }
    std::io::copy(&mut stream.take(length), &mut std::io::sink()).ok()?;
    status
}

/// Somebody who asks once on a connection of his own: the status, and how long it took.
fn ask(port: u16, request: &str) -> (Option<u16>, Duration) {
    let began = Instant::now();
    let status = TcpStream::connect(("127.0.0.1", port)).ok().and_then(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(request.as_bytes()).ok()?;
        read_answer(&mut stream)
    });
    (status, began.elapsed())
}

/// The keys of those who are to be answered.
struct Others {
    owner: String,
    trader: String,
    modest: String,
}

impl Others {
    fn requests(&self, port: u16) -> [(&'static str, String); 6] {
        let Self { owner, trader, modest } = self;
        let get = |path: &str, shown: &str| {
            format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: {shown}\r\n\r\n")
        };
        let order = r#"{"symbol":"NSE:SBIN-EQ","qty":1,"type":2,"side":1,"productType":"INTRADAY","limitPrice":0,"stopPrice":0,"validity":"DAY","disclosedQty":0,"offlineOrder":false}"#;
        let order = format!(
            "POST /api/v3/orders/sync HTTP/1.1\r\nhost: k\r\nauthorization: X:{trader}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{order}",
            order.len()
        );
        [
            ("health check", get("/livez", "")),
            ("page", get("/", &format!("Bearer {owner}"))),
            ("status", get("/api/status", &format!("Bearer {owner}"))),
            ("metrics", get("/metrics", &format!("Bearer {owner}"))),
            ("order", order),
            ("another key's read", get("/api/v3/funds", &format!("X:{modest}"))),
        ]
    }

    /// Each asks so often: the slowest answer of each, and who got none.
    fn ask_all(&self, port: u16, rounds: usize) -> (Vec<(&'static str, Duration)>, Vec<String>) {
        let (mut slowest, mut lost): (Vec<(&'static str, Duration)>, _) = (vec![], vec![]);
        for round in 0..rounds {
            for (nth, (who, request)) in self.requests(port).iter().enumerate() {
                let (status, took) = ask(port, request);
                if status != Some(200) {
                    lost.push(format!("{who}: {status:?} after {took:?}"));
                }
                match round {
                    0 => slowest.push((who, took)),
                    _ => slowest[nth].1 = slowest[nth].1.max(took),
                }
            }
            // As many are not asked again and again for a minute each.
            if lost.len() > rounds {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        (slowest, lost)
    }
}

fn add(home: &Home, args: &[&str]) -> String {
    let answer = home.run(&[&["key", "add", "--json"], args].concat()).exits(0).json();
    answer["token"].as_str().unwrap().to_owned()
}

/// What the others were not told while all keys read this.
fn under(home: &Home, keeper: &Keeper, path: &str) -> Vec<String> {
    let readers: Vec<String> =
        (0..READERS).map(|nth| add(home, &[&format!("reader-{nth}"), "--read-only"])).collect();
    let trader = add(home, &["trader"]);
    let others = Others { owner: key(home), trader, modest: add(home, &["modest", "--read-only"]) };
    let (alone, lost) = others.ask_all(home.port, 3);
    assert_eq!(lost, [""; 0], "before anybody reads");
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let ((beside, lost), took) = std::thread::scope(|scope| {
        for reader in &readers {
            let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: X:{reader}\r\n\r\n");
            for _ in 0..EACH {
                let (head, stop, answered) = (head.clone(), &stop, &answered);
                scope.spawn(move || read_properly((home.port, &head), stop, answered));
            }
        }
        let stops = StopAtTheEnd(&stop);
        wait_for("some answers", || (answered.load(Ordering::Relaxed) > 300).then_some(()));
        let began = Instant::now();
        let told = others.ask_all(home.port, ROUNDS);
        drop(stops);
        (told, began.elapsed())
    });
    println!(
        "{path}: {} reads of {} connections while others asked for {took:?}; slowest alone {alone:?}; beside them {beside:?}; \
         lost {lost:?}; {} MiB",
        answered.into_inner(),
        READERS * EACH,
        peak(keeper)
    );
    assert!(!keeper.log().contains("actor.hung"), "{}", keeper.log());
    lost
}

#[test]
fn keys_that_read_a_simulated_account_on_hundreds_of_connections_keep_nobody_waiting() {
    let home = day().set("FYERS_SANDBOX", "true");
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let lost = under(&home, &keeper, "/api/v3/orders");
    println!("tried: {READERS} keys with {EACH} connections each; {} of the others not answered", lost.len());
    assert_eq!(lost, [""; 0]);
    assert!(keeper.stop().success());
}

#[test]
fn keys_that_read_at_fyers_on_hundreds_of_connections_keep_nobody_waiting() {
    let home = day();
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    let lost = under(&home, &keeper, "/api/v3/orders");
    println!("tried: {READERS} keys with {EACH} connections each; {} of the others not answered", lost.len());
    assert_eq!(lost, [""; 0]);
    assert!(keeper.stop().success());
}

/// Candles of minutes, some megabytes of them.
pub(crate) const HISTORY: &str = "/data/history?symbol=NSE:SBIN-EQ&resolution=1&date_format=1&range_from=2026-09-01&range_to=2026-11-20&cont_flag=1";

/// FYERS has as many of them as it may give at once.
pub(crate) fn long_candles() -> FaultRule {
    let candle =
        |nth: usize| serde_json::json!([1_763_869_500 + 60 * nth, 801.55, 802.6, 799.95, 801.05, 12_345]);
    let candles: Vec<_> = (0..CANDLES).map(candle).collect();
    let body = serde_json::json!({"s": "ok", "candles": candles});
    println!("answers of {} bytes", body.to_string().len());
    FaultRule::forever("/data/history", Fault::Json { status: 200, body })
}

/// Answers of megabytes, which the keeper looks through and could learn from.
#[test]
fn keys_that_read_long_candles_keep_nobody_waiting_and_the_memory_in_its_bounds() {
    let home = day().set("MALLOC_ARENA_MAX", "1");
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.sim.inject(long_candles());
    let lost = under(&home, &keeper, HISTORY);
    println!("tried: {READERS} keys with {EACH} connections each; {} of the others not answered", lost.len());
    // Each asks once, where a client asks again; and all of it shares the processor, the answers that FYERS' stand-in makes too.
    assert!(lost.len() * 10 < ROUNDS * 6, "{lost:#?}");
    assert_eq!(get(&keeper, "/livez", &[]).status, 200);
    assert!(peak(&keeper) < 128, "{} MiB", peak(&keeper));
    assert!(keeper.stop().success());
}
