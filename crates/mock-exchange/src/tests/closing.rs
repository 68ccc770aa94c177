//! Exits, square-off, days and conversions.

use super::*;
use crate::sessions::Segment;

fn exit(exit: ExitScope, cancel_pending: bool) -> Command {
    Command::ExitPosition { exit, cancel_pending, at: at(100) }
}

fn convert(side: Side, quantity: i64, from: Product, to: Product) -> Command {
    convert_of(SBIN, side, quantity, from, to)
}

fn convert_of(symbol: &str, side: Side, quantity: i64, from: Product, to: Product) -> Command {
    let symbol = symbol.to_owned();
    Command::ConvertPosition { conversion: Conversion { symbol, side, quantity, from, to }, at: at(100) }
}

/// Long 10 SBIN intraday at 800.00 and short 5 INFY intraday at 1500.00.
fn two_positions() -> Engine {
    let mut engine = open_at_800();
    engine.price(INFY, 1_500_00);
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.place(order(Side::Sell, 5).of(INFY)).unwrap();
    engine
}

#[test]
fn exit_all_closes_both_directions() {
    let mut engine = two_positions();
    let reply = engine.say(exit(ExitScope::All, false)).unwrap();
    assert_eq!((reply.code, reply.message.as_str()), (200, "The position is closed."));
    assert_eq!((engine.net(SBIN, Product::Intraday), engine.net(INFY, Product::Intraday)), (0, 0));
    assert_eq!(engine.orders().last().unwrap().shown_tag(), "2:Exit");
    assert_eq!(engine.say(exit(ExitScope::All, false)).unwrap_err().code, -352);
}

#[test]
fn exit_by_id_leaves_the_others() {
    let mut engine = two_positions();
    engine.say(exit(ExitScope::Ids(vec!["NSE:INFY-EQ-INTRADAY".to_owned()]), false)).unwrap();
    assert_eq!((engine.net(SBIN, Product::Intraday), engine.net(INFY, Product::Intraday)), (10, 0));
}

#[test]
fn exit_by_side_segment_and_product() {
    let matching = |segments: &[Segment], sides: &[Side], products: &[Product]| ExitScope::Matching {
        segments: segments.to_vec(),
        sides: sides.to_vec(),
        products: products.to_vec(),
    };
    let mut engine = two_positions();
    for misses in [
        matching(&[Segment::Fno], &[Side::Buy, Side::Sell], &[]),
        matching(&[Segment::Cash], &[], &[]),
        matching(&[Segment::Cash], &[Side::Buy], &[Product::Cnc]),
    ] {
        assert_eq!(engine.say(exit(misses, false)).unwrap_err().code, -352);
    }
    engine.say(exit(matching(&[Segment::Cash], &[Side::Buy], &[]), false)).unwrap();
    assert_eq!((engine.net(SBIN, Product::Intraday), engine.net(INFY, Product::Intraday)), (0, -5));
}

#[test]
fn an_exit_that_waits_is_not_sent_twice() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 10)).unwrap();
    engine.book(799_00, 801_00, 4);
    let reply = engine.say(exit(ExitScope::All, false)).unwrap();
    assert_eq!((reply.code, reply.message.as_str()), (201, "Counter order placed."));
    let again = engine.say(exit(ExitScope::All, false)).unwrap();
    assert_eq!(again.code, 201);
    engine.book(799_00, 801_00, 100);
    assert_eq!(engine.net(SBIN, Product::Intraday), 0, "closed, and not turned around");
    assert_eq!(engine.orders().count(), 2);
}

#[test]
fn an_exit_does_not_sell_delivery_that_a_waiting_order_sells() {
    let mut engine = open_at_800();
    let cnc = |side, quantity| order(side, quantity).product(Product::Cnc);
    engine.place(cnc(Side::Buy, 10)).unwrap();
    engine.place(cnc(Side::Sell, 4).limit(810_00)).unwrap();
    engine.place(cnc(Side::Buy, 3).limit(700_00)).unwrap();
    engine.say(exit(ExitScope::All, false)).unwrap();
    assert_eq!(engine.net(SBIN, Product::Cnc), 4);
    engine.price(SBIN, 811_00);
    assert_eq!(engine.net(SBIN, Product::Cnc), 0);
}

#[test]
fn an_exit_can_cancel_what_waits() {
    let mut engine = two_positions();
    let stop = engine.place(order(Side::Sell, 10).stop(790_00)).unwrap();
    let other = engine.place(order(Side::Buy, 5).of(INFY).stop(1_510_00)).unwrap();
    engine.say(exit(ExitScope::Ids(vec!["NSE:SBIN-EQ-INTRADAY".to_owned()]), true)).unwrap();
    assert_eq!(engine.status(&stop), OrderStatus::Cancelled);
    assert_eq!(engine.status(&other), OrderStatus::Pending);
    engine.price(SBIN, 780_00);
    assert_eq!(engine.net(SBIN, Product::Intraday), 0);
}

#[test]
fn an_exit_by_side_cancels_orders_of_both_sides() {
    let mut engine = two_positions();
    let stop = engine.place(order(Side::Sell, 10).stop(790_00)).unwrap();
    let longs =
        ExitScope::Matching { segments: vec![Segment::Cash], sides: vec![Side::Buy], products: vec![] };
    engine.say(exit(longs, true)).unwrap();
    assert_eq!(engine.status(&stop), OrderStatus::Cancelled);
}

#[test]
fn the_square_off_closes_intraday_only_and_once() {
    let mut engine = two_positions();
    let waits = engine.place(order(Side::Buy, 1).limit(700_00)).unwrap();
    let delivery = engine.place(order(Side::Buy, 1).limit(700_00).product(Product::Cnc)).unwrap();
    engine.place(order(Side::Buy, 2).product(Product::Cnc)).unwrap();
    engine.book(799_00, 801_00, 1);
    engine.say(Command::SquareOff { segment: Segment::Cash, at: at(200) }).unwrap();
    assert_eq!((engine.net(SBIN, Product::Intraday), engine.net(INFY, Product::Intraday)), (0, 0));
    assert_eq!(
        (engine.status(&waits), engine.status(&delivery)),
        (OrderStatus::Cancelled, OrderStatus::Pending)
    );
    assert_eq!(engine.net(SBIN, Product::Cnc), 2);
    let expected = inr(-10_00);
    assert_eq!(engine.balances().realized, expected, "ten shares sold at the bid");
    assert_eq!(engine.decide(&Command::SquareOff { segment: Segment::Cash, at: at(201) }), Ok(vec![]));
}

#[test]
fn a_day_that_nobody_squared_off_ends_flat() {
    let mut engine = two_positions();
    engine.price(SBIN, 810_00);
    let records = engine.execute(&Command::NewDay { date: day(25) }).unwrap();
    let close = ist::instant(day(23), ist::at(15, 30));
    assert!(records.iter().any(|record| matches!(record, Record::Traded { at, .. } if *at == close)));
    assert!(engine.positions().is_empty());
    assert_eq!(engine.ledger().realized.before, inr(100_00));
    assert_eq!(engine.funds().available, inr(100_100_00));
}

#[test]
fn a_replayed_engine_without_prices_closes_at_cost() {
    let engine = two_positions();
    let mut blind = engine;
    blind.book.market = Market::default();
    let records = blind.decide(&Command::SquareOff { segment: Segment::Cash, at: at(9) }).unwrap();
    let prices: Vec<_> = records
        .iter()
        .filter_map(|record| if let Record::Traded { price, .. } = record { Some(*price) } else { None })
        .collect();
    assert_eq!(prices, [inr(1_500_00), inr(800_00)]);
}

#[test]
fn an_intraday_share_can_be_taken_home() {
    let mut engine = two_positions();
    engine.price(SBIN, 790_00);
    let reply = engine.say(convert(Side::Buy, 4, Product::Intraday, Product::Cnc)).unwrap();
    assert_eq!((reply.code, reply.message.as_str()), (200, "Position Converted Successfully!!"));
    assert_eq!((engine.net(SBIN, Product::Intraday), engine.net(SBIN, Product::Cnc)), (6, 4));
    assert_eq!(
        engine.ledger().accounts[&PositionKey::new(SBIN, Product::Cnc)].average(),
        inr(800_00),
        "at cost"
    );
    assert_eq!(engine.balances().realized, inr(0));
    // 6 x 800 / 5 and 4 x 800, and the short 5 x 1500 / 5.
    assert_eq!(engine.funds().utilized, inr(960_00 + 3_200_00 + 1_500_00));
}

#[test]
fn a_conversion_needs_its_money() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 500)).unwrap();
    let refusal = engine.say(convert(Side::Buy, 500, Product::Intraday, Product::Cnc)).unwrap_err();
    let text = "RED:Margin Shortfall:INR 300000.00 Available:INR 20000.00 for C-MOCK [FYERS_RISK_CUG]";
    assert_eq!((refusal.code, refusal.message.as_str()), (-99, text));
}

#[test]
fn delivery_cannot_be_converted() {
    let mut engine = open_at_800();
    engine.place(order(Side::Buy, 1).product(Product::Cnc)).unwrap();
    let refusal = engine.say(convert(Side::Buy, 1, Product::Cnc, Product::Intraday)).unwrap_err();
    assert_eq!(refusal.message, "You cannot convert CNC position to INTRADAY / MARGIN.");
    let refusal = engine.say(convert(Side::Buy, 1, Product::Mtf, Product::Intraday)).unwrap_err();
    assert_eq!(refusal.message, "You cannot convert MTF position to INTRADAY / MARGIN.");
}

#[test]
fn impossible_conversions_are_refused() {
    let mut engine = two_positions();
    let mut refused = |command| engine.say(command).unwrap_err();
    let (intraday, cnc) = (Product::Intraday, Product::Cnc);
    assert_eq!(refused(convert(Side::Sell, 1, intraday, cnc)), ApiError::unknown_position(), "it is long");
    assert_eq!(refused(convert(Side::Buy, 11, intraday, cnc)), ApiError::invalid_input());
    assert_eq!(refused(convert(Side::Buy, 0, intraday, cnc)), ApiError::invalid_input());
    assert_eq!(refused(convert(Side::Buy, 1, intraday, intraday)), ApiError::invalid_input());
    let margin = refused(convert(Side::Buy, 1, intraday, Product::Margin));
    assert_eq!(margin.message, "Product MARGIN not enabled on exchange NSE");
    let short = refused(convert_of(INFY, Side::Sell, 1, intraday, cnc));
    assert_eq!(short.message, "Product CNC not enabled on exchange NSE", "a short share stays intraday");
    let mtf = refused(convert(Side::Buy, 1, intraday, Product::Mtf));
    assert_eq!(mtf.message, "Product MTF not enabled on exchange NSE");
}

#[test]
fn a_future_can_be_carried_overnight() {
    let mut engine = exchange(rich());
    engine.price(FUTURE, 1_000_00);
    engine.place(order(Side::Sell, 75).of(FUTURE)).unwrap();
    engine.say(convert_of(FUTURE, Side::Sell, 75, Product::Intraday, Product::Margin)).unwrap();
    engine.execute(&Command::NewDay { date: day(24) }).unwrap();
    let account = &engine.ledger().accounts[&PositionKey::new(FUTURE, Product::Margin)];
    assert_eq!((account.net, account.carried, account.sell.quantity), (-75, -75, 75));
    assert_eq!(account.average(), inr(1_000_00));
    assert_eq!(engine.funds().utilized, inr(15_000_00));
}
