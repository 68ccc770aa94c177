//! What order book and positions say of a symbol and product.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::request::Leg;

/// Symbol and product.
pub type Key = (String, String);

/// What the order book shows as bought and sold today, and what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    pub(super) bought: i64,
    pub(super) sold: i64,
    pub(super) net: i64,
}

impl Sums {
    pub(super) fn filled(self) -> i64 {
        self.bought - self.sold
    }
}

/// What the order book has filled and the positions do not show, as orders.
pub fn unseen_fills(torn: &[(Key, i64)]) -> Vec<Leg> {
    let leg = |((symbol, product), quantity): &(Key, i64)| {
        let (symbol, product, quantity) = (symbol.clone(), product.clone(), *quantity);
        Leg { symbol, product, quantity, price: Decimal::ZERO, tag: None }
    };
    torn.iter().filter(|(_, quantity)| *quantity != 0).map(leg).collect()
}
