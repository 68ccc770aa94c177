//! A mistake in the settings.

use serde::Serialize;

/// One mistake in the settings: what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting.
    pub name: String,
    /// What is wrong with it. Never shows a secret's value.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(name: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.to_owned(), what: what.into(), remedy: remedy.into() }
    }
}
