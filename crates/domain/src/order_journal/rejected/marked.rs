//! Orders that FYERS has answered without an id, and that a bot's mark tells.

use super::OrderEntry;
use crate::routing::settling::UnreadRequest;

impl OrderEntry {
    /// Whether it is this request's only order, and its id is known by the mark alone.
    pub fn is_marked_as(&self, request: &UnreadRequest) -> bool {
        let [leg] = &request.reserved.legs[..] else { return false };
        let is_its = |symbol: &String| leg.is_in(symbol) && self.quantity == Some(leg.quantity);
        request.ids.is_empty()
            && self.id.is_none()
            && leg.tag.is_some()
            && self.tag == leg.tag
            && self.symbol.as_ref().is_some_and(is_its)
    }
}
