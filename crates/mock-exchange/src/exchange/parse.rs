//! The commands that a request's body stands for.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    api::{gtt, requests as request},
    command::Command,
};
use fyers_api::{
    error::ApiError,
    http::ApiRequest,
    operation::{Operation, order_in_path, parameter},
};

/// The most symbols in one quotes call (docs/fyers-api.md, "Quotes").
const MOST_SYMBOLS: usize = 500;

pub(super) fn is_many(operation: Operation) -> bool {
    matches!(operation, Operation::PlaceMany | Operation::ModifyMany | Operation::CancelMany)
}

/// The bodies of a request that trades: one, or those of a basket.
pub(super) fn elements(operation: Operation, call: &ApiRequest) -> Result<Vec<Value>, ApiError> {
    Ok(match (is_many(operation), order_in_path(call.path.trim_end_matches('/'))) {
        (true, _) => request::basket(&call.body)?,
        (false, Some(id)) => vec![json!({"id": id})],
        (false, None) if operation == Operation::ExitPositions && call.body.is_empty() => vec![json!({})],
        (false, None) => vec![request::body(&call.body)?],
    })
}

/// The command, and whether it is to be sliced.
pub(super) fn command(
    operation: Operation,
    element: Value,
    at: DateTime<Utc>,
) -> Result<(Command, bool), ApiError> {
    let plain = |command: Result<Command, ApiError>| command.map(|command| (command, false));
    match operation {
        Operation::Place | Operation::PlaceMany => request::place(element)
            .map(|request| (Command::Place { order: request.order, at }, request.slice)),
        Operation::Modify | Operation::ModifyMany => plain(request::modification(&element, at)),
        Operation::Cancel | Operation::CancelMany => plain(request::cancel(&element, at)),
        Operation::ExitPositions => plain(request::exit(&element, at)),
        Operation::ConvertPosition => plain(request::conversion(&element, at)),
        Operation::PlaceGtt => plain(gtt::order(element).map(|order| Command::PlaceGtt { order, at })),
        Operation::ModifyGtt => plain(gtt::change(&element, at)),
        Operation::CancelGtt => plain(gtt::cancel(&element, at)),
        _ => Err(live_only()),
    }
}

/// All names of a quotes call, by query or by body, well formed or not.
///
/// # Errors
/// -300 when there are none, or too many.
pub fn names(call: &ApiRequest) -> Result<Vec<String>, ApiError> {
    let listed =
        parameter(&call.query, "symbols").map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let in_body = || {
        let body = request::body(&call.body).ok()?;
        let all = body["symbols"].as_array()?.iter();
        Some(all.filter_map(|symbol| symbol.as_str().map(str::to_owned)).collect())
    };
    let mut all = listed.or_else(in_body).unwrap_or_default();
    all.iter_mut().for_each(|symbol| *symbol = symbol.trim().to_owned());
    all.retain(|symbol| !symbol.is_empty());
    if all.is_empty() || all.len() > MOST_SYMBOLS { Err(bad_symbol()) } else { Ok(all) }
}

pub(super) fn bad_symbol() -> ApiError {
    ApiError::new(-300, "Invalid symbol provided")
}

/// What is not simulated.
pub(super) fn live_only() -> ApiError {
    ApiError {
        status: 501,
        ..ApiError::new(-50, "This call is not simulated: it is served by FYERS once a person has logged in")
    }
}
