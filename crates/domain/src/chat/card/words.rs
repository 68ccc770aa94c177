//! What the card says. Plain text; the first line is shown in bold.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::chat::card::{
    model::{InUse, Seen, Way},
    reminders::Tone,
};
use crate::{
    alerts::words::{clock, day, excerpt, moment},
    chat::{
        inbox::rules::{CARD_LOGIN, CARD_MOCK, CARD_SNOOZE},
        talk::{Bubble, Button},
    },
    mode::{Mode, ShownMode},
    reason::Reason,
    reason_words::story,
    routing::{fate::refuses_without_token, live_positions::LivePositions, real_positions::Protection},
    session::login::LANDING,
    session_state::Source,
};
use fyers_api::ist;

/// What a halt means beside a good token.
const HALTED: &str = "Trading is halted: entries are refused until /resume.";
/// Positions shown by name.
const POSITIONS: usize = 4;

/// Said while the outcome of a call to FYERS is not known yet.
pub const UNSETTLED: &str = "The keeper is asking FYERS right now. Try again in a moment.";
pub(super) const HERE_IT_IS: &str = "Here is the login card.";
pub(super) const NOTHING_TO_QUIET: &str = "You are logged in: there is nothing to be reminded of.";
pub(super) const MOCK_TODAY: &str =
    "Mock for today: no more reminders. The link stays if you change your mind.";

pub(super) fn snoozed(until: DateTime<Utc>) -> String {
    format!("No reminders until {} IST.", clock(until))
}

pub(super) fn logged_in_already(token: &InUse, halted: bool) -> String {
    let until = token.expires_at.map(moment).unwrap_or_default();
    match ShownMode::of(token.mode, halted) {
        ShownMode::Halted => format!("Already logged in, good until {until} IST. {HALTED}"),
        _ => format!("Already logged in: {}, good until {until} IST.", mode(token.mode)),
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "Live",
        Mode::Sandbox => "Sandbox",
        Mode::Mock => "Halted",
    }
}

/// The card that waits. `quiet_until` is shown while reminders rest.
pub(super) fn needed(reason: Reason, seen: &Seen, quiet_until: Option<DateTime<Utc>>) -> Bubble {
    let (title, meaning) = story(reason);
    let title = if title.starts_with('🔑') { title.to_owned() } else { format!("🔑 {title}") };
    let mut lines = vec![title, format!("{meaning}."), consequence(seen).to_owned()];
    lines.extend(positions(&seen.live, seen.now));
    lines.extend(deadline(seen));
    lines.extend((seen.way == Way::Paste).then(|| format!("{LANDING} and send it to me.")));
    lines.extend(quiet_until.map(|until| format!("😴 Reminders rest until {}.", clock(until))));
    Bubble { text: lines.join("\n"), buttons: buttons(&seen.link), protected: true, ..Bubble::default() }
}

fn press(label: &str, data: &str) -> Button {
    Button::Press { label: label.to_owned(), data: data.to_owned() }
}

fn log_in(link: &str) -> Button {
    Button::Link { label: "🔓 Log in to FYERS".to_owned(), url: link.to_owned() }
}

fn buttons(link: &str) -> Vec<Vec<Button>> {
    vec![vec![log_in(link)], quiet_buttons()]
}

/// For a person who does not log in now.
fn quiet_buttons() -> Vec<Button> {
    vec![press("😴 Snooze 15 min", CARD_SNOOZE), press("🟡 Mock today", CARD_MOCK)]
}

/// The card of a person who wants to be left alone: only the link stays.
pub(super) fn mock_today(mut bubble: Bubble) -> Bubble {
    bubble.text.push_str("\n🟡 Mock today, no reminders. Logging in still works.");
    bubble.buttons.truncate(1);
    bubble
}

fn consequence(seen: &Seen) -> &'static str {
    let refuses = refuses_without_token(seen.halted, seen.sandbox, seen.rejects);
    match (seen.sandbox, if seen.sandbox { seen.rejects } else { refuses }) {
        (false, true) if seen.halted => "Trading is halted. Until then exits at FYERS are refused too.",
        (false, true) => "Until then orders are refused.",
        (false, false) => match seen.live.protection() {
            Protection::Nothing => "Until then orders are simulated and do not reach FYERS.",
            Protection::Exits => {
                "Until then orders that could close what is open at FYERS are refused, all others simulated."
            }
            Protection::Everything => "Until then orders are refused: what is open at FYERS is not known.",
        },
        (true, true) => "Until then requests are refused. No order is ever real (sandbox).",
        (true, false) => "Until then prices are simulated too. No order is ever real (sandbox).",
    }
}

fn deadline(seen: &Seen) -> Option<String> {
    let (open, close) = seen.hours?;
    match () {
        () if seen.now < open => Some(format!("⏰ The market opens at {} IST.", clock(open))),
        () if seen.now < close => Some(format!("⏰ The market is open{} IST.", open_until(seen, close))),
        () => None,
    }
}

/// Until when, for each segment of the account where they differ.
fn open_until(seen: &Seen, close: DateTime<Utc>) -> String {
    match seen.closings.words() {
        words if words.is_empty() => format!(" until {}", clock(close)),
        words => format!(": {words}"),
    }
}

/// What nobody looks after while there is no token. What was read on another day is said to be that old.
fn positions(live: &LivePositions, now: DateTime<Utc>) -> Option<String> {
    let next = |what: &str| format!("The keeper cannot close {what} now; the FYERS app can.");
    /// Of one position: real ones are half as long.
    const WIDEST: usize = 70;
    let Some(open) = live.open() else {
        return Some(format!("⚠️ What is open at FYERS is not known. {}", next("it")));
    };
    let more = open.len().saturating_sub(POSITIONS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let old = live.read_at.filter(|at| ist::date(*at) != ist::date(now));
    let when = old.map(|at| format!(" when last read, {}", moment(at))).unwrap_or_default();
    let shown = open.iter().take(POSITIONS).map(|row| excerpt(row, WIDEST)).collect::<Vec<_>>().join(", ");
    (!open.is_empty()).then(|| {
        format!(
            "⚠️ Open at FYERS{when}: {shown}{more}. {}",
            next(if open.len() == 1 { "it" } else { "them" })
        )
    })
}

/// The receipt.
pub(super) fn done(token: &InUse, seen: &Seen) -> Bubble {
    let how = match token.source {
        Some(Source::Refresh) => "renewed",
        Some(Source::Login) | None => "logged in",
        Some(Source::Settings) => "token found",
    };
    let since = token.since.map(clock).unwrap_or_default();
    let until = token.expires_at.map(|end| until(end, seen.now)).unwrap_or_default();
    let shown = ShownMode::of(token.mode, seen.halted || token.mode == Mode::Mock);
    let trading = match shown {
        ShownMode::Halted | ShownMode::Mock => HALTED,
        ShownMode::Live if token.reads_only => {
            "Prices are real, but this app (-100) only reads: FYERS refuses its orders."
        }
        ShownMode::Live => "Orders go to FYERS, with real money.",
        ShownMode::Sandbox => "Prices are real, orders are simulated (sandbox).",
    };
    let holder = excerpt(&token.holder, 40);
    // The token is good until then; when the halt ends, nobody knows.
    let what = if shown == ShownMode::Halted { "Good" } else { mode(token.mode) };
    let title = format!("✅ {what} until {until}, {how} {since} by {holder}");
    Bubble { text: format!("{title}\n{trading}"), ..Bubble::default() }
}

/// "06:00 tomorrow (Tue 24 Nov)": the card may be read a day late.
fn until(end: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let word = match ist::date(end) - ist::date(now) {
        days if days == TimeDelta::zero() => "today",
        days if days == TimeDelta::days(1) => "tomorrow",
        _ => return format!("{} IST", moment(end)),
    };
    format!("{} {word} ({})", clock(end), day(ist::date(end)))
}

/// The card of a day without a login.
pub(super) fn day_over(next: NaiveDate) -> Bubble {
    let next = day(next);
    let text = format!(
        "⌛ No login came before trading ended\nNo order goes to FYERS until a login. The next card comes on {next}, or \
             with /login."
    );
    Bubble { text, ..Bubble::default() }
}

/// The card that another one took the place of.
pub(super) fn moved() -> Bubble {
    Bubble { text: "⤵️ The login card is further down".to_owned(), ..Bubble::default() }
}

pub(super) fn reminder(tone: Tone, (open, close): (DateTime<Utc>, DateTime<Utc>), seen: &Seen) -> Bubble {
    let sign = if tone == Tone::Critical { "🚨" } else { "🔔" };
    let minutes =
        (open - seen.now).num_seconds().div_euclid(60) + i64::from((open - seen.now).num_seconds() % 60 > 0);
    let what = match () {
        () if seen.now < open && minutes <= 1 => {
            "The market opens in a minute and there is no login".to_owned()
        }
        () if seen.now < open => format!("The market opens in {minutes} minutes and there is no login"),
        () => format!("Still no login. The market is open{}", open_until(seen, close)),
    };
    // A link for pasting is good for minutes only, so there the button brings a fresh card.
    let button = match seen.way {
        Way::Browser => log_in(&seen.link),
        Way::Paste => press("🔓 Show the login card", CARD_LOGIN),
    };
    let text = format!("{sign} {what}\n{}", consequence(seen));
    Bubble { text, buttons: vec![vec![button], quiet_buttons()], protected: true, ..Bubble::default() }
}
