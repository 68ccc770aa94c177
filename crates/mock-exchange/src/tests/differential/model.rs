//! The model: whole paise, one list of orders, no index, no journal. Written from the exchange's rules: price and time
//! priority, sessions, the broker's square-off, settlement of contracts.

use std::collections::BTreeMap;

use super::{
    listed::{LAST_DAY_OF_CONTRACTS, Payoff, SYMBOLS, TRADED},
    orders::{End, Gtt, Order, Sender},
    position::{Held, Position},
};

/// Why the broker says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    /// -50.
    Symbol,
    /// -99.
    Risk,
}

/// A price of the order book with what is left there; `None`: any quantity.
pub(super) type Level = (i64, Option<i64>);

/// A fill: which order, or `None` for one of the broker's own; quantity and price.
pub(super) type Fill = (Option<usize>, i64, i64);

#[derive(Debug, Default)]
pub(super) struct Model {
    /// Of today.
    pub(super) orders: Vec<Order>,
    count: u64,
    pub(super) gtts: Vec<Gtt>,
    /// Last prices.
    pub(super) ltp: [Option<i64>; SYMBOLS.len()],
    /// What can be bought and what can be sold, the best price first.
    book: [[Vec<Level>; 2]; SYMBOLS.len()],
    /// By symbol: intraday, and carried.
    pub(super) positions: [[Position; 2]; SYMBOLS.len()],
    pub(super) held: [Held; SYMBOLS.len()],
    pub(super) cash: i64,
    pub(super) realized_before: f64,
    /// Of today.
    pub(super) fills: Vec<Fill>,
    pub(super) day: u32,
    minute: i64,
    squared_off: [bool; SYMBOLS.len()],
    closed: [bool; SYMBOLS.len()],
    /// Legs of which the other one traded or ended in the present moment.
    over: Vec<usize>,
    pub(super) happened: BTreeMap<&'static str, usize>,
}

impl Model {
    pub(super) fn count(&mut self, what: &'static str, often: usize) {
        *self.happened.entry(what).or_default() += often;
    }

    pub(super) fn is_expired(&self, symbol: usize) -> bool {
        SYMBOLS[symbol].payoff.is_some() && self.day > LAST_DAY_OF_CONTRACTS
    }

    /// A new order, or why there is none.
    pub(super) fn may_place(&self, symbol: usize, carries: bool, sign: i64, quantity: i64) -> Result<(), No> {
        if self.is_expired(symbol) {
            return Err(No::Symbol);
        }
        let one = &SYMBOLS[symbol];
        let late = self.minute >= one.close() || (!carries && self.minute >= one.square_off());
        // Delivery sells what is there and not promised yet.
        let delivers = carries && one.is_share() && sign < 0;
        if late || (delivers && quantity > self.free(symbol)) { Err(No::Risk) } else { Ok(()) }
    }

    /// Whether the position may become the other product.
    pub(super) fn may_convert(&self, symbol: usize, carries: bool, quantity: i64) -> bool {
        let (one, net) = (&SYMBOLS[symbol], self.positions[symbol][usize::from(carries)].net);
        let fits = match carries {
            false => !one.is_share() || net > 0,
            true => !one.is_share() && self.minute < one.square_off(),
        };
        fits && (1..=net.abs()).contains(&quantity)
    }

    fn free(&self, symbol: usize) -> i64 {
        let sells = self
            .orders
            .iter()
            .filter(|order| order.promises() && order.symbol == symbol && order.carries && order.sign < 0);
        self.held[symbol].quantity + self.positions[symbol][1].net - sells.map(Order::left).sum::<i64>()
    }

    pub(super) fn turn(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    pub(super) fn place(&mut self, order: Order, ioc: bool) {
        self.over.clear();
        let since = self.turn();
        self.orders.push(Order { since, ..order });
        let at = self.orders.len() - 1;
        self.meet(at, false);
        if ioc && self.orders[at].is_alive() {
            self.orders[at].end = Some(End::Cancelled);
        }
    }

    /// Other prices or another quantity.
    pub(super) fn change(&mut self, at: usize, new: Order) {
        self.over.clear();
        let old = &self.orders[at];
        let loses_place = (new.limit, new.stop) != (old.limit, old.stop) || new.quantity > old.quantity;
        let since = if loses_place { self.turn() } else { old.since };
        self.orders[at] = Order { since, ..new };
        self.meet(at, false);
        self.count("changes", 1);
    }

    pub(super) fn cancel(&mut self, at: usize) {
        for at in [Some(at), self.orders[at].sibling].into_iter().flatten() {
            if self.orders[at].is_alive() {
                self.orders[at].end = Some(End::Cancelled);
                self.over.push(at);
                self.count("orders cancelled", 1);
            }
        }
    }

    /// The position is closed by what no exit or delivery under way will close; its exit legs end.
    pub(super) fn exit(&mut self, symbol: usize, carries: bool, with_orders: bool) {
        self.over.clear();
        let net = self.positions[symbol][usize::from(carries)].net;
        let delivery = carries && SYMBOLS[symbol].is_share();
        let mut sent = 0;
        for at in 0..self.orders.len() {
            let order = &self.orders[at];
            if !order.is_alive() || (order.symbol, order.carries) != (symbol, carries) {
                continue;
            }
            if with_orders || order.is_leg() {
                self.cancel(at);
            } else if order.sign == -net.signum() && (order.sender == Sender::Exit || delivery) {
                sent += order.left();
            }
        }
        self.count("exits", 1);
        if net.abs() > sent {
            let signed = -net.signum() * (net.abs() - sent);
            let since = self.turn();
            self.orders.push(Order { since, ..Order::new((symbol, carries), signed, Sender::Exit) });
            self.meet(self.orders.len() - 1, false);
        }
    }

    pub(super) fn convert(&mut self, symbol: usize, carries: bool, quantity: i64) {
        let [intraday, carried] = &mut self.positions[symbol];
        let (from, to) = if carries { (carried, intraday) } else { (intraday, carried) };
        from.move_to(to, quantity);
        self.count("conversions", 1);
    }

    /// Time passes: what the clock brings happens at the prices that are known.
    pub(super) fn pass(&mut self, day: u32, minute: i64) {
        if day != self.day {
            self.end_day(day);
        }
        (self.day, self.minute) = (day, minute);
        for (symbol, one) in SYMBOLS.iter().enumerate().take(TRADED) {
            if minute >= one.square_off() && !std::mem::replace(&mut self.squared_off[symbol], true) {
                self.square_off(symbol);
            }
            if minute >= one.close() && !std::mem::replace(&mut self.closed[symbol], true) {
                self.end_session(symbol, day);
            }
        }
    }

    fn square_off(&mut self, symbol: usize) {
        let mine = |order: &&mut Order| order.is_alive() && order.symbol == symbol && !order.carries;
        self.orders.iter_mut().filter(mine).for_each(|order| order.end = Some(End::Cancelled));
        self.close_intraday(symbol);
    }

    fn close_intraday(&mut self, symbol: usize) {
        let net = self.positions[symbol][0].net;
        if net != 0 {
            let side = usize::from(net > 0);
            let price = self.book[symbol][side][0].0;
            self.use_best(symbol, side, net.abs());
            self.book_fill(None, (symbol, false), -net, price);
            self.count("squared off", 1);
        }
    }

    fn end_session(&mut self, symbol: usize, last_day: u32) {
        let waits = |order: &&mut Order| order.is_alive() && order.symbol == symbol;
        let expired =
            self.orders.iter_mut().filter(waits).map(|order| order.end = Some(End::Expired)).count();
        self.count("orders expired", expired);
        let Some(payoff) = SYMBOLS[symbol].payoff.filter(|_| last_day >= LAST_DAY_OF_CONTRACTS) else {
            return;
        };
        let worth = self.worth(payoff).or(self.ltp[symbol]).unwrap();
        let net = self.positions[symbol][1].net;
        if net != 0 {
            self.book_fill(None, (symbol, true), -net, worth);
            self.count("contracts settled", 1);
        }
    }

    fn worth(&self, payoff: Payoff) -> Option<i64> {
        Some(match payoff {
            Payoff::Future(of) => self.ltp[of]?,
            Payoff::Call(of, strike) => (self.ltp[of]? - strike).max(0),
            Payoff::Put(of, strike) => (strike - self.ltp[of]?).max(0),
        })
    }

    fn end_day(&mut self, next: u32) {
        for (symbol, traded) in SYMBOLS.iter().enumerate().take(TRADED) {
            if self.day != 0 {
                self.close_intraday(symbol);
                self.end_session(symbol, next - 1);
            }
            self.realized_before += self.positions[symbol].iter().map(|one| one.realized_today).sum::<f64>();
            let [_, carried] = self.positions[symbol];
            let is_share = traded.is_share();
            if is_share && carried.net != 0 {
                self.realized_before += self.held[symbol].settle(&carried);
            }
            let kept = if is_share { Position::default() } else { carried.over_night() };
            self.positions[symbol] = [Position::default(), kept];
        }
        self.forget_shown();
        self.count("fills", self.fills.len());
        self.orders.clear();
        self.fills.clear();
        (self.squared_off, self.closed) = ([false; SYMBOLS.len()], [false; SYMBOLS.len()]);
    }

    /// After a restart, and on the next day, nobody knows what was shown: the last price stands for it.
    pub(super) fn forget_shown(&mut self) {
        for (sides, ltp) in self.book.iter_mut().zip(self.ltp) {
            sides.iter_mut().for_each(|side| *side = ltp.map(|ltp| (ltp, None)).into_iter().collect());
        }
    }

    pub(super) fn quote(&mut self, symbol: usize, ltp: i64, book: [Vec<Level>; 2]) {
        self.over.clear();
        (self.ltp[symbol], self.book[symbol]) = (Some(ltp), book);
        let turn: Vec<usize> = self.by_turn(symbol);
        turn.into_iter().for_each(|at| self.meet(at, true));
        self.trigger_gtts(symbol, ltp);
    }

    /// Limits before stops, buyers before sellers; of each the best price first, then the oldest.
    fn by_turn(&self, symbol: usize) -> Vec<usize> {
        let waits = |at: &usize| self.orders[*at].is_alive() && self.orders[*at].symbol == symbol;
        let mut turn: Vec<usize> = (0..self.orders.len()).filter(waits).collect();
        turn.sort_by_key(|at| {
            let order = &self.orders[*at];
            let by_limit = order.limit.map_or(i64::MIN, |limit| -order.sign * limit);
            let by_price = order.stop.map_or(by_limit, |stop| order.sign * stop);
            (order.stop.is_some(), -order.sign, by_price, order.since)
        });
        turn
    }

    fn trigger_gtts(&mut self, symbol: usize, ltp: i64) {
        if self.minute >= SYMBOLS[symbol].close() {
            return;
        }
        let mine = |gtt: &Gtt| gtt.symbol == symbol && gtt.reached(ltp).is_some();
        let (due, others) = std::mem::take(&mut self.gtts).into_iter().partition(mine);
        self.gtts = others;
        let due: Vec<Gtt> = due;
        for (gtt, (_, limit, quantity)) in due.iter().filter_map(|gtt| Some((gtt, gtt.reached(ltp)?))) {
            self.count("GTT orders triggered", 1);
            if self.may_place(symbol, true, gtt.sign, quantity).is_ok() {
                let order = Order::new((symbol, true), gtt.sign * quantity, Sender::Gtt);
                self.place(Order { limit: Some(limit), ..order }, false);
            }
        }
    }

    /// An order meets the market: released if its stop is reached, then filled as far as its limit allows.
    fn meet(&mut self, at: usize, resting: bool) {
        let Order { symbol, sign, stop, .. } = self.orders[at];
        if self.over.contains(&at) || self.minute >= SYMBOLS[symbol].close() {
            return;
        }
        let Some(ltp) = self.ltp[symbol] else { return };
        let mut resting = resting;
        if let Some(stop) = stop {
            if sign * (ltp - stop) < 0 {
                return;
            }
            (self.orders[at].stop, self.orders[at].since) = (None, self.turn());
            self.count("stops released", 1);
            resting = false;
        }
        let mut behind = false;
        while let Some((price, takes)) = self.next_fill(at, resting) {
            self.use_best(symbol, usize::from(sign < 0), takes);
            self.fill(at, price, takes);
            self.count("fills behind the best price", usize::from(behind));
            behind = true;
        }
    }

    fn next_fill(&self, at: usize, resting: bool) -> Option<(i64, i64)> {
        let order = &self.orders[at];
        let &(best, left) = self.book[order.symbol][usize::from(order.sign < 0)].first()?;
        let takes = left.unwrap_or(i64::MAX).min(order.left());
        match order.limit {
            _ if takes <= 0 => None,
            None => Some((best, takes)),
            Some(limit) if order.sign * (limit - best) >= 0 => {
                Some((if resting { limit } else { best }, takes))
            }
            Some(_) => None,
        }
    }

    /// This much of the best price is gone; the price behind it comes forward when nothing is left there.
    fn use_best(&mut self, symbol: usize, side: usize, quantity: i64) {
        let levels = &mut self.book[symbol][side];
        let Some((_, Some(left))) = levels.first_mut() else { return };
        *left = (*left - quantity).max(0);
        if *left == 0 && levels.len() > 1 {
            levels.remove(0);
        }
    }

    fn fill(&mut self, at: usize, price: i64, takes: i64) {
        let order = &mut self.orders[at];
        order.filled += takes;
        if order.left() == 0 {
            order.end = Some(End::Traded);
        }
        let (partial, of, signed, leg) =
            (order.is_alive(), (order.symbol, order.carries), order.sign * takes, order.is_leg());
        self.count("partial fills", usize::from(partial));
        self.count("exit legs traded", usize::from(leg));
        self.cut_sibling(at, takes);
        self.book_fill(Some(at), of, signed, price);
        self.follow(at, price, takes);
    }

    /// One leg cancels the other, as far as it trades.
    fn cut_sibling(&mut self, at: usize, takes: i64) {
        let Some(other) = self.orders[at].sibling else { return };
        self.over.push(other);
        let leg = &mut self.orders[other];
        if leg.is_alive() {
            leg.quantity -= takes.min(leg.left());
            if leg.left() == 0 {
                leg.end = Some(if leg.filled > 0 { End::Traded } else { End::Cancelled });
            }
        }
    }

    /// The exit legs of a fill.
    fn follow(&mut self, at: usize, price: i64, takes: i64) {
        let Order { symbol, carries, sign, legs: [stop, target], .. } = self.orders[at];
        let (tick, first) = (SYMBOLS[symbol].tick, self.orders.len());
        let both = stop.is_some() && target.is_some();
        let leg = |counts| Order::new((symbol, carries), -sign * takes, Sender::Leg { counts });
        if let Some(distance) = stop {
            let (since, stop) = (self.turn(), Some((price - sign * distance).max(tick)));
            let sibling = both.then_some(first + 1);
            self.orders.push(Order { since, stop, was_stop: true, sibling, ..leg(true) });
        }
        if let Some(distance) = target {
            let (since, limit) = (self.turn(), Some((price + sign * distance).max(tick)));
            let sibling = both.then_some(first);
            self.orders.push(Order { since, limit, sibling, ..leg(!both) });
        }
    }

    fn book_fill(&mut self, order: Option<usize>, (symbol, carries): (usize, bool), signed: i64, price: i64) {
        self.positions[symbol][usize::from(carries)].trade(signed, price);
        self.cash -= signed * price;
        self.fills.push((order, signed.abs(), price));
    }
}
