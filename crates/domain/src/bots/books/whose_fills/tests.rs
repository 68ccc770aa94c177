use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::operation::Operation;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::{
    mode::Mode,
    order_journal::OrderEntry,
    routing::{Venue, request::Leg},
};

const A: &str = "NSE:A-EQ";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn day() -> NaiveDate {
    at(0).date_naive()
}

fn bot(name: &str) -> BotName {
    BotName::new(name).unwrap()
}

/// An order that filled whole at this second.
fn row(id: &str, quantity: i64, price: i64, second: i64) -> BookRow {
    let leg = Leg { symbol: A.into(), product: "INTRADAY".into(), quantity, price: Decimal::ZERO, tag: None };
    let (id, average) = (id.to_owned(), Decimal::from(price));
    BookRow {
        id,
        leg,
        whole: quantity,
        waits: false,
        filled: quantity,
        average,
        stop: Decimal::ZERO,
        is_unfilled: false,
        at: Some(at(second)),
    }
}

fn in_product(product: &str, row: BookRow) -> BookRow {
    BookRow { leg: Leg { product: product.into(), ..row.leg.clone() }, ..row }
}

/// Books in which these orders are the bots'; at these seconds a bot had positions closed.
fn books(orders: &[(&str, &BookRow)], exits: &[i64]) -> BotBooks {
    let mut books = BotBooks::default();
    books.begin(day());
    let entry = |operation, leg: Option<&Leg>, id: Option<String>, second| {
        let place = (operation, Mode::Live, Venue::Fyers);
        OrderEntry::new(place, leg, (200, 1101, "", id), at(second))
    };
    for (name, row) in orders {
        books.placed(&entry(Operation::Place, Some(&row.leg), Some(row.id.clone()), 0).of(&bot(name)));
    }
    for second in exits {
        books.placed(&entry(Operation::ExitPositions, None, None, *second).of(&bot("alpha")));
    }
    books
}

fn account(product: Product, net: i64) -> Position {
    let (average, realized) = (Decimal::ONE, Decimal::ZERO);
    Position { symbol: A.into(), product, net, average, realized, today: None }
}

/// What a bot has won at this price of now.
fn result(books: &BotBooks, name: &str, price: i64) -> Decimal {
    let price = move |_: &str| Some(Decimal::from(price));
    books.day_of(day(), &bot(name), &price, &price).result
}

fn one(_: &str) -> Option<i64> {
    Some(1)
}

/// Three times bought, and closed by an exit of positions: each loss is the bot's, whatever the price is later.
#[test]
fn what_an_exit_of_positions_has_lost_is_the_bots_who_held_it() {
    let rows: Vec<BookRow> = (0..3)
        .flat_map(|n| {
            [row(&format!("1{n}"), 10, 801, 100 * n), row(&format!("2{n}"), -10, 780, 100 * n + 50)]
        })
        .collect();
    let own: Vec<(&str, &BookRow)> = rows.iter().step_by(2).map(|row| ("alpha", row)).collect();
    let mut books = books(&own, &[50, 150, 250]);
    books.saw(&rows, Some(&[account(Product::Intraday, 0)]), &one);
    for now in [700, 780, 801, 900] {
        assert_eq!(result(&books, "alpha", now), Decimal::from(-630), "at {now}");
    }
    assert!(books.held(&bot("alpha")).is_empty());
    // Also long and short in turn, each time closed so.
    let rows =
        [row("11", 10, 780, 0), row("21", -10, 770, 50), row("12", -10, 790, 100), row("22", 10, 800, 150)];
    let mut books = super::tests::books(&[("alpha", &rows[0]), ("alpha", &rows[2])], &[50, 150]);
    books.saw(&rows, Some(&[account(Product::Intraday, 0)]), &one);
    assert_eq!(result(&books, "alpha", 1_000), Decimal::from(-200));
}

#[test]
fn what_a_person_or_the_square_off_closes_is_the_bots_and_what_a_person_opens_is_not() {
    let (bought, squared_off) = (row("11", 10, 800, 0), row("90", -10, 700, 50));
    let mut books = books(&[("alpha", &bought)], &[]);
    books.saw(&[bought.clone(), squared_off], Some(&[account(Product::Intraday, 0)]), &one);
    assert_eq!(result(&books, "alpha", 900), Decimal::from(-1_000), "the account holds none of it any more");
    let persons = [row("80", 30, 500, 10), row("81", -30, 400, 20), bought];
    books.saw(&persons, Some(&[account(Product::Intraday, 10)]), &one);
    assert_eq!(result(&books, "alpha", 790), Decimal::from(-100));
}

/// A person sells shares in the app while the account holds more than the bot: they may be the bot's or the person's.
#[test]
fn where_it_cannot_be_known_whose_they_were_what_makes_more_of_a_loss_counts() {
    let rows = [row("11", 10, 800, 0), row("90", -10, 790, 50)];
    let mut books = books(&[("alpha", &rows[0])], &[]);
    books.saw(&rows, Some(&[account(Product::Intraday, 100)]), &one);
    assert_eq!(result(&books, "alpha", 700), Decimal::from(-1_000), "if the bot holds them still");
    assert_eq!(result(&books, "alpha", 900), Decimal::from(-100), "if they were the bot's");
    assert!(books.held(&bot("alpha")).contains(A), "its price is needed");
    let no_price = |_: &str| None;
    assert!(books.day_of(day(), &bot("alpha"), &no_price, &no_price).unpriced.contains(A));
}

#[test]
fn what_was_converted_is_closed_in_its_new_product() {
    let rows = [in_product("MARGIN", row("11", 10, 800, 0)), row("90", -10, 700, 50)];
    let mut books = books(&[("alpha", &rows[0])], &[50]);
    let flat = [account(Product::Intraday, 0), account(Product::Margin, 0)];
    books.saw(&rows, Some(&flat), &one);
    assert_eq!(result(&books, "alpha", 900), Decimal::from(-1_000));
    let kept = [account(Product::Intraday, -10), account(Product::Margin, 10)];
    books.saw(&rows, Some(&kept), &one);
    assert_eq!(
        result(&books, "alpha", 900),
        Decimal::from(1_000),
        "the account holds it where it was bought"
    );
}

#[test]
fn a_contract_of_many_units_loses_for_all_of_them_and_of_unknown_ones_nobody_knows() {
    let bought = row("11", 1, 72_256, 0);
    let mut books = books(&[("alpha", &bought)], &[]);
    books.saw(std::slice::from_ref(&bought), None, &|_| Some(100));
    assert_eq!(result(&books, "alpha", 72_156), Decimal::from(-10_000));
    books.saw(&[bought], None, &|_| None);
    let price = |_: &str| Some(Decimal::from(72_156));
    assert!(books.day_of(day(), &bot("alpha"), &price, &price).unpriced.contains(A));
}

#[test]
fn a_loss_that_has_reached_its_limit_holds_for_the_day_and_over_a_restart() {
    use crate::keys::LimitKind;
    let (mut books, alpha) = (books(&[], &[]), bot("alpha"));
    assert!(!books.has_lost(&alpha, day()));
    assert!(books.tell(&alpha, LimitKind::Loss));
    let mut written: BotBooks = serde_json::from_value(serde_json::to_value(&books).unwrap()).unwrap();
    written.recall(day(), &[], &[]);
    assert!(written.has_lost(&alpha, day()));
    written.begin(day().succ_opt().unwrap());
    assert!(!written.has_lost(&alpha, day().succ_opt().unwrap()));
}

proptest! {
    /// Bots that buy, sell and have everything closed, at whatever prices: together they have won and lost what the account
    /// has, and each what is its own.
    #[test]
    fn bots_together_have_what_the_account_has(
        steps in proptest::collection::vec((0usize..2, -9i64..10, 90i64..110, any::<bool>()), 1..40),
        last in 90i64..110,
    ) {
        let names = ["alpha", "beta"];
        let (mut rows, mut exits, mut own) = (vec![], vec![], vec![]);
        let (mut nets, mut results, mut cash) = ([0i64; 2], [0i64; 2], 0i64);
        for (number, (who, quantity, price, closes)) in steps.into_iter().enumerate() {
            let second = 100 * i64::try_from(number).unwrap();
            let net: i64 = nets.iter().sum();
            let filled = if closes { -net } else { quantity };
            if filled == 0 {
                continue;
            }
            // An exit closes what the account holds; bots that hold against each other are another matter.
            if closes && nets[0].signum() * nets[1].signum() < 0 {
                continue;
            }
            rows.push(row(&format!("{number:03}"), filled, price, second));
            cash -= filled * price;
            if closes {
                exits.push(second);
                for (net, result) in nets.iter_mut().zip(&mut results) {
                    *result += *net * price;
                    *net = 0;
                }
            } else {
                own.push((names[who], rows.len() - 1));
                nets[who] += filled;
                results[who] -= filled * price;
            }
        }
        let own: Vec<(&str, &BookRow)> = own.into_iter().map(|(name, at)| (name, &rows[at])).collect();
        let mut books = books(&own, &exits);
        let net: i64 = nets.iter().sum();
        books.saw(&rows, Some(&[account(Product::Intraday, net)]), &one);
        for (who, name) in names.into_iter().enumerate() {
            prop_assert_eq!(result(&books, name, last), Decimal::from(results[who] + nets[who] * last));
        }
        let all = result(&books, "alpha", last) + result(&books, "beta", last);
        prop_assert_eq!(all, Decimal::from(cash + net * last));
    }
}
