//! Questions and answers at a terminal, or by lines that another program writes.

use std::io::{BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::cli::{exit::Exit, failure::Failure, output::fail};

/// Standard input and output.
pub(super) struct Terminal {
    steps: u32,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { steps: 0 }
    }

    /// The heading of the next step.
    pub(super) fn title(&mut self, title: &str) {
        self.steps += 1;
        self.say(&format!("\n{}. {title}", self.steps));
    }

    /// A reader that has gone away is noticed at the next question.
    pub(super) fn say(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// A line without blanks around it; empty when the person just pressed Enter.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.question(question);
        line()
    }

    /// The same, without an echo on the terminal.
    pub(super) fn ask_secret(&mut self, question: &str) -> Result<SecretString, Failure> {
        self.question(&format!("{question} (not shown while you type or paste)"));
        let silence = Silence::begin();
        let answer = line().map(SecretString::from);
        if silence.is_some() {
            drop(silence);
            self.say("");
        }
        answer
    }

    fn question(&mut self, question: &str) {
        let mut out = std::io::stdout().lock();
        let _closed = write!(out, "{question}: ").and_then(|()| out.flush());
    }
}

/// The end of the input ends the set-up: what was answered so far is saved.
fn line() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().lock().read_line(&mut text) {
        Ok(length) if length > 0 => Ok(text.trim().to_owned()),
        _ => {
            let remedy = "What was answered is saved: start again with `fyers-keeper init`.";
            Err(fail(Exit::Error, "the set-up was left before its end", remedy))
        }
    }
}

/// No echo until it is dropped. Nothing to do where the input is no terminal.
struct Silence(Termios);

impl Silence {
    fn begin() -> Option<Self> {
        let input = std::io::stdin();
        let before = tcgetattr(&input).ok().filter(|_| input.is_terminal())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &silent).ok()?;
        Some(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that has gone away needs no echo.
        let _gone = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
