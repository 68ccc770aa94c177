use fyers_api::{http::Method, operation::Operation};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    bots::{
        admit::{
            Knowledge, decide,
            tests::{day, limited, request, seen, value_limit},
            to_be_priced,
        },
        changed::SentChanges,
    },
    keys::{BotKey, KeyLimits, LimitKind},
    mode::Mode,
    order_journal::{OrderEntry, OrderIntent},
    routing::{
        Venue,
        exposure::tests::position,
        live_positions::{BookRow, LivePositions},
        request::OrderCall,
        route::{Refused, Route},
    },
};
use chrono::DateTime;

const LIMIT: i64 = 1_000;
const LAST: i64 = 100;

fn leg(quantity: i64, price: i64) -> Leg {
    Leg {
        symbol: "NSE:A-EQ".into(),
        product: "INTRADAY".into(),
        quantity,
        price: Decimal::from(price),
        tag: None,
    }
}

fn entry(id: &str, leg: &Leg, key: &BotKey) -> OrderEntry {
    let place = (Operation::Place, Mode::Live, Venue::Fyers);
    let answer = (200, 1101, "", Some(id.to_owned()));
    OrderEntry::new(place, Some(leg), answer, DateTime::UNIX_EPOCH).of(key.name())
}

fn books_with(key: &BotKey, orders: &[(&str, Leg)]) -> BotBooks {
    let mut books = BotBooks::default();
    books.begin(DateTime::UNIX_EPOCH.date_naive());
    for (id, leg) in orders {
        let bot = key.name();
        let call = OrderCall::read(&request(Method::Post, "/orders/sync", &json!({})));
        let intent = OrderIntent::of((1, bot), &call, &change(&json!({})), 0, DateTime::UNIX_EPOCH);
        books.placed_by(&OrderIntent { legs: vec![leg.clone()], ..intent }, &[entry(id, leg, key)]);
    }
    books
}

fn change(body: &Value) -> ApiRequest {
    request(Method::Patch, "/orders/sync", body)
}

fn goes(now: &Snapshot, key: &BotKey, books: &BotBooks, request: &ApiRequest) -> Route {
    let price = |symbol: &str| (symbol == "NSE:A-EQ").then(|| Decimal::from(LAST));
    let known = Knowledge { books, price: &price, units: &|_| Some(1), day: now.own(key).day.clone() };
    decide(now, key, &OrderCall::read(request), request, &known)
}

fn live(key: &BotKey) -> Snapshot {
    seen(Mode::Live, key, Own::default())
}

/// A bot's change as the keeper sends it.
fn send(books: &mut BotBooks, key: &BotKey, intent: i64, body: &Value) -> bool {
    let request = change(body);
    let passes = goes(&live(key), key, books, &request) == Route::Fyers;
    if passes {
        books.change_leaves(intent, &OrderChange::all(&request.body));
    }
    passes
}

#[test]
fn two_changes_in_turn_make_no_order_that_is_worth_more() {
    let key = limited(value_limit(LIMIT));
    let mut books = books_with(&key, &[("7", leg(1, 1))]);
    assert!(send(&mut books, &key, 1, &json!({"id": "7", "qty": 500})));
    assert!(!send(&mut books, &key, 2, &json!({"id": "7", "limitPrice": 700})));
    assert!(
        send(&mut books, &key, 2, &json!({"id": "7", "limitPrice": 2})),
        "it is worth as much as it may be"
    );
    books.change_ended(1, false);
    assert!(send(&mut books, &key, 3, &json!({"id": "7", "limitPrice": 700})), "FYERS has refused the first");
    let Route::Refused(why) = goes(&live(&key), &key, &books, &change(&json!({"id": "7", "qty": 2}))) else {
        panic!("it may be 2 at 700 by now");
    };
    assert!(matches!(&why, Refused::Limit { limit: LimitKind::OrderValue, .. }), "{why}");
    assert!(why.to_string().starts_with("with this change, and those sent before it"), "{why}");
}

#[test]
fn for_any_limit_an_order_must_be_the_bots_own() {
    let limits = [
        KeyLimits { max_orders_per_day: Some(9), ..KeyLimits::default() },
        KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() },
        value_limit(LIMIT),
    ];
    for limits in limits {
        let key = limited(limits);
        let books = books_with(&key, &[("7", leg(1, 1))]);
        let to = |id: &str| goes(&live(&key), &key, &books, &change(&json!({"id": id, "qty": 2})));
        assert_eq!(to("7"), Route::Fyers, "{limits:?}");
        assert!(matches!(to("8"), Route::Refused(Refused::Unchecked { .. })), "{limits:?}");
    }
    let free = limited(KeyLimits::default());
    let others = change(&json!({"id": "8", "qty": 2}));
    assert_eq!(goes(&live(&free), &free, &BotBooks::default(), &others), Route::Fyers);
}

/// The account with this position and these orders that wait at FYERS.
fn holding(key: &BotKey, net: i64, waiting: &[(&str, Leg)]) -> Snapshot {
    let now = live(key);
    let positions = vec![position("NSE:A-EQ", net)];
    let (ids, waiting) = waiting.iter().map(|(id, leg)| ((*id).to_owned(), leg.clone())).unzip();
    Snapshot { live: LivePositions { positions, waiting, waiting_ids: ids, ..now.live.clone() }, ..now }
}

#[test]
fn a_change_of_an_exit_passes_while_it_only_reduces() {
    let key = limited(KeyLimits { max_loss: Some(Decimal::from(500)), ..value_limit(1) });
    let exit = ("7", leg(-10, 90));
    let books = books_with(&key, std::slice::from_ref(&exit));
    let passes = |now: &Snapshot, body: &Value| goes(now, &key, &books, &change(body)) == Route::Fyers;
    let now = holding(&key, 10, std::slice::from_ref(&exit));
    for body in
        [json!({"id": "7", "limitPrice": 95}), json!({"id": "7", "qty": 4}), json!({"id": "7", "type": 2})]
    {
        assert!(passes(&now, &body), "{body}");
    }
    assert!(!passes(&now, &json!({"id": "7", "qty": 11})), "larger than what is open");
    let beside = holding(&key, 10, &[exit.clone(), ("8", leg(-1, 90))]);
    assert!(!passes(&beside, &json!({"id": "7", "limitPrice": 95})), "another exit waits beside it");
    let sent = Snapshot {
        sent: crate::routing::request::Reserved { legs: vec![exit.1.clone()], ..Default::default() },
        ..holding(&key, 10, &[])
    };
    assert!(passes(&sent, &json!({"id": "7", "limitPrice": 95})), "no reading shows it yet");
    let symbols = |now: &Snapshot, body: &Value| {
        let request = change(body);
        to_be_priced(now, &key, &OrderCall::read(&request), &request, &books)
    };
    assert_eq!(symbols(&now, &json!({"id": "7", "limitPrice": 95})), [""; 0]);
    assert_eq!(symbols(&now, &json!({"id": "7", "qty": 11})), ["NSE:A-EQ"], "the order's symbol is priced");
}

#[test]
fn what_has_filled_of_an_exit_is_left_out() {
    let key = limited(value_limit(1));
    let mut books = books_with(&key, &[("7", leg(-10, 90))]);
    let row = row("7", -10, 90, -4);
    let now = holding(&key, 6, &[("7", row.leg.clone())]);
    books.saw(&[row], None, &|_| Some(1));
    assert_eq!(goes(&now, &key, &books, &change(&json!({"id": "7", "limitPrice": 95}))), Route::Fyers);
    assert_ne!(goes(&now, &key, &books, &change(&json!({"id": "7", "qty": 10}))), Route::Fyers);
}

#[test]
fn a_simulated_exit_stays_one_too() {
    let key = crate::bots::admit::tests::key("trial", Mode::Sandbox, value_limit(1), false);
    let simulated = vec![position("NSE:A-EQ", 10)];
    let waiting = vec![leg(-10, 90)];
    let own = Own { left: simulated.clone(), simulated, waiting, ..day(0, 0) };
    let now = seen(Mode::Sandbox, &key, own);
    let changed = |quantity: i64| ChangedOrder {
        id: "MOCK1".into(),
        order: OwnOrder { leg: leg(-10, 90), at_most: AtMost::of(&leg(-10, 90)), left: 10 },
        at_most: AtMost::of(&leg(-quantity, 90)),
        left: quantity,
    };
    let stays = |quantity| changed(quantity).stays_exit(&now, (&key, &BotBooks::default()), false);
    assert!(stays(10) && !stays(11));
}

fn row(id: &str, quantity: i64, price: i64, filled: i64) -> BookRow {
    let leg = leg(quantity - filled, price);
    let (waits, average, at) = (true, Decimal::ZERO, None);
    BookRow {
        id: id.to_owned(),
        leg,
        whole: quantity,
        waits,
        filled,
        average,
        stop: Decimal::ZERO,
        is_unfilled: false,
        at,
    }
}

#[derive(Debug, Clone)]
enum Move {
    Change {
        order: usize,
        quantity: Option<i64>,
        limit: Option<i64>,
        kind: Option<i64>,
    },
    /// One that was sent comes to FYERS, which takes it or not, and answers or not.
    Arrives {
        which: usize,
        is_taken: bool,
        is_answered: bool,
    },
    Answers {
        which: usize,
    },
    /// FYERS' book, as it is or as it was when it was looked at last.
    Book {
        is_old: bool,
    },
    Restart,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let number = || prop::sample::select(vec![1i64, 2, 9, 10, 11, 100, 700, 1_000]);
    let kind = prop::option::of(prop::sample::select(vec![1i64, 2, 3, 4]));
    let change = (0usize..2, prop::option::of(number()), prop::option::of(number()), kind)
        .prop_map(|(order, quantity, limit, kind)| Move::Change { order, quantity, limit, kind });
    let one = prop_oneof![
        6 => change,
        4 => (0usize..4, any::<bool>(), any::<bool>())
            .prop_map(|(which, is_taken, is_answered)| Move::Arrives { which, is_taken, is_answered }),
        3 => (0usize..4).prop_map(|which| Move::Answers { which }),
        2 => any::<bool>().prop_map(|is_old| Move::Book { is_old }),
        1 => Just(Move::Restart),
    ];
    prop::collection::vec(one, 1..40)
}

/// An order as it stands at FYERS.
#[derive(Debug, Clone, Copy)]
struct Standing {
    quantity: i64,
    limit: i64,
    is_at_market: bool,
}

impl Standing {
    fn change(&mut self, body: &Value) {
        self.quantity = body["qty"].as_i64().unwrap_or(self.quantity);
        self.limit = body["limitPrice"].as_i64().unwrap_or(self.limit);
        self.is_at_market = body["type"].as_i64().map_or(self.is_at_market, |kind| !matches!(kind, 1 | 4));
    }

    fn worth(&self, side: i64) -> i64 {
        let price = match (self.is_at_market, side) {
            (true, _) => LAST,
            (false, 1) => self.limit,
            _ => self.limit.max(LAST),
        };
        self.quantity * price
    }

    fn row(&self, id: &str, side: i64) -> BookRow {
        row(id, side * self.quantity, if self.is_at_market { 0 } else { self.limit }, 0)
    }
}

struct Game {
    key: BotKey,
    placed: Vec<(&'static str, Leg)>,
    books: BotBooks,
    fyers: Vec<Standing>,
    sent: Vec<(i64, usize, Value)>,
    answers: Vec<(i64, bool)>,
    seen: Vec<BookRow>,
    intents: i64,
}

impl Game {
    fn new(placed: [(i64, i64); 2], side: i64) -> Self {
        let key = limited(value_limit(LIMIT));
        let ids = ["7", "8"].into_iter();
        let placed: Vec<_> =
            ids.zip(placed).map(|(id, (quantity, price))| (id, leg(side * quantity, price))).collect();
        let standing = |(_, leg): &(&str, Leg)| Standing {
            quantity: leg.quantity.abs(),
            limit: i64::try_from(leg.price).unwrap(),
            is_at_market: leg.price.is_zero(),
        };
        let (books, fyers) = (books_with(&key, &placed), placed.iter().map(standing).collect());
        Self { key, placed, books, fyers, sent: vec![], answers: vec![], seen: vec![], intents: 10 }
    }

    fn side(&self) -> i64 {
        self.placed[0].1.quantity.signum()
    }

    fn play(&mut self, next: &Move) {
        match *next {
            Move::Change { order, quantity, limit, kind } => {
                let id = self.placed[order].0;
                let body = json!({"id": id, "qty": quantity, "limitPrice": limit, "type": kind});
                self.intents += 1;
                if send(&mut self.books, &self.key, self.intents, &body) {
                    self.sent.push((self.intents, order, body));
                }
            }
            Move::Arrives { which, is_taken, is_answered } if which < self.sent.len() => {
                let (intent, order, body) = self.sent.remove(which);
                if is_taken {
                    self.fyers[order].change(&body);
                }
                if is_answered {
                    self.answers.push((intent, is_taken));
                }
            }
            Move::Answers { which } if which < self.answers.len() => {
                let (intent, is_taken) = self.answers.remove(which);
                self.books.change_ended(intent, is_taken);
            }
            Move::Book { is_old } => {
                if !is_old {
                    let rows = self.fyers.iter().zip(&self.placed);
                    self.seen = rows.map(|(one, (id, _))| one.row(id, self.side())).collect();
                }
                self.books.saw(&self.seen, None, &|_| Some(1));
            }
            Move::Restart => {
                let kept = serde_json::to_string(self.books.changes()).unwrap();
                let kept: SentChanges = serde_json::from_str(&kept).unwrap();
                self.books = books_with(&self.key, &self.placed);
                self.books.recall_changes(kept, DateTime::UNIX_EPOCH.date_naive());
            }
            Move::Arrives { .. } | Move::Answers { .. } => {}
        }
    }
}

proptest! {
    /// In whatever order changes leave, come to FYERS and are answered, and whatever the keeper has read or forgotten: no order
    /// that stands at FYERS is worth more than its key's limit.
    #[test]
    fn no_order_at_fyers_is_ever_worth_more_than_the_limit(
        first in prop::sample::select(vec![(1i64, 1i64), (10, 100), (1, 1_000), (10, 0), (100, 10)]),
        second in prop::sample::select(vec![(1i64, 0i64), (2, 100), (10, 1)]),
        is_sale: bool,
        moves in moves(),
    ) {
        let side = if is_sale { -1 } else { 1 };
        let placed = [first, second];
        prop_assume!(placed.iter().all(|(quantity, limit)| {
            Standing { quantity: *quantity, limit: *limit, is_at_market: *limit == 0 }.worth(side) <= LIMIT
        }));
        let mut game = Game::new(placed, side);
        for next in &moves {
            game.play(next);
            for one in &game.fyers {
                prop_assert!(one.worth(side) <= LIMIT, "{one:?} after {next:?}");
            }
        }
    }
}
