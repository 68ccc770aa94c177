//! The child: makes changes and says what it was told about each.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use fyers_api::operation::Operation;
use fyers_keeper::store::{SqliteStore, StateDir};
use keeper_domain::{
    event::Event,
    mode::Mode,
    note::Note,
    order_journal::OrderEntry,
    ports::{Change, ChangeStore},
    routing::Venue,
};

const LAST: Note<usize> = Note::new("last");
const STATE: &str = "KEEPER_STORE_FAULTS";
const PLAN: &str = "KEEPER_STORE_FAULTS_PLAN";
/// Changes that arrive at one moment.
const TOGETHER: usize = 8;
/// Acknowledged in a row: it has healed.
const HEALED: usize = 4;

/// How the changes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Each waits for the one before.
    Single,
    /// Eight at a time.
    Together,
    /// Each is a quarter of what makes SQLite copy its log into the database.
    Large,
}

/// What the child does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) workload: Workload,
    /// Changes without a pause; then others, with pauses, until it has healed.
    pub(crate) first: usize,
}

/// What was said of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused,
    /// "It is not known whether this change is kept."
    Open,
}

/// What a child said, in order, with each change's number.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) outcomes: Vec<(usize, Outcome)>,
    /// The words of the refusals.
    pub(crate) words: Vec<String>,
    /// The process that said it was alive to the end.
    pub(crate) done: bool,
}

impl Said {
    /// What it said later.
    pub(crate) fn append(&mut self, later: Self) {
        self.outcomes.extend(later.outcomes);
        self.words.extend(later.words);
        self.done = later.done;
    }
}

/// The child as its parent sees it.
pub(crate) struct Writer {
    pub(crate) process: std::process::Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Writer {
    /// Starts it; it waits with an open store.
    pub(crate) fn start(state: &Path, plan: Plan, tries: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--ignored", "--nocapture"]);
        command.env(STATE, state);
        command.env(PLAN, format!("{:?} {} {tries}", plan.workload, plan.first));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut writer = Self { process, lines };
        assert!(writer.line().is_some_and(|line| line.ends_with("ready")), "the child opens its store");
        writer
    }

    fn line(&mut self) -> Option<String> {
        // The test harness of the child says a few things of its own.
        let ours = |line: &String| line.starts_with("store: ") || line.ends_with("ready");
        self.lines.by_ref().map_while(Result::ok).find(ours)
    }

    /// Lets it begin.
    pub(crate) fn go(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Hears it out until it is done or dead.
    pub(crate) fn hear(&mut self) -> Said {
        self.hear_some(usize::MAX)
    }

    /// The next so many outcomes, if there are so many.
    pub(crate) fn hear_some(&mut self, wanted: usize) -> Said {
        let mut said = Said::default();
        while said.outcomes.len() < wanted
            && let Some(line) = self.line()
        {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[1..] {
                ["done"] => {
                    said.done = true;
                    return said;
                }
                ["yes", n] => said.outcomes.push((n.parse().unwrap(), Outcome::Acknowledged)),
                ["no", n, problem] => {
                    let is_open = problem.contains("not known");
                    let outcome = if is_open { Outcome::Open } else { Outcome::Refused };
                    said.outcomes.push((n.parse().unwrap(), outcome));
                    said.words.push(problem.to_owned());
                }
                _ => panic!("{line}"),
            }
        }
        said
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the child was started for.
pub(crate) fn task() -> Option<(PathBuf, Plan, usize)> {
    let state = PathBuf::from(std::env::var_os(STATE)?);
    let plan = std::env::var(PLAN).unwrap();
    let words: Vec<&str> = plan.split(' ').collect();
    let workload = match words[0] {
        "Single" => Workload::Single,
        "Together" => Workload::Together,
        _ => Workload::Large,
    };
    Some((state, Plan { workload, first: words[1].parse().unwrap() }, words[2].parse().unwrap()))
}

pub(crate) fn work((state, plan, tries): (PathBuf, Plan, usize)) {
    // Where only ancestors may trace a process, allow our sibling. Elsewhere this fails and is not needed.
    let _ = rustix::process::set_ptracer(rustix::process::PTracer::Any);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&StateDir::open(&state).unwrap()).await.unwrap();
        println!("\nready");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        write(&store, plan, tries).await;
        println!("\nstore: done");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    });
}

async fn write(store: &SqliteStore, plan: Plan, tries: usize) {
    let width = if plan.workload == Workload::Together { TOGETHER } else { 1 };
    let mut next = 0;
    while next < plan.first {
        next = step(store, plan.workload, next, width).await.0;
    }
    let mut in_a_row = 0;
    for _ in 0..tries {
        let good = step(store, plan.workload, next, 1).await;
        next = good.0;
        in_a_row = if good.1 { in_a_row + 1 } else { 0 };
        if in_a_row == HEALED {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Some changes at one moment: the number of the next, and whether all were acknowledged.
async fn step(store: &SqliteStore, workload: Workload, from: usize, width: usize) -> (usize, bool) {
    let numbers = from..from + width;
    let outcomes = join_all(numbers.clone().map(|n| store.commit(change(n, workload)))).await;
    for (n, outcome) in numbers.zip(&outcomes) {
        match outcome {
            Ok(()) => println!("\nstore: yes {n}"),
            Err(error) => println!("\nstore: no {n} {error}"),
        }
    }
    (from + width, outcomes.iter().all(Result::is_ok))
}

/// One order as the exchange actor commits it: an entry, an event, a note.
fn change(n: usize, workload: Workload) -> Change {
    let at = DateTime::<Utc>::from_timestamp_millis(1_795_000_000_000).unwrap();
    let filler = if workload == Workload::Large { "x".repeat(1_100_000) } else { String::new() };
    let outcome = (200, 1101, "taken", Some(format!("#{n}#")));
    Change {
        orders: vec![OrderEntry::new((Operation::Place, Mode::Sandbox, Venue::Mock), None, outcome, at)],
        events: vec![(at, Event::EnvFileFailed { problem: format!("#{n}#{filler}") })],
        notes: vec![LAST.set(&n).unwrap()],
        ..Change::default()
    }
}
