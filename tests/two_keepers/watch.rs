//! Who serves bots, and since when, as somebody sees it who asks all the time.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The time between two questions.
const EVERY: Duration = Duration::from_millis(50);
/// Who does not answer so long is not there.
const PATIENCE: Duration = Duration::from_millis(500);

/// A moment, and whether it was ready from then on.
type Change = (Instant, bool);

/// Asks both keepers until it is stopped.
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    hosts: [JoinHandle<Vec<Change>>; 2],
}

/// What was seen.
pub(crate) struct Seen {
    hosts: [Vec<Change>; 2],
    end: Instant,
}

impl Watch {
    pub(crate) fn begin(addresses: [SocketAddr; 2]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let hosts = addresses.map(|address| {
            let is_over = Arc::clone(&is_over);
            thread::spawn(move || follow(address, &is_over))
        });
        Self { is_over, hosts }
    }

    pub(crate) fn end(self) -> Seen {
        self.is_over.store(true, Ordering::SeqCst);
        let hosts = self.hosts.map(|host| host.join().unwrap());
        Seen { hosts, end: Instant::now() }
    }
}

fn follow(address: SocketAddr, is_over: &AtomicBool) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![];
    while !is_over.load(Ordering::SeqCst) {
        let asked = Instant::now();
        let is_ready = is_ready(address);
        // Whoever has just become ready was so at some time since the question.
        let at = if is_ready { Instant::now() } else { asked };
        if changes.last().is_none_or(|(_, before)| *before != is_ready) {
            changes.push((at, is_ready));
        }
        thread::sleep(EVERY);
    }
    changes
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return false };
    let _set = stream.set_read_timeout(Some(PATIENCE));
    let mut answer = [0; 12];
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: keeper\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}

/// Who was ready from when to when, in seconds since the first look.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.hosts.iter().flatten().map(|(at, _)| *at).min().unwrap_or(self.end);
        for (host, changes) in self.hosts.iter().enumerate() {
            for (at, is_ready) in changes {
                writeln!(f, "keeper {host}: ready {is_ready} from {:.2}", (*at - begin).as_secs_f64())?;
            }
        }
        writeln!(f, "the end: {:.2}", (self.end - begin).as_secs_f64())
    }
}

impl Seen {
    fn is_ready(&self, host: usize, at: Instant) -> bool {
        self.hosts[host].iter().rev().find(|(since, _)| *since <= at).is_some_and(|(_, ready)| *ready)
    }

    /// How long it took until the other one was ready, if this host was the only one that was, and the other one was
    /// before the end.
    pub(crate) fn take_over(&self, from: usize, (begun, end): (Instant, Instant)) -> Option<Duration> {
        let other = 1 - from;
        if !self.is_ready(from, begun) || self.is_ready(other, begun) {
            return None;
        }
        let first = self.hosts[other].iter().find(|(at, ready)| *ready && *at > begun && *at < end)?;
        Some(first.0 - begun)
    }

    /// The longest time in which none of them was ready, times without a database left out.
    pub(crate) fn longest_without(&self, no_database: &[(Instant, Instant)]) -> Duration {
        let mut moments: Vec<Instant> = self.hosts.iter().flatten().map(|(at, _)| *at).collect();
        moments.extend(no_database.iter().flat_map(|(from, until)| [*from, *until]));
        moments.push(self.end);
        moments.sort();
        let (mut longest, mut now) = (Duration::ZERO, Duration::ZERO);
        // Before the first one was ready there was none that could have gone.
        let begin = moments.iter().position(|at| (0..2).any(|host| self.is_ready(host, *at)));
        for pair in moments[begin.unwrap_or_default()..].windows(2) {
            if (0..2).any(|host| self.is_ready(host, pair[0])) {
                now = Duration::ZERO;
            } else if !no_database.iter().any(|(from, until)| *from <= pair[0] && pair[0] < *until) {
                now += pair[1] - pair[0];
                longest = longest.max(now);
            }
        }
        longest
    }
}
