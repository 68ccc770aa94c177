//! The beginning of an account as a copy of one at the broker: its money and its shares.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    book::Book,
    ledger::Ledger,
    record::{Record, SeededHolding},
};

/// The account as it begins: nothing, when something has happened in it already. What cannot be held is left out.
pub(crate) fn seed(
    book: &Book,
    cash: Option<Decimal>,
    holdings: &[SeededHolding],
    at: DateTime<Utc>,
) -> Vec<Record> {
    if !book.ledger.is_untouched() {
        return vec![];
    }
    let sane = |held: &&SeededHolding| {
        held.quantity > 0 && held.cost_price >= Decimal::ZERO && book.instrument(&held.symbol, None).is_ok()
    };
    let holdings = holdings.iter().filter(sane).cloned().collect();
    let cash = cash.filter(|cash| *cash >= Decimal::ZERO).unwrap_or(book.ledger.cash);
    vec![Record::AccountSeeded { cash, holdings, at }]
}

impl Ledger {
    /// Whether nothing has happened in the account yet.
    pub fn is_untouched(&self) -> bool {
        let money = self.realized.total().is_zero() && self.charges.total().is_zero();
        let empty = self.accounts.is_empty() && self.holdings.is_empty() && self.orders.is_empty();
        !self.seeded && money && empty && self.gtts.is_empty()
    }

    /// Whether anything was traded: shares that came with the copy of an account are no trade.
    /// What was bought for delivery on an earlier day is not told from them.
    pub fn has_traded(&self) -> bool {
        let money = !self.realized.total().is_zero() || !self.charges.total().is_zero();
        // A waiting order has an account too.
        money || self.fills.len() > 0 || self.accounts.values().any(|account| account.net != 0)
    }

    pub(crate) fn begin_with(&mut self, cash: Decimal, holdings: &[SeededHolding]) {
        (self.cash, self.seeded) = (cash, true);
        for SeededHolding { symbol, quantity, cost_price } in holdings {
            let leg = self.holdings.entry(symbol.clone()).or_default();
            leg.add(*quantity, cost_price * Decimal::from(*quantity));
        }
        self.copied = self.holdings.clone();
    }
}
