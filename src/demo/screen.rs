//! What a person sees of the demo: a line for what happens, a card for what arrives on the phone.

use std::{
    cell::{Cell, RefCell},
    io::Write,
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    event::{Event, Recorded},
    mode::Mode,
    wrap::{columns, words as wrap},
};

use crate::demo::report::Report;

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns of a card's text.
const CARD: usize = 74;
/// How long a line waits for earlier ones that are still on their way from the journal or the phone.
const HOLD: Duration = Duration::from_millis(700);

/// Where the story is told, in the order of its clock. Silent when only the JSON is wanted.
pub struct Screen {
    silent: bool,
    colour: bool,
    held: RefCell<Vec<Held>>,
    last: Cell<Option<DateTime<Utc>>>,
}

/// Something to be shown when nothing earlier can come any more.
struct Held {
    at: DateTime<Utc>,
    since: Instant,
    text: String,
    /// Whether its time stands before it.
    timed: bool,
}

impl Screen {
    /// A screen on standard output.
    pub fn new(silent: bool, colour: bool) -> Self {
        Self { silent, colour, held: RefCell::default(), last: Cell::new(None) }
    }

    /// A heading for a new day.
    pub fn day(&self, at: DateTime<Utc>, date: chrono::NaiveDate, story: &str) {
        let title = format!("── {} ─ {story} ", date.format("%A %d %B %Y"));
        let rule = "─".repeat(WIDTH.saturating_sub(columns(&title)));
        self.hold(at, format!("\n{}{title}{rule}{}", self.open(bold()), self.close()), false);
    }

    /// What the demo itself does to the keeper.
    pub fn act(&self, at: DateTime<Utc>, text: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Magenta.into()));
        self.line(at, "⚡", text, style);
    }

    /// Something that happened inside, if it is worth a line.
    pub fn event(&self, entry: &Recorded) {
        if let Some((sign, text)) = told(&entry.event) {
            self.line(entry.at, sign, &text, Style::new());
        }
    }

    /// A message on the phone.
    pub fn card(&self, at: DateTime<Utc>, silent: bool, text: &str, buttons: &[String]) {
        let bell = if silent { "🔕" } else { "🔔" };
        self.frame(at, &format!("{bell} Telegram, {} ", ist(at).format("%H:%M")), text, buttons);
    }

    /// A message on the phone that became another one.
    pub fn changed_card(&self, at: DateTime<Utc>, text: &str, buttons: &[String]) {
        let head = format!("✏️ Telegram, {}: the message changed ", ist(at).format("%H:%M"));
        self.frame(at, &head, text, buttons);
    }

    fn frame(&self, at: DateTime<Utc>, head: &str, text: &str, buttons: &[String]) {
        let mut card = format!("  ╭ {head}{}\n", "─".repeat(CARD.saturating_sub(columns(head))));
        for line in text.lines().flat_map(|line| wrap(line, CARD)) {
            card.push_str(&format!("  │ {line}\n"));
        }
        let buttons: Vec<String> =
            buttons.iter().map(|button| format!("[\u{a0}{}\u{a0}]", button.replace(' ', "\u{a0}"))).collect();
        for line in wrap(&buttons.join(" "), CARD).iter().filter(|line| !line.is_empty()) {
            card.push_str(&format!("  │ {}\n", line.replace('\u{a0}', " ")));
        }
        card.push_str(&format!("  ╰{}", "─".repeat(CARD + 1)));
        self.hold(at, format!("{}{card}{}", self.open(card_style()), self.close()), false);
    }

    /// Plain text, after everything that is still held.
    pub fn say(&self, text: &str) {
        self.release(true);
        self.put(text);
    }

    /// The answer for a script.
    pub fn json(&self, report: &Report) {
        if let Ok(text) = serde_json::to_string_pretty(report) {
            let _closed = writeln!(std::io::stdout().lock(), "{}", keeper_domain::text::escaped(&text));
        }
    }

    fn line(&self, at: DateTime<Utc>, sign: &str, text: &str, style: Style) {
        let rows = wrap(text, WIDTH - 13);
        let text = rows.join(&format!("\n{:12}", ""));
        self.hold(at, format!("{sign} {}{text}{}", self.open(style), self.close()), true);
    }

    fn hold(&self, at: DateTime<Utc>, text: String, timed: bool) {
        self.held.borrow_mut().push(Held { at, since: Instant::now(), text, timed });
    }

    /// Shows what has been held long enough, and everything before it, in the order of the story's clock.
    pub fn release(&self, all: bool) {
        let mut held = self.held.borrow_mut();
        let due = |held: &&Held| all || held.since.elapsed() >= HOLD;
        let Some(end) = held.iter().filter(due).map(|held| held.at).max() else { return };
        held.sort_by_key(|held| held.at);
        let later = held.iter().position(|held| held.at > end).unwrap_or(held.len());
        let now: Vec<Held> = held.drain(..later).collect();
        drop(held);
        now.iter().for_each(|held| self.show(held));
    }

    /// What comes too late all the same has no time before it: the clock on the screen never runs backwards.
    fn show(&self, held: &Held) {
        let late = self.last.get().is_some_and(|last| held.at < last);
        if !late {
            self.last.set(Some(held.at));
        }
        match held.timed {
            true if late => self.put(&format!("{:8} {}", "", held.text)),
            true => self.put(&format!("{} {}", ist(held.at).format("%H:%M:%S"), held.text)),
            false => self.put(&held.text),
        }
    }

    fn open(&self, style: Style) -> String {
        if self.colour { style.render().to_string() } else { String::new() }
    }

    fn close(&self) -> &'static str {
        if self.colour { "\u{1b}[0m" } else { "" }
    }

    /// A closed output is not an error worth a panic: the story goes on for the exit code.
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

fn told(event: &Event) -> Option<(&'static str, String)> {
    Some(match event {
        Event::Ticked { late: false, .. } => ("⏰", "daily check: is there a good token?".to_owned()),
        Event::Ticked { late: true, .. } => {
            ("⏰", "daily check, caught up: is there a good token?".to_owned())
        }
        Event::TickSkipped { holiday, .. } => ("🏖 ", format!("no daily check: market holiday, {holiday}")),
        Event::RefreshStarted { attempt, .. } if *attempt == 1 || attempt % 5 == 0 => {
            ("🔄", format!("refresh call, attempt {attempt}"))
        }
        Event::RefreshFailed { retry_in_s: Some(_), attempt, reason, .. } if *attempt == 1 => {
            ("… ", format!("{}: trying again, with growing pauses", reason.words()))
        }
        Event::RefreshFailed { retry_in_s: None, reason, .. } => ("❌", reason.words().to_owned()),
        Event::RefreshSucceeded { attempts, fingerprint, .. } => {
            let calls = if *attempts == 1 { "call" } else { "calls" };
            ("✅", format!("new token {fingerprint} after {attempts} {calls}"))
        }
        Event::LoginSucceeded { fingerprint, .. } => ("✅", format!("new token {fingerprint} by a login")),
        Event::TokenGood { fingerprint, .. } => ("✅", format!("token {fingerprint} is good for today")),
        Event::ModeChanged { from, to, why, .. } => {
            (sign(*to), format!("mode {from} → {to}: {}", why.words()))
        }
        Event::ActorCrashed { actor, death } => ("💥", format!("{actor} died ({})", death.slug())),
        Event::ActorRestarted { actor, restarts } => ("🩹", format!("{actor} is back (restart {restarts})")),
        Event::OrderPlaced { id, symbol, quantity, .. } => {
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
    fn what_is_shown_is_in_the_order_of_the_storys_clock() {
        let screen = Screen::new(true, false);
        let at = |second: i64| DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap();
        screen.act(at(11), "later");
        screen.act(at(9), "earlier, and told later");
        assert_eq!(screen.held.borrow().len(), 2);
        screen.release(false);
        assert_eq!(screen.held.borrow().len(), 2, "held");
        screen.release(true);
        assert_eq!(screen.last.get(), Some(at(11)));
        screen.act(at(10), "too late");
        screen.release(true);
        assert_eq!(screen.last.get(), Some(at(11)), "the clock does not run backwards");
    }
}
