//! docs/feed.schema.json as a judge of what goes over `/feed`: every text that any test receives there is shown to it.
//!
//! It understands the words that the schema uses and no others: an unknown one is an error, never passed over. (A library
//! for all of JSON Schema would switch on a feature of serde_json in the program that is tested.)

use std::sync::LazyLock;

use chrono::DateTime;
use regex::Regex;
use serde_json::{Map, Value};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../docs/feed.schema.json");
    serde_json::from_str(text).unwrap()
});

/// Whether the keeper may send this.
pub(crate) fn is_message(value: &Value) -> Result<(), String> {
    fits(value, &SCHEMA["$defs"]["message"])
}

/// Whether a bot may send this.
pub(crate) fn is_request(value: &Value) -> Result<(), String> {
    fits(value, &SCHEMA["$defs"]["request"])
}

fn fits(value: &Value, schema: &Value) -> Result<(), String> {
    let Some(words) = schema.as_object() else { panic!("no schema: {schema}") };
    words.iter().try_for_each(|(word, rule)| {
        is_kept(value, word, rule, words).then_some(()).ok_or_else(|| format!("{word} {rule}: {value}"))
    })
}

fn is_kept(value: &Value, word: &str, rule: &Value, words: &Map<String, Value>) -> bool {
    let all = |rule: &Value| rule.as_array().unwrap().clone();
    match word {
        "description" | "title" => true,
        "$ref" => {
            fits(value, SCHEMA.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap()).is_ok()
        }
        "const" => value == rule,
        "enum" => all(rule).contains(value),
        "oneOf" => all(rule).iter().filter(|schema| fits(value, schema).is_ok()).count() == 1,
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is_of(value, kind)),
            kind => is_of(value, kind),
        },
        "required" => value
            .as_object()
            .is_none_or(|object| all(rule).iter().all(|name| object.contains_key(name.as_str().unwrap()))),
        "properties" => value.as_object().is_none_or(|object| {
            let rules = rule.as_object().unwrap().iter();
            rules
                .filter_map(|(name, rule)| Some((object.get(name)?, rule)))
                .all(|(one, rule)| fits(one, rule).is_ok())
        }),
        "items" => value.as_array().is_none_or(|list| list.iter().all(|one| fits(one, rule).is_ok())),
        "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= rule.as_u64().unwrap()),
        "maxLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap())
        }
        "pattern" => {
            value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
        }
        "format" if rule == "date-time" => {
            value.as_str().is_none_or(|text| DateTime::parse_from_rfc3339(text).is_ok())
        }
        _ => panic!("the schema has a word that this test does not understand: {word} in {words:?}"),
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "null" => value.is_null(),
        other => panic!("no type of JSON: {other}"),
    }
}
