//! What the account shows of itself: profile, funds and holdings.

use serde_json::{Value, json};

use crate::broker::round2;
use crate::http::Response;
use crate::state::World;

/// `GET /profile` (section 3.1).
pub(super) fn profile(world: &World) -> Response {
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "data": {
        "name": world.account.name,
        "image": null,
        "display_name": null,
        "email_id": "axxx@example.com",
        "PAN": "ABxxxxxx1Z",
        "fy_id": world.account.fy_id,
        "pin_change_date": "01-02-2026 10:11:12",
        "mobile_number": "90xxxxxx09",
        "totp": true,
        "pwd_change_date": null,
        "pwd_to_expire": 90,
        "ddpi_enabled": false,
        "mtf_enabled": false,
    }}))
}

/// `GET /funds` (section 3.2): cash less what the positions of the day hold.
pub(super) fn funds(world: &World) -> Response {
    let used = world.book.blocked();
    let realized = world.book.realized();
    let capital = world.account.capital;
    let rows = [
        (1, "Total Balance", capital + realized),
        (2, "Utilized Amount", used),
        (3, "Clear Balance", capital + realized - used),
        (4, "Realized Profit and Loss", realized),
        (5, "Collaterals", 0.0),
        (6, "Fund Transfer", 0.0),
        (7, "Receivables", 0.0),
        (8, "Adhoc Limit", 0.0),
        (9, "Limit at start of the day", capital),
        (10, "Available Balance", capital + realized - used),
    ];
    let row = |(id, title, amount): (i64, &str, f64)| json!({"id": id, "title": title, "equityAmount": round2(amount), "commodityAmount": 0});
    let fund_limit: Vec<Value> = rows.into_iter().map(row).collect();
    Response::ok(&json!({"code": 200, "message": "", "s": "ok", "fund_limit": fund_limit}))
}

/// `GET /holdings` (section 3.3): ten shares bought long ago.
pub(super) fn holdings(world: &World) -> Response {
    let ltp = world.market.price("NSE:SBIN-EQ").unwrap_or(0.0);
    let (quantity, cost) = (10.0, 100.5);
    let (value, invested) = (round2(ltp * quantity), cost * quantity);
    let gain = round2(value - invested);
    let holding = json!({
        "holdingType": "HLD", "quantity": 10, "costPrice": cost, "marketVal": value, "remainingQuantity": 10,
        "pl": gain, "ltp": ltp, "id": 0, "fyToken": "10100000003045", "exchange": 10, "symbol": "NSE:SBIN-EQ",
        "segment": 10, "isin": "INE000A00000", "qty_t1": 0, "remainingPledgeQuantity": -1, "collateralQuantity": 0,
    });
    let overall = json!({
        "count_total": 1, "total_investment": invested, "total_current_value": value, "total_pl": gain,
        "pnl_perc": round2(gain / invested * 100.0),
    });
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "holdings": [holding], "overall": overall}))
}
