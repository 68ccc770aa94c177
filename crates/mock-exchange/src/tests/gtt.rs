//! GTT orders.

use super::*;

fn leg(trigger: i64, limit: i64) -> GttLeg {
    GttLeg { trigger: inr(trigger), limit: inr(limit), quantity: 10 }
}

fn gtt(side: Side, first: GttLeg, second: Option<GttLeg>) -> NewGtt {
    NewGtt {
        symbol: SBIN.to_owned(),
        side,
        product: Product::Cnc,
        first,
        second,
        tag: Some("swing".to_owned()),
    }
}

/// An exchange that has seen SBIN at 800 INR.
fn open() -> Engine {
    let mut engine = exchange(rich());
    engine.price(SBIN, 800_00);
    engine
}

impl Engine {
    fn place_gtt(&mut self, order: NewGtt) -> Result<String, ApiError> {
        self.say(Command::PlaceGtt { order, at: at(60) }).map(|reply| reply.id.unwrap())
    }

    fn cancel_gtt(&mut self, id: &str) -> Result<Reply, ApiError> {
        self.say(Command::CancelGtt { id: id.to_owned(), at: at(90) })
    }

    /// The price moves, and what is due is sent.
    fn move_to(&mut self, paise: i64) -> Vec<Record> {
        self.price(SBIN, paise);
        let due = self.gtts_due(SBIN);
        due.into_iter()
            .flat_map(|id| self.execute(&Command::TriggerGtt { id, at: at(95) }).unwrap())
            .collect()
    }

    fn gtt_status(&self, id: &str) -> GttStatus {
        self.ledger.gtts[id].status
    }
}

#[test]
fn a_leg_above_waits_for_the_price_to_rise_and_one_below_for_it_to_fall() {
    for (trigger, near, there) in [(820_00, 819_95, 820_00), (780_00, 780_05, 780_00)] {
        let mut engine = open();
        let id = engine.place_gtt(gtt(Side::Buy, leg(trigger, 830_00), None)).unwrap();
        assert!(id.starts_with("MOCK"), "{id}");
        assert_eq!(engine.move_to(near), [], "{trigger}");
        assert_eq!(engine.gtt_status(&id), GttStatus::Waiting);
        assert!(!engine.move_to(there).is_empty(), "{trigger}");
        assert_eq!(engine.gtt_status(&id), GttStatus::Triggered);
        let orders: Vec<_> = engine.orders().collect();
        assert_eq!((orders.len(), orders[0].filled, orders[0].shown_tag()), (1, 10, "1:GTTswing".to_owned()));
        assert_eq!(engine.move_to(there), [], "once");
    }
}

#[test]
fn of_two_legs_one_ends_the_other() {
    let mut engine = open();
    let id = engine.place_gtt(gtt(Side::Buy, leg(820_00, 821_00), Some(leg(780_00, 779_00)))).unwrap();
    engine.move_to(779_50);
    assert_eq!(engine.gtt_status(&id), GttStatus::Triggered);
    let limit = engine.orders().next().unwrap().order.request.limit_price;
    assert_eq!(limit, inr(779_00), "the lower leg's");
    assert_eq!(engine.move_to(820_00), []);
    assert_eq!(engine.orders().count(), 1);
}

#[test]
fn legs_that_lie_wrong_and_prices_between_ticks_are_refused() {
    let mut engine = open();
    for (order, code) in [
        (gtt(Side::Buy, leg(780_00, 781_00), Some(leg(820_00, 821_00))), -50),
        (gtt(Side::Buy, leg(820_00, 0), None), -50),
        (gtt(Side::Buy, leg(0, 820_00), None), -50),
        (gtt(Side::Buy, leg(820_01, 821_00), None), -50),
        (gtt(Side::Buy, leg(820_00, 821_01), None), -50),
        (NewGtt { product: Product::Intraday, ..gtt(Side::Buy, leg(820_00, 821_00), None) }, -50),
        (NewGtt { product: Product::Margin, ..gtt(Side::Buy, leg(820_00, 821_00), None) }, -50),
        (NewGtt { symbol: INFY.to_owned(), ..gtt(Side::Buy, leg(820_00, 821_00), None) }, -99),
    ] {
        assert_eq!(engine.place_gtt(order.clone()).unwrap_err().code, code, "{order:?}");
    }
    assert_eq!(engine.gtts().count(), 0);
}

#[test]
fn a_change_moves_the_trigger_and_what_is_over_cannot_change() {
    let mut engine = open();
    let id = engine.place_gtt(gtt(Side::Buy, leg(820_00, 830_00), None)).unwrap();
    let change = |second| GttChange { id: id.clone(), first: Some(leg(790_00, 795_00)), second };
    let both = Command::ModifyGtt { change: change(Some(leg(780_00, 780_00))), at: at(70) };
    assert_eq!(engine.say(both).unwrap_err().code, -50, "one leg does not become two");
    let one = Command::ModifyGtt { change: change(None), at: at(70) };
    assert_eq!(engine.say(one.clone()).unwrap().code, 1102);
    assert_eq!(engine.move_to(825_00), [], "the old trigger is gone");
    assert_eq!(engine.cancel_gtt(&id).unwrap().code, 1103);
    assert_eq!(engine.move_to(789_00), []);
    assert_eq!(engine.say(one).unwrap_err().code, -52);
    assert_eq!(engine.cancel_gtt("MOCK0").unwrap_err().code, -51);
}

#[test]
fn an_order_that_cannot_be_paid_is_in_both_books_as_rejected() {
    let mut engine = open();
    let dear = GttLeg { quantity: 1_000, ..leg(820_00, 820_00) };
    let id = engine.place_gtt(gtt(Side::Buy, dear, None)).unwrap();
    engine.move_to(820_00);
    assert_eq!(engine.gtt_status(&id), GttStatus::Rejected);
    assert!(engine.ledger.gtts[&id].message.contains("Margin Shortfall"));
    assert_eq!(engine.orders().next().unwrap().status, OrderStatus::Rejected);
}

#[test]
fn it_waits_over_days_for_a_year_and_an_order_tag_is_not_taken_by_it() {
    let mut engine = open();
    let waits = engine.place_gtt(gtt(Side::Buy, leg(820_00, 830_00), None)).unwrap();
    let over = engine.place_gtt(gtt(Side::Buy, leg(820_00, 830_00), None)).unwrap();
    engine.cancel_gtt(&over).unwrap();
    engine.execute(&Command::NewDay { date: day(24) }).unwrap();
    assert_eq!(engine.gtts().map(|gtt| gtt.id.clone()).collect::<Vec<_>>(), std::slice::from_ref(&waits));
    let later = day(23).checked_add_days(chrono::Days::new(365)).unwrap();
    engine.execute(&Command::NewDay { date: later }).unwrap();
    assert_eq!(engine.gtt_status(&waits), GttStatus::Waiting);
    engine.execute(&Command::NewDay { date: later.succ_opt().unwrap() }).unwrap();
    assert_eq!(engine.gtts().count(), 0);
    assert!(engine.ledger.gtts_waiting.is_empty() && engine.ledger.tags.is_empty());
}

#[test]
fn what_is_withdrawn_waits_no_longer_at_any_hour_and_nothing_else_ends() {
    let mut engine = open();
    let gtt = engine.place_gtt(gtt(Side::Buy, leg(820_00, 830_00), None)).unwrap();
    for limit in [700_00, 690_00] {
        engine.say(Command::Place { order: order(Side::Buy, 1).limit(limit), at: at(61) }).unwrap();
    }
    let orders: Vec<String> = engine.waiting().map(|order| order.id).collect();
    let ids = vec![gtt.clone(), orders[0].clone(), "nothing".to_owned()];
    // Long after the close.
    let withdraw = Command::Withdraw { ids, message: "not here".into(), at: at(9 * 3600) };
    engine.say(withdraw.clone()).unwrap();
    assert_eq!(engine.gtt_status(&gtt), GttStatus::Cancelled);
    let waiting: Vec<String> = engine.waiting().map(|order| order.id).collect();
    assert_eq!(waiting, orders[1..]);
    let ended = engine.ledger.orders.get(&orders[0]).unwrap();
    assert_eq!((ended.status, ended.message.as_str()), (OrderStatus::Cancelled, "not here"));
    assert_eq!(engine.decide(&withdraw), Ok(vec![]), "once");
}
