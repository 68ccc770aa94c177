use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::model::{OrderRequest, OrderType, Side};
use mock_exchange::{
    Charges, Command, Config, Engine, ExitScope, Instruments, NewOrder, PriceUpdate, sessions::Segment,
};
use proptest::prelude::*;

use super::*;
use crate::routing::{live_positions::BookRow, request::Leg};

const SYMBOLS: [&str; 2] = ["NSE:SBIN-EQ", "NSE:INFY-EQ"];
const BOTS: [&str; 3] = ["default", "alpha", "beta"];

fn bot(n: usize) -> BotName {
    BotName::new(BOTS[n]).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    // Monday, 23 November 2026, 10:00 IST.
    "2026-11-23T04:30:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

#[derive(Debug, Clone)]
enum Move {
    Order { bot: usize, symbol: usize, product: Product, quantity: i64, limit: Option<i64> },
    Price { symbol: usize, price: i64 },
    Exit { bot: usize },
    SquareOff,
    NewDay,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let product = prop_oneof![3 => Just(Product::Intraday), 1 => Just(Product::Cnc)];
    let order = (0usize..3, 0usize..2, product, -9i64..10, prop::option::of(95i64..106)).prop_map(
        |(bot, symbol, product, quantity, limit)| Move::Order { bot, symbol, product, quantity, limit },
    );
    let price = (0usize..2, 95i64..106).prop_map(|(symbol, price)| Move::Price { symbol, price });
    let one = prop_oneof![
        12 => order,
        6 => price,
        2 => (0usize..3).prop_map(|bot| Move::Exit { bot }),
        1 => Just(Move::SquareOff),
        1 => Just(Move::NewDay),
    ];
    prop::collection::vec(one, 1..60)
}

struct Game {
    engine: Engine,
    books: BotBooks,
    day: u32,
    now: i64,
}

impl Game {
    fn new() -> Self {
        let config =
            Config { charges: Charges::Off, around_the_clock: true, ..Config::new(Decimal::from(1_000_000)) };
        let engine = Engine::new(config, Instruments::default());
        let mut game = Self { engine, books: BotBooks::default(), day: 23, now: 0 };
        game.play(&Move::NewDay);
        for symbol in [0, 1] {
            game.play(&Move::Price { symbol, price: 100 });
        }
        game
    }

    fn play(&mut self, next: &Move) {
        self.now += 1;
        let at = at(self.now);
        let (command, by) = match *next {
            Move::Order { quantity: 0, .. } => return,
            Move::Order { bot: n, symbol, product, quantity, limit } => {
                let request = OrderRequest {
                    symbol: SYMBOLS[symbol].into(),
                    quantity: quantity.abs(),
                    side: if quantity > 0 { Side::Buy } else { Side::Sell },
                    order_type: if limit.is_some() { OrderType::Limit } else { OrderType::Market },
                    product,
                    limit_price: limit.map(Decimal::from).unwrap_or_default(),
                    stop_price: Decimal::ZERO,
                    tag: None,
                };
                (Command::Place { order: NewOrder::from(request), at }, Some(bot(n)))
            }
            Move::Price { symbol, price } => {
                (Command::Quote(PriceUpdate::last(SYMBOLS[symbol], Decimal::from(price), at)), None)
            }
            Move::Exit { bot: n } => {
                (Command::ExitPosition { exit: ExitScope::All, cancel_pending: true, at }, Some(bot(n)))
            }
            Move::SquareOff => (Command::SquareOff { segment: Segment::Cash, at }, None),
            Move::NewDay => {
                self.day += 1;
                let date = NaiveDate::from_ymd_opt(2026, 11, self.day.min(30)).unwrap();
                (Command::NewDay { date }, None)
            }
        };
        if let Ok(records) = self.engine.decide(&command) {
            self.engine.commit(&command, &records);
            self.books.record(&records, by.as_ref());
        }
    }

    fn net(&self, symbol: &str, product: Product) -> i64 {
        let of = |bot: &BotName| self.books.simulated(bot);
        let all = self.books.bots().flat_map(of).filter(|one| one.symbol == symbol && one.product == product);
        all.map(|one| one.net).sum()
    }
}

proptest! {
    /// Whatever bots order and whatever the exchange closes by itself: the bots' positions are the account's.
    #[test]
    fn the_bots_positions_together_are_the_accounts(moves in moves()) {
        let mut game = Game::new();
        for next in &moves {
            game.play(next);
            for account in game.engine.ledger().accounts.values() {
                prop_assert_eq!(game.net(&account.symbol, account.product), account.net, "{:?} after {:?}", account.symbol, next);
            }
            for symbol in SYMBOLS {
                for product in [Product::Intraday, Product::Cnc] {
                    let known = game.engine.ledger().accounts.values().any(|one| one.symbol == symbol && one.product == product);
                    prop_assert!(known || game.net(symbol, product) == 0);
                }
            }
            let text = serde_json::to_string(&game.books).unwrap();
            let mut read: BotBooks = serde_json::from_str(&text).unwrap();
            read.recall_waiting(game.engine.waiting());
            prop_assert_eq!(&read, &game.books, "a restart keeps everything");
            let waiting: Vec<String> = game.engine.waiting().map(|order| order.id).collect();
            prop_assert_eq!(game.books.orders.ids(), waiting.iter().map(String::as_str).collect());
        }
    }
}

#[test]
fn only_what_is_not_the_owners_is_written_of_what_waits_and_older_books_are_read() {
    let mut game = Game::new();
    let waits =
        |bot| Move::Order { bot, symbol: 0, product: Product::Intraday, quantity: 1, limit: Some(96) };
    for bot in [0, 0, 1] {
        game.play(&waits(bot));
    }
    let ids: Vec<String> = game.engine.waiting().map(|order| order.id).collect();
    let owners = |books: &BotBooks| ids.iter().map(|id| books.owner_of(id).cloned()).collect::<Vec<_>>();
    let written = serde_json::to_value(&game.books).unwrap();
    assert_eq!(written["orders"], serde_json::json!({ ids[2].as_str(): { "bot": "alpha" } }));
    let before = |bot: Option<&str>| serde_json::json!({"bot": bot, "symbol": SYMBOLS[0], "product": "INTRADAY", "sign": 1, "quantity": 1, "filled": 0, "price": "96"});
    let older = serde_json::json!({"orders": {
        ids[0].as_str(): before(Some("default")), ids[2].as_str(): before(Some("alpha")), "MOCK26112300000077": before(None),
    }});
    let mut older: BotBooks = serde_json::from_value(older).unwrap();
    older.recall_waiting(game.engine.waiting());
    assert_eq!(owners(&older), [Some(bot(0)), Some(bot(0)), Some(bot(1))]);
    assert_eq!(owners(&older), owners(&game.books));
}

#[test]
fn what_each_bot_has_won_and_lost_is_its_own() {
    let mut game = Game::new();
    let order =
        |bot, quantity| Move::Order { bot, symbol: 0, product: Product::Intraday, quantity, limit: None };
    let price = |price| Move::Price { symbol: 0, price };
    for next in [order(1, 10), order(2, -10), price(90), order(1, -10)] {
        game.play(&next);
    }
    let day = |game: &Game, n: usize, price: Option<i64>| {
        let price = move |_: &str| price.map(Decimal::from);
        game.books.own(at(0).date_naive(), &bot(n), &price).day
    };
    assert_eq!(day(&game, 1, Some(90)).result, Decimal::from(-100));
    assert_eq!(day(&game, 2, Some(90)).result, Decimal::from(100));
    let unpriced = day(&game, 2, None);
    assert_eq!((unpriced.result, unpriced.unpriced.len()), (Decimal::ZERO, 1), "not known is said to be so");
    assert_eq!(game.books.simulated(&bot(2))[0].net, -10);
    game.books.inherit(&bot(2));
    assert_eq!(
        game.books.simulated(&BotName::owner())[0].net,
        -10,
        "a key that goes leaves its position behind"
    );
}

#[test]
fn a_bots_orders_at_fyers_are_known_by_their_ids_and_counted_by_day() {
    use crate::mode::Mode;
    let alpha = bot(1);
    let today = ist::date(at(0));
    let leg = Leg {
        symbol: "NSE:SBIN-EQ".into(),
        product: "INTRADAY".into(),
        quantity: 10,
        price: Decimal::ZERO,
        tag: None,
    };
    let entry = |venue, id: &str, at| {
        let answer = (200, 1101, "", Some(id.to_owned()));
        OrderEntry::new((Operation::Place, Mode::Live, venue), Some(&leg), answer, at).of(&alpha)
    };
    let entries = [
        entry(Venue::Fyers, "26", at(0)),
        entry(Venue::Mock, "MOCK1", at(1)),
        entry(Venue::None, "", at(2)),
        entry(Venue::Fyers, "25", at(0) - TimeDelta::days(1)),
    ];
    let mut books = BotBooks::default();
    books.recall(today, &entries, &[]);
    books.sent(&alpha, 1);
    let unread = OrderEntry { symbol: None, quantity: None, ..entry(Venue::Fyers, "27", at(3)) };
    books.placed(&unread);
    books.placed(&OrderEntry { what: "cancel".into(), ..OrderEntry { id: Some("28".into()), ..unread } });
    assert!(
        books.knows("26") && books.knows("27"),
        "an id is somebody's although the order could not be read"
    );
    assert!(!books.knows("28"), "what a bot cancels may be anybody's");
    let lost = OrderEntry { id: None, symbol: Some("nse:infy-eq".into()), ..entry(Venue::Fyers, "", at(4)) };
    books.placed(&lost);
    let ordered = |books: &BotBooks| {
        ["NSE:SBIN-EQ", "NSE:INFY-EQ", "NSE:ITC-EQ"].map(|symbol| books.has_ordered(&alpha, symbol))
    };
    assert_eq!(ordered(&books), [true, true, false], "also where the answer was lost");
    assert!(!books.has_ordered(&bot(2), "NSE:SBIN-EQ"));
    let row = |id: &str, filled: i64, average: i64| BookRow {
        id: id.into(),
        leg: leg.clone(),
        whole: 10,
        waits: false,
        filled,
        average: Decimal::from(average),
        stop: Decimal::ZERO,
        is_unfilled: false,
        at: None,
    };
    books.saw(&[row("26", 10, 100), row("25", 10, 100), row("another's", 10, 100)], None, &|_| Some(1));
    let price = |_: &str| Some(Decimal::from(97));
    let day = books.own(today, &alpha, &price).day;
    assert_eq!((day.orders, day.result), (3, Decimal::from(-30)));
    assert_eq!(books.order(&alpha, "26").unwrap().leg.quantity, 10);
    assert_eq!((books.order(&bot(2), "26"), books.order(&alpha, "25")), (None, None));
    assert!(books.tell(&alpha, LimitKind::Loss) && !books.tell(&alpha, LimitKind::Loss));
    let tomorrow = today.succ_opt().unwrap();
    books.begin(tomorrow);
    let day = books.own(tomorrow, &alpha, &price).day;
    assert_eq!((day.orders, day.result), (0, Decimal::ZERO));
    assert!(books.tell(&alpha, LimitKind::Loss), "told again on another day");
}

/// Shares that were bought in simulation are no position on the next day, and FYERS does not have them all the same.
#[test]
fn shares_of_days_before_are_left_over_until_they_are_sold_or_cleared() {
    let (mut books, bot) = (BotBooks::default(), BotName::owner());
    let cnc = |books: &mut BotBooks, quantity| {
        books.fill(&BotName::owner(), "A", Product::Cnc, quantity, Decimal::TEN);
    };
    let left = |books: &BotBooks| books.left(&bot).iter().map(|one| one.net).collect::<Vec<_>>();
    cnc(&mut books, 10);
    books.open_day();
    assert_eq!((books.simulated(&bot).len(), left(&books)), (0, vec![10]), "a holding of the MockExchange");
    cnc(&mut books, -4);
    assert_eq!(left(&books), [6]);
    books.open_day();
    assert_eq!(left(&books), [6]);
    cnc(&mut books, -9);
    books.open_day();
    assert_eq!(left(&books), [0; 0], "more was sold than was bought: shares of the account's copy");
    cnc(&mut books, 5);
    books.open_day();
    let kept: BotBooks = serde_json::from_str(&serde_json::to_string(&books).unwrap()).unwrap();
    assert_eq!(left(&kept), [5], "over a restart");
    assert_eq!((books.release_shares(), left(&books)), (1, vec![]));
}

/// A key cannot be raised: it is removed and added again under the same name, and the program behind it goes on.
#[test]
fn what_a_bot_has_left_behind_binds_the_next_one_of_its_name() {
    let (mut books, bot) = (BotBooks::default(), bot(1));
    let held =
        |books: &BotBooks, bot: &BotName| books.not_at_fyers(bot).iter().map(|one| one.net).sum::<i64>();
    books.fill(&bot, "A", Product::Intraday, 7, Decimal::TEN);
    books.inherit(&bot);
    assert_eq!((held(&books, &BotName::owner()), held(&books, &bot)), (7, 7));
    assert!(books.left(&bot).is_empty(), "it is listed once, as the owner's");
    let kept: BotBooks = serde_json::from_str(&serde_json::to_string(&books).unwrap()).unwrap();
    assert_eq!(held(&kept, &bot), 7, "over a restart");
    books.fill(&BotName::owner(), "A", Product::Intraday, -7, Decimal::TEN);
    assert_eq!(held(&books, &bot), 0, "it was closed");
}
