//! The committer's thread: takes what waits, makes it, answers; opens again after a failure.

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use keeper_domain::ports::ChangeLine;

use crate::store::{
    caller::{Caller, break_lines, refuse_all},
    sqlite::committer::{
        Job,
        fault::{self, Fault, Step},
        pair::{NotMade, Outcome, Pair},
    },
};

/// How many changes go into one transaction.
const GROUP: usize = 64;
/// The pauses between attempts to write again.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How many further attempts the callers wait for, when it is not known what is on disk.
const FINDING_OUT: usize = 3;

pub(super) struct Worker {
    path: PathBuf,
    jobs: Receiver<Job>,
    state: State,
}

enum State {
    Up(Pair),
    /// Nothing can be written; the next attempt is at this time.
    Down {
        fault: Fault,
        next: Instant,
        pause: Duration,
    },
}

impl Worker {
    pub(super) fn open(path: PathBuf, jobs: Receiver<Job>) -> Self {
        let state = match Pair::open(&path) {
            Ok(pair) => State::Up(pair),
            Err(fault) => Self::down(fault),
        };
        Self { path, jobs, state }
    }

    /// Until nobody can ask any more.
    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                Ok(first) => self.take(first),
                Err(RecvTimeoutError::Timeout) => {
                    self.reopen();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// The next change; while nothing can be written, no longer than until the next attempt.
    fn wait(&self) -> Result<Job, RecvTimeoutError> {
        match &self.state {
            State::Up(_) => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            State::Down { next, .. } => {
                let left = next.saturating_duration_since(Instant::now());
                // With many callers there is always a change waiting, and the attempt would never come.
                if left.is_zero() { Err(RecvTimeoutError::Timeout) } else { self.jobs.recv_timeout(left) }
            }
        }
    }

    fn take(&mut self, first: Job) {
        let mut group = vec![first];
        group.extend(self.jobs.try_iter().take(GROUP - 1));
        let (waiting, pieces): (Vec<Caller>, _) = group
            .into_iter()
            .map(|Job { work, caller }| {
                let line = caller.line.clone();
                (caller, (line, work))
            })
            .unzip();
        let mut outcomes = Vec::with_capacity(GROUP);
        let made = match &mut self.state {
            State::Up(pair) => pair.commit(pieces, &mut outcomes),
            State::Down { fault, .. } => return refuse(waiting, *fault, false),
        };
        match made {
            Ok(()) => answer(waiting, outcomes),
            Err(fault) => self.failed(fault, waiting, outcomes),
        }
    }

    /// The answers come after the attempt to open again, which shows what is on disk. What waits may build on what
    /// failed, so it is refused with it.
    fn failed(&mut self, fault: Fault, waiting: Vec<Caller>, outcomes: Vec<Outcome>) {
        self.state = Self::down(fault);
        let last = self.find_out(fault.step);
        let is_open = match fault.step {
            Step::Before => false,
            // Committed, as SQLite said, and now it is seen.
            Step::Check(number) if last == Some(number) => return answer(waiting, outcomes),
            Step::Check(number) | Step::Commit(number) => {
                matches!(self.state, State::Down { .. }) || last == Some(number)
            }
        };
        // Before what waits is taken out: what comes behind that belongs to a line that is broken then.
        break_lines(&waiting, fault.kind);
        // Taken out before anybody is answered: who asks again after an answer is not meant.
        let behind: Vec<Caller> = self.jobs.try_iter().map(|job| job.caller).collect();
        refuse(waiting, fault, is_open);
        refuse(behind, fault, false);
    }

    /// Opens again at once; when it is not known what is on disk, a few times if need be. Returns the number of the
    /// last transaction on disk, as it was before anything else was written.
    fn find_out(&mut self, step: Step) -> Option<i64> {
        let mut last = self.reopen();
        for _ in 0..FINDING_OUT {
            let State::Down { next, .. } = self.state else { break };
            if step == Step::Before {
                break;
            }
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            last = last.or(self.reopen());
        }
        last
    }

    fn down(fault: Fault) -> State {
        let told = fault.told("wrote", false);
        tracing::error!(event = "store.failed", kind = ?fault.kind, "{told}");
        State::Down { fault, next: Instant::now(), pause: FIRST_PAUSE }
    }

    /// Tries to open and to write. Returns the number of the last transaction on disk, if it could be read.
    fn reopen(&mut self) -> Option<i64> {
        let opened = Pair::open(&self.path);
        let last = opened.as_ref().ok().map(|pair| pair.found);
        match opened.and_then(|mut pair| pair.settle().map(|()| pair)) {
            Ok(pair) => {
                tracing::info!(event = "store.healed", "the state database can be written again");
                self.state = State::Up(pair);
            }
            Err(again) => self.wait_longer(again),
        }
        last
    }

    fn wait_longer(&mut self, again: Fault) {
        let State::Down { fault, next, pause } = &mut self.state else { return };
        *fault = again;
        *next = Instant::now() + *pause;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

/// In each one's own words.
fn refuse(waiting: Vec<Caller>, fault: Fault, is_open: bool) {
    refuse_all(waiting, &fault.told("", is_open));
}

fn answer(waiting: Vec<Caller>, outcomes: Vec<Outcome>) {
    for (caller, outcome) in waiting.into_iter().zip(outcomes) {
        let doing = caller.doing;
        match outcome {
            Ok(()) => caller.made(),
            Err(NotMade::Refused(error)) => caller.refuse(fault::refusal(doing, &error)),
            Err(NotMade::Behind(kind)) => caller.refuse(ChangeLine::behind(kind, doing)),
        }
    }
}
