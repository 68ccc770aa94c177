//! Every text the exchange refuses with.

use super::*;

fn refused(order: NewOrder) -> (u16, i64, String) {
    let ApiError { status, code, message, .. } = open_at_800().place(order).unwrap_err();
    (status, code, message)
}

fn fifty(message: &str) -> (u16, i64, String) {
    (400, -50, message.to_owned())
}

fn rejected(message: &str) -> (u16, i64, String) {
    (400, -99, message.to_owned())
}

#[test]
fn malformed_orders_are_invalid_input() {
    let many = order(Side::Buy, validate::MAX_QUANTITY + 1);
    let mut disclosed = order(Side::Buy, 5);
    disclosed.disclosed = 6;
    let negative = order(Side::Buy, 1).limit(-5);
    for (wrong, field) in [
        (order(Side::Buy, 0), "qty"),
        (order(Side::Buy, -1), "qty"),
        (many, "qty"),
        (disclosed, "disclosedQty"),
        (negative, "limitPrice"),
    ] {
        let (status, code, message) = refused(wrong);
        assert_eq!((status, code), (400, -50));
        assert!(message.starts_with(&format!("Invalid input: {field} ")), "{message}");
    }
}

#[test]
fn tags_are_plain_short_and_nobody_elses() {
    for tag in ["", "a b", "a:b", "Untagged", "MOCK", "0123456789012345678901234567890"] {
        let words = "Invalid input: orderTag is 1 to 30 letters and digits of your own";
        assert_eq!(refused(order(Side::Buy, 1).tag(tag)), fifty(words), "{tag}");
    }
    assert!(open_at_800().place(order(Side::Buy, 1).tag("012345678901234567890123456789")).is_ok());
}

#[test]
fn derivatives_disclose_nothing() {
    let mut wrong = order(Side::Buy, 75).of(FUTURE).limit(100_00);
    wrong.disclosed = 10;
    assert_eq!(refused(wrong), fifty("Invalid input"));
}

#[test]
fn unknown_symbols_and_indices_are_invalid() {
    for symbol in ["SBIN", "NSE:", "XYZ:SBIN-EQ", "NSE:NIFTY50-INDEX"] {
        let text = "The input symbol is invalid.";
        assert_eq!(refused(order(Side::Buy, 1).of(symbol)), fifty(text), "{symbol}");
    }
}

#[test]
fn a_strict_master_knows_what_it_knows() {
    let engine = Engine::new(rich(), Instruments::strict([]));
    assert_eq!(engine.instruments.tradable(SBIN, None).unwrap_err(), ApiError::unknown_symbol());
}

#[test]
fn prices_between_ticks_name_the_field() {
    let limit = "LimitPrice not a multiple of tick size 0.0500";
    assert_eq!(refused(order(Side::Buy, 1).limit(800_01)), fifty(limit));
    let stop = "StopPrice not a multiple of tick size 0.0500";
    assert_eq!(refused(order(Side::Buy, 1).stop(810_02)), fifty(stop));
}

#[test]
fn prices_must_suit_the_type() {
    let mut market_with_limit = order(Side::Buy, 1).limit(800_00);
    market_with_limit.request.order_type = OrderType::Market;
    assert_eq!(refused(market_with_limit), fifty("limitPrice does not match: 800"));
    assert_eq!(refused(order(Side::Buy, 1).limit(0)), fifty("limitPrice does not match: 0"));
    assert_eq!(refused(order(Side::Buy, 1).stop(0)), fifty("stopPrice does not match: 0"));
    let mut limit_with_stop = order(Side::Buy, 1).stop(810_50).limit(811_00);
    limit_with_stop.request.order_type = OrderType::Limit;
    assert_eq!(refused(limit_with_stop), fifty("stopPrice does not match: 810.5"));
}

#[test]
fn stops_lie_ahead_of_the_price_and_before_the_limit() {
    assert_eq!(refused(order(Side::Buy, 1).stop(799_95)), fifty("stopPrice does not match: 799.95"));
    assert_eq!(refused(order(Side::Sell, 1).stop(800_05)), fifty("stopPrice does not match: 800.05"));
    let buy = order(Side::Buy, 1).stop_limit(810_00, 810_00);
    assert_eq!(refused(buy), fifty("limitPrice does not match: 810"));
    let sell = order(Side::Sell, 1).stop_limit(790_00, 795_00);
    assert_eq!(refused(sell), fifty("limitPrice does not match: 795"));
}

#[test]
fn lots_are_whole() {
    let text = "Quantity should be multiples of the lot size.";
    assert_eq!(refused(order(Side::Buy, 100).of(FUTURE).limit(100_00)), fifty(text));
}

#[test]
fn products_belong_to_segments() {
    let text = |product: &str, exchange: &str| {
        fifty(&format!("Product {product} not enabled on exchange {exchange}"))
    };
    let future = |product| order(Side::Buy, 75).of(FUTURE).limit(100_00).product(product);
    assert_eq!(refused(future(Product::Cnc)), text("CNC", "NFO"));
    assert_eq!(refused(future(Product::Mtf)), text("MTF", "NFO"));
    assert_eq!(refused(order(Side::Buy, 1).product(Product::Margin)), text("MARGIN", "NSE"));
    assert_eq!(refused(order(Side::Buy, 1).product(Product::Mtf)), text("MTF", "NSE"));
    let mcx = order(Side::Buy, 1).of("MCX:GOLD26DECFUT").limit(100_00).product(Product::Cnc);
    assert_eq!(refused(mcx), text("CNC", "MCX"));
}

#[test]
fn too_little_money_is_a_rejected_order_with_an_id() {
    let mut engine = open_at_800();
    let refusal = engine.place(order(Side::Buy, 1_000)).unwrap_err();
    let text = "RED:Margin Shortfall:INR 60000.00 Available:INR 100000.00 for C-MOCK [FYERS_RISK_CUG]";
    assert_eq!((refusal.status, refusal.code, refusal.message.as_str()), (400, -99, text));
    let row = engine.state(&refusal.id.unwrap()).row();
    assert_eq!((row.status, row.message.as_str()), (OrderStatus::Rejected, text));
}

#[test]
fn delivery_sells_what_is_held() {
    let text = "RED:RULE:{Check holdings}Sell:3 Free:0:NSE:SBIN-EQ for C-MOCK";
    assert_eq!(refused(order(Side::Sell, 3).product(Product::Cnc)), rejected(text));
}

#[test]
fn a_market_order_needs_a_price() {
    let text = "RED:No price is known for NSE:INFY-EQ";
    assert_eq!(refused(order(Side::Buy, 1).of(INFY)), rejected(text));
}

#[test]
fn prices_outside_the_band_are_rejected() {
    let mut band = Instrument { circuit: Some((inr(720_00), inr(880_00))), ..lenient(SBIN) };
    band.lot = 1;
    let mut engine = Engine::new(rich(), Instruments::strict([band]));
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    let text = "RED:RULE:{Check circuit limit including square off order}Current:INR 900.00 \
                LowerCircuit:INR 720.00 UpperCircuit:INR 880.00:NSE.SBIN-EQ for C-MOCK";
    assert_eq!(engine.place(order(Side::Buy, 1).limit(900_00)).unwrap_err().message, text);
}

fn lenient(symbol: &str) -> Instrument {
    Instrument::assumed(symbol, None)
}

#[test]
fn intraday_ends_with_the_square_off() {
    let mut engine = open_at_800();
    let late = |order| Command::Place { order, at: at(6 * 3600) };
    let text = "RED:MIS Orders are disallowed after system square off";
    assert_eq!(engine.say(late(order(Side::Buy, 1))).unwrap_err().message, text, "the first one, too");
    assert!(engine.say(late(order(Side::Buy, 1).product(Product::Cnc))).is_ok());
}

#[test]
fn unknown_orders_and_positions_have_their_codes() {
    let mut engine = open_at_800();
    assert_eq!(engine.cancel("MOCK1").unwrap_err(), ApiError::unknown_order());
    let change = Modification { id: "MOCK1".to_owned(), ..Modification::default() };
    assert_eq!(engine.modify(change).unwrap_err().code, -51);
    let exit = |exit| Command::ExitPosition { exit, cancel_pending: false, at: at(0) };
    assert_eq!(engine.say(exit(ExitScope::Ids(vec!["NSE:X-EQ-CNC".to_owned()]))).unwrap_err().code, -53);
    let nothing = engine.say(exit(ExitScope::All)).unwrap_err();
    assert_eq!((nothing.code, nothing.message.as_str()), (-352, "Looks like you have no open positions."));
}

#[test]
fn tomorrow_needs_a_new_day_first() {
    let mut engine = open_at_800();
    let tomorrow = at(48 * 3600);
    let place = Command::Place { order: order(Side::Buy, 1), at: tomorrow };
    assert_eq!(engine.say(place.clone()).unwrap_err(), ApiError::day_not_open());
    engine.say(engine.due(tomorrow).unwrap()).unwrap();
    assert_eq!(engine.due(tomorrow), None);
    assert!(engine.say(place).is_ok());
}

#[test]
fn quotes_without_a_price_are_refused() {
    let quote = PriceUpdate::last(SBIN, Decimal::ZERO, at(0));
    assert_eq!(exchange(rich()).say(Command::Quote(quote)).unwrap_err(), ApiError::invalid_input());
}
