//! GTT orders (good till triggered): one leg, or two legs of which one cancels the other (section 3.16).

use super::rows::GttRow;

/// Status of a GTT order that waits for its trigger.
pub(crate) const PENDING: i64 = 6;

/// One GTT order and the side of its trigger the price was on when the order came.
#[derive(Clone, Debug)]
pub(crate) struct Gtt {
    pub(crate) row: GttRow,
    pub(crate) leg1_waits_above: bool,
    /// The tag of the order it becomes.
    pub(crate) tag: String,
}

impl Gtt {
    /// Quantity and limit of the leg that this price triggers.
    pub(crate) fn leg_reached(&self, ltp: f64) -> Option<(i64, f64)> {
        let row = &self.row;
        let first = if self.leg1_waits_above { ltp >= row.price_trigger } else { ltp <= row.price_trigger };
        let second = row.gtt_oco_ind == 2 && ltp <= row.price2_trigger;
        match (row.ord_status == PENDING, first, second) {
            (true, true, _) => Some((row.qty, row.price_limit)),
            (true, _, true) => Some((row.qty2, row.price2_limit)),
            _ => None,
        }
    }
}
