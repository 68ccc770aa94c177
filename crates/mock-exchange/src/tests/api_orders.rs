//! Orders and books as a bot meets them through FYERS' API: exit legs, slices, refusals, quantities and averages.

use serde_json::json;

use super::{
    api::{Floor, Method, body, call, clock, with, words},
    *,
};

#[test]
fn exit_legs_follow_a_fill_and_one_cancels_the_other() {
    for (price, status) in [(809_00, [2, 1]), (811_00, [1, 2]), (794_00, [2, 1])] {
        let mut floor = Floor::open();
        floor.see(SBIN, 800_00);
        let legs = json!({"stopLoss": 5, "takeProfit": 10});
        let (_, placed) = floor.place(with(body(SBIN, 1, 10), &legs));
        assert_eq!(placed["code"], 1101, "{placed}");
        let book = floor.get("/orders", "")["orderBook"].clone();
        assert_eq!(book.as_array().unwrap().len(), 3, "{book}");
        assert_eq!(
            (&book[1]["type"], &book[1]["stopPrice"], &book[1]["side"]),
            (&json!(3), &json!(795.0), &json!(-1))
        );
        assert_eq!((&book[2]["type"], &book[2]["limitPrice"]), (&json!(1), &json!(810.0)));
        assert_eq!(
            (&book[1]["parentId"], &book[0]["stopLoss"], &book[0]["legType"]),
            (&placed["id"], &json!(5.0), &json!(1))
        );
        floor.see(SBIN, price);
        let book = floor.get("/orders", "")["orderBook"].clone();
        if price == 809_00 {
            assert_eq!(
                (&book[1]["status"], &book[2]["status"]),
                (&json!(6), &json!(6)),
                "neither is reached"
            );
            continue;
        }
        assert_eq!([&book[1]["status"], &book[2]["status"]], [&json!(status[0]), &json!(status[1])]);
        assert_eq!(floor.only("/positions", "netPositions")["netQty"], 0);
    }
}

#[test]
fn exit_legs_in_percent_and_a_cancel_of_one_ends_both() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.place(with(body(SBIN, -1, 10), &json!({"stopLoss": 1, "takeProfit": 2, "legType": 2})));
    let book = floor.get("/orders", "")["orderBook"].clone();
    assert_eq!((&book[1]["stopPrice"], &book[2]["limitPrice"]), (&json!(808.0), &json!(784.0)));
    let more = json!({"id": book[1]["id"], "qty": 20, "type": 3, "stopPrice": 808});
    let (_, refused) = floor.send(&call(Method::Patch, "/orders/sync", "", Some(more)));
    assert_eq!(refused["code"], -50, "{refused}");
    floor.send(&call(Method::Delete, "/orders/sync", "", Some(json!({"id": book[2]["id"]}))));
    let book = floor.get("/orders", "")["orderBook"].clone();
    assert_eq!((&book[1]["status"], &book[2]["status"]), (&json!(1), &json!(1)));
    assert_eq!(book[2]["remainingQuantity"], 0);
}

#[test]
fn what_is_not_simulated_is_refused_by_name_on_every_way_in() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    let order = body(SBIN, 1, 1);
    let offline = with(order.clone(), &json!({"offlineOrder": true}));
    let (status, refused) = floor.place(offline.clone());
    assert!(status == 400 && refused["code"] == -50 && words(&refused).contains("offlineOrder"), "{refused}");
    let (_, basket) = floor.send(&call(Method::Post, "/multi-order/sync", "", Some(json!([offline, order]))));
    assert!(words(&basket["data"][0]["body"]).contains("offlineOrder"), "{basket}");
    assert_eq!(basket["data"][1]["body"]["code"], 1101);
    let (_, waits) = floor.place(with(body(SBIN, 1, 1), &json!({"type": 1, "limitPrice": 790})));
    for (name, value) in [
        ("symbol", json!("NSE:INFY-EQ")),
        ("side", json!(-1)),
        ("productType", json!("CNC")),
        ("validity", json!("IOC")),
        ("stopLoss", json!(3)),
        ("takeProfit", json!(3)),
    ] {
        let mut change = json!({"id": waits["id"], "type": 1, "limitPrice": 791});
        change[name] = value;
        let (_, refused) = floor.send(&call(Method::Patch, "/orders/sync", "", Some(change)));
        assert!(refused["code"] == -50 && words(&refused).contains(name), "{name}: {refused}");
    }
    let same = json!({"id": waits["id"], "type": 1, "limitPrice": 791, "side": 1, "symbol": SBIN});
    assert_eq!(floor.send(&call(Method::Patch, "/orders/sync", "", Some(same))).1["code"], 1102);
    let gtt = json!({"side": 1, "symbol": SBIN, "productType": "CNC", "stopLoss": 4,
        "orderInfo": {"leg1": {"price": 820, "triggerPrice": 820, "qty": 1}}});
    let (_, refused) = floor.send(&call(Method::Post, "/gtt/orders/sync", "", Some(gtt)));
    assert!(words(&refused).contains("stopLoss"), "{refused}");
}

#[test]
fn a_slice_order_is_sliced_by_freeze_quantity() {
    let mut floor = Floor::open();
    let call_option = "NSE:NIFTY26DEC26000CE";
    floor.see(call_option, 300_00);
    let order = with(body(call_option, 1, 2_000), &json!({"isSliceOrder": true}));
    let (_, sliced) = floor.place(order.clone());
    assert_eq!((&sliced["code"], sliced["data"].as_array().unwrap().len()), (&json!(1101), 2), "{sliced}");
    assert_eq!(floor.only("/positions", "netPositions")["netQty"], 2_000);
    let (_, refused) = floor.place(with(order, &json!({"isSliceOrder": false})));
    assert!(refused["code"] == -99 && words(&refused).contains("freeze"), "{refused}");
    let (_, refused) = floor.place(with(body(call_option, 1, 20_000), &json!({"isSliceOrder": true})));
    assert!(words(&refused).contains("isSliceOrder"), "{refused}");
}

#[test]
fn dead_orders_have_nothing_left_and_are_not_pending() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    let far = json!({"type": 1, "limitPrice": 700});
    let (_, placed) = floor.place(with(body(SBIN, 1, 5), &far));
    floor.send(&call(Method::Delete, "/orders/sync", "", Some(json!({"id": placed["id"]}))));
    floor.place(with(with(body(SBIN, 1, 5), &far), &json!({"validity": "IOC"})));
    floor.place(body(SBIN, 1, 1_000_000));
    let book = floor.get("/orders", "")["orderBook"].clone();
    for (row, status) in book.as_array().unwrap().iter().zip([1, 1, 5]) {
        assert_eq!((&row["status"], &row["remainingQuantity"]), (&json!(status), &json!(0)), "{row}");
    }
    assert_eq!((&book[0]["message"], &book[2]["exchOrdId"]), (&json!(""), &json!("")));
    let (_, traded) = floor.place(body(SBIN, 1, 1));
    let (status, refused) =
        floor.send(&call(Method::Delete, "/orders/sync", "", Some(json!({"id": traded["id"]}))));
    assert_eq!((status, &refused["code"], &refused["id"]), (400, &json!(-52), &traded["id"]));
    assert!(words(&refused).ends_with("Not a pending order"), "{refused}");
    let row = floor.get("/orders", &format!("id={}", traded["id"].as_str().unwrap()))["orderBook"][0].clone();
    assert_eq!(row["limitPrice"], 800.0, "a market order shows the price it traded at");
}

#[test]
fn averages_of_a_position_with_both_sides() {
    let mut floor = Floor::open();
    let gold = "MCX:GOLD26DECFUT";
    floor.see(gold, 72_256_00);
    floor.place(with(body(gold, 1, 2), &json!({"productType": "MARGIN"})));
    floor.see(gold, 72_656_00);
    floor.place(with(body(gold, -1, 1), &json!({"productType": "MARGIN"})));
    floor.see(gold, 72_717_00);
    let row = floor.only("/positions", "netPositions");
    let number = |name: &str| row[name].as_f64().unwrap();
    let all = ["netAvg", "avgPrice", "realized_profit", "unrealized_profit", "pl"].map(number);
    assert_eq!(all, [71_856.0, 72_256.0, 400.0, 461.0, 861.0], "{row}");
}

#[test]
fn carried_and_day_quantities() {
    let mut floor = Floor::open();
    let future = "NSE:SBIN26DECFUT";
    floor.see(future, 800_00);
    floor.place(with(body(future, 1, 1), &json!({"productType": "MARGIN"})));
    floor.now = clock(26, 10, 0);
    floor.see(future, 810_00);
    let row = floor.only("/positions", "netPositions");
    let quantities =
        ["cfBuyQty", "cfSellQty", "dayBuyQty", "daySellQty"].map(|name| row[name].as_i64().unwrap());
    assert_eq!(quantities, [1, 0, 0, 0], "{row}");
    assert_eq!((&row["netAvg"], &row["unrealized_profit"]), (&json!(800.0), &json!(10.0)));
}
