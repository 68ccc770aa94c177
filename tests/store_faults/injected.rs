//! Faults at every system call that writes the database, by `strace`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use tempfile::TempDir;

use crate::verify::{self, Tally};
use crate::writer::{Outcome, Plan, Said, Workload, Writer};

/// What writes, and what a look at the database needs. `strace` counts the calls of each thread one by one.
const CALLS: &str = "pwrite64,pwritev,pwritev2,write,fsync,fdatasync,ftruncate,fallocate,pread64,openat";
/// How often a healing child tries; one whose disk stays bad gives up earlier.
const TRIES: usize = 300;

#[derive(Debug, Clone)]
struct Fault {
    call: String,
    nth: usize,
    /// As strace spells it: `error=EIO` or `signal=KILL`.
    what: &'static str,
    how_long: HowLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HowLong {
    Once,
    Twice,
    Forever,
}

impl Fault {
    fn spelled(&self) -> String {
        let nth = self.nth;
        let when = match self.how_long {
            HowLong::Once => nth.to_string(),
            HowLong::Twice => format!("{nth}..{}", nth + 1),
            HowLong::Forever => format!("{nth}+"),
        };
        format!("inject={}:{}:when={when}", self.call, self.what)
    }
}

/// Ends strace when a test fails before the child does.
pub(crate) struct Tracer(Child);

impl Tracer {
    /// From now on this program's disk answers no more, and says nothing.
    pub(crate) fn hang(pid: u32, log: &Path, database: &Path) -> Self {
        let fault = Fault {
            call: "fsync,fdatasync".to_owned(),
            nth: 1,
            what: "delay_enter=3600000000",
            how_long: HowLong::Forever,
        };
        Self::attach(pid, log, database, Some(&fault))
    }

    fn attach(pid: u32, log: &Path, database: &Path, fault: Option<&Fault>) -> Self {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-s", "8", "-o"]).arg(log).arg("-e").arg(format!("trace={CALLS}"));
        for suffix in ["", "-wal", "-shm"] {
            strace.arg("-P").arg(format!("{}{suffix}", database.display()));
        }
        if let Some(fault) = fault {
            strace.arg("-e").arg(fault.spelled());
        }
        let mut strace = strace.arg("-p").arg(pid.to_string()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(strace.stderr.take().unwrap()).lines().map_while(Result::ok);
        let attached = said.find(|line| line.contains("attached"));
        assert!(attached.is_some(), "strace cannot trace here");
        // strace must not stop because nobody hears it.
        thread::spawn(move || said.for_each(drop));
        Self(strace)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A store that a child writes to.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// One child from its start to its SIGKILL, and the log of strace.
    fn run(&self, plan: Plan, fault: Option<&Fault>) -> (Said, String) {
        let log = self.dir.path().join("strace.log");
        let forever = fault.is_some_and(|fault| fault.how_long == HowLong::Forever);
        let mut writer = Writer::start(&self.state(), plan, if forever { 8 } else { TRIES });
        let mut tracer = Tracer::attach(writer.process.id(), &log, &self.state().join("keeper.db"), fault);
        writer.go();
        let said = writer.hear();
        writer.kill();
        tracer.0.wait().unwrap();
        (said, fs::read_to_string(&log).unwrap_or_default())
    }
}

/// Every fault at every call of a run without any.
fn faults(log: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = HashMap::<(&str, &str), usize>::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        let nth = seen.entry((thread, call)).or_default();
        *nth += 1;
        let mut add = |what, how_long| {
            faults.push(Fault { call: call.to_owned(), nth: *nth, what, how_long });
        };
        for what in ["error=EIO", "error=ENOSPC"] {
            for how_long in [HowLong::Once, HowLong::Twice, HowLong::Forever] {
                add(what, how_long);
            }
        }
        add("signal=KILL", HowLong::Once);
    }
    faults
}

fn try_fault(plan: Plan, fault: &Fault) -> (Tally, Vec<String>) {
    let place = Place::new();
    let (said, log) = place.run(plan, Some(fault));
    assert!(log.contains("(INJECTED)") || log.contains("killed by SIGKILL"), "{fault:?}: not reached");
    let (mut tally, mut wrong) = verify::compare(&place.state(), &said);
    let must_heal = fault.what != "signal=KILL" && fault.how_long != HowLong::Forever;
    if must_heal
        && !(said.done && said.outcomes.last().is_some_and(|(_, last)| *last == Outcome::Acknowledged))
    {
        wrong.push("did not heal".to_owned());
    }
    tally.wrong = wrong.len();
    (tally, wrong)
}

/// Every `n`-th of them, when there are more than the machine has time for.
fn thinned(all: Vec<Fault>, workload: Workload) -> Vec<Fault> {
    let limit = std::env::var("KEEPER_STORE_FAULTS_LIMIT").ok().and_then(|limit| limit.parse().ok());
    let limit: usize = limit.unwrap_or(if workload == Workload::Large { 150 } else { 400 });
    // Seven kinds of faults a call: a step without a common divisor takes all kinds in turn.
    let step = all.len().div_ceil(limit);
    let step = if step.is_multiple_of(7) { step + 1 } else { step };
    all.into_iter().step_by(step).collect()
}

pub(crate) fn everywhere(plan: Plan) {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is needed in CI");
        println!("SKIPPED: strace is not installed, no faults were injected ({plan:?})");
        return;
    }
    let (said, log) = Place::new().run(plan, None);
    assert!(
        said.done && said.outcomes.iter().all(|(_, said)| *said == Outcome::Acknowledged),
        "without a fault: {said:?}"
    );
    let all = faults(&log);
    let points = all.len();
    let faults = thinned(all, plan.workload);
    assert!(faults.len() >= 50, "only {} points: {log}", faults.len());

    let (next, sum) = (Mutex::new(faults.iter()), Mutex::new((Tally::default(), Vec::new())));
    let take = || next.lock().unwrap().next();
    let work = || {
        while let Some(fault) = take() {
            let (tally, wrong) = try_fault(plan, fault);
            let mut sum = sum.lock().unwrap();
            sum.0.add(tally);
            sum.1.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", fault.spelled())));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("every fault was tried"));
    });
    report(plan, points, &sum.into_inner().unwrap());
}

fn report(plan: Plan, points: usize, (sum, wrong): &(Tally, Vec<String>)) {
    let Tally { runs, acknowledged, on_disk, refused, open, open_on_disk, healed, .. } = *sum;
    println!(
        "{:?}: {runs} of {points} faults tried; {acknowledged} acknowledged, {on_disk} of these on disk; {refused} \
         refused, 0 of these on disk; {open} not known, {open_on_disk} of these on disk; {healed} runs healed; {} wrong",
        plan.workload,
        wrong.len()
    );
    wrong.iter().take(12).for_each(|wrong| println!("  {wrong}"));
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
    assert_eq!(acknowledged, on_disk);
    assert!(refused > 0 && healed > 0, "no fault was felt");
}
