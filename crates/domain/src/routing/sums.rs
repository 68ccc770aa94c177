//! What order book and positions say of a symbol and product.

use serde::{Deserialize, Serialize};

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
