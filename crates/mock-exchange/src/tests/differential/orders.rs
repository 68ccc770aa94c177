//! An order and a GTT order of the model.

use super::acts::Kind;

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Traded,
    Cancelled,
    Expired,
}

/// Who sent an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Bot,
    Exit,
    Gtt,
    /// It closes a fill; of two legs only the stop counts as sold.
    Leg {
        counts: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    /// As the exchange calls it, once it has said so.
    pub(super) id: Option<String>,
    pub(super) symbol: usize,
    pub(super) carries: bool,
    pub(super) sign: i64,
    pub(super) quantity: i64,
    pub(super) filled: i64,
    pub(super) limit: Option<i64>,
    /// Until it is released.
    pub(super) stop: Option<i64>,
    pub(super) was_stop: bool,
    /// Of two orders at one price the smaller number trades first.
    pub(super) since: u64,
    pub(super) end: Option<End>,
    pub(super) sender: Sender,
    /// Distances of the legs that follow its fills: stop and target.
    pub(super) legs: [Option<i64>; 2],
    /// The other leg.
    pub(super) sibling: Option<usize>,
}

impl Order {
    pub(super) fn new((symbol, carries): (usize, bool), signed: i64, sender: Sender) -> Self {
        Self {
            id: None,
            symbol,
            carries,
            sign: signed.signum(),
            quantity: signed.abs(),
            filled: 0,
            limit: None,
            stop: None,
            was_stop: false,
            since: 0,
            end: None,
            sender,
            legs: [None; 2],
            sibling: None,
        }
    }

    /// With the prices that its kind has.
    pub(super) fn priced(self, kind: Kind, (limit, stop): (i64, i64)) -> Self {
        let limit = matches!(kind, Kind::Limit | Kind::StopLimit).then_some(limit);
        let stop = matches!(kind, Kind::Stop | Kind::StopLimit).then_some(stop);
        Self { limit, stop, was_stop: stop.is_some(), ..self }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.end.is_none()
    }

    pub(super) fn is_leg(&self) -> bool {
        matches!(self.sender, Sender::Leg { .. })
    }

    pub(super) fn left(&self) -> i64 {
        self.quantity - self.filled
    }

    /// Whether shares are promised for it.
    pub(super) fn promises(&self) -> bool {
        self.is_alive() && self.sender != Sender::Leg { counts: false }
    }
}

/// Trigger, limit and quantity.
pub(super) type GttLeg = (i64, i64, i64);

#[derive(Debug, Clone)]
pub(super) struct Gtt {
    pub(super) id: String,
    pub(super) symbol: usize,
    pub(super) sign: i64,
    pub(super) first: GttLeg,
    pub(super) second: Option<GttLeg>,
    /// Whether the first trigger lay above the market.
    pub(super) above: bool,
}

impl Gtt {
    pub(super) fn reached(&self, ltp: i64) -> Option<GttLeg> {
        let (trigger, ..) = self.first;
        match self.second {
            _ if self.above && ltp >= trigger => Some(self.first),
            _ if !self.above && ltp <= trigger => Some(self.first),
            Some(second) if ltp <= second.0 => Some(second),
            _ => None,
        }
    }
}
