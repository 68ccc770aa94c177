//! The account as it stood when a day opened: what a replay may begin with instead of the first record.
//!
//! At that moment there are no orders, no trades and no tags, so a snapshot is small however many there were before,
//! and its JSON says nothing about how a book is kept in memory.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    account::{Account, Turnover},
    book::Book,
    config::Config,
    exact,
    gtt::{GttState, GttStatus, NewGtt},
    kept_price::KeptPrice,
    ledger::{Ledger, Tally},
    market::Market,
    record::{is_one, one},
};
use fyers_api::model::Product;

/// What is left of all days before this one. All money is in INR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSnapshot {
    /// The day that opened (IST).
    pub day: NaiveDate,
    /// The capital that the account began with: another one in the settings is a deposit or a withdrawal.
    #[serde(with = "exact")]
    capital: Decimal,
    #[serde(with = "exact")]
    cash: Decimal,
    #[serde(with = "exact")]
    realized: Decimal,
    #[serde(with = "exact")]
    charges: Decimal,
    /// Whether it began as a copy of an account at the broker: then the capital of the settings does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    seeded: bool,
    positions: Vec<Position>,
    holdings: Vec<Holding>,
    /// Shares that came with the copy. A snapshot of before they were told apart names none: then all shares count as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copied: Option<Vec<Holding>>,
    gtts: Vec<Gtt>,
    prices: Vec<KeptPrice>,
}

/// A position that was carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    symbol: String,
    product: Product,
    net: i64,
    #[serde(with = "exact")]
    cost: Decimal,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    multiplier: i64,
}

/// Settled delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holding {
    symbol: String,
    quantity: i64,
    #[serde(with = "exact")]
    cost: Decimal,
}

/// A GTT order that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Gtt {
    id: String,
    order: NewGtt,
    above: bool,
    made_up: bool,
    placed_at: DateTime<Utc>,
}

impl ExchangeSnapshot {
    /// Of a book whose day has just opened.
    pub(crate) fn of(day: NaiveDate, book: &Book) -> Self {
        let Book { config, ledger, market, .. } = book;
        let position = |account: &Account| {
            let (symbol, product) = (account.symbol.clone(), account.product);
            Position { symbol, product, net: account.net, cost: account.cost, multiplier: account.multiplier }
        };
        let holding = |(symbol, leg): (&String, &Turnover)| {
            let (symbol, cost) = (symbol.clone(), leg.value);
            Holding { symbol, quantity: leg.quantity, cost }
        };
        let gtt = |gtt: &GttState| {
            let (id, order) = (gtt.id.clone(), gtt.order.clone());
            Gtt { id, order, above: gtt.above, made_up: gtt.made_up, placed_at: gtt.placed_at }
        };
        Self {
            day,
            capital: config.capital,
            cash: ledger.cash,
            realized: ledger.realized.before,
            charges: ledger.charges.before,
            seeded: ledger.seeded,
            positions: ledger.accounts.values().map(position).collect(),
            holdings: ledger.holdings.iter().map(holding).collect(),
            copied: ledger.seeded.then(|| ledger.copied.iter().map(holding).collect()),
            gtts: ledger.gtts.values().map(gtt).collect(),
            prices: market.kept(),
        }
    }

    /// The book that a replay goes on with.
    pub(crate) fn ledger(&self, config: &Config) -> Ledger {
        let mut ledger = Ledger::new(config);
        let deposit = if self.seeded { Decimal::ZERO } else { config.capital - self.capital };
        (ledger.cash, ledger.seeded) = (self.cash + deposit, self.seeded);
        ledger.day = Some(self.day);
        ledger.realized = Tally { before: self.realized, ..Tally::default() };
        ledger.charges = Tally { before: self.charges, ..Tally::default() };
        for Position { symbol, product, net, cost, multiplier } in &self.positions {
            let mut account = Account::new(symbol, *product);
            (account.net, account.cost, account.multiplier) = (*net, *cost, *multiplier);
            account.carry_over();
            ledger.accounts.insert_sorted(account.key(), account);
        }
        ledger.sum_up();
        let holding =
            |held: &Holding| (held.symbol.clone(), Turnover { quantity: held.quantity, value: held.cost });
        ledger.holdings = self.holdings.iter().map(holding).collect();
        let copied = self.copied.as_ref().unwrap_or(&self.holdings);
        ledger.copied = copied.iter().filter(|_| self.seeded).map(holding).collect();
        for Gtt { id, order, above, made_up, placed_at } in &self.gtts {
            ledger.gtts_waiting.entry(order.symbol.clone()).or_default().insert(id.clone());
            let (id, order, status, message) = (id.clone(), order.clone(), GttStatus::Waiting, String::new());
            let (above, made_up, placed_at) = (*above, *made_up, *placed_at);
            let state = GttState { id: id.clone(), order, above, status, message, made_up, placed_at };
            ledger.gtts.insert(id, state);
        }
        ledger
    }

    /// The last prices that were known.
    pub(crate) fn market(&self) -> Market {
        let mut market = Market::default();
        self.prices.iter().for_each(|price| market.restore(price));
        market
    }
}
