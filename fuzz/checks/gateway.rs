//! The gateway: from a request line and its body to an operation.

use fyers_api::{
    http::{ApiRequest, Method},
    operation::{Operation, order_in_path, parameter},
};
use keeper_domain::routing::{path, request::OrderCall};
use url::Url;

/// `METHOD /path?query` in the first line, the body behind it.
pub(crate) fn request_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let (verb, target) = line.split_once(' ').unwrap_or(("GET", line));
    let (target, query) = target.split_once('?').unwrap_or((target, ""));
    let Some((surface, rest)) = path::split(target) else { return };
    if path::is_about_the_session(rest) || !path::is_plain(surface, rest) {
        return;
    }
    is_read_in_one_way(rest);
    let call = ApiRequest {
        surface,
        method: method(verb),
        path: rest.to_owned(),
        query: query.to_owned(),
        content_type: None,
        body: body.as_bytes().to_vec(),
    };
    let _id = (order_in_path(rest), parameter(query, "id"));
    orders_are_read_whole(&call);
}

/// What the keeper takes for plain, FYERS' URL reader leaves as it is.
fn is_read_in_one_way(path: &str) {
    let url = Url::parse(&format!("https://h.example{path}")).expect("a plain path makes a URL");
    assert_eq!(url.path(), path);
    assert!(url.query().is_none() && url.fragment().is_none());
}

/// An order that was understood names what it trades.
fn orders_are_read_whole(call: &ApiRequest) {
    let read = OrderCall::read(call);
    assert_eq!(read.operation, Operation::of(call));
    if read.operation == Operation::Place && read.understood {
        assert_eq!(read.legs.len(), 1, "an understood order is one order");
    }
}

fn method(verb: &str) -> Method {
    match verb {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    }
}
