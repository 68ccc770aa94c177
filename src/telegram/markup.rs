//! The little format an alert has: a bold first line.

use keeper_actors::notifier::{
    outbox::Outgoing,
    render::{fitting, stamp},
};
use teloxide::utils::html::{bold, escape};

/// The message in Telegram's HTML. Telegram's limit counts the text without tags and entities, so what fits
/// as plain text fits like this.
pub(super) fn html(alert: &Outgoing) -> String {
    let text = fitting(&alert.text);
    let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = bold(&escape(title));
    let stamp = escape(&stamp(alert));
    if rest.is_empty() { format!("{title}\n{stamp}") } else { format!("{title}\n{}\n{stamp}", escape(rest)) }
}
