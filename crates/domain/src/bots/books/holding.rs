//! What a bot has bought and sold.

use fyers_api::model::{Position, Product};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What was bought and sold of one symbol and product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product.
    pub product: Product,
    bought: i64,
    bought_value: Decimal,
    sold: i64,
    sold_value: Decimal,
    /// Units of what the price is for in one of the quantity; values count them all.
    #[serde(default = "one")]
    pub(super) multiplier: i64,
}

/// What books from before there were multipliers say.
fn one() -> i64 {
    1
}

impl Holding {
    pub(super) fn new(symbol: &str, product: Product) -> Self {
        let (bought, sold) = (0, 0);
        let (bought_value, sold_value) = (Decimal::ZERO, Decimal::ZERO);
        Self { symbol: symbol.to_owned(), product, bought, bought_value, sold, sold_value, multiplier: 1 }
    }

    /// What is open, signed.
    pub fn net(&self) -> i64 {
        self.bought - self.sold
    }

    pub(super) fn fill(&mut self, quantity: i64, price: Decimal) {
        let value = price * Decimal::from(quantity.abs() * self.multiplier);
        if quantity >= 0 {
            (self.bought, self.bought_value) = (self.bought + quantity, self.bought_value + value);
        } else {
            (self.sold, self.sold_value) = (self.sold - quantity, self.sold_value + value);
        }
    }

    /// Average price of the open side.
    pub(super) fn average(&self) -> Decimal {
        let (quantity, value) =
            if self.net() >= 0 { (self.bought, self.bought_value) } else { (self.sold, self.sold_value) };
        if quantity == 0 { Decimal::ZERO } else { value / Decimal::from(quantity * self.multiplier) }
    }

    /// Profit, with what is open at this price, or at its own average.
    pub(super) fn result(&self, price: Option<Decimal>) -> Decimal {
        let open = Decimal::from(self.net() * self.multiplier) * price.unwrap_or_else(|| self.average());
        self.sold_value - self.bought_value + open
    }

    /// What stays over night begins the new day at its average.
    pub(super) fn over_night(self) -> Option<Self> {
        let (net, average) = (self.net(), self.average());
        let stays = net != 0 && !matches!(self.product, Product::Cnc | Product::Intraday);
        stays.then(|| {
            let mut over_night =
                Self { multiplier: self.multiplier, ..Self::new(&self.symbol, self.product) };
            over_night.fill(net, average);
            over_night
        })
    }

    pub(super) fn position(&self) -> Position {
        Position {
            symbol: self.symbol.clone(),
            product: self.product,
            net: self.net(),
            average: self.average(),
            realized: self.result(None),
            today: None,
        }
    }

    /// What another one has is counted in here.
    pub(super) fn add(&mut self, more: &Self) {
        self.multiplier = more.multiplier;
        self.bought += more.bought;
        self.bought_value += more.bought_value;
        self.sold += more.sold;
        self.sold_value += more.sold_value;
    }
}
