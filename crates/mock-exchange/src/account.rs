//! One position: what is held of a symbol under a product, what it cost, and what waiting orders may do to
//! it.
//!
//! The cost is kept as a sum, not as an average, and every split of it hands the remainder to the other part.
//! So cash, cost and realised profit add up to the last digit, whatever was rounded.

use indexmap::Equivalent;
use rust_decimal::Decimal;

use crate::{
    config::Leverage,
    symbol::{Contract, Kind},
};
use fyers_api::codes;
use fyers_api::model::{Product, Side};

/// A quantity and what it is worth, both without sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnover {
    /// Shares.
    pub quantity: i64,
    /// INR.
    pub value: Decimal,
}

impl Turnover {
    /// Adds; negative numbers take away.
    pub(crate) fn add(&mut self, quantity: i64, value: Decimal) {
        self.quantity += quantity;
        self.value += value;
    }

    /// INR per share, zero when there are none.
    pub fn average(&self) -> Decimal {
        if self.quantity == 0 { Decimal::ZERO } else { self.value / Decimal::from(self.quantity) }
    }
}

/// One position and its waiting orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product.
    pub product: Product,
    /// What the symbol is.
    pub kind: Kind,
    /// Signed: negative is short.
    pub net: i64,
    /// What the open part cost, signed as `net`, in INR.
    pub cost: Decimal,
    /// Bought today, and what was carried in long.
    pub buy: Turnover,
    /// Sold today, and what was carried in short.
    pub sell: Turnover,
    /// Signed quantity carried in from the day before.
    pub carried: i64,
    /// Profit of what was closed today, before charges, in INR.
    pub realized: Decimal,
    /// Waiting orders that buy, at their reserve prices.
    pub open_buy: Turnover,
    /// Waiting orders that sell, at their reserve prices.
    pub open_sell: Turnover,
    /// Strike in INR, of an option.
    pub strike: Option<Decimal>,
    /// Units of what the price is for in one of the quantity. Costs and values count them all; averages are per unit.
    pub multiplier: i64,
}

/// What a position is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionKey {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product.
    pub product: Product,
}

impl PositionKey {
    /// This symbol under this product.
    pub fn new(symbol: &str, product: Product) -> Self {
        Self { symbol: symbol.to_owned(), product }
    }
}

/// A look-up without a string of its own. Its hash is that of the key: field by field.
impl Equivalent<PositionKey> for (&str, Product) {
    fn equivalent(&self, key: &PositionKey) -> bool {
        key.product == self.1 && key.symbol == self.0
    }
}

impl Account {
    /// Nothing held yet.
    pub fn new(symbol: &str, product: Product) -> Self {
        Self {
            symbol: symbol.to_owned(),
            product,
            kind: Kind::of(symbol),
            net: 0,
            cost: Decimal::ZERO,
            buy: Turnover::default(),
            sell: Turnover::default(),
            carried: 0,
            realized: Decimal::ZERO,
            open_buy: Turnover::default(),
            open_sell: Turnover::default(),
            strike: Contract::of(symbol).and_then(|contract| contract.option).map(|(strike, _)| strike),
            multiplier: 1,
        }
    }

    /// As `NSE:SBIN-EQ-INTRADAY`.
    pub fn id(&self) -> String {
        codes::position_id(&self.symbol, self.product)
    }

    /// Which one it is.
    pub fn key(&self) -> PositionKey {
        PositionKey::new(&self.symbol, self.product)
    }

    /// Bought today, without what was carried in.
    pub fn bought_today(&self) -> i64 {
        self.buy.quantity - self.carried.max(0)
    }

    /// Sold today, without what was carried in.
    pub fn sold_today(&self) -> i64 {
        self.sell.quantity - (-self.carried).max(0)
    }

    /// What the books call `netAvg`: everything bought less everything sold, carried included, for each share that is
    /// left, in INR; zero when closed.
    pub fn net_average(&self) -> Decimal {
        if self.net == 0 {
            return Decimal::ZERO;
        }
        (self.buy.value - self.sell.value) / self.units(self.net)
    }

    /// Whether something is open or waits.
    pub(crate) fn is_used(&self) -> bool {
        self.net != 0 || self.open_buy.quantity != 0 || self.open_sell.quantity != 0
    }

    fn units(&self, quantity: i64) -> Decimal {
        Decimal::from(quantity * self.multiplier)
    }

    /// Average price of what was bought in INR, zero when nothing was.
    pub fn buy_average(&self) -> Decimal {
        self.buy.average() / Decimal::from(self.multiplier)
    }

    /// Average price of what was sold in INR, zero when nothing was.
    pub fn sell_average(&self) -> Decimal {
        self.sell.average() / Decimal::from(self.multiplier)
    }

    /// Average price of the open part in INR, zero when closed.
    pub fn average(&self) -> Decimal {
        if self.net == 0 { Decimal::ZERO } else { self.cost / self.units(self.net) }
    }

    /// Profit of the open part at this price, in INR.
    pub fn unrealized(&self, ltp: Decimal) -> Decimal {
        self.units(self.net) * ltp - self.cost
    }

    /// Waiting orders of this side.
    pub(crate) fn open_mut(&mut self, side: Side) -> &mut Turnover {
        match side {
            Side::Buy => &mut self.open_buy,
            Side::Sell => &mut self.open_sell,
        }
    }

    /// Books a fill of this quantity at this price.
    pub(crate) fn trade(&mut self, side: Side, quantity: i64, price: Decimal) {
        let value = self.units(quantity) * price;
        match side {
            Side::Buy => self.buy.add(quantity, value),
            Side::Sell => self.sell.add(quantity, value),
        }
        self.shift(quantity * side.sign(), value * Decimal::from(side.sign()));
    }

    /// Changes the position by a signed quantity and its signed value: first closes, then opens.
    fn shift(&mut self, quantity: i64, value: Decimal) {
        let closes =
            if quantity.signum() == -self.net.signum() { quantity.abs().min(self.net.abs()) } else { 0 };
        let closing = share(value, closes, quantity.abs());
        let released = self.release(closes);
        self.realized -= closing + released;
        self.net += quantity.signum() * (quantity.abs() - closes);
        self.cost += value - closing;
    }

    /// Takes part of the position out, and returns its signed cost.
    fn release(&mut self, quantity: i64) -> Decimal {
        let cost = share(self.cost, quantity, self.net.abs());
        self.cost -= cost;
        self.net -= self.net.signum() * quantity;
        cost
    }

    /// Moves part of the position to another product, at cost: nothing is realised here.
    pub(crate) fn move_to(&mut self, other: &mut Self, quantity: i64) {
        other.multiplier = self.multiplier;
        let long = self.net > 0;
        let signed = self.net.signum() * quantity;
        let cost = self.release(quantity);
        let (from, to) =
            if long { (&mut self.buy, &mut other.buy) } else { (&mut self.sell, &mut other.sell) };
        let value = share(from.value, quantity, from.quantity);
        from.add(-quantity, -value);
        to.add(quantity, value);
        // What came from yesterday is what is moved first.
        let carried = quantity.min(self.carried.abs()) * self.carried.signum();
        self.carried -= carried;
        other.carried += carried;
        other.shift(signed, cost);
    }

    /// The next day begins: the open part is what was carried in.
    pub(crate) fn carry_over(&mut self) {
        let open = Turnover { quantity: self.net.abs(), value: self.cost.abs() };
        let (buy, sell) =
            if self.net > 0 { (open, Turnover::default()) } else { (Turnover::default(), open) };
        let (net, cost, multiplier) = (self.net, self.cost, self.multiplier);
        *self =
            Self { net, cost, buy, sell, carried: net, multiplier, ..Self::new(&self.symbol, self.product) };
    }

    /// Money that must be there, in INR to the paisa: for the dearer of two worlds, the one in which all
    /// waiting buys trade and the one in which all waiting sells do. A waiting order that closes the position
    /// needs none.
    pub fn margin(&self, leverage: Leverage) -> Decimal {
        let long = self.cost.max(Decimal::ZERO) + beyond(self.open_buy, (-self.net).max(0));
        let (long, short) = match self.product {
            // Delivery sells only what is held, which is paid for.
            Product::Cnc => (long, Decimal::ZERO),
            Product::Mtf => (long / leverage.mtf, Decimal::ZERO),
            Product::Intraday | Product::Co | Product::Bo | Product::Other => {
                (self.long_margin(long, leverage.intraday), self.short_value() / leverage.intraday)
            }
            Product::Margin => {
                (self.long_margin(long, leverage.margin), self.short_value() / leverage.margin)
            }
        };
        long.max(short).round_dp(2)
    }

    fn short_value(&self) -> Decimal {
        let (held_long, held_short) = (self.net.max(0), (-self.net).max(0));
        match self.strike {
            // A written option can cost what the underlying can, not what its premium is: as a short future at the
            // strike.
            Some(strike) => strike * self.units(held_short + (self.open_sell.quantity - held_long).max(0)),
            None => (-self.cost).max(Decimal::ZERO) + beyond(self.open_sell, held_long),
        }
    }

    /// A bought option is paid in full.
    fn long_margin(&self, value: Decimal, times: Decimal) -> Decimal {
        if self.kind == Kind::Option { value } else { value / times }
    }
}

/// What is left of waiting orders once they have closed this much, in INR.
fn beyond(open: Turnover, closes: i64) -> Decimal {
    share(open.value, (open.quantity - closes).max(0), open.quantity)
}

/// `part` of `whole`, of this value; all of it exactly, a part to four digits.
pub(crate) fn share(value: Decimal, part: i64, whole: i64) -> Decimal {
    match part {
        _ if part == 0 || whole == 0 => Decimal::ZERO,
        _ if part == whole => value,
        _ => (value * Decimal::from(part) / Decimal::from(whole)).round_dp(4),
    }
}
