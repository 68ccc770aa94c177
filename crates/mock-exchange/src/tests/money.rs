//! Averages, profit, margins, delivery, charges: worked by hand.

use super::*;

fn intraday(engine: &Engine) -> &Account {
    &engine.ledger.accounts[&PositionKey::new(SBIN, Product::Intraday)]
}

#[test]
fn adding_moves_the_average_and_closing_does_not() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.price(SBIN, 830_00);
    engine.place(order(Side::Buy, 5)).unwrap();
    assert_eq!(intraday(&engine).average(), inr(810_00));
    engine.price(SBIN, 820_00);
    engine.place(order(Side::Sell, 6)).unwrap();
    assert_eq!((intraday(&engine).net, intraday(&engine).average()), (9, inr(810_00)));
    assert_eq!(intraday(&engine).realized, inr(60_00));
    assert_eq!(engine.positions()[0].unrealized, inr(90_00));
    assert_eq!(
        (intraday(&engine).buy.average(), intraday(&engine).sell.average()),
        (inr(810_00), inr(820_00))
    );
}

#[test]
fn selling_more_than_is_held_turns_the_position_around() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.price(SBIN, 790_00);
    engine.place(order(Side::Sell, 15)).unwrap();
    assert_eq!((intraday(&engine).net, intraday(&engine).average()), (-5, inr(790_00)));
    assert_eq!(intraday(&engine).realized, inr(-100_00));
    engine.price(SBIN, 780_00);
    assert_eq!(engine.positions()[0].unrealized, inr(50_00));
}

#[test]
fn a_short_earns_when_the_price_falls() {
    let mut engine = open_at_800();
    engine.place(order(Side::Sell, 10)).unwrap();
    engine.price(SBIN, 790_00);
    engine.place(order(Side::Buy, 10)).unwrap();
    assert_eq!((intraday(&engine).net, intraday(&engine).realized), (0, inr(100_00)));
    assert_eq!(intraday(&engine).average(), inr(0));
    assert_eq!(engine.funds().available, inr(100_100_00));
}

#[test]
fn three_shares_for_a_price_that_does_not_divide_lose_no_paisa() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 2)).unwrap();
    engine.price(SBIN, 800_05);
    engine.place(order(Side::Buy, 1)).unwrap();
    engine.place(order(Side::Sell, 1)).unwrap();
    assert_eq!(intraday(&engine).realized, Decimal::new(333, 4), "a third of 10 paise");
    engine.place(order(Side::Sell, 1)).unwrap();
    engine.place(order(Side::Sell, 1)).unwrap();
    assert_eq!(intraday(&engine).realized, inr(10));
    assert_eq!((intraday(&engine).cost, engine.ledger.cash), (inr(0), inr(100_000_10)));
}

#[test]
fn intraday_needs_a_fifth_and_delivery_needs_it_all() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10)).unwrap();
    assert_eq!(engine.funds().utilized, inr(1_600_00));
    engine.place(order(Side::Buy, 10).product(Product::Cnc)).unwrap();
    assert_eq!(engine.funds().utilized, inr(9_600_00));
    let funds = engine.funds();
    assert_eq!((funds.total, funds.available), (inr(100_000_00), inr(90_400_00)));
}

#[test]
fn a_bought_option_is_paid_in_full_and_a_future_is_not() {
    let mut engine = exchange(rich());
    engine.price(CALL, 100_00);
    engine.price(FUTURE, 1_000_00);
    engine.place(order(Side::Buy, 75).of(CALL)).unwrap();
    assert_eq!(engine.funds().utilized, inr(7_500_00));
    engine.place(order(Side::Buy, 75).of(FUTURE).product(Product::Margin)).unwrap();
    assert_eq!(engine.funds().utilized, inr(22_500_00));
}

#[test]
fn an_order_that_closes_needs_no_margin_and_one_beyond_does() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.place(order(Side::Sell, 10).limit(820_00)).unwrap();
    assert_eq!(engine.funds().utilized, inr(1_600_00));
    let stop = engine.place(order(Side::Sell, 30).stop(790_00)).unwrap();
    // 40 sells close 10; the other 30 of the 31900.00 they are worth need a fifth.
    assert_eq!(engine.funds().utilized, (inr(31_900_00) * inr(75) / inr(5_00)).round_dp(2));
    engine.cancel(&stop).unwrap();
    assert_eq!(engine.funds().utilized, inr(1_600_00));
}

#[test]
fn an_overdrawn_account_can_close() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 600)).unwrap();
    engine.price(SBIN, 400_00);
    engine.place(order(Side::Sell, 100)).unwrap();
    assert!(engine.funds().available < Decimal::ZERO);
    assert!(engine.place(order(Side::Buy, 1)).is_err());
    assert!(engine.place(order(Side::Sell, 500)).is_ok());
}

#[test]
fn delivery_settles_overnight_and_is_sold_from_the_holdings() {
    let mut engine = open_at_800();
    let cnc = |side, quantity| order(side, quantity).product(Product::Cnc);
    engine.place(cnc(Side::Buy, 10)).unwrap();
    engine.execute(&Command::NewDay { date: day(25) }).unwrap();
    assert!(engine.positions().is_empty());
    assert_eq!(engine.funds().available, inr(92_000_00));
    engine.price(SBIN, 850_00);
    let sale = Command::Place { order: cnc(Side::Sell, 4), at: at(2 * 86_400) };
    engine.say(sale).unwrap();
    let held = engine.holdings().remove(0);
    assert_eq!((held.quantity, held.remaining, held.profit), (10, 6, inr(500_00)));
    assert_eq!(engine.funds().available, inr(92_000_00), "the proceeds come with the settlement");
    assert_eq!(
        engine.say(Command::Place { order: cnc(Side::Sell, 7), at: at(2 * 86_400) }).unwrap_err().code,
        -99,
        "only six are left"
    );
    engine.execute(&Command::NewDay { date: day(26) }).unwrap();
    let held = engine.holdings().remove(0);
    assert_eq!((held.quantity, held.cost_price), (6, inr(800_00)));
    assert_eq!(engine.ledger().realized.before, inr(200_00));
    assert_eq!(engine.funds().available, inr(95_400_00));
}

#[test]
fn waiting_sales_of_delivery_count_as_sold() {
    let mut engine = open_at_800();
    let cnc = |side, quantity| order(side, quantity).product(Product::Cnc);
    engine.place(cnc(Side::Buy, 10)).unwrap();
    let first = engine.place(cnc(Side::Sell, 8).limit(900_00)).unwrap();
    assert!(engine.place(cnc(Side::Sell, 3).limit(900_00)).is_err());
    let more = Modification { id: first.clone(), quantity: Some(10), ..Modification::default() };
    engine.modify(more).unwrap();
    let most = Modification { id: first, quantity: Some(11), ..Modification::default() };
    assert_eq!(engine.modify(most).unwrap_err().code, -99);
}

#[test]
fn a_partly_sold_delivery_order_can_be_changed() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10).product(Product::Cnc)).unwrap();
    engine.book(801_00, 802_00, 4);
    let id = engine.place(order(Side::Sell, 10).product(Product::Cnc).limit(801_00)).unwrap();
    assert_eq!(engine.state(&id).remaining(), 6);
    let limit_price = Some(inr(803_00));
    engine.modify(Modification { id: id.clone(), limit_price, ..Modification::default() }).unwrap();
    engine.price(SBIN, 804_00);
    assert_eq!((engine.net(SBIN, Product::Cnc), engine.balances().realized), (0, inr(22_00)));
}

#[test]
fn mtf_sells_what_it_bought_and_is_carried() {
    let mut engine = exchange(Config { mtf: true, ..rich() });
    engine.price(SBIN, 800_00);
    engine.place(order(Side::Buy, 10).product(Product::Mtf)).unwrap();
    assert_eq!(engine.funds().utilized, inr(2_000_00));
    engine.execute(&Command::NewDay { date: day(24) }).unwrap();
    assert_eq!(engine.net(SBIN, Product::Mtf), 10);
    let sell =
        |quantity| Command::Place { order: order(Side::Sell, quantity).product(Product::Mtf), at: at(1) };
    assert_eq!(engine.say(sell(11)).unwrap_err().code, -99);
    engine.say(sell(10)).unwrap();
    assert_eq!(engine.funds().utilized, inr(0));
}

#[test]
fn charges_of_an_intraday_trade() {
    let mut engine = exchange(Config { charges: Charges::On, ..rich() });
    engine.price(SBIN, 800_00);
    engine.place(order(Side::Buy, 100)).unwrap();
    // Brokerage 20, exchange 2.376, SEBI 0.08, GST 4.04208, stamp 2.40, protection fund 0.08.
    assert_eq!(engine.balances().charges, inr(28_98));
    engine.place(order(Side::Sell, 100)).unwrap();
    // No stamp, but tax of 20.00.
    assert_eq!(engine.balances().charges, inr(28_98 + 46_58));
    assert_eq!(engine.ledger.cash, inr(100_000_00 - 75_56));
    assert_eq!((engine.balances().start_of_day, engine.balances().realized), (inr(100_000_00), inr(0)));
}

#[test]
fn charges_of_the_other_kinds() {
    let cost = |kind, product, side| Charges::On.of_fill(kind, product, side, inr(0), inr(100_000_00));
    let cnc = cost(Kind::Equity, Product::Cnc, Side::Buy);
    // 20 + 2.97 + 0.10, GST 4.1526, tax 100, stamp 15, fund 0.10.
    assert_eq!(cnc, inr(14_232));
    // 20 + 2.23 + 0.10, GST 4.0194, tax 50, fund 0.10.
    assert_eq!(cost(Kind::Future, Product::Margin, Side::Sell), inr(76_45));
    // 20 + 44.03 + 0.10, GST 11.5434, tax 150, fund 0.50.
    assert_eq!(cost(Kind::Option, Product::Margin, Side::Sell), inr(226_17));
    assert_eq!(Charges::Off.of_fill(Kind::Equity, Product::Cnc, Side::Buy, inr(0), inr(1)), inr(0));
}

#[test]
fn brokerage_is_per_order_however_many_fills() {
    let fill = |before, value| {
        Charges::On.of_fill(Kind::Option, Product::Margin, Side::Buy, inr(before), inr(value))
    };
    let (first, second) = (fill(0, 100_00), fill(100_00, 100_00));
    assert!(first > inr(20_00) && second < inr(1_00), "{first} {second}");
}

/// What an account is worth is its cash and what its orders hold, as a position or as shares.
#[test]
fn the_worth_of_an_account_follows_the_price_of_what_it_holds() {
    let mut engine = open_at_800();
    let before = engine.worth(|_| None);
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.place(order(Side::Buy, 4).product(Product::Cnc)).unwrap();
    assert_eq!(engine.worth(|_| None), before, "at its cost where there is no price");
    assert_eq!(engine.worth(|_| Some(inr(810_00))), before + inr(140_00));
    engine.price(SBIN, 820_00);
    engine.place(order(Side::Sell, 10)).unwrap();
    assert_eq!(engine.worth(|_| Some(inr(810_00))), before + inr(200_00) + inr(40_00));
}
