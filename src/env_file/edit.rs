//! Sets keys in `.env` text and leaves every other byte alone. Pure: text in, text out.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::env_file::parse::{BOM, EnvText, LINE_ENDS, parse};

/// Why a key cannot be set. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The name is not made of letters, digits and `_`. It is not shown: it may be a value in the wrong place.
    #[error("a name to set in the .env file is not made of letters, digits and '_'")]
    BadKey,
    /// The value holds a character that some reader would not take literally.
    #[error("the new value of {key} holds a character other than A-Z a-z 0-9 . _ ~ : + / = -")]
    BadValue {
        /// The name whose value was refused.
        key: String,
    },
}

/// Sets each `(key, value)` in `text` and returns the new text.
///
/// Every assignment of a key is changed, because readers disagree on which of several counts; quotes, blanks, `export`
/// and comments round it stay. A missing key is added at the end, with the line end that the file uses. Setting the
/// same values again changes nothing.
///
/// # Errors
///
/// Values are limited to `A-Z a-z 0-9 . _ ~ : + / = -`, which mean the same in every reader, with or without
/// quotes. Anything else is refused and nothing is changed.
pub fn set(text: &str, changes: &[(&str, &str)]) -> Result<String, EditError> {
    changes.iter().try_for_each(|(key, value)| check(key, value))?;
    let start = Zeroizing::new(text.to_owned());
    let mut done =
        changes.iter().fold(start, |text, (key, value)| Zeroizing::new(set_one(&text, key, value)));
    Ok(std::mem::take(&mut *done))
}

fn check(key: &str, value: &str) -> Result<(), EditError> {
    let good_key = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !good_key {
        return Err(EditError::BadKey);
    }
    let good_value = value.chars().all(|c| c.is_ascii_alphanumeric() || "._~:+/=-".contains(c));
    if good_value { Ok(()) } else { Err(EditError::BadValue { key: key.to_owned() }) }
}

fn set_one(text: &str, key: &str, value: &str) -> String {
    let before = parse(text);
    let spans = before.entries.iter().filter(|entry| entry.key == key).map(|entry| &entry.span);
    // No token has several lines: such a value is an open quote, and the lines it swallows must not get lost.
    let spans: Vec<_> = spans.filter(|span| !text[(*span).clone()].contains(LINE_ENDS)).collect();
    let changed = Zeroizing::new(replaced(text, &spans, value));
    // An old value may hold a quote that keeps an earlier malformed line from swallowing what follows it.
    let sound = keeps_others(text, &before, &changed, (key, value));
    let changed = if sound { &changed } else { text };
    let now = parse(changed);
    let last = now.entries.iter().rev().find(|entry| entry.key == key);
    if last.is_some_and(|entry| changed[entry.span.clone()] == *value) {
        return changed.to_owned();
    }
    appended(changed, key, value)
}

/// The text with each of `spans`, which are ascending, replaced by `value`.
fn replaced(text: &str, spans: &[&Range<usize>], value: &str) -> String {
    let mut new = String::with_capacity(text.len() + spans.len() * value.len());
    let mut at = 0;
    for span in spans {
        new.extend([&text[at..span.start], value]);
        at = span.end;
    }
    new + &text[at..]
}

/// Whether `new` has the entries of `text`, except that some of `key` have the new value.
fn keeps_others(text: &str, before: &EnvText, new: &str, (key, value): (&str, &str)) -> bool {
    let after = parse(new);
    after.entries.len() == before.entries.len()
        && after.entries.iter().zip(&before.entries).all(|(now, old)| {
            let raw = &new[now.span.clone()];
            now.key == old.key && (raw == &text[old.span.clone()] || (now.key == key && raw == value))
        })
}

fn appended(text: &str, key: &str, value: &str) -> String {
    let line_end = line_end_style(text);
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let complete = body.is_empty() || body.ends_with(LINE_ENDS);
    [text, if complete { "" } else { line_end }, key, "=", value, line_end].concat()
}

/// The line end that the last complete line of the text uses.
fn line_end_style(text: &str) -> &'static str {
    match text.rfind('\n') {
        Some(i) if text[..i].ends_with('\r') => "\r\n",
        Some(_) => "\n",
        None if text.contains('\r') => "\r",
        None => "\n",
    }
}
