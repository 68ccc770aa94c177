use fyers_api::http::{ApiRequest, Method};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::{
    Knowledge, decide,
    tests::{day, limited, request, seen, value_limit},
};
use super::*;
use crate::{
    keys::{KeyLimits, LimitKind},
    mode::Mode,
    order_journal::OrderEntry,
    routing::{
        Venue,
        exposure::tests::position,
        live_positions::LivePositions,
        own::Own,
        route::{Refused, Route},
    },
};
use chrono::DateTime;

const A: &str = "NSE:A-EQ";
const LAST: i64 = 100;

fn leg(quantity: i64, price: i64) -> Leg {
    Leg { symbol: A.into(), product: "INTRADAY".into(), quantity, price: Decimal::from(price), tag: None }
}

fn place(quantity: i64, price: i64) -> ApiRequest {
    let body = json!({"symbol": A, "qty": quantity.abs(), "side": quantity.signum(), "productType": "INTRADAY",
        "type": if price == 0 { 2 } else { 1 }, "limitPrice": price});
    request(Method::Post, "/orders/sync", &body)
}

fn close(body: &Value) -> ApiRequest {
    request(Method::Delete, "/positions", body)
}

fn convert() -> ApiRequest {
    let body = json!({"symbol": "NSE:A-EQ-INTRADAY", "positionSide": 1, "convertQty": 10, "convertFrom": "INTRADAY",
        "convertTo": "MARGIN"});
    request(Method::Post, "/positions", &body)
}

/// Books in which these orders that wait are the bot's.
fn books(key: &BotKey, orders: &[(&str, Leg)]) -> BotBooks {
    let mut books = BotBooks::default();
    books.begin(DateTime::UNIX_EPOCH.date_naive());
    for (id, leg) in orders {
        let place = (Operation::Place, Mode::Live, Venue::Fyers);
        let answer = (200, 1101, "", Some((*id).to_owned()));
        books.placed(&OrderEntry::new(place, Some(leg), answer, DateTime::UNIX_EPOCH).of(key.name()));
    }
    books
}

/// The account at FYERS with this position and these orders that wait.
fn account(key: &BotKey, net: i64, waiting: &[(&str, Leg)]) -> Snapshot {
    let now = seen(Mode::Live, key, Own::default());
    let positions = vec![position(A, net), position("NSE:B-EQ", 5)];
    let (ids, waiting) = waiting.iter().map(|(id, leg)| ((*id).to_owned(), leg.clone())).unzip();
    Snapshot { live: LivePositions { positions, waiting, waiting_ids: ids, ..now.live.clone() }, ..now }
}

fn goes(now: &Snapshot, key: &BotKey, books: &BotBooks, request: &ApiRequest) -> Route {
    let price = |symbol: &str| (symbol == A).then(|| Decimal::from(LAST));
    let known = Knowledge { books, price: &price, units: &|_| Some(1), day: now.own(key).day.clone() };
    decide(now, key, &OrderCall::read(request), request, &known)
}

fn no_exit(route: &Route) -> Option<NoExit> {
    match route {
        Route::Refused(Refused::NoExit { why, .. }) => Some(*why),
        _ => None,
    }
}

/// Which limit does not matter: what waits as an exit must not be left behind by any of these.
#[test]
fn while_an_exit_waits_the_position_is_neither_closed_nor_converted_nor_exited_twice() {
    let limits = [
        value_limit(1_000),
        KeyLimits { max_orders_per_day: Some(1), ..KeyLimits::default() },
        KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() },
    ];
    let by_id = close(&json!({"id": "NSE:A-EQ-INTRADAY"}));
    for limits in limits {
        let key = limited(limits);
        let exit = [("7", leg(-20, 120))];
        let (now, books) = (account(&key, 20, &exit), books(&key, &exit));
        for refused in [&by_id, &close(&json!({"exit_all": 1})), &convert(), &place(-20, 120)] {
            let now = Snapshot { own: now.own.clone(), ..now.clone() };
            let with_day = seen(Mode::Live, &key, day(5, -5_000));
            let now = Snapshot { own: with_day.own, ..now };
            assert_eq!(no_exit(&goes(&now, &key, &books, refused)), Some(NoExit::OnItsWay), "{refused:?}");
        }
        let also_cancels = close(&json!({"exit_all": 1, "pending_orders_cancel": 1}));
        let another = close(&json!({"id": ["NSE:B-EQ-INTRADAY"]}));
        for passes in [also_cancels, another] {
            assert_eq!(goes(&now, &key, &books, &passes), Route::Fyers, "{passes:?}");
        }
        let free = account(&key, 20, &[]);
        for passes in [&by_id, &convert(), &place(-20, 120)] {
            assert_eq!(goes(&free, &key, &books, passes), Route::Fyers, "{passes:?}");
        }
        let unread = Snapshot { looked: false, ..free };
        assert_eq!(no_exit(&goes(&unread, &key, &books, &convert())), Some(NoExit::Unknown));
    }
    let free = limited(KeyLimits::default());
    let now = account(&free, 20, &[("7", leg(-20, 120))]);
    assert_eq!(goes(&now, &free, &BotBooks::default(), &by_id), Route::Fyers, "no limits, no rule");
}

#[test]
fn a_small_entry_does_not_make_an_entry_of_a_large_exit() {
    let key = limited(value_limit(1_000));
    let exit = [("7", leg(-20, 120))];
    let (now, books) = (account(&key, 20, &exit), books(&key, &exit));
    assert_eq!(no_exit(&goes(&now, &key, &books, &place(-1, 100))), Some(NoExit::OnItsWay));
    assert_eq!(goes(&now, &key, &books, &place(1, 100)), Route::Fyers, "one that opens more");
    let small = [("7", leg(-2, 120)), ("8", leg(-18, 120))];
    let others = account(&key, 20, &small);
    let own = self::books(&key, &small[..1]);
    assert_eq!(goes(&others, &key, &own, &place(-1, 100)), Route::Fyers, "another's is its own matter");
}

#[test]
fn a_gtt_order_is_no_exit_and_with_a_largest_loss_only_sells_shares() {
    let gtt = |product: &str| {
        let leg = json!({"price": 120, "triggerPrice": 119, "qty": 20});
        let body = json!({"symbol": A, "side": -1, "productType": product, "orderInfo": {"leg1": leg}});
        request(Method::Post, "/gtt/orders/sync", &body)
    };
    let value = limited(value_limit(1_000));
    let now = account(&value, 20, &[]);
    let goes =
        |now: &Snapshot, key: &BotKey, product: &str| goes(now, key, &BotBooks::default(), &gtt(product));
    assert!(matches!(goes(&now, &value, "INTRADAY"), Route::Refused(Refused::Limit { .. })));
    assert_eq!(goes(&now, &value, "CNC"), Route::Fyers);
    let loss = limited(KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() });
    assert!(matches!(goes(&now, &loss, "INTRADAY"), Route::Refused(Refused::Unchecked { .. })));
    assert_eq!(goes(&now, &loss, "CNC"), Route::Fyers);
}

#[test]
fn a_stop_without_a_limit_is_the_least_that_it_costs() {
    let key = limited(value_limit(1_000));
    let now = account(&key, 0, &[]);
    let stop = |price: i64| {
        let body = json!({"symbol": A, "qty": 1, "side": 1, "productType": "INTRADAY", "type": 3, "stopPrice": price});
        request(Method::Post, "/orders/sync", &body)
    };
    assert_eq!(goes(&now, &key, &BotBooks::default(), &stop(1_000)), Route::Fyers);
    let large = goes(&now, &key, &BotBooks::default(), &stop(1_001));
    assert!(
        matches!(large, Route::Refused(Refused::Limit { limit: LimitKind::OrderValue, .. })),
        "{large:?}"
    );
    let order = [("7", leg(1, 900))];
    let change = |price: i64| request(Method::Patch, "/orders/sync", &json!({"id": "7", "stopPrice": price}));
    let now = account(&key, 0, &order);
    assert_eq!(goes(&now, &key, &books(&key, &order), &change(1_000)), Route::Fyers);
    let large = goes(&now, &key, &books(&key, &order), &change(1_800));
    assert!(
        matches!(large, Route::Refused(Refused::Limit { limit: LimitKind::OrderValue, .. })),
        "{large:?}"
    );
}

/// Nobody knows what it has filled until the order book has told.
#[test]
fn with_a_largest_loss_entries_wait_for_the_fate_of_an_order_that_got_no_answer() {
    use crate::order_journal::{LookedUp, Unanswered};
    let key = limited(KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() });
    let now = account(&key, 20, &[]);
    let with = |known: LookedUp| {
        let mut books = books(&key, &[]);
        for known in [LookedUp::LookedFor, known] {
            let order = (Operation::Place, Mode::Live, Venue::Fyers);
            let entry = OrderEntry::new(order, Some(&leg(10, 0)), (200, 0, "", None), DateTime::UNIX_EPOCH);
            let (product, sent) = ("INTRADAY".to_owned(), None);
            let lost = Unanswered { intent: 7, place: 0, product, known, sent, is_told: false, rows: vec![] };
            books.placed(&OrderEntry { unanswered: Some(lost), ..entry }.of(key.name()));
        }
        books
    };
    for (known, waits) in [
        (LookedUp::LookedFor, true),
        (LookedUp::LookYourself, true),
        (LookedUp::NotFound, false),
        (LookedUp::Found, false),
    ] {
        let entry = goes(&now, &key, &with(known), &place(1, 100));
        assert_eq!(matches!(entry, Route::Refused(Refused::Unchecked { .. })), waits, "{known:?}: {entry:?}");
        assert_eq!(goes(&now, &key, &with(known), &place(-5, 100)), Route::Fyers, "an exit");
    }
}

/// FYERS, and what one bot with a limit of value sends there.
struct World {
    net: i64,
    /// What is left, the limit, and whether it was within the key's limit when it was sent.
    orders: Vec<(i64, i64, bool)>,
}

#[derive(Debug, Clone)]
enum Step {
    Place(i64, i64),
    Close,
    CloseAndCancel,
    Convert,
    Fill(usize),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (-30i64..30, 90i64..130).prop_map(|(quantity, price)| Step::Place(quantity, price)),
        2 => Just(Step::Close),
        1 => Just(Step::CloseAndCancel),
        1 => Just(Step::Convert),
        3 => (0usize..6).prop_map(Step::Fill),
        1 => (0usize..6).prop_map(Step::Cancel),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(500)))]

    /// Whatever a bot sends and whatever fills: an order that is worth more than the limit only ever closes.
    #[test]
    fn what_passes_as_an_exit_never_becomes_an_unlimited_entry(
        net in -30i64..30, steps in proptest::collection::vec(step(), 1..40),
    ) {
        let key = limited(value_limit(1_000));
        let mut world = World { net, orders: vec![] };
        for step in steps {
            let ids: Vec<String> = (0..world.orders.len()).map(|id| id.to_string()).collect();
            let waiting: Vec<(&str, Leg)> = ids.iter().zip(&world.orders)
                .filter(|(_, order)| order.0 != 0)
                .map(|(id, (left, price, _))| (id.as_str(), leg(*left, *price))).collect();
            let (now, books) = (account(&key, world.net, &waiting), books(&key, &waiting));
            let passes = |request: &ApiRequest| goes(&now, &key, &books, request) == Route::Fyers;
            match step {
                Step::Place(quantity, price) if quantity != 0 && passes(&place(quantity, price)) => {
                    let worth = if quantity < 0 { price.max(LAST) } else { price } * quantity.abs();
                    world.orders.push((quantity, price, worth <= 1_000));
                }
                Step::Close if passes(&close(&json!({"id": "NSE:A-EQ-INTRADAY"}))) => world.net = 0,
                Step::CloseAndCancel if passes(&close(&json!({"exit_all": 1, "pending_orders_cancel": 1}))) => {
                    world = World { net: 0, orders: vec![] };
                }
                Step::Convert if passes(&convert()) => world.net = 0,
                Step::Fill(which) => if let Some((left, _, is_small)) = world.orders.get_mut(which) {
                    let after = world.net + *left;
                    let closes = world.net.signum() == -left.signum() && after.abs() <= world.net.abs() && after * world.net >= 0;
                    prop_assert!(*left == 0 || *is_small || closes, "{} by {left}", world.net);
                    (world.net, *left) = (after, 0);
                },
                Step::Cancel(which) => if let Some((left, ..)) = world.orders.get_mut(which) {
                    *left = 0;
                },
                _ => {}
            }
        }
    }
}
