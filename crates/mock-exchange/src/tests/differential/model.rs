//! The model: whole paise, one list of orders, no index, no journal. Written from the exchange's rules: price and time
//! priority, sessions, the broker's square-off, settlement of contracts.

use super::Kind;

/// A symbol with its usual price and its tick in paise.
pub(super) struct Symbol {
    pub(super) name: &'static str,
    pub(super) usual: i64,
    pub(super) tick: i64,
    pub(super) is_contract: bool,
}

const fn symbol(name: &'static str, usual: i64, tick: i64, is_contract: bool) -> Symbol {
    Symbol { name, usual, tick, is_contract }
}

/// The last one is only looked at: two contracts are settled by it.
pub(super) const SYMBOLS: [Symbol; 5] = [
    symbol("NSE:SBIN-EQ", 800_00, 5, false),
    symbol("NSE:IDEA-EQ", 8_00, 1, false),
    symbol("NSE:NIFTY26DECFUT", 26_000_00, 10, true),
    symbol("NSE:NIFTY26DEC25990CE", 200_00, 5, true),
    symbol("NSE:NIFTY50-INDEX", 26_000_00, 5, false),
];
pub(super) const TRADED: usize = 4;
const INDEX: usize = 4;
/// Of the call, in paise.
const STRIKE: i64 = 25_990_00;

/// Trading days of the end of 2026: Christmas is closed, the contracts end on the 29th.
pub(super) const DAYS: [u32; 6] = [23, 24, 28, 29, 30, 31];
const LAST_DAY_OF_CONTRACTS: u32 = 29;

/// Minutes after midnight.
pub(super) const OPEN: i64 = 9 * 60 + 15;
const SQUARE_OFF: i64 = 15 * 60 + 15;

fn close(symbol: usize) -> i64 {
    if SYMBOLS[symbol].is_contract { 15 * 60 + 40 } else { 15 * 60 + 30 }
}

/// Why the broker says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    /// -50.
    Symbol,
    /// -99.
    Risk,
}

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) symbol: usize,
    /// Whether the position is kept overnight; else it is intraday.
    pub(super) carries: bool,
    pub(super) sign: i64,
    pub(super) quantity: i64,
    pub(super) filled: i64,
    pub(super) limit: Option<i64>,
    pub(super) stop: Option<i64>,
    since: u64,
    pub(super) alive: bool,
    /// Sent by an exit, which sends nothing twice.
    exits: bool,
    pub(super) was_stop: bool,
}

/// One position: what is open cost this much, with its sign.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Position {
    pub(super) net: i64,
    pub(super) cost: f64,
    pub(super) realized_today: f64,
}

impl Position {
    fn trade(&mut self, quantity: i64, price: i64) {
        let closes =
            if self.net.signum() == -quantity.signum() { quantity.abs().min(self.net.abs()) } else { 0 };
        if closes > 0 {
            let average = self.cost / self.net as f64;
            let closed = closes * self.net.signum();
            self.realized_today += closed as f64 * (price as f64 - average);
            self.cost -= closed as f64 * average;
            self.net -= closed;
        }
        let opens = quantity.signum() * (quantity.abs() - closes);
        self.net += opens;
        self.cost += opens as f64 * price as f64;
    }
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) orders: Vec<Order>,
    count: u64,
    /// Last prices in paise.
    pub(super) ltp: [Option<i64>; 5],
    /// What is left to buy from and to sell to.
    left: [[Option<i64>; 2]; 5],
    /// By symbol: intraday, and carried.
    pub(super) positions: [[Position; 2]; 5],
    /// Settled shares by symbol.
    pub(super) held: [i64; 5],
    pub(super) cash: i64,
    /// Order id, quantity and price of today.
    pub(super) fills: Vec<(String, i64, i64)>,
    pub(super) day: u32,
    minute: i64,
    squared_off: bool,
    closed: [bool; 5],
}

impl Model {
    /// A new order, or why there is none.
    pub(super) fn may_place(&self, symbol: usize, carries: bool, sign: i64, quantity: i64) -> Result<(), No> {
        if SYMBOLS[symbol].is_contract && self.day > LAST_DAY_OF_CONTRACTS {
            return Err(No::Symbol);
        }
        if self.minute >= close(symbol) {
            return Err(No::Risk);
        }
        if !carries && self.minute >= SQUARE_OFF {
            return Err(No::Risk);
        }
        // Delivery sells what is there and not promised yet.
        if carries && !SYMBOLS[symbol].is_contract && sign < 0 && quantity > self.free(symbol) {
            return Err(No::Risk);
        }
        Ok(())
    }

    fn free(&self, symbol: usize) -> i64 {
        let selling =
            |order: &&Order| order.alive && order.symbol == symbol && order.carries && order.sign < 0;
        let promised: i64 =
            self.orders.iter().filter(selling).map(|order| order.quantity - order.filled).sum();
        self.held[symbol] + self.positions[symbol][1].net - promised
    }

    pub(super) fn place(&mut self, order: Order, ioc: bool) {
        self.count += 1;
        self.orders.push(Order { since: self.count, ..order });
        let at = self.orders.len() - 1;
        self.meet(at, false);
        self.orders[at].alive &= !ioc;
    }

    pub(super) fn change(&mut self, at: usize, limit: i64, quantity: i64) {
        self.count += 1;
        let order = &mut self.orders[at];
        if order.limit != Some(limit) || quantity > order.quantity {
            order.since = self.count;
        }
        (order.limit, order.quantity) = (Some(limit), quantity);
        self.meet(at, false);
    }

    /// How much an exit of the position sends, with its sign; what an exit before it has sent counts.
    pub(super) fn exit_quantity(&self, symbol: usize, carries: bool) -> i64 {
        let net = self.positions[symbol][usize::from(carries)].net;
        let delivery = carries && !SYMBOLS[symbol].is_contract;
        let mine = |order: &&Order| {
            order.alive
                && order.symbol == symbol
                && order.carries == carries
                && order.sign == -net.signum()
                && (order.exits || delivery)
        };
        let sent: i64 = self.orders.iter().filter(mine).map(|order| order.quantity - order.filled).sum();
        -net.signum() * (net.abs() - sent).max(0)
    }

    /// Time passes: what the clock brings happens at the prices that are known.
    pub(super) fn pass(&mut self, day: u32, minute: i64) {
        if day != self.day {
            self.end_day(day);
        }
        (self.day, self.minute) = (day, minute);
        if minute >= SQUARE_OFF && !self.squared_off {
            self.square_off();
            self.squared_off = true;
        }
        for symbol in 0..TRADED {
            if minute >= close(symbol) && !self.closed[symbol] {
                self.closed[symbol] = true;
                self.end_session(symbol, day);
            }
        }
    }

    fn square_off(&mut self) {
        self.orders.iter_mut().filter(|order| !order.carries).for_each(|order| order.alive = false);
        for symbol in 0..TRADED {
            let net = self.positions[symbol][0].net;
            if net != 0 {
                let price = self.ltp[symbol].unwrap();
                self.book(symbol, false, -net, price, String::new());
            }
        }
    }

    fn end_session(&mut self, symbol: usize, last_day: u32) {
        self.orders.iter_mut().filter(|order| order.symbol == symbol).for_each(|order| order.alive = false);
        if SYMBOLS[symbol].is_contract && last_day >= LAST_DAY_OF_CONTRACTS {
            let own = self.ltp[symbol].unwrap_or_default();
            let price = match (self.ltp[INDEX], SYMBOLS[symbol].name.ends_with("CE")) {
                (Some(index), true) => (index - STRIKE).max(0),
                (Some(index), false) => index,
                (None, _) => own,
            };
            for carries in [false, true] {
                let net = self.positions[symbol][usize::from(carries)].net;
                if net != 0 {
                    self.book(symbol, carries, -net, price, String::new());
                }
            }
        }
    }

    fn end_day(&mut self, next: u32) {
        if self.day != 0 {
            self.square_off();
            (0..TRADED).for_each(|symbol| self.end_session(symbol, next - 1));
        }
        for (symbol, one) in SYMBOLS.iter().enumerate() {
            for position in &mut self.positions[symbol] {
                position.realized_today = 0.0;
            }
            if !one.is_contract {
                self.held[symbol] += self.positions[symbol][1].net;
                self.positions[symbol][1] = Position::default();
            }
        }
        // What was shown yesterday is shown no more.
        self.left = [[None; 2]; 5];
        self.orders.clear();
        self.fills.clear();
        (self.squared_off, self.closed) = (false, [false; 5]);
    }

    /// After a restart how much was shown is not known any more.
    pub(super) fn restart(&mut self) {
        self.left = [[None; 2]; 5];
    }

    pub(super) fn quote(&mut self, symbol: usize, ltp: i64, shown: Option<i64>) {
        (self.ltp[symbol], self.left[symbol]) = (Some(ltp), [shown; 2]);
        for dormant in [false, true] {
            for sign in [1, -1] {
                let mine = |order: &Order| {
                    order.alive
                        && order.symbol == symbol
                        && order.sign == sign
                        && order.stop.is_some() == dormant
                };
                let mut turn: Vec<usize> =
                    (0..self.orders.len()).filter(|at| mine(&self.orders[*at])).collect();
                turn.sort_by_key(|at| {
                    let order = &self.orders[*at];
                    let by_limit = order.limit.map_or(i64::MIN, |limit| -sign * limit);
                    (order.stop.map_or(by_limit, |stop| sign * stop), order.since)
                });
                turn.into_iter().for_each(|at| self.meet(at, true));
            }
        }
    }

    /// An order meets the market: released if its stop is reached, then filled if its limit allows.
    fn meet(&mut self, at: usize, resting: bool) {
        let Order { symbol, sign, stop, .. } = self.orders[at];
        let Some(ltp) = self.ltp[symbol].filter(|_| self.minute < close(symbol)) else { return };
        let mut resting = resting;
        if let Some(stop) = stop {
            if sign * (ltp - stop) < 0 {
                return;
            }
            self.count += 1;
            (self.orders[at].stop, self.orders[at].since) = (None, self.count);
            resting = false;
        }
        match self.orders[at].limit {
            None => self.fill(at, ltp),
            Some(limit) if sign * (limit - ltp) >= 0 => self.fill(at, if resting { limit } else { ltp }),
            Some(_) => {}
        }
    }

    fn fill(&mut self, at: usize, price: i64) {
        let Order { symbol, carries, sign, quantity, filled, ref id, .. } = self.orders[at];
        let id = id.clone();
        let left = &mut self.left[symbol][usize::from(sign < 0)];
        let takes = left.map_or(quantity - filled, |left| left.min(quantity - filled));
        *left = left.map(|left| left - takes);
        if takes > 0 {
            self.orders[at].filled += takes;
            self.orders[at].alive = filled + takes < quantity;
            self.book(symbol, carries, sign * takes, price, id);
        }
    }

    fn book(&mut self, symbol: usize, carries: bool, signed: i64, price: i64, id: String) {
        self.positions[symbol][usize::from(carries)].trade(signed, price);
        self.cash -= signed * price;
        self.fills.push((id, signed.abs(), price));
    }
}

/// An order as it arrives.
pub(super) fn order(
    id: String,
    symbol: usize,
    carries: bool,
    signed: i64,
    kind: Kind,
    prices: (i64, i64),
) -> Order {
    let limit = matches!(kind, Kind::Limit | Kind::StopLimit).then_some(prices.0);
    let stop = matches!(kind, Kind::Stop | Kind::StopLimit).then_some(prices.1);
    Order {
        id,
        symbol,
        carries,
        sign: signed.signum(),
        quantity: signed.abs(),
        filled: 0,
        limit,
        stop,
        since: 0,
        alive: true,
        exits: false,
        was_stop: stop.is_some(),
    }
}

/// One that an exit sends.
pub(super) fn exit(id: String, symbol: usize, carries: bool, signed: i64) -> Order {
    Order { exits: true, ..order(id, symbol, carries, signed, Kind::Market, (0, 0)) }
}
