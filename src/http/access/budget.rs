//! How often each client may do something: values in, values out.

use std::{collections::HashMap, time::Duration};

use keeper_domain::address::Network;

/// Clients that are remembered at most.
const MOST: usize = 4_096;

/// A budget for each client: so many at once, and one more after each pause.
#[derive(Debug)]
pub(in crate::http) struct Budgets {
    at_once: u32,
    pause: Duration,
    /// When each client's budget is whole again, on a clock that only goes forward.
    whole_at: HashMap<Network, Duration>,
}

impl Budgets {
    pub(in crate::http) fn new(at_once: u32, pause: Duration) -> Self {
        Self { at_once, pause, whole_at: HashMap::new() }
    }

    /// Takes one from the client's budget; false when nothing is left, and then nothing is taken.
    pub(in crate::http) fn take(&mut self, client: Network, now: Duration) -> bool {
        let whole_at = self.whole_at.get(&client).copied().unwrap_or_default().max(now) + self.pause;
        if whole_at - now > self.pause * self.at_once {
            return false;
        }
        self.make_room(now);
        self.whole_at.insert(client, whole_at);
        true
    }

    /// Whole budgets need no memory. If there is still no room, the client that has spent least is forgotten: an
    /// attacker with many addresses pushes out his own before anybody who is really limited.
    fn make_room(&mut self, now: Duration) {
        if self.whole_at.len() < MOST {
            return;
        }
        self.whole_at.retain(|_, whole_at| *whole_at > now);
        if self.whole_at.len() >= MOST {
            let least =
                self.whole_at.iter().min_by_key(|(_, whole_at)| **whole_at).map(|(client, _)| *client);
            least.map(|client| self.whole_at.remove(&client));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(n: u32) -> Network {
        Network::of_client(std::net::Ipv4Addr::from_bits(n).into())
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_clients_spending_is_not_anothers() {
        let mut budgets = Budgets::new(3, SECOND);
        let now = Duration::from_secs(10);
        let taken: Vec<bool> = (0..5).map(|_| budgets.take(client(1), now)).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert!(budgets.take(client(2), now));
        assert!(budgets.take(client(1), now + SECOND));
        assert!(!budgets.take(client(1), now + SECOND));
        assert!((0..3).all(|_| budgets.take(client(1), now + SECOND * 60)), "whole again");
    }

    #[test]
    fn many_addresses_do_not_push_out_the_one_that_is_limited() {
        let mut budgets = Budgets::new(3, SECOND);
        let now = Duration::from_secs(10);
        while budgets.take(client(1), now) {}
        for n in 2..20_000 {
            assert!(budgets.take(client(n), now));
        }
        assert!(!budgets.take(client(1), now), "still limited");
        assert!(budgets.whole_at.len() <= MOST);
    }

    proptest! {
        #[test]
        fn no_more_than_the_budget_in_any_time(steps in prop::collection::vec(0u64..3_000, 1..200)) {
            let mut budgets = Budgets::new(5, SECOND);
            let (mut now, mut taken) = (Duration::ZERO, Vec::new());
            for step in steps {
                now += Duration::from_millis(step);
                if budgets.take(client(1), now) {
                    taken.push(now);
                }
            }
            for window in taken.windows(6) {
                prop_assert!(window[5] - window[0] >= SECOND, "six within a second");
            }
        }
    }
}
