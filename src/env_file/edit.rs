//! Sets keys in `.env` text and leaves every other byte alone. Pure: text in, text out.

use zeroize::Zeroizing;

use super::parse::{BOM, scan};

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
/// The last assignment of a key is changed, because that is the one readers see; quotes, blanks, `export` and comments
/// round it stay. A missing key is added at the end, with the line end that the file uses. Setting the same values again
/// changes nothing.
///
/// # Errors
///
/// Values are limited to `A-Z a-z 0-9 . _ ~ : + / = -`, which mean the same in every reader, with or without
/// quotes. Anything else is refused and nothing is changed.
pub fn set(text: &str, changes: &[(&str, &str)]) -> Result<String, EditError> {
    for (key, value) in changes {
        check(key, value)?;
    }
    let mut out = Zeroizing::new(text.to_owned());
    for (key, value) in changes {
        out = Zeroizing::new(set_one(&out, key, value));
    }
    Ok(std::mem::take(&mut *out))
}

fn check(key: &str, value: &str) -> Result<(), EditError> {
    let good_key = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !good_key {
        return Err(EditError::BadKey);
    }
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "._~:+/=-".contains(c)) {
        Ok(())
    } else {
        Err(EditError::BadValue { key: key.to_owned() })
    }
}

fn set_one(text: &str, key: &str, value: &str) -> String {
    replaced(text, key, value).unwrap_or_else(|| appended(text, key, value))
}

/// The text with the last assignment of `key` changed; `None` if there is none that can be changed alone.
fn replaced(text: &str, key: &str, value: &str) -> Option<String> {
    let before = scan(text);
    let place = before.items.iter().rev().find(|item| item.key == key)?.value.clone();
    // No token has several lines: this is two quotes left open, with lines between them that must not get lost.
    if text[place.clone()].contains(['\n', '\r']) {
        return None;
    }
    let new = Zeroizing::new([&text[..place.start], value, &text[place.end..]].concat());
    // The old value may have held a quote that kept an earlier broken line from swallowing this one.
    let after = scan(&new);
    let reads_back = after.items.iter().rev().find(|item| item.key == key);
    let sound = reads_back.is_some_and(|item| &new[item.value.clone()] == value);
    (sound && after.items.len() == before.items.len()).then(|| new.to_string())
}

fn appended(text: &str, key: &str, value: &str) -> String {
    let line_end = line_end_style(text);
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let complete = body.is_empty() || body.ends_with(['\n', '\r']);
    let bridge = if complete { "" } else { line_end };
    [text, bridge, key, "=", value, line_end].concat()
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
