//! Who may follow the events at once: a bounded number, shared fairly among clients.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keeper_domain::address::Network;
use tokio::sync::watch;

/// How many may listen at once.
const MOST: usize = 32;
/// How many of them for one client: some tabs on some devices behind one address.
const MOST_OF_CLIENT: usize = 8;

#[derive(Debug)]
struct Taken {
    id: u64,
    client: Network,
    /// Dropped to end the stream that has this seat.
    _end: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Row {
    next: u64,
    /// Oldest first.
    taken: Vec<Taken>,
}

/// The seats of one listener. A newcomer always gets one: somebody who has more than others makes room.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Seats(Arc<Mutex<Row>>);

/// A seat; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    id: u64,
    seats: Seats,
    end: watch::Receiver<()>,
}

impl Seats {
    fn row(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat for a client.
    pub(super) fn take(&self, client: Network) -> Seat {
        let mut row = self.row();
        if let Some(at) = row.to_leave(client) {
            row.taken.remove(at);
        }
        let (id, (_end, end)) = (row.next, watch::channel(()));
        row.next += 1;
        row.taken.push(Taken { id, client, _end });
        Seat { id, seats: self.clone(), end }
    }
}

impl Row {
    /// Which seat has to be left for a newcomer: the client's own oldest when it has its share, else, in a full
    /// row, the oldest of the client that has most.
    fn to_leave(&self, newcomer: Network) -> Option<usize> {
        let mut of_client: BTreeMap<Network, usize> = BTreeMap::new();
        self.taken.iter().for_each(|taken| *of_client.entry(taken.client).or_default() += 1);
        let own = of_client.get(&newcomer).copied().unwrap_or_default();
        let loser = if own >= MOST_OF_CLIENT {
            newcomer
        } else if self.taken.len() >= MOST {
            of_client.into_iter().max_by_key(|(_, count)| *count)?.0
        } else {
            return None;
        };
        self.taken.iter().position(|taken| taken.client == loser)
    }
}

impl Seat {
    /// Returns when the seat has to be left.
    pub(super) async fn must_leave(&mut self) {
        while self.end.changed().await.is_ok() {}
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.row().taken.retain(|taken| taken.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn client(n: u8) -> Network {
        Network::of_client([203, 0, 113, n].into())
    }

    fn left(seat: &mut Seat) -> bool {
        seat.must_leave().now_or_never().is_some()
    }

    #[test]
    fn one_client_pushes_out_only_itself() {
        let seats = Seats::default();
        let mut owner = seats.take(client(1));
        let mut hogs: Vec<Seat> = (0..40).map(|_| seats.take(client(2))).collect();
        assert!(!left(&mut owner));
        assert_eq!(hogs.iter_mut().filter_map(|seat| (!left(seat)).then_some(())).count(), MOST_OF_CLIENT);
        assert!(!left(hogs.last_mut().unwrap()), "the newest has a seat");
        drop(hogs);
        assert_eq!(seats.row().taken.len(), 1);
    }

    #[test]
    fn a_full_row_makes_room_for_a_newcomer() {
        let seats = Seats::default();
        let mut hogs: Vec<Seat> = (0..32).map(|n| seats.take(client(n / 8))).collect();
        let mut owner = seats.take(client(9));
        assert!(!left(&mut owner));
        assert_eq!(hogs.iter_mut().filter_map(|seat| left(seat).then_some(())).count(), 1);
    }
}
