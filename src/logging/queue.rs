//! A bounded queue between those who log and the one thread that writes: a reader who does not read may cost log
//! lines, and never costs anybody's time.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How many lines wait at most.
const MOST_LINES: usize = 8_192;
/// How many bytes wait at most.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How long the writer looks out for the next line before it sleeps: to be woken for each line costs those who log more
/// than the line.
const LINGER: Duration = Duration::from_millis(2);
/// Pause before an output that was not ready is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Told each time lines were dropped, with their number. Must not block.
pub type OnDrop = Box<dyn Fn(u64) + Send + Sync>;
/// Makes the line that says how many lines were dropped.
pub(super) type Report = Box<dyn Fn(u64) -> String + Send>;
/// The last change of a line before it is written.
pub(super) type Finish = Box<dyn Fn(&str) -> String + Send>;

/// Takes lines in. Clones share the queue.
#[derive(Clone)]
pub(super) struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    on_drop: OnDrop,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    bytes: usize,
    writing: bool,
    /// The writer is to be woken.
    sleeps: bool,
}

/// What waits to be written.
enum Entry {
    Line(String),
    /// So many lines are missing here.
    Gap(u64),
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_lines(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while state.waiting.is_empty() {
            state.sleeps = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

impl Queue {
    /// Starts the thread that writes to `output`. Without a thread nothing is written, and everything counts as dropped.
    pub(super) fn start(
        output: Box<dyn Write + Send>,
        finish: Finish,
        report: Report,
        on_drop: OnDrop,
    ) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), on_drop });
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".to_owned());
        let _unwritten = thread.spawn(move || write_all(&writer, output, &finish, &report));
        Self { shared }
    }

    /// Takes a line without its end, or drops it when too much waits. Never waits for the output.
    pub(super) fn push(&self, line: String) {
        let mut state = self.shared.state();
        if state.waiting.len() >= MOST_LINES || state.bytes + line.len() > MOST_BYTES {
            match state.waiting.back_mut() {
                Some(Entry::Gap(missing)) => *missing += 1,
                _ => state.waiting.push_back(Entry::Gap(1)),
            }
            drop(state);
            return (self.shared.on_drop)(1);
        }
        state.bytes += line.len();
        state.waiting.push_back(Entry::Line(line));
        let wakes = std::mem::take(&mut state.sleeps);
        drop(state);
        if wakes {
            self.shared.changed.notify_all();
        }
    }

    /// Waits until everything is written, for a bounded time. False: the output does not take it.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let state = self.shared.state();
        let waits = |state: &mut State| state.writing || !state.waiting.is_empty();
        let (_state, result) = self
            .shared
            .changed
            .wait_timeout_while(state, limit, waits)
            .unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }
}

/// The writer's thread: one line after the other, and at a gap how many are missing.
fn write_all(shared: &Shared, mut output: Box<dyn Write + Send>, finish: &Finish, report: &Report) {
    let mut state = shared.state();
    loop {
        let line = match state.waiting.pop_front() {
            Some(Entry::Line(line)) => {
                state.bytes -= line.len();
                line
            }
            Some(Entry::Gap(missing)) => report(missing),
            None => {
                drop(state);
                thread::sleep(LINGER);
                state = shared.wait_for_lines();
                continue;
            }
        };
        state.writing = true;
        drop(state);
        if write_line(&mut output, &(finish(&line) + "\n")).is_err() {
            // A closed output has nobody to tell.
            (shared.on_drop)(1);
        }
        state = shared.state();
        state.writing = false;
        shared.changed.notify_all();
    }
}

/// An output that somebody else has set to non-blocking is waited for, like any other.
fn write_line(output: &mut Box<dyn Write + Send>, line: &str) -> std::io::Result<()> {
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match output.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    };

    use super::*;

    /// Writes only when it is let to.
    struct Gated(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.recv().map_err(std::io::Error::other)?;
            self.1.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Queue, SyncSender<()>, Receiver<Vec<u8>>, Arc<AtomicU64>) {
        let (open, gate) = sync_channel(MOST_LINES * 2);
        let (sink, written) = channel();
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        let queue = Queue::start(
            Box::new(Gated(gate, sink)),
            Box::new(str::to_uppercase),
            Box::new(|count| format!("{count} missing")),
            Box::new(move |count| {
                counter.fetch_add(count, Ordering::Relaxed);
            }),
        );
        (queue, open, written, dropped)
    }

    #[test]
    fn a_blocked_output_costs_lines_and_never_time_and_says_how_many() {
        let (queue, open, written, dropped) = gated();
        for number in 0..MOST_LINES + 500 {
            queue.push(format!("line {number}"));
        }
        assert!(!queue.flush(Duration::from_millis(1)), "nobody reads");
        let lost = dropped.load(Ordering::Relaxed);
        assert!((499..=500).contains(&lost), "{lost}");
        for _ in 0..MOST_LINES + 2 {
            open.send(()).unwrap();
        }
        assert!(queue.flush(Duration::from_secs(60)));
        let lines: Vec<_> = written.try_iter().map(|line| String::from_utf8(line).unwrap()).collect();
        assert_eq!(lines.first().map(String::as_str), Some("LINE 0\n"));
        assert_eq!(lines.last().unwrap(), &format!("{lost} MISSING\n"));
        assert_eq!(lines.len() as u64, MOST_LINES as u64 + 500 - lost + 1);
    }

    #[test]
    fn memory_is_bounded_by_bytes_too() {
        let (queue, _open, _written, dropped) = gated();
        for _ in 0..100 {
            queue.push("x".repeat(1024 * 1024));
        }
        assert!(dropped.load(Ordering::Relaxed) >= 95);
    }

    #[test]
    fn a_closed_output_is_no_reason_to_stop() {
        let (queue, open, written, dropped) = gated();
        drop((open, written));
        queue.push("gone".to_owned());
        assert!(queue.flush(Duration::from_secs(60)));
        queue.push("gone".to_owned());
        assert!(queue.flush(Duration::from_secs(60)));
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    }
}
