//! What a bot sees of the book.

use rust_decimal::Decimal;

use crate::{
    account::{Account, Turnover},
    book::Book,
    order::OrderState,
    trades::Trade,
};
use fyers_api::model::{Funds, Order, Position, Product, Traded};

/// Money, by the broker's ten fund ids (docs/fyers-api.md, "Funds"), in INR. Collaterals, transfers,
/// receivables and ad hoc limits (5 to 8) are always zero here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balances {
    /// 1: cash, with positions at what they cost.
    pub total: Decimal,
    /// 2: blocked for positions and waiting orders.
    pub utilized: Decimal,
    /// 3: the same as `available`.
    pub clear: Decimal,
    /// 4: realised today, before charges.
    pub realized: Decimal,
    /// 9: total when the day began.
    pub start_of_day: Decimal,
    /// 10: free for new orders. Profit and loss of open positions does not count.
    pub available: Decimal,
    /// Charges paid today; FYERS has no id for it.
    pub charges: Decimal,
}

/// A position with its profit at the last price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionView {
    /// The position.
    pub account: Account,
    /// Last price in INR; the average while none is known.
    pub ltp: Decimal,
    /// Profit of the open part in INR.
    pub unrealized: Decimal,
}

/// A settled holding (docs/fyers-api.md, "Holdings").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingView {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// At the start of the day.
    pub quantity: i64,
    /// The same, minus what was sold today.
    pub remaining: i64,
    /// Average cost in INR.
    pub cost_price: Decimal,
    /// Last price in INR; the cost while none is known.
    pub ltp: Decimal,
    /// Market value in INR.
    pub value: Decimal,
    /// Profit in INR.
    pub profit: Decimal,
}

impl Book {
    /// Money by fund id.
    pub fn balances(&self) -> Balances {
        let ledger = &self.ledger;
        let total = ledger.cash + ledger.cost;
        let available = total - ledger.blocked;
        Balances {
            total,
            utilized: ledger.blocked,
            clear: available,
            realized: ledger.realized.today,
            start_of_day: total - ledger.realized.today + ledger.charges.today,
            available,
            charges: ledger.charges.today,
        }
    }

    /// Money in three numbers.
    pub fn funds(&self) -> Funds {
        let Balances { total, utilized, available, .. } = self.balances();
        Funds { total, utilized, available }
    }

    /// The account's own worth in INR: its cash, and what its simulated orders hold at these prices, or at its cost where
    /// there is none. Shares that were copied from the broker are not in it: they are real ones, nobody has traded them here.
    /// One that is sold here counts as sold short, so that a sale by itself is no gain.
    pub fn worth(&self, price: impl Fn(&str) -> Option<Decimal>) -> Decimal {
        let ledger = &self.ledger;
        let value = |symbol: &str, quantity: i64, average: Decimal| {
            Decimal::from(quantity) * price(symbol).unwrap_or(average)
        };
        let positions = ledger.accounts.values().map(|held| value(&held.symbol, held.net, held.average()));
        let holdings = ledger.holdings.iter();
        let holdings = holdings.map(|(symbol, held)| value(symbol, held.quantity, held.average()));
        let copied = ledger.copied.iter();
        let copied = copied.map(|(symbol, held)| value(symbol, held.quantity, held.average()));
        ledger.cash + positions.sum::<Decimal>() + holdings.sum::<Decimal>() - copied.sum::<Decimal>()
    }

    /// Today's orders, oldest first.
    pub fn orders(&self) -> impl DoubleEndedIterator<Item = OrderState> {
        self.ledger.orders.iter()
    }

    /// Today's orders as plain rows.
    pub fn order_rows(&self) -> Vec<Order> {
        self.orders().map(|order| order.row()).collect()
    }

    /// Today's fills, oldest first.
    pub fn trades(&self) -> impl DoubleEndedIterator<Item = Trade> {
        let orders = &self.ledger.orders;
        self.ledger.fills.iter().filter_map(|fill| fill.trade(orders))
    }

    /// Positions that are open or were closed today.
    pub fn positions(&self) -> Vec<PositionView> {
        let traded = |account: &&Account| account.buy.quantity != 0 || account.sell.quantity != 0;
        let view = |account: &Account| {
            let ltp = self.market.ltp(&account.symbol).unwrap_or_else(|| account.average());
            PositionView { account: account.clone(), ltp, unrealized: account.unrealized(ltp) }
        };
        self.ledger.accounts.values().filter(traded).map(view).collect()
    }

    /// Positions as plain rows.
    pub fn position_rows(&self) -> Vec<Position> {
        let row = |view: PositionView| {
            let Account { symbol, product, net, realized, .. } = view.account.clone();
            let today = Traded { bought: view.account.bought_today(), sold: view.account.sold_today() };
            Position { symbol, product, net, average: view.account.average(), realized, today: Some(today) }
        };
        self.positions().into_iter().map(row).collect()
    }

    /// Settled delivery.
    pub fn holdings(&self) -> Vec<HoldingView> {
        let view = |(symbol, held): (&String, &Turnover)| {
            let ltp = self.market.ltp(symbol).unwrap_or_else(|| held.average());
            let value = ltp * Decimal::from(held.quantity);
            let account = self.ledger.accounts.get(&(symbol.as_str(), Product::Cnc));
            let sold = account.map_or(0, |account| (-account.net).max(0));
            HoldingView {
                symbol: symbol.clone(),
                quantity: held.quantity,
                remaining: held.quantity - sold,
                cost_price: held.average(),
                ltp,
                value,
                profit: value - held.value,
            }
        };
        self.ledger.holdings.iter().map(view).collect()
    }
}
