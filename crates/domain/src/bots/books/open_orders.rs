//! Orders that can still fill in the MockExchange, and whose they are.

use std::collections::BTreeMap;

use fyers_api::{codes, model::Product};
use mock_exchange::{OrderState, Origin, Record};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{keys::BotName, routing::request::Leg};

/// An order that can still fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenOrder {
    /// `None`: nobody's; what it fills is shared out.
    pub(super) bot: Option<BotName>,
    pub(super) symbol: String,
    pub(super) product: Product,
    pub(super) sign: i64,
    quantity: i64,
    filled: i64,
    price: Decimal,
    /// The least that a purchase costs, where it has one.
    pub(super) stop: Decimal,
    pub(super) multiplier: i64,
}

/// All of them. The MockExchange's own journal knows everything but whose they are, so that alone is written down, and
/// only where it is not the owner's: what is written with each order does not grow with the orders that wait.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OpenOrders {
    #[serde(skip)]
    all: BTreeMap<String, OpenOrder>,
    written: BTreeMap<String, Whose>,
}

/// What is written down of an order. Older keepers wrote the rest of it too, and `null` for nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Whose {
    bot: Option<BotName>,
}

impl OpenOrders {
    pub(super) fn get(&self, id: &str) -> Option<&OpenOrder> {
        self.all.get(id)
    }

    pub(super) fn insert(&mut self, id: &str, order: OpenOrder) {
        if order.bot.as_ref().is_some_and(|bot| *bot != BotName::owner()) {
            self.written.insert(id.to_owned(), Whose { bot: order.bot.clone() });
        }
        self.all.insert(id.to_owned(), order);
    }

    pub(super) fn modify(&mut self, id: &str, quantity: i64, (price, stop): (Decimal, Decimal)) {
        if let Some(open) = self.all.get_mut(id) {
            (open.quantity, open.price, open.stop) = (quantity, price, stop);
        }
    }

    /// Counts a fill, and tells of which order.
    pub(super) fn fill(&mut self, id: &str, quantity: i64) -> Option<OpenOrder> {
        let order = self.all.get_mut(id)?;
        order.filled += quantity;
        Some(order.clone())
    }

    /// Of the orders that these records are about, those that can fill no more are forgotten.
    pub(super) fn forget_ended(&mut self, records: &[Record]) {
        for record in records {
            let (Record::OrderCancelled { id, .. }
            | Record::OrderExpired { id, .. }
            | Record::Traded { id, .. }
            | Record::OrderModified { id, .. }) = record
            else {
                continue;
            };
            let is_cut_off = matches!(record, Record::OrderCancelled { .. } | Record::OrderExpired { .. });
            if is_cut_off || self.all.get(id).is_some_and(|order| order.filled >= order.quantity) {
                self.remove(id);
            }
        }
    }

    fn remove(&mut self, id: &str) {
        self.all.remove(id);
        self.written.remove(id);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was this bot's is the owner's.
    pub(super) fn inherit(&mut self, bot: &BotName) {
        self.written.retain(|_, whose| whose.bot.as_ref() != Some(bot));
        let its = self.all.values_mut().filter(|order| order.bot.as_ref() == Some(bot));
        its.for_each(|order| order.bot = Some(BotName::owner()));
    }

    /// What waits in the MockExchange, each with whose it is by what was written down.
    pub(super) fn recall(&mut self, waiting: impl Iterator<Item = OrderState>) {
        let mut written = std::mem::take(&mut self.written);
        self.all.clear();
        for state in waiting {
            let bot = written.remove(&state.id).and_then(|whose| whose.bot);
            let bot = match state.origin {
                Origin::Bot | Origin::Gtt | Origin::Leg => bot.or_else(|| Some(BotName::owner())),
                Origin::Exit | Origin::SquareOff | Origin::Expiry => None,
            };
            self.insert(&state.id, OpenOrder::of(&state, bot));
        }
    }

    /// Everything that waits, by id.
    #[cfg(test)]
    pub(super) fn ids(&self) -> std::collections::BTreeSet<&str> {
        self.all.keys().map(String::as_str).collect()
    }
}

impl OpenOrder {
    pub(super) fn of(state: &OrderState, bot: Option<BotName>) -> Self {
        Self {
            bot,
            symbol: state.symbol().to_owned(),
            product: state.product(),
            sign: state.side().sign(),
            quantity: state.order.request.quantity,
            filled: state.filled,
            price: state.order.request.limit_price,
            stop: state.order.request.stop_price,
            multiplier: state.multiplier,
        }
    }

    /// What may still fill, without sign.
    pub(super) fn left(&self) -> i64 {
        self.quantity.saturating_sub(self.filled)
    }

    pub(super) fn leg(&self) -> Leg {
        Leg {
            symbol: self.symbol.clone(),
            product: codes::product_word(self.product).to_owned(),
            quantity: self.sign * self.quantity,
            price: self.price,
            tag: None,
        }
    }
}
