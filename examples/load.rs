//! A load generator: connections that each ask, wait for the answer, and ask again.
//!
//! ```text
//! cargo run --release --example load -- 127.0.0.1:8080 /api/v3/profile --connections 16 --seconds 5
//! ```

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;

#[derive(Parser)]
struct Args {
    /// Whom to ask
    addr: SocketAddr,
    /// For what
    target: String,
    /// How
    #[arg(long, default_value = "GET")]
    method: String,
    /// With which body
    #[arg(long, default_value = "")]
    body: String,
    /// The server's process, to count the processor time it takes (Linux)
    #[arg(long)]
    pid: Option<u32>,
    /// With which Authorization
    #[arg(long, default_value = "APP:token")]
    authorization: String,
    /// On how many connections at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// For how long, after a second of warming up
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// What the line is called
    #[arg(long, default_value = "")]
    name: String,
}

/// Answers that were not 200, and how long the good ones took, in nanoseconds.
#[derive(Default)]
struct Tally {
    bad: usize,
    took: Vec<u64>,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let begins = Instant::now() + Duration::from_secs(1);
    let ends = begins + Duration::from_secs(args.seconds);
    let request = format!(
        "{} {} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-type: application/json\r\naccept: */*\r\n\
         content-length: {}\r\n\r\n{}",
        args.method,
        args.target,
        args.addr,
        args.authorization,
        args.body.len(),
        args.body
    );
    let ask = || {
        let (request, addr) = (request.clone(), args.addr);
        thread::spawn(move || press(addr, request.as_bytes(), begins, ends))
    };
    let running: Vec<_> = (0..args.connections).map(|_| ask()).collect();
    let mut all = Tally::default();
    thread::sleep(begins.saturating_duration_since(Instant::now()));
    let before = args.pid.and_then(processor_seconds);
    for thread in running {
        let tally = thread.join().map_err(|_| io::Error::other("a connection's thread died"))??;
        all.bad += tally.bad;
        all.took.extend(tally.took);
    }
    let used = args.pid.and_then(processor_seconds).zip(before).map(|(after, before)| after - before);
    all.took.sort_unstable();
    let at = |share: f64| {
        all.took.get((all.took.len() as f64 * share) as usize).map_or(0.0, |ns| *ns as f64 / 1e6)
    };
    let each = used.map(|seconds| seconds * 1e6 / all.took.len().max(1) as f64);
    let each = each.map_or(String::new(), |each| format!("   processor {each:>5.0} us each"));
    println!(
        "{:<12} {:>4} connections {:>9.0} req/s   p50 {:>7.3} ms   p99 {:>7.3} ms   {} bad{each}",
        args.name,
        args.connections,
        all.took.len() as f64 / args.seconds as f64,
        at(0.50),
        at(0.99),
        all.bad
    );
    Ok(())
}

/// Processor time that a process has used, in seconds (`/proc/PID/stat`, in hundredths).
fn processor_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// One connection's work.
fn press(addr: SocketAddr, request: &[u8], begins: Instant, ends: Instant) -> io::Result<Tally> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let (mut tally, mut buffer) = (Tally::default(), Vec::new());
    while Instant::now() < ends {
        let asked = Instant::now();
        stream.write_all(request)?;
        let good = read_answer(&mut stream, &mut buffer)?;
        if asked < begins {
            continue;
        }
        if good {
            tally.took.push(u64::try_from(asked.elapsed().as_nanos()).unwrap_or(u64::MAX));
        } else {
            tally.bad += 1;
        }
    }
    Ok(tally)
}

/// Reads one answer whole; whether it is a 200.
fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    let mut piece = [0; 16_384];
    let mut whole = None;
    while whole.is_none_or(|whole| buffer.len() < whole) {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&piece[..read]);
        whole = whole.or_else(|| length(buffer));
    }
    Ok(buffer.starts_with(b"HTTP/1.1 200"))
}

/// Head and body together, once the head is there.
fn length(seen: &[u8]) -> Option<usize> {
    let head = seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&seen[..head]).ok()?.to_ascii_lowercase();
    let told = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + told.trim().parse::<usize>().ok()?)
}
