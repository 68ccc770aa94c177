//! FYERS' error about the token in the rows of its answer to a basket, which it has taken all the same.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope};

use crate::{
    live_positions::{Live, is_refused},
    support::wait_for,
};

const INFY: &str = "NSE:INFY-EQ";
const MANY: &str = "/api/v3/multi-order/sync";

#[test]
fn a_basket_whose_rows_are_refused_with_the_token_is_looked_for_and_its_exits_are_not_simulated() {
    let live = Live::start(None);
    let body = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    let row = json!({"statusCode": 401, "body": body, "statusDescription": "Unauthorized"});
    let body = json!({"s": "ok", "code": 200, "message": "", "data": [row]});
    let many = Scope::exact(MANY).method("POST");
    live.home.sim.inject(FaultRule::once(many, Fault::Answered { status: 200, body }));
    let order = json!({"symbol": INFY, "qty": 3, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let told = live.bot.ask(Method::POST, MANY, Some(json!([order])));
    assert_eq!((told.venue.as_str(), &told.body["code"]), ("fyers", &json!(201)), "{}", told.body);
    let found: Value = wait_for("the order in FYERS' book", || {
        let rows = live.home.run(&["orders", "--json"]).exits(0).json()["orders"].clone();
        rows.as_array()?.first().filter(|row| row["unanswered"]["known"] == "found").cloned()
    });
    assert_eq!(found["symbol"], INFY, "{found:#}");
    assert_eq!(live.home.sim.state().orders.len(), 1, "it is not sent again");
    live.lose_the_token();
    is_refused(&live.bot.order(INFY, -3), "refused, not simulated");
}
