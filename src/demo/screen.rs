//! What a person sees of the demo: a line for what happens, a card for what arrives on the phone.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    event::{Event, Recorded},
    mode::Mode,
};

use crate::demo::report::Report;

/// Width of a card's text.
const CARD: usize = 76;

/// Where the story is told. Silent when only the JSON is wanted.
pub struct Screen {
    silent: bool,
    colour: bool,
}

impl Screen {
    /// A screen on standard output.
    pub fn new(silent: bool, colour: bool) -> Self {
        Self { silent, colour }
    }

    /// A heading for a new day.
    pub fn day(&self, date: chrono::NaiveDate, story: &str) {
        let title = format!("── {} ─ {story} ", date.format("%A %d %B %Y"));
        let rule = "─".repeat(84usize.saturating_sub(title.chars().count()));
        self.put(&format!("\n{}{title}{rule}{}", self.open(bold()), self.close()));
    }

    /// What the demo itself does to the keeper.
    pub fn act(&self, at: DateTime<Utc>, text: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Magenta.into()));
        self.line(at, "⚡", text, style);
    }

    /// Something that happened inside, if it is worth a line.
    pub fn event(&self, entry: &Recorded) {
        if let Some((sign, text)) = words(&entry.event) {
            self.line(entry.at, sign, &text, Style::new());
        }
    }

    /// A message on the phone.
    pub fn card(&self, at: DateTime<Utc>, silent: bool, text: &str, buttons: &[String]) {
        let bell = if silent { "🔕" } else { "🔔" };
        self.frame(&format!("{bell} Telegram, {} ", ist(at).format("%H:%M")), text, buttons);
    }

    /// A message on the phone that became another one.
    pub fn changed_card(&self, at: DateTime<Utc>, text: &str, buttons: &[String]) {
        self.frame(
            &format!("✏️  Telegram, {}: the message changed ", ist(at).format("%H:%M")),
            text,
            buttons,
        );
    }

    fn frame(&self, head: &str, text: &str, buttons: &[String]) {
        let mut card = format!("      ╭ {head}{}\n", "─".repeat(CARD.saturating_sub(head.chars().count())));
        for line in text.lines().flat_map(wrap) {
            card.push_str(&format!("      │ {line}\n"));
        }
        if !buttons.is_empty() {
            card.push_str(&format!("      │ [ {} ]\n", buttons.join(" ]  [ ")));
        }
        card.push_str(&format!("      ╰{}", "─".repeat(CARD + 1)));
        self.put(&format!("{}{card}{}", self.open(card_style()), self.close()));
    }

    /// Plain text.
    pub fn say(&self, text: &str) {
        self.put(text);
    }

    /// The answer for a script.
    pub fn json(&self, report: &Report) {
        if let Ok(text) = serde_json::to_string_pretty(report) {
            let _closed = writeln!(std::io::stdout().lock(), "{text}");
        }
    }

    fn line(&self, at: DateTime<Utc>, sign: &str, text: &str, style: Style) {
        let time = ist(at).format("%H:%M:%S");
        self.put(&format!("{time} {sign} {}{text}{}", self.open(style), self.close()));
    }

    fn open(&self, style: Style) -> String {
        if self.colour { style.render().to_string() } else { String::new() }
    }

    fn close(&self) -> &'static str {
        if self.colour { "\u{1b}[0m" } else { "" }
    }

    /// A closed proxy is not an error worth a panic: the story goes on for the exit code.
    fn put(&self, text: &str) {
        if !self.silent {
            let _closed = writeln!(std::io::stdout().lock(), "{text}");
        }
    }
}

fn bold() -> Style {
    Style::new().bold()
}

fn card_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Cyan.into()))
}

/// Breaks a long line at spaces.
fn wrap(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.len() - 1;
        let full = lines[last].chars().count() + 1 + word.chars().count() > CARD;
        if full && !lines[last].is_empty() {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

fn words(event: &Event) -> Option<(&'static str, String)> {
    Some(match event {
        Event::Ticked { late: false, .. } => ("⏰", "daily tick: is there a good token?".to_owned()),
        Event::Ticked { late: true, .. } => {
            ("⏰", "daily tick, caught up: is there a good token?".to_owned())
        }
        Event::TickSkipped { holiday, .. } => ("🏖 ", format!("no tick: market holiday, {holiday}")),
        Event::RefreshStarted { attempt, .. } if *attempt == 1 || attempt % 5 == 0 => {
            ("🔄", format!("refresh call, attempt {attempt}"))
        }
        Event::RefreshFailed { retry_in_s: Some(_), attempt, reason, .. } if *attempt == 1 => {
            ("… ", format!("{}: trying again, with growing pauses", reason.words()))
        }
        Event::RefreshFailed { retry_in_s: None, reason, .. } => ("❌", reason.words().to_owned()),
        Event::RefreshSucceeded { attempts, fingerprint, .. } => {
            ("✅", format!("new token {fingerprint} after {attempts} call(s)"))
        }
        Event::LoginSucceeded { fingerprint, .. } => ("✅", format!("new token {fingerprint} by a login")),
        Event::TokenGood { fingerprint, .. } => ("✅", format!("token {fingerprint} is good for today")),
        Event::ModeChanged { from, to, why } => (sign(*to), format!("mode {from} → {to}: {}", why.words())),
        Event::ActorCrashed { actor, death } => ("💥", format!("{actor} died ({})", death.slug())),
        Event::ActorRestarted { actor, restarts } => ("🩹", format!("{actor} is back (restart {restarts})")),
        Event::OrderPlaced { id, symbol, quantity } => {
            ("🛒", format!("order {id} at FYERS: {quantity:+} {symbol}"))
        }
        Event::OrderSimulated { id, symbol, quantity, .. } => {
            ("🧪", format!("order {id} simulated: {quantity:+} {symbol}"))
        }
        Event::OrderRefused { why, .. } => ("🛑", format!("order refused: {why}")),
        _ => return None,
    })
}

fn sign(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "🟢",
        Mode::Sandbox => "🟡",
        Mode::Mock => "⚪",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces_and_nothing_is_lost() {
        let text = "word ".repeat(60);
        let lines = wrap(text.trim());
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| line.chars().count() <= CARD));
        assert_eq!(lines.join(" "), text.trim());
    }
}
