//! The little format a message has: a bold first line, and commands as such.

use keeper_domain::alert::Outgoing;
use keeper_domain::{
    alerts::render::{fitting, stamp, whole_text},
    chat::talk::Bubble,
    text::{in_code, shown_lines, unmarked},
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
    // Within bold there is no code.
    let title = bold(&escape(&unmarked(title)));
    if rest.is_empty() {
        return title;
    }
    let rows: Vec<String> = rest.split('\n').map(row).collect();
    format!("{title}\n{}", rows.join("\n"))
}

fn row(line: &str) -> String {
    let part = |(is_code, part): (bool, &str)| match is_code {
        true => format!("<code>{}</code>", escape(part)),
        false => escape(part),
    };
    in_code(line).into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The golden files have all texts: alerts, cards, answers, reports of logins.
    const TEXTS: [&str; 6] = [
        include_str!("../../tests/texts/golden/alerts_live.snap"),
        include_str!("../../tests/texts/golden/alerts_sandbox.snap"),
        include_str!("../../tests/texts/golden/card.snap"),
        include_str!("../../tests/texts/golden/events.snap"),
        include_str!("../../tests/texts/golden/login.snap"),
        include_str!("../../tests/texts/golden/terminal_login.snap"),
    ];

    #[test]
    fn no_text_shows_its_marks_in_the_chat() {
        let mut commands = 0;
        for text in TEXTS.into_iter().flat_map(|texts| texts.split("\n\n")) {
            let (html, popup) = (titled(text), unmarked(text));
            assert!(!html.contains('`') && !popup.contains('`'), "{html}\n{popup}");
            assert_eq!(html.matches("<code>").count(), html.matches("</code>").count(), "{html}");
            let title = html.split("</b>").next().unwrap();
            assert!(!title.contains("<code>"), "Telegram takes no code within bold: {html}");
            commands += html.matches("<code>").count();
        }
        assert!(commands > 10, "there are commands in these texts: {commands}");
    }

    #[test]
    fn a_command_is_code_and_escaped_like_all_else() {
        let text = "Run `a < b`\nthen `fyers-keeper key add <NAME> && x`, or /keys\nhalf `of it";
        let code = "<code>fyers-keeper key add &lt;NAME&gt; &amp;&amp; x</code>";
        assert_eq!(titled(text), format!("<b>Run a &lt; b</b>\nthen {code}, or /keys\nhalf `of it"));
    }
}
