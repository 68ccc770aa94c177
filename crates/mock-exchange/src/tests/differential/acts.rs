//! What happens in random days.

use proptest::prelude::*;

use super::listed::{SYMBOLS, TRADED};

/// What kind of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
}

/// An order; distances are in ticks from the last price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) symbol: usize,
    pub(super) kind: Kind,
    pub(super) buys: bool,
    /// Whether the position is kept overnight; else it is intraday.
    pub(super) carries: bool,
    pub(super) quantity: i64,
    pub(super) away: i64,
    pub(super) ioc: bool,
    /// Distances of the exit legs from each fill.
    pub(super) stop_loss: Option<i64>,
    pub(super) take_profit: Option<i64>,
}

/// What the market shows; `None` stands for what is not told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Ticks between the last price and bid and ask.
    pub(super) spread: Option<(i64, i64)>,
    /// How much at the best price of both sides.
    pub(super) best: Option<i64>,
    /// So many ticks behind the best price, so much.
    pub(super) behind: Option<(i64, i64)>,
}

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Minutes pass and nothing is heard.
    Wait(i64),
    /// Nothing is heard until this minute of the day, if it is still to come.
    Until(i64),
    /// A price of the symbol with this number, so many of its ticks from its usual one.
    Price { symbol: usize, step: i64, shown: Shown },
    /// An order.
    Place(Wish),
    /// Other prices for one of the waiting orders, more or less of it, or a market order in its place.
    Move { pick: usize, away: i64, more: i64, to_market: bool },
    /// The end of one of the waiting orders.
    Cancel { pick: usize },
    /// The position of the symbol is to be closed, perhaps with all orders that wait in it.
    Exit { symbol: usize, carries: bool, with_orders: bool },
    /// Part of a position becomes another product.
    Convert { symbol: usize, carries: bool, quantity: i64 },
    /// A GTT order with one leg, or with a second one on the other side of the market.
    Gtt { symbol: usize, buys: bool, quantity: i64, first: i64, second: Option<i64> },
    /// Another first trigger for one of the waiting GTT orders, or its end.
    ChangeGtt { pick: usize, first: Option<i64> },
    /// The program starts anew, from its snapshot and the records after it.
    Restart,
    /// The next trading day's opening.
    NextDay,
}

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..300)
}

fn act() -> impl Strategy<Value = Act> {
    let pick = any::<usize>;
    prop_oneof![
        30 => price(),
        30 => wish().prop_map(Act::Place),
        10 => (pick(), -5_i64..20, -3_i64..4, prop::bool::weighted(0.1))
            .prop_map(|(pick, away, more, to_market)| Act::Move { pick, away, more, to_market }),
        4 => pick().prop_map(|pick| Act::Cancel { pick }),
        4 => (traded(), any::<bool>(), prop::bool::weighted(0.3))
            .prop_map(|(symbol, carries, with_orders)| Act::Exit { symbol, carries, with_orders }),
        3 => (traded(), any::<bool>(), 1_i64..15)
            .prop_map(|(symbol, carries, quantity)| Act::Convert { symbol, carries, quantity }),
        4 => (traded(), any::<bool>(), 1_i64..12, -15_i64..15, prop::option::of(1_i64..15))
            .prop_map(|(symbol, buys, quantity, first, second)| Act::Gtt { symbol, buys, quantity, first, second }),
        2 => (pick(), prop::option::of(1_i64..15)).prop_map(|(pick, first)| Act::ChangeGtt { pick, first }),
        3 => prop_oneof![9 => 0_i64..40, 1 => 40_i64..400].prop_map(Act::Wait),
        1 => moment().prop_map(Act::Until),
        3 => Just(Act::Restart),
        2 => Just(Act::NextDay),
    ]
}

/// The minutes around those at which the clock does something.
fn moment() -> impl Strategy<Value = i64> {
    let moments = SYMBOLS.iter().flat_map(|one| [one.square_off(), one.close()]);
    let around: Vec<i64> = moments.flat_map(|minute| [minute - 1, minute]).collect();
    prop::sample::select(around)
}

/// Two symbols in three of four cases, so that orders meet.
fn traded() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => Just(0_usize), 3 => Just(2_usize), 3 => 0..TRADED]
}

fn price() -> impl Strategy<Value = Act> {
    let symbol = prop_oneof![5 => traded(), 1 => 0..SYMBOLS.len()];
    let spread = prop::option::of((0_i64..3, 0_i64..3));
    let shown = (spread, prop::option::of(0_i64..20), prop::option::of((1_i64..4, 1_i64..20)))
        .prop_map(|(spread, best, behind)| Shown { spread, best, behind });
    (symbol, -40_i64..40, shown).prop_map(|(symbol, step, shown)| Act::Price { symbol, step, shown })
}

fn wish() -> impl Strategy<Value = Wish> {
    let kind = prop_oneof![2 => Just(Kind::Market), 3 => Just(Kind::Limit), 2 => Just(Kind::Stop), 1 => Just(Kind::StopLimit)];
    let what = (traded(), kind, any::<bool>(), any::<bool>());
    let leg = || prop::option::weighted(0.25, 1_i64..25);
    (what, 1_i64..12, 0_i64..25, prop::bool::weighted(0.1), leg(), leg()).prop_map(
        |((symbol, kind, buys, carries), quantity, away, ioc, stop_loss, take_profit)| Wish {
            symbol,
            kind,
            buys,
            carries,
            quantity,
            away,
            ioc,
            stop_loss,
            take_profit,
        },
    )
}
