//! Which fields of a request are understood. What is not is refused by name: nothing a bot asks for is dropped.

use serde_json::Value;

use crate::words;
use fyers_api::error::ApiError;

/// Refuses a field that is not one of `known` and asks for something. Fields without a meaning (null, false, 0, empty)
/// are left out of account, for SDKs send them.
///
/// # Errors
/// -50 that names the field.
pub(crate) fn only(value: &Value, known: &[&str]) -> Result<(), ApiError> {
    let all = value.as_object().into_iter().flatten();
    let mut strange = all.filter(|(name, value)| !known.contains(&name.as_str()) && !is_neutral(value));
    match strange.next() {
        Some((name, _)) => Err(words::not_taken(&clean(name), "it is not simulated")),
        None => Ok(()),
    }
}

/// Refuses a known field whose value asks for what is not simulated.
///
/// # Errors
/// -50 that names the field.
pub(crate) fn neutral(value: &Value, name: &str, why: &str) -> Result<(), ApiError> {
    if is_neutral(&value[name]) { Ok(()) } else { Err(words::not_taken(name, why)) }
}

/// A yes or no, which SDKs of untyped languages also write as 0 and 1 or as text.
///
/// # Errors
/// -50 that names the field.
pub(crate) fn flag(value: &Value, name: &str) -> Result<bool, ApiError> {
    match &value[name] {
        Value::Bool(flag) => Ok(*flag),
        value if is_neutral(value) => Ok(false),
        value if *value == 1 => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
        _ => Err(words::not_taken(name, "it must be true or false")),
    }
}

fn is_neutral(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => {
            matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "0.0" | "false")
        }
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(true) => false,
    }
}

/// A name that comes from outside, short and without control characters.
fn clean(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(30).collect()
}
