//! How wide a terminal is, and lines that fit it: broken, never cut.

use std::{io::IsTerminal, os::fd::AsFd};

use keeper_domain::{text::shown_lines, wrap};
use rustix::termios::tcgetwinsize;

use crate::config;

/// A narrower terminal breaks lines by itself.
const NARROWEST: usize = 40;

/// How wide lines may be there: what `COLUMNS` says, else what the terminal has; `None` where lines are for a program,
/// which finds words in one piece.
pub(super) fn room(output: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let own = || {
        let size = tcgetwinsize(output).ok().filter(|_| output.is_terminal())?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    config::columns().or_else(own).map(|columns| columns.max(NARROWEST))
}

/// Whether a terminal shows this text at once, with so many lines beside it; `true` where it is none.
pub(super) fn shows(text: &str, beside: usize, output: &(impl AsFd + IsTerminal)) -> bool {
    let rows = || {
        let size = tcgetwinsize(output).ok().filter(|_| output.is_terminal())?;
        Some(usize::from(size.ws_row)).filter(|rows| *rows > 0)
    };
    rows().is_none_or(|rows| text.lines().count() + beside <= rows)
}

/// The same for tables on standard output, which are made for 80 columns where nobody says otherwise.
pub(super) fn table_room() -> usize {
    room(&std::io::stdout()).unwrap_or(80)
}

/// Text in lines that fit the output, with nothing in it that a terminal would obey.
pub(super) fn fitting(text: &str, output: &(impl AsFd + IsTerminal)) -> String {
    let text = shown_lines(text);
    room(output).map_or_else(|| text.clone().into_owned(), |room| wrap::fitting(&text, room))
}

/// What happened, and below it what to do.
pub(super) fn complaint(what: &str, remedy: &str, room: Option<usize>) -> String {
    let remedy = if remedy.is_empty() { String::new() } else { row("  ", remedy, room) };
    row("fyers-keeper: ", what, room) + &remedy
}

/// A line with a name before it, below which nothing of the rest stands.
pub(super) fn row(name: &str, text: &str, room: Option<usize>) -> String {
    let line = format!("{name}{}", shown_lines(text));
    room.map_or_else(|| line.clone(), |room| wrap::hung(&line, room, name.len())) + "\n"
}
