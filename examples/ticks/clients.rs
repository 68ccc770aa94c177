//! Connections that subscribe to everything, all in one thread: what they cost a server that shares the machine is the same
//! whoever it is.

use std::{cell::RefCell, io, process, rc::Rc, time::Duration};

use clap::ValueEnum;
use fyers_api::hsm::ClientFrame;
use serde_json::json;
use tokio::{task::LocalSet, time::sleep};

use crate::{
    ages::Ages,
    numbers::{self, Usage},
    topics,
    wire::Wire,
};

/// Before this has passed nothing is measured: subscriptions and snapshots are on their way.
const WARM_UP: Duration = Duration::from_secs(4);
/// Longest wait for the first tick of every client.
const PATIENCE: u32 = 60;
/// What the system may take for a client that does not read, in bytes.
const WINDOW: u32 = 16 * 1024;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// FYERS' data socket
    Hsm,
    /// The keeper's /feed
    Feed,
    /// A relay that needs no subscription
    Relay,
    /// The Python bus
    Bus,
}

#[derive(clap::Args, Clone)]
pub(crate) struct Args {
    kind: Kind,
    /// Address and port
    addr: String,
    #[arg(long, default_value = "")]
    key: String,
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Of connections beside them that subscribe and never read
    #[arg(long, default_value_t = 0)]
    dead: usize,
    /// Of connections beside them that read 2 KiB ten times a second
    #[arg(long, default_value_t = 0)]
    slow: usize,
    #[arg(long, default_value_t = 2_000)]
    symbols: usize,
    /// Ticks a second of the source
    #[arg(long, default_value_t = 10_000)]
    rate: usize,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The server's process, whose processor time and memory are counted
    #[arg(long)]
    pid: u32,
}

/// What all connections share.
#[derive(Default)]
struct Shared {
    measures: bool,
    /// Clients that have had a tick.
    ticking: usize,
    ticks: u64,
    ended: usize,
    ages: Vec<u64>,
    left_out: u64,
}

type All = Rc<RefCell<Shared>>;

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, measure(args))
}

#[allow(clippy::disallowed_methods, reason = "what goes wrong in here ends the measurement")]
async fn measure(args: &Args) -> io::Result<()> {
    let all = All::default();
    let mut idle = vec![];
    for _ in 0..args.dead {
        idle.push(open(args, Some(WINDOW)).await?);
    }
    for _ in 0..args.slow {
        tokio::task::spawn_local(sip(open(args, Some(WINDOW)).await?));
    }
    let mut clients = vec![];
    for number in 0..args.count {
        let (wire, args, all) = (open(args, None).await?, args.clone(), Rc::clone(&all));
        clients.push(tokio::task::spawn_local(listen(wire, number, args, all)));
    }
    sleep(WARM_UP).await;
    let mut patience = PATIENCE;
    while all.borrow().ticking < args.count && patience > 0 {
        patience -= 1;
        sleep(Duration::from_secs(1)).await;
    }
    let before = Spending::take(args.pid);
    all.borrow_mut().measures = true;
    sleep(Duration::from_secs(args.seconds)).await;
    all.borrow_mut().measures = false;
    let spent = Spending::take(args.pid).since(&before);
    // What has come by now but was not read counts as not come.
    clients.iter().for_each(tokio::task::JoinHandle::abort);
    for client in clients {
        let _aborted = client.await;
    }
    report(args, &mut all.borrow_mut(), &spent);
    Ok(())
}

/// What was used until now.
struct Spending {
    at: std::time::Instant,
    server: Usage,
    load: Usage,
    machine: u64,
}

impl Spending {
    fn take(server: u32) -> Self {
        Self {
            at: std::time::Instant::now(),
            server: numbers::usage(server).unwrap_or_default(),
            load: numbers::usage(process::id()).unwrap_or_default(),
            machine: numbers::busy().unwrap_or_default(),
        }
    }

    fn since(&self, before: &Self) -> Spent {
        let seconds = (self.at - before.at).as_secs_f64();
        let cores = |now: u64, then: u64| now.saturating_sub(then) as f64 / 1e9 / seconds;
        Spent {
            seconds,
            server: cores(self.server.nanos, before.server.nanos),
            load: cores(self.load.nanos, before.load.nanos),
            machine: cores(self.machine, before.machine),
            resident: self.server.resident,
        }
    }
}

/// In processors, and memory in KiB.
struct Spent {
    seconds: f64,
    server: f64,
    load: f64,
    machine: f64,
    resident: u64,
}

fn report(args: &Args, all: &mut Shared, spent: &Spent) {
    all.ages.sort_unstable();
    let ticks = all.ticks as f64 / spent.seconds;
    let share = ticks / (args.rate * args.count) as f64;
    println!(
        "{}",
        json!({"clients": args.count, "dead": args.dead, "slow": args.slow,
            "p50_us": numbers::part(&all.ages, 0.5), "p99_us": numbers::part(&all.ages, 0.99), "most_us": all.ages.last(),
            "seen": all.ages.len(), "left_out": all.left_out, "ticks_a_second": ticks.round(), "share": share,
            "cores": spent.server, "ticks_a_core_second": (ticks / spent.server).round(), "resident_kib": spent.resident,
            "load_cores": spent.load, "machine_cores": spent.machine,
            "silent": args.count - all.ticking, "ended": all.ended})
    );
}

async fn open(args: &Args, window: Option<u32>) -> io::Result<Wire> {
    let path = match args.kind {
        Kind::Hsm => "/hsm/v1-5/prod",
        Kind::Feed => "/feed",
        Kind::Relay | Kind::Bus => "/",
    };
    let authorization = if args.kind == Kind::Feed { format!("Bearer {}", args.key) } else { String::new() };
    let mut wire = Wire::open(&args.addr, path, &authorization, window).await?;
    match args.kind {
        Kind::Hsm => {
            let auth = ClientFrame::Auth { key: args.key.clone(), mode: "P".into(), source: "bench".into() };
            wire.send(false, &auth.encode()).await?;
            for topics in topics(args.symbols).chunks(1_000) {
                let topics = topics.to_vec();
                wire.send(false, &ClientFrame::Subscribe { topics, channel: 11 }.encode()).await?;
            }
        }
        Kind::Feed | Kind::Bus => {
            let symbols: Vec<String> = (0..args.symbols).map(|number| format!("NSE:S{number}-EQ")).collect();
            let wanted = json!({"type": "subscribe", "symbols": symbols, "kinds": ["quote"]});
            wire.send(true, wanted.to_string().as_bytes()).await?;
        }
        Kind::Relay => {}
    }
    Ok(wire)
}

async fn sip(mut wire: Wire) {
    while wire.sip(2_048).await.is_ok() {
        sleep(Duration::from_millis(100)).await;
    }
}

async fn listen(mut wire: Wire, number: usize, args: Args, all: All) {
    let period = args.symbols as u64 * 1_000_000 / args.rate as u64;
    let mut client = Client { ages: Ages::new(number, args.count, period), all, has_ticked: false };
    let is_text = matches!(args.kind, Kind::Feed | Kind::Bus);
    let look = if is_text { Client::text } else { Client::frame };
    while wire.read(|message| look(&mut client, message)).await.is_ok() {}
    client.all.borrow_mut().ended += 1;
}

struct Client {
    ages: Ages,
    all: All,
    has_ticked: bool,
}

/// When it is aborted too.
impl Drop for Client {
    fn drop(&mut self) {
        let mut all = self.all.borrow_mut();
        all.ages.append(&mut self.ages.ages);
        all.left_out += self.ages.left_out;
    }
}

impl Client {
    fn measures(&mut self, ticks: u64) -> bool {
        let mut all = self.all.borrow_mut();
        if ticks > 0 && !std::mem::replace(&mut self.has_ticked, true) {
            all.ticking += 1;
        }
        if all.measures {
            all.ticks += ticks;
        }
        all.measures
    }

    fn frame(&mut self, message: &[u8]) {
        let Some((count, mut rest)) = records(message) else { return };
        let measures = self.measures(count);
        while let Some((symbol, made, behind)) = update(rest) {
            if self.ages.looks_at(symbol) {
                self.ages.came(symbol, made, measures);
            }
            rest = behind;
        }
    }

    /// Of all letters in a tick N stands in the symbol alone.
    fn text(&mut self, message: &[u8]) {
        let Some(at) = message.iter().position(|byte| *byte == b'N') else { return };
        let Some(symbol) = number_behind(&message[at..], b"NSE:S") else { return };
        let measures = self.measures(1);
        if !self.ages.looks_at(symbol as u32) {
            return;
        }
        let made = number_behind(message, b"\"volume\":").or_else(|| number_behind(message, b"\"volume\": "));
        if let Some(made) = made.and_then(|made| i32::try_from(made).ok()) {
            self.ages.came(symbol as u32, made, measures);
        }
    }
}

/// How many records a feed frame has, and where they begin.
fn records(message: &[u8]) -> Option<(u64, &[u8])> {
    match message {
        [_, _, 6, _, _, _, _, high, low, records @ ..] => {
            Some((u64::from(u16::from_be_bytes([*high, *low])), records))
        }
        _ => None,
    }
}

/// Topic and stamp of a record, and what is behind it; `None` for records that are no updates: once all is subscribed there
/// are no others.
fn update(records: &[u8]) -> Option<(u32, i32, &[u8])> {
    let [b'U', high, low, count, values @ ..] = records else { return None };
    let behind = values.get(4 * usize::from(*count)..)?;
    let made = i32::from_be_bytes(values.get(4..8)?.try_into().ok()?);
    Some((u32::from(u16::from_be_bytes([*high, *low])), made, behind))
}

/// The number behind these bytes, where they first stand.
fn number_behind(message: &[u8], mark: &[u8]) -> Option<u64> {
    let at = message.windows(mark.len()).position(|part| part == mark)? + mark.len();
    let digits = message[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut count = 0;
    let number = digits.fold(0_u64, |sum, digit| {
        count += 1;
        sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
    });
    (count > 0).then_some(number)
}
