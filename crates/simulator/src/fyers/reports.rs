//! History reports (section 3.23). The contract documents only their envelope, so every report is empty.

use serde_json::json;

use crate::broker::ApiError;
use crate::http::{Request, Response};

/// The largest page of a report.
const LARGEST_PAGE: u32 = 100;

/// The report of a path, if it is one.
pub(super) fn report(path: &str, request: &Request) -> Option<Response> {
    let name = match path {
        "order-history" => "Order history",
        "trade-history" => "Trade history",
        "charges-history" => "Charges history",
        "realised-pnl-history" => "Realised P&L",
        "tax-pnl-history" => "Tax P&L",
        "ledger-history" => "Ledger",
        _ => return None,
    };
    let size = request.query("page_size").map_or(Ok(LARGEST_PAGE), str::parse::<u32>);
    if !size.is_ok_and(|size| (1..=LARGEST_PAGE).contains(&size)) {
        return Some(ApiError::InvalidInput.response());
    }
    let message = format!("{name} report data fetched successfully");
    Some(Response::ok(&json!({"s": "ok", "data": [], "total_count": 0, "message": message, "code": 200})))
}
