//! The fields of one log event, in the order they were given.

use serde_json::Value;
use tracing::field::{Field, Visit};

/// What an event says.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) rest: Vec<(String, Value)>,
}

impl Fields {
    /// Takes a field out.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.rest.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The words of the event: its message and the fields that are text, without the names that programs look for.
    pub(super) fn words_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let texts = self.rest.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "event" | "actor"));
        let texts = texts.filter_map(|(_, value)| match value {
            Value::String(text) => Some(text),
            _ => None,
        });
        std::iter::once(&mut self.message).chain(texts)
    }

    fn put(&mut self, field: &Field, value: Value) {
        // Events of the `log` crate carry their own metadata as fields.
        if !field.name().starts_with("log.") {
            self.rest.push((field.name().to_owned(), value));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.put(field, Value::from(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.put(field, Value::from(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}
