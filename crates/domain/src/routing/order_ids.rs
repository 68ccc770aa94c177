//! Which orders a request names: the id tells whose they are. Ids of the MockExchange begin with `MOCK`, FYERS' own do
//! not, and neither place can speak for the other's orders.

use fyers_api::{
    http::ApiRequest,
    operation::{Operation, order_in_path, parameter},
};
use serde_json::Value;

/// Whether the MockExchange gave out this id.
pub fn is_simulated(id: &str) -> bool {
    id.trim().starts_with("MOCK")
}

/// The ids of orders and GTT orders in a request; none where it is about something else or where none can be read.
pub fn named(call: &ApiRequest, operation: Operation) -> Vec<String> {
    use Operation::{Cancel, CancelGtt, CancelMany, Gtts, LiveOrder, Modify, ModifyGtt, ModifyMany, Orders};
    let ids = match operation {
        Cancel | CancelGtt | CancelMany | LiveOrder | Modify | ModifyGtt | ModifyMany => {
            in_body(&call.body, order_in_path(call.path.trim_end_matches('/')))
        }
        Orders | Gtts => parameter(&call.query, "id").map_or_else(Vec::new, |ids| split(&ids)),
        _ => vec![],
    };
    ids.into_iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect()
}

fn in_body(body: &[u8], in_path: Option<&str>) -> Vec<String> {
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let rows = match body {
        Value::Array(rows) => rows,
        one => vec![one],
    };
    rows.iter().flat_map(|row| of(&row["id"])).chain(in_path.map(str::to_owned)).collect()
}

fn of(id: &Value) -> Vec<String> {
    match id {
        Value::String(id) => split(id),
        Value::Number(id) => vec![id.to_string()],
        Value::Array(ids) => ids.iter().flat_map(of).collect(),
        _ => vec![],
    }
}

fn split(ids: &str) -> Vec<String> {
    ids.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use fyers_api::http::{Method, Surface};

    use super::*;

    fn of(method: Method, path: &str, query: &str, body: &str) -> Vec<String> {
        let (path, query) = (path.to_owned(), query.to_owned());
        let (surface, body) = (Surface::Api, body.as_bytes().to_vec());
        let call = ApiRequest { surface, method, path, query, content_type: None, body };
        named(&call, Operation::of(&call))
    }

    #[test]
    fn ids_are_found_wherever_fyers_reads_them() {
        use Method::{Delete, Get, Patch};
        let (one, two) = (vec!["26"], vec!["26", "MOCK1"]);
        for (method, path, query, body, want) in [
            (Delete, "/orders/sync", "", r#"{"id":"26"}"#, &one),
            (Delete, "/orders/26/sync", "", "", &one),
            (Patch, "/orders/sync", "", r#"{"id":26,"qty":1}"#, &one),
            (Patch, "/multi-order/sync", "", r#"[{"id":"26"},{"id":" MOCK1 "},{}]"#, &two),
            (Delete, "/multi-order/sync", "", r#"[{"id":"26"}]"#, &one),
            (Patch, "/gtt/orders/sync", "", r#"{"id":"26"}"#, &one),
            (Delete, "/gtt/orders/sync", "", r#"{"id":"26"}"#, &one),
            (Patch, "/orders/async", "", r#"{"id":"26"}"#, &one),
            (Get, "/orders", "?id=26,MOCK1", "", &two),
        ] {
            assert_eq!(&of(method, path, query, body), want, "{method:?} {path} {query} {body}");
        }
        for (method, path, body) in [
            (Delete, "/positions", r#"{"id":"NSE:SBIN-EQ-CNC"}"#),
            (Delete, "/orders/sync", "garbage"),
            (Delete, "/orders/sync", "{}"),
            (Get, "/orders", ""),
        ] {
            assert!(of(method, path, "", body).is_empty(), "{method:?} {path} {body}");
        }
        assert!(is_simulated("MOCK26112500000001") && !is_simulated("26112500000001"));
    }
}
