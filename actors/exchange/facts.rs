//! What is known of changes on their way to the disk, and what readers see of the book meanwhile.

use std::{collections::BTreeMap, sync::Arc};

use fyers_api::model::Position;
use keeper_domain::{
    keys::BotName,
    ports::Change,
    routing::{own::Own, request::Leg},
};
use mock_exchange::{KeptPrice, api::events::BookEvent};

/// What is to be done with facts of the MockExchange once it is known what came of them.
pub(super) struct Facts {
    pub(super) prices: Vec<KeptPrice>,
    pub(super) told: Vec<BookEvent>,
    pub(super) opens_day: bool,
}

/// The book as readers see it.
#[derive(Clone, Default)]
pub(super) struct BookView {
    pub(super) simulated: Vec<Position>,
    pub(super) waiting: Vec<Leg>,
    pub(super) today: u64,
    pub(super) own: Arc<BTreeMap<BotName, Own>>,
}

/// Whether there is nothing to write.
pub(super) fn is_empty(change: &Change) -> bool {
    let lists = change.events.is_empty()
        && change.mock_records.is_empty()
        && change.mock_prices.is_empty()
        && change.orders.is_empty()
        && change.outcomes.is_empty()
        && change.notes.is_empty();
    lists && change.mock_snapshot.is_none() && change.halted.is_none() && change.live_positions.is_none()
}
