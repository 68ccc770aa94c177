//! What moves between accounts: conversions, and the settlement when a day begins.

use chrono::NaiveDate;

use crate::{
    account::{Account, share},
    chunks::Chunks,
    ledger::Ledger,
    order_rows::DayOrders,
};
use fyers_api::model::Product;

impl Ledger {
    /// Moves part of a position to another product, at cost.
    pub(crate) fn convert(&mut self, symbol: &str, from: Product, to: Product, quantity: i64) {
        let source = self.accounts.get(&(symbol, from));
        if from == to || source.is_none_or(|account| account.net.abs() < quantity) {
            return;
        }
        let target = self.accounts.shift_remove(&(symbol, to));
        let mut target = target.unwrap_or_else(|| Account::new(symbol, to));
        let before = (target.margin(self.leverage), target.cost, target.realized);
        self.with_account(symbol, from, |account| account.move_to(&mut target, quantity));
        self.blocked += target.margin(self.leverage) - before.0;
        self.cost += target.cost - before.1;
        self.realized.today += target.realized - before.2;
        self.accounts.insert_sorted(target.key(), target);
    }

    /// Delivery is settled, the other positions are carried over, the day's lists start empty.
    pub(crate) fn open_day(&mut self, date: NaiveDate) {
        for mut account in std::mem::take(&mut self.accounts).into_values() {
            if account.product == Product::Cnc {
                self.settle(&account);
            } else if account.net != 0 {
                account.carry_over();
                self.accounts.insert_sorted(account.key(), account);
            }
        }
        self.sum_up();
        self.realized.close_day();
        self.charges.close_day();
        (self.day, self.next_order, self.next_priority) = (Some(date), 1, 1);
        self.squared_off.clear();
        self.orders = DayOrders::default();
        self.open.clear();
        self.tags.clear();
        self.fills = Chunks::default();
        self.clear_past_gtts(date);
    }

    /// The sums over all positions, from the beginning.
    pub(crate) fn sum_up(&mut self) {
        self.blocked = self.accounts.values().map(|account| account.margin(self.leverage)).sum();
        self.cost = self.accounts.values().map(|account| account.cost).sum();
    }

    /// Bought delivery becomes a holding at cost; sold delivery leaves the holdings and realises its profit.
    fn settle(&mut self, account: &Account) {
        let holding = self.holdings.entry(account.symbol.clone()).or_default();
        if account.net >= 0 {
            holding.add(account.net, account.cost);
        } else {
            let cost = share(holding.value, -account.net, holding.quantity);
            holding.add(account.net, -cost);
            self.realized.today += -account.cost - cost;
        }
        if holding.quantity == 0 {
            self.holdings.remove(&account.symbol);
        }
    }
}
