//! What has left since it was last told to whoever may act next: pure counts.
//!
//! After a crash the next keeper takes all of it to have left that might have. So that this is little, a keeper that shares
//! its state sends no more than [`MOST_UNTOLD`] calls before it has told of them, and tells sooner when it sends much.

use std::time::Duration;

use keeper_domain::shared_calls::MOST_UNTOLD;

use crate::fyers::limits::{
    cost::{Caller, RequestCost},
    window::{Limit, Wait},
};

/// The part of it that bots may take, ...
const BOTS: u32 = MOST_UNTOLD - 6;
/// ... and the keeper's own reading; the rest is for the session.
const OWN: u32 = MOST_UNTOLD - 3;
/// So many are told at once.
const MANY: u64 = 8;
/// It is told a tenth of a second after it is much, unless the database is away.
const RETRY: Duration = Duration::from_millis(250);

/// How much has left, and how much of that is told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Untold {
    left: u64,
    told: u64,
    /// Somebody is told.
    is_shared: bool,
}

impl Untold {
    /// From now on it is told.
    pub(super) fn share(&mut self) {
        self.is_shared = true;
    }

    /// Whether a call may leave before more is told.
    pub(super) fn room(self, cost: RequestCost) -> Result<(), Wait> {
        let most = match cost.caller {
            Caller::Bot => BOTS,
            Caller::Keeper => OWN,
            Caller::Session => MOST_UNTOLD,
        };
        let has_room = !self.is_shared || self.untold() + u64::from(cost.weight) <= u64::from(most);
        if has_room { Ok(()) } else { Err(Wait { limit: Limit::Untold, length: RETRY }) }
    }

    /// It has left.
    pub(super) fn leave(&mut self, cost: RequestCost) {
        self.left += u64::from(cost.weight);
    }

    /// What is told now is told up to here.
    pub(super) fn mark(self) -> u64 {
        self.left
    }

    /// What was told up to there has been written.
    pub(super) fn told(&mut self, mark: u64) {
        self.told = self.told.max(mark);
    }

    /// Whether the next renewal of the lease is too late for it.
    pub(super) fn is_much(self) -> bool {
        self.is_shared && self.untold() >= MANY
    }

    fn untold(self) -> u64 {
        self.left.saturating_sub(self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fyers::limits::cost::Kind;

    fn call(caller: Caller, weight: u32) -> RequestCost {
        RequestCost { kind: Kind::Order, weight, caller, share: None }
    }

    /// How many of these leave.
    fn leave(untold: &mut Untold, cost: RequestCost) -> u32 {
        (0..1_000)
            .take_while(|_| {
                let may_leave = untold.room(cost).is_ok();
                if may_leave {
                    untold.leave(cost);
                }
                may_leave
            })
            .map(|_| cost.weight)
            .sum()
    }

    #[test]
    fn no_more_leaves_than_is_promised_until_it_is_told() {
        let mut untold = Untold::default();
        untold.share();
        let mark = untold.mark();
        let sent =
            [Caller::Bot, Caller::Keeper, Caller::Session].map(|caller| leave(&mut untold, call(caller, 1)));
        assert_eq!(sent, [44, 3, 3], "something stays for the keeper's own");
        untold.told(mark);
        assert_eq!(
            untold.room(call(Caller::Session, 1)).unwrap_err().limit,
            Limit::Untold,
            "it was told of before"
        );
        let mark = untold.mark();
        untold.told(mark);
        untold.told(0);
        assert_eq!(leave(&mut untold, call(Caller::Bot, 10)), 40, "a basket is whole or waits");
        assert!(untold.is_much());
    }

    #[test]
    fn where_nobody_is_told_nothing_waits() {
        let mut untold = Untold::default();
        assert_eq!(leave(&mut untold, call(Caller::Bot, 1)), 1_000);
        assert!(!untold.is_much());
    }
}
