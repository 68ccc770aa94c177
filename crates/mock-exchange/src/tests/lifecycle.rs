//! Orders from the first answer to the last: changes, cancels, races, ids, tags.

use super::*;

fn change(id: &str) -> Modification {
    Modification { id: id.to_owned(), ..Modification::default() }
}

#[test]
fn the_answers_are_the_brokers() {
    let mut engine = open_at_800();
    let place = Command::Place { order: order(Side::Buy, 1).limit(700_00), at: at(0) };
    let reply = engine.say(place).unwrap();
    assert_eq!(reply.code, 1101);
    assert!(reply.message.starts_with("Order submitted successfully. Your Order Ref. No.MOCK26112300000001"));
    assert!(reply.message.ends_with("(NSE:SBIN-EQ is assumed: no symbol master lists its market)"));
    assert_eq!(reply.id.as_deref(), Some("MOCK26112300000001"));
    let id = reply.id.unwrap();
    let modified = engine.modify(Modification { quantity: Some(2), ..change(&id) }).unwrap();
    assert_eq!((modified.code, modified.message.as_str()), (1102, "Successfully modified order"));
    let cancelled = engine.cancel(&id).unwrap();
    assert_eq!((cancelled.code, cancelled.message.as_str()), (1103, "Successfully cancelled order"));
    assert_eq!(engine.status(&id), OrderStatus::Cancelled);
}

#[test]
fn a_cancel_that_comes_too_late_is_refused() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).limit(795_00)).unwrap();
    engine.price(SBIN, 795_00);
    let refusal = engine.cancel(&id).unwrap_err();
    assert_eq!((refusal.code, refusal.message.as_str()), (-52, "Not a pending order"));
    assert_eq!(refusal.id.as_deref(), Some(id.as_str()));
    assert_eq!(engine.modify(change(&id)).unwrap_err().code, -52);
}

#[test]
fn a_cancel_twice_and_of_a_rejected_order_is_refused() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).limit(795_00)).unwrap();
    engine.cancel(&id).unwrap();
    assert_eq!(engine.cancel(&id).unwrap_err().code, -52);
    let rejected = engine.place(order(Side::Buy, 10_000)).unwrap_err().id.unwrap();
    assert_eq!(engine.cancel(&rejected).unwrap_err().code, -52);
}

#[test]
fn a_partly_filled_order_keeps_its_fills_when_cancelled() {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 4);
    let id = engine.place(order(Side::Buy, 10).limit(800_00)).unwrap();
    engine.cancel(&id).unwrap();
    assert_eq!((engine.state(&id).filled, engine.net(SBIN, Product::Intraday)), (4, 4));
    engine.book(799_00, 800_00, 4);
    assert_eq!(engine.state(&id).filled, 4, "a cancelled order trades no more");
    assert_eq!(engine.funds().utilized, inr(640_00));
}

#[test]
fn a_changed_limit_can_trade_at_once() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).limit(795_00)).unwrap();
    engine.modify(Modification { limit_price: Some(inr(802_00)), ..change(&id) }).unwrap();
    assert_eq!(engine.state(&id).average(), inr(800_00));
}

#[test]
fn a_change_of_type_needs_its_prices() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).stop(810_00)).unwrap();
    let limit = Modification { order_type: Some(OrderType::Limit), ..change(&id) };
    assert_eq!(engine.modify(limit.clone()).unwrap_err().message, "limitPrice does not match: 0");
    let prices = Modification { limit_price: Some(inr(790_00)), stop_price: Some(inr(0)), ..limit };
    engine.modify(prices).unwrap();
    engine.price(SBIN, 811_00);
    assert_eq!(engine.status(&id), OrderStatus::Pending, "the stop is gone");
    engine.price(SBIN, 789_00);
    assert_eq!(engine.state(&id).average(), inr(790_00));
}

#[test]
fn quantity_cannot_fall_below_what_is_filled() {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 4);
    let id = engine.place(order(Side::Buy, 10).limit(800_00)).unwrap();
    let quantity = |quantity| Modification { quantity: Some(quantity), ..change(&id) };
    assert_eq!(engine.modify(quantity(4)).unwrap_err(), ApiError::invalid_input());
    engine.modify(quantity(5)).unwrap();
    engine.book(799_00, 800_00, 9);
    assert_eq!((engine.status(&id), engine.state(&id).filled), (OrderStatus::Traded, 5));
}

#[test]
fn a_change_beyond_the_money_leaves_the_order_as_it_was() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 100).limit(700_00)).unwrap();
    let before = engine.clone();
    let refusal = engine.modify(Modification { quantity: Some(1_000), ..change(&id) }).unwrap_err();
    let text = "RED:Margin Shortfall:INR 40000.00 Available:INR 86000.00 for C-MOCK [FYERS_RISK_CUG]";
    assert_eq!((refusal.message.as_str(), refusal.id), (text, None));
    assert_eq!(engine, before);
}

#[test]
fn a_triggered_stop_limit_stays_triggered_when_its_limit_changes() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).stop_limit(810_00, 812_00)).unwrap();
    engine.price(SBIN, 820_00);
    engine.modify(Modification { limit_price: Some(inr(815_00)), ..change(&id) }).unwrap();
    assert!(engine.state(&id).triggered);
    engine
        .modify(Modification { stop_price: Some(inr(825_00)), limit_price: Some(inr(830_00)), ..change(&id) })
        .unwrap();
    assert!(!engine.state(&id).triggered, "a new stop has to be reached anew");
    engine.price(SBIN, 825_00);
    assert_eq!(engine.state(&id).average(), inr(825_00));
}

#[test]
fn ids_count_within_a_day_and_never_repeat() {
    let mut engine = open_at_800();
    let mut ids = vec![engine.place(order(Side::Buy, 1)).unwrap()];
    ids.push(engine.place(order(Side::Buy, 10_000)).unwrap_err().id.unwrap());
    ids.push(engine.place(order(Side::Sell, 1)).unwrap());
    engine.execute(&Command::NewDay { date: day(25) }).unwrap();
    ids.push(
        engine.say(Command::Place { order: order(Side::Buy, 1), at: at(2 * 86_400) }).unwrap().id.unwrap(),
    );
    let numbers = ["26112300000001", "26112300000002", "26112300000003", "26112500000001"];
    assert_eq!(ids, numbers.map(|number| format!("MOCK{number}")));
}

#[test]
fn a_tag_is_an_order_when_the_account_says_so() {
    let mut engine = exchange(Config { idempotent: true, ..rich() });
    engine.price(SBIN, 800_00);
    let first = engine.place(order(Side::Buy, 1).tag("entry")).unwrap();
    let before = engine.clone();
    assert_eq!(engine.place(order(Side::Buy, 1).tag("entry")).unwrap(), first);
    assert_eq!(engine, before, "nothing was recorded");
    assert_ne!(engine.place(order(Side::Buy, 1).tag("other")).unwrap(), first);
    engine.execute(&Command::NewDay { date: day(25) }).unwrap();
    let again = Command::Place { order: order(Side::Buy, 1).tag("entry"), at: at(2 * 86_400) };
    assert_ne!(engine.say(again).unwrap().id.unwrap(), first, "a new day, a new order");
}

#[test]
fn a_rejected_order_leaves_its_tag_free() {
    let mut engine = exchange(Config { idempotent: true, ..rich() });
    engine.price(SBIN, 800_00);
    engine.place(order(Side::Buy, 10_000).tag("entry")).unwrap_err();
    assert!(engine.place(order(Side::Buy, 1).tag("entry")).is_ok());
}

#[test]
fn without_the_option_a_tag_is_a_label() {
    let mut engine = open_at_800();
    let ids = [(); 2].map(|()| engine.place(order(Side::Buy, 1).tag("entry")).unwrap());
    assert_ne!(ids[0], ids[1]);
    assert_eq!(engine.state(&ids[0]).shown_tag(), "1:entry");
}

#[test]
fn a_day_ends_what_waits() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).limit(700_00)).unwrap();
    let records = engine.decide(&Command::NewDay { date: day(24) }).unwrap();
    assert!(matches!(&records[0], Record::OrderExpired { id: expired, .. } if *expired == id));
    engine.apply(&records[0]);
    assert_eq!(engine.status(&id), OrderStatus::Expired);
    records[1..].iter().for_each(|record| engine.apply(record));
    assert_eq!(engine.orders().count(), 0, "the order book is the day's");
    assert_eq!(engine.funds().available, inr(100_000_00));
    assert_eq!(engine.decide(&Command::NewDay { date: day(24) }), Ok(vec![]), "not twice");
    assert_eq!(engine.decide(&Command::NewDay { date: day(23) }), Ok(vec![]), "nor backwards");
}
