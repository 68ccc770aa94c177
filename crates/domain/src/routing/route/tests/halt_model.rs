//! A halt against a market that fills orders when it likes: whatever is sent, no position grows and none turns round.

use super::*;

/// What a bot may do in a halt, and what FYERS may do with it.
#[derive(Debug, Clone)]
enum Step {
    Place(i64),
    Sliced(i64),
    Basket(Vec<i64>),
    ExitAll,
    /// An order by a path that is no exit: async, GTT, legs, a change, a conversion.
    Other(usize, i64),
    /// Of the sent orders, this one fills by this much.
    Fill(usize, i64),
    /// The keeper reads the books.
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (-40i64..40).prop_map(Step::Place),
        (-40i64..40).prop_map(Step::Sliced),
        proptest::collection::vec(-20i64..20, 0..5).prop_map(Step::Basket),
        Just(Step::ExitAll),
        (0..OTHERS.len(), -40i64..40).prop_map(|(which, quantity)| Step::Other(which, quantity)),
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

impl Step {
    fn call(&self) -> Option<OrderCall> {
        Some(match self {
            Self::Place(quantity) => place("NSE:A-EQ", *quantity),
            Self::Sliced(quantity) => {
                let mut sliced = order("NSE:A-EQ", *quantity);
                sliced["isSliceOrder"] = json!(true);
                call(Method::Post, "/orders/sync", &sliced)
            }
            Self::Basket(all) => basket(all),
            Self::ExitAll => exit_all(),
            Self::Other(which, quantity) => {
                let (method, path) = OTHERS[*which];
                call(method, path, &order("NSE:A-EQ", *quantity))
            }
            Self::Fill(..) | Self::Look => return None,
        })
    }
}

/// Steps after which an order that FYERS has answered is in its order book. The keeper keeps its reservation as long.
const DELAY: usize = 3;

/// FYERS and what the keeper has sent there.
struct World {
    net: i64,
    /// What is left of each order, and how many steps ago it was sent.
    orders: Vec<(i64, usize)>,
    reserved: Vec<(Reserved, usize)>,
}

impl World {
    fn grow_older(&mut self) {
        self.orders.iter_mut().for_each(|(_, age)| *age += 1);
        self.reserved.iter_mut().for_each(|(_, age)| *age += 1);
    }

    fn fill(&mut self, which: usize, by: i64) {
        if let Some((left, _)) = self.orders.get_mut(which) {
            let filled = by.min(left.abs()) * left.signum();
            (*left, self.net) = (*left - filled, self.net + filled);
        }
    }

    fn send(&mut self, step: &Step, sent: &OrderCall, known: &[Position]) {
        let quantities: Vec<i64> = match step {
            Step::ExitAll => vec![-self.net],
            _ => sent.legs.iter().map(|leg| leg.quantity).collect(),
        };
        self.orders.extend(quantities.into_iter().map(|quantity| (quantity, 0)));
        self.reserved.push((sent.reserved(sent.effect(known, &[]).as_ref()), 0));
    }

    /// What the keeper knows after a reading.
    fn look(&mut self, now: &mut Snapshot) {
        let listed = self.orders.iter().filter(|(left, age)| *left != 0 && *age >= DELAY);
        now.live.waiting = listed.map(|(left, _)| leg("NSE:A-EQ", *left)).collect();
        now.live.positions = vec![position("NSE:A-EQ", self.net)];
        self.reserved.retain(|(_, age)| *age < DELAY);
    }

    fn sent(&self) -> Reserved {
        let all = self.reserved.iter().map(|(reserved, _)| reserved);
        let legs = all.clone().flat_map(|reserved| reserved.legs.clone()).collect();
        Reserved { legs, is_opaque: all.into_iter().any(|reserved| reserved.is_opaque) }
    }
}

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    /// Under a halt, whatever is sent in whatever interleaving with fills and readings, and with an exit from before
    /// the halt still on its way: no position grows and none changes its sign.
    #[test]
    fn a_halt_only_ever_reduces(
        net in -40i64..40, early in 0i64..40, steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut now = halted(holding(Mode::Live, net));
        let mut world = World { net, orders: vec![], reserved: vec![] };
        if early > 0 && early <= net.abs() {
            let exit = Step::Place(-early * net.signum());
            world.send(&exit, &exit.call().unwrap(), &now.live.positions);
        }
        let mut last = net;
        for step in steps {
            world.grow_older();
            now.sent = world.sent();
            match (&step, step.call()) {
                (Step::Fill(which, by), _) => world.fill(*which, *by),
                (_, Some(sent)) if route(&now, &sent) == Route::Fyers => {
                    world.send(&step, &sent, &now.live.positions);
                }
                (Step::Look, _) => world.look(&mut now),
                _ => {}
            }
            prop_assert!(world.net.abs() <= last.abs() && world.net * net >= 0, "{last} became {}", world.net);
            last = world.net;
        }
    }
}
