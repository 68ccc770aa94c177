//! What a process has used, by Linux' account of it.

use std::fs;

/// Processor time in nanoseconds, and memory in KiB: resident now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) nanos: u64,
    pub(crate) resident: u64,
}

/// `None` when there is no such process.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    // Of each thread to the nanosecond: the sums in stat are made of looks every 10 ms, which short turns escape.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(Result::ok);
    let nanos = threads.filter_map(|thread| {
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split_whitespace().next()?.parse::<u64>().ok()
    });
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let resident = resident.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(Usage { nanos: nanos.sum(), resident })
}

/// Processor time of everything on the machine, in nanoseconds.
pub(crate) fn busy() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    // Behind the name: user, nice, system, idle, waiting for disks, interrupts (2), stolen.
    let fields = stat.lines().next()?.split_whitespace().skip(1).enumerate();
    let busy = fields.filter(|(at, _)| ![3, 4].contains(at) && *at < 8);
    Some(busy.filter_map(|(_, ticks)| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000_000)
}

/// The value below which this part of them are; they are sorted.
pub(crate) fn part(sorted: &[u64], part: f64) -> u64 {
    let at = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0)
}
