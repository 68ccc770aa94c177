//! An account at FYERS with two symbols and two products, and what the keeper has sent there: for models of random steps.

use fyers_api::model::Product;

use super::*;

/// What a bot may do, and what FYERS may do with it.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Place(Signed),
    Sliced(Signed),
    Basket(Vec<Signed>),
    ExitAll,
    /// An order by a path that is no exit: async, GTT, legs, a change, a conversion.
    Other(usize, Signed),
    /// Of the sent orders, this one fills by this much.
    Fill(usize, i64),
    /// The keeper reads the books.
    Look,
}

/// A quantity in one of the [`PLACES`].
pub(super) type Signed = (usize, i64);

/// Where something can be open.
pub(super) const PLACES: [(&str, &str, Product); 4] = [
    ("NSE:A-EQ", "INTRADAY", Product::Intraday),
    ("NSE:A-EQ", "CNC", Product::Cnc),
    ("NSE:B-EQ", "INTRADAY", Product::Intraday),
    ("NSE:B-EQ", "CNC", Product::Cnc),
];

/// Most of the time one of them, so that orders meet.
fn place_in() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(0usize), 2 => 0..PLACES.len()]
}

fn signed(most: i64) -> impl Strategy<Value = Signed> {
    (place_in(), -most..most)
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        signed(40).prop_map(Step::Place),
        signed(40).prop_map(Step::Sliced),
        proptest::collection::vec(signed(20), 0..5).prop_map(Step::Basket),
        Just(Step::ExitAll),
        (0..OTHERS.len(), signed(40)).prop_map(|(which, order)| Step::Other(which, order)),
        (0usize..8, 1i64..40).prop_map(|(which, by)| Step::Fill(which, by)),
        Just(Step::Look),
    ]
}

const OTHERS: [(Method, &str); 6] = [
    (Method::Post, "/orders/async"),
    (Method::Post, "/multileg/orders/sync"),
    (Method::Post, "/gtt/orders/sync"),
    (Method::Patch, "/orders/sync"),
    (Method::Post, "/smart-order/step"),
    (Method::Post, "/positions"),
];

fn written((place, quantity): Signed) -> Value {
    let (symbol, product, _) = PLACES[place];
    let mut written = order(symbol, quantity);
    written["productType"] = json!(product);
    written
}

impl Step {
    pub(super) fn call(&self) -> Option<OrderCall> {
        Some(match self {
            Self::Place(order) => call(Method::Post, "/orders/sync", &written(*order)),
            Self::Sliced(order) => {
                let mut sliced = written(*order);
                sliced["isSliceOrder"] = json!(true);
                call(Method::Post, "/orders/sync", &sliced)
            }
            Self::Basket(all) => {
                let rows: Vec<Value> = all.iter().map(|order| written(*order)).collect();
                call(Method::Post, "/multi-order/sync", &json!(rows))
            }
            Self::ExitAll => exit_all(),
            Self::Other(which, order) => {
                let (method, path) = OTHERS[*which];
                call(method, path, &written(*order))
            }
            Self::Fill(..) | Self::Look => return None,
        })
    }
}

/// Where an order is; it may be in any product of its symbol where it names none.
pub(super) fn places_of(order: &Leg) -> Vec<usize> {
    let is_of = |product: &str| order.product.is_empty() || order.product == product;
    let places = PLACES.iter().enumerate();
    let its = places.filter(|(_, (symbol, product, _))| order.is_in(symbol) && is_of(product));
    its.map(|(place, _)| place).collect()
}

/// What is open, as the books show it.
pub(super) fn positions(net: [i64; 4]) -> Vec<Position> {
    let row = |((symbol, _, product), net): ((&str, &str, Product), i64)| Position {
        product,
        ..position(symbol, net)
    };
    PLACES.into_iter().zip(net).map(row).collect()
}

/// Steps after which an order that FYERS has answered is in its order book. The keeper keeps its reservation as long.
const DELAY: usize = 3;

/// FYERS and what the keeper has sent there.
pub(super) struct World {
    pub(super) net: [i64; 4],
    /// Where each order is, what is left of it, and how many steps ago it was sent.
    orders: Vec<(usize, i64, usize)>,
    reserved: Vec<(Reserved, usize)>,
}

impl World {
    pub(super) fn holding(net: [i64; 4]) -> Self {
        Self { net, orders: vec![], reserved: vec![] }
    }

    pub(super) fn grow_older(&mut self) {
        self.orders.iter_mut().for_each(|(.., age)| *age += 1);
        self.reserved.iter_mut().for_each(|(_, age)| *age += 1);
    }

    pub(super) fn fill(&mut self, which: usize, by: i64) {
        if let Some((place, left, _)) = self.orders.get_mut(which) {
            let filled = by.min(left.abs()) * left.signum();
            *left -= filled;
            self.net[*place] += filled;
        }
    }

    pub(super) fn send(&mut self, step: &Step, sent: &OrderCall, known: &[Position]) {
        let orders: Vec<Signed> = match step {
            Step::ExitAll => self.net.iter().map(|net| -net).enumerate().collect(),
            _ => sent.legs.iter().map(|leg| (places_of(leg)[0], leg.quantity)).collect(),
        };
        let orders = orders.into_iter().filter(|(_, quantity)| *quantity != 0);
        self.orders.extend(orders.map(|(place, quantity)| (place, quantity, 0)));
        self.reserved.push((sent.reserved(sent.effect(known, &[]).as_ref()), 0));
    }

    /// What the keeper knows after it has read the books.
    pub(super) fn look(&mut self, now: &mut Snapshot) {
        let listed = self.orders.iter().filter(|(_, left, age)| *left != 0 && *age >= DELAY);
        let waiting = |(place, left, _): &(usize, i64, usize)| {
            let (symbol, product, _) = PLACES[*place];
            Leg { product: product.into(), ..leg(symbol, *left) }
        };
        now.live.waiting = listed.map(waiting).collect();
        now.live.positions = positions(self.net);
        self.reserved.retain(|(_, age)| *age < DELAY);
    }

    pub(super) fn sent(&self) -> Reserved {
        let all = self.reserved.iter().map(|(reserved, _)| reserved);
        let legs = all.clone().flat_map(|reserved| reserved.legs.clone()).collect();
        Reserved { legs, is_opaque: all.into_iter().any(|reserved| reserved.is_opaque) }
    }
}

/// The keeper has read that this is open.
pub(super) fn knowing(net: [i64; 4]) -> Snapshot {
    let live = LivePositions { positions: positions(net), ..snapshot(Mode::Live).live };
    Snapshot { live, ..snapshot(Mode::Live) }
}

/// What may be open at the beginning; shares in delivery are not sold short.
pub(super) fn open() -> impl Strategy<Value = [i64; 4]> {
    (-40i64..40, 0i64..40, -40i64..40).prop_map(|(first, shares, second)| [first, shares, second, 0])
}
