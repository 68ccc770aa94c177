//! Buttons, and what is said when one is pressed.

use keeper_domain::chat::talk::{Bubble, Button};
use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};
use url::Url;

/// The longest answer to a press (Bot API, answerCallbackQuery), in UTF-16 units.
const ANSWER_UNITS: usize = 200;

/// A link button leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoAddress;

/// The buttons below a message; `None` when it has none.
pub(super) fn keyboard(bubble: &Bubble) -> Result<Option<InlineKeyboardMarkup>, NoAddress> {
    if bubble.buttons.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let rows = bubble.buttons.iter().map(|row| row.iter().map(button).collect::<Result<Vec<_>, _>>());
    Ok(Some(InlineKeyboardMarkup::new(rows.collect::<Result<Vec<_>, _>>()?)))
}

fn button(button: &Button) -> Result<InlineKeyboardButton, NoAddress> {
    match button {
        Button::Link { label, url } => {
            let url = Url::parse(url).map_err(|_| NoAddress)?;
            Ok(InlineKeyboardButton::url(label.clone(), url))
        }
        Button::Press { label, data } => Ok(InlineKeyboardButton::callback(label.clone(), data.clone())),
    }
}

/// As much as an answer to a press may have.
pub(super) fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= ANSWER_UNITS {
        return text.to_owned();
    }
    let mut units = 1;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= ANSWER_UNITS
    };
    text.chars().take_while(fits).chain(['…']).collect()
}
