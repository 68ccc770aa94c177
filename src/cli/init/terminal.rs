//! Questions and answers at a terminal, or by lines that another program writes.

use std::{
    io::{BufRead, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use keeper_domain::text::{excerpt, shown_lines};
use nix::sys::signal::{SigSet, Signal};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::fail,
    width::{complaint, fitting, room, row},
};

/// How a shell tells of a program that a signal has ended: this and the signal's number.
const BY_SIGNAL: i32 = 128;

/// The terminal as it was, while a secret is asked for.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Standard input and output.
pub(super) struct Terminal {
    steps: u32,
}

impl Terminal {
    /// To be made before other threads are: they inherit that Ctrl-C is not theirs.
    pub(super) fn new() -> Self {
        guard();
        Self { steps: 0 }
    }

    /// The heading of the next step.
    pub(super) fn title(&mut self, title: &str) {
        self.steps += 1;
        self.say(&format!("\n{}. {title}", self.steps));
    }

    /// A reader that has gone away is noticed at the next question.
    pub(super) fn say(&mut self, text: &str) {
        self.say_whole(&fitting(text, &std::io::stdout()));
    }

    /// The same for what is to be copied: its lines stay as they are.
    pub(super) fn say_whole(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _closed = writeln!(out, "{}", shown_lines(text)).and_then(|()| out.flush());
    }

    /// A line without blanks around it; empty when the person just pressed Enter.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.question(question);
        line()
    }

    /// The same, where Enter stands for nothing: whoever writes that word means it too.
    pub(super) fn ask_or_none(&mut self, question: &str) -> Result<Option<String>, Failure> {
        Ok(Some(self.ask(question)?).filter(|answer| !is_none(answer)))
    }

    /// One of the answers that the question names, whatever its case; an empty one is Enter. Anything else decides
    /// nothing: the question comes again.
    pub(super) fn choose<T: Copy>(&mut self, question: &str, answers: &[(&str, T)]) -> Result<T, Failure> {
        loop {
            let answer = self.ask(question)?;
            let found = answers.iter().find(|(word, _)| word.eq_ignore_ascii_case(&answer));
            if let Some((_, choice)) = found {
                return Ok(*choice);
            }
            self.say(&format!("! \"{}\" is none of the answers.", excerpt(&answer, 40)));
        }
    }

    /// The same, without an echo on the terminal: silent before the question is there, so that not even the first letter
    /// of a quick answer is shown.
    pub(super) fn ask_secret(&mut self, question: &str) -> Result<SecretString, Failure> {
        let silence = Silence::begin();
        self.question(&format!("{question} (not shown while you type or paste)"));
        let answer = line().map(SecretString::from);
        if silence.is_some() {
            drop(silence);
            self.say("");
        }
        answer
    }

    fn question(&mut self, question: &str) {
        let mut out = std::io::stdout().lock();
        let text = row("", &format!("{question}:"), room(&std::io::stdout()));
        let _closed = write!(out, "{} ", text.trim_end()).and_then(|()| out.flush());
    }
}

/// An address, an app id and a token are none of these words.
pub(super) fn is_none(answer: &str) -> bool {
    ["", "none", "no", "skip", "no app", "no telegram"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(answer.trim()))
}

const LEFT: &str = "the set-up was left before its end";
const AGAIN: &str = "What was answered is saved: start again with `fyers-keeper init`.";

/// The end of the input ends the set-up: what was answered so far is saved.
fn line() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().lock().read_line(&mut text) {
        Ok(length) if length > 0 => Ok(text.trim().to_owned()),
        _ => Err(fail(Exit::Error, LEFT, AGAIN)),
    }
}

/// Ctrl-C and the like come to a thread of their own, wherever the set-up is: the terminal gets its echo back before the
/// program ends.
fn guard() {
    let mut ends = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        ends.add(signal);
    }
    if ends.thread_block().is_err() {
        return;
    }
    let waiting = move || {
        let Ok(signal) = ends.wait() else { return };
        restore();
        let text = complaint(LEFT, AGAIN, room(&std::io::stderr()));
        let _closed = std::io::stderr().write_all(format!("\n{text}").as_bytes());
        std::process::exit(BY_SIGNAL + signal as i32);
    };
    if thread::Builder::new().name("signals".to_owned()).spawn(waiting).is_err() {
        let _as_before = ends.thread_unblock();
    }
}

fn before() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A terminal that has gone away needs no echo.
fn restore() {
    if let Some(before) = before().take() {
        let _gone = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
    }
}

/// No echo until it is dropped. Nothing to do where the input is no terminal.
struct Silence;

impl Silence {
    /// What was typed ahead stays: the lines of one paste answer one question after the other.
    fn begin() -> Option<Self> {
        let input = std::io::stdin();
        let normal = tcgetattr(&input).ok().filter(|_| input.is_terminal())?;
        let mut silent = normal.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let mut before = before();
        tcsetattr(&input, OptionalActions::Now, &silent).ok()?;
        *before = Some(normal);
        Some(Self)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore();
    }
}
