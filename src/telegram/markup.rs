//! The little format a message has: a bold first line.

use keeper_domain::alert::Outgoing;
use keeper_domain::{
    alerts::render::{fitting, stamp, whole_text},
    chat::talk::Bubble,
    text::shown_lines,
};
use teloxide::utils::html::{bold, escape};

/// The message in Telegram's HTML. Telegram's limit counts the text without tags and entities, so what fits
/// as plain text fits like this.
pub(super) fn html(alert: &Outgoing) -> String {
    format!("{}\n{}", titled(&whole_text(alert)), escape(&stamp(alert)))
}

/// A bubble's text in Telegram's HTML.
pub(super) fn bubble(bubble: &Bubble) -> String {
    titled(&bubble.text)
}

fn titled(text: &str) -> String {
    let clean = shown_lines(text);
    let text = fitting(&clean);
    let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = bold(&escape(title));
    if rest.is_empty() { title } else { format!("{title}\n{}", escape(rest)) }
}
