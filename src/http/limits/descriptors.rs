//! Open files: how many the program asks for, and how many of them connections to the listener may take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the program asks the kernel for at its start. compose.yaml and the systemd unit allow as much.
pub const WANTED: u64 = 4_096;
/// Kept for the keeper's own work: database, log, broker, chat, heartbeats, sockets of its feeds.
pub const OWN: u64 = 256;
/// Connections at most, however many files there may be: what memory is planned for. `tests/watch/worst.rs`
/// prints what all of them come to, whatever they hold.
const MOST: u64 = 256;
/// Connections at least, on a machine that allows almost no files.
const FEWEST: u64 = 16;

/// Raises the limit of open files as far as the kernel allows without rights, up to [`WANTED`]. A refusal is no
/// reason not to start: the listener then takes fewer connections.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if current.is_some_and(|current| current < wanted) {
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// How many connections the listener holds at once.
pub(in crate::http) fn connections() -> usize {
    share_of(1)
}

/// The same for a standby: each of its connections may have one to the holder.
pub(crate) fn relayed_connections() -> usize {
    share_of(2)
}

fn share_of(each: u64) -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(WANTED);
    usize::try_from(connections_of(files, each)).unwrap_or(usize::MAX)
}

/// The share of connections in so many files, where each of them takes so many.
fn connections_of(files: u64, each: u64) -> u64 {
    let beside_own = files.saturating_sub(OWN).max(files / 4);
    (beside_own / each).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keepers_own_files_are_kept_back() {
        for (files, connections) in [(1_024, 256), (4_096, 256), (512, 256), (300, 75), (64, 16), (8, 16)] {
            assert_eq!(connections_of(files, 1), connections, "{files}");
        }
        assert!((512..10_000).all(|files| files - connections_of(files, 1) >= OWN));
        assert!((512..10_000).all(|files| files - 2 * connections_of(files, 2) >= OWN), "of a standby");
    }
}
