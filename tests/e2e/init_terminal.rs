//! The first set-up at a terminal, as a person types it: what is seen, what is not, and how the terminal is left.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use crate::{
    columns::fits,
    init::{Conversation, SECRET, collect, home, set_up_with},
    pty::Pty,
    support::Home,
};

impl Conversation {
    /// The same at a terminal.
    fn at_terminal(home: &Home) -> (Self, Pty) {
        let (pty, child) = Pty::start(&home.command(&["init"]));
        let said = Arc::new(Mutex::new(String::new()));
        collect(pty.file(), &said);
        (Self { answers: Some(Box::new(pty.file())), child, said, read: 0 }, pty)
    }

    /// Waits for a question at which nothing that is typed is seen, and types.
    fn secret(&mut self, pty: &Pty, question: &str, answer: &str) {
        self.wait(question);
        assert!(!pty.echoes(), "the terminal shows what is typed after {question:?}");
        write!(self.answers.as_mut().unwrap(), "{answer}").unwrap();
    }
}

#[test]
fn at_a_terminal_secrets_are_not_seen_also_after_a_check_that_failed() {
    let home =
        set_up_with("FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED2\nFYERS_SANDBOX=true\n");
    let (mut talk, pty) = Conversation::at_terminal(&home);
    talk.answer("https address", "");
    for secret in ["SIMULATED3", "None", SECRET] {
        talk.answer("same:", "secret");
        talk.secret(&pty, "(not shown", &format!("{secret}\n"));
    }
    talk.wait("✓ app secret");
    // A paste is there before the question for it.
    talk.secret(&pty, "Bot token.", "\nlater\n");
    talk.wait("FYERS_SANDBOX=false");
    talk.wait("key, log_path");
    let (code, said) = talk.end();
    assert_eq!(code, Some(77), "{said}");
    assert!(pty.echoes());
    for secret in ["SIMULATED3", SECRET] {
        assert!(!said.contains(secret), "{said}");
    }
    fits(&said, 80);
}

#[test]
fn ctrl_c_gives_the_terminal_its_echo_back() {
    for signal in ["\u{3}", "\u{1c}"] {
        let home = home();
        let (mut talk, pty) = Conversation::at_terminal(&home);
        talk.answer("https address", "");
        talk.answer("simulated orders only:", "ABCD1234EF-200");
        talk.secret(&pty, "Secret id", signal);
        talk.wait("start again with");
        let (code, said) = talk.end();
        assert!(matches!(code, Some(130 | 131)), "{code:?}: {said}");
        assert!(pty.echoes(), "the terminal is left silent");
    }
    // At any other question too.
    let home = home();
    let (mut talk, pty) = Conversation::at_terminal(&home);
    talk.wait("https address");
    write!(talk.answers.as_mut().unwrap(), "\u{3}").unwrap();
    talk.wait("start again with");
    assert_eq!(talk.end().0, Some(130));
    assert!(pty.echoes());
}

/// The long link of a set-up makes a picture of 31 rows.
#[test]
fn a_picture_that_is_taller_than_the_terminal_does_not_push_the_question_out() {
    let home =
        set_up_with("FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED1\nFYERS_SANDBOX=true\n");
    let (mut talk, pty) = Conversation::at_terminal(&home);
    talk.answer("https address", "");
    talk.secret(&pty, "Bot token.", "\n");
    talk.answer("Log in to FYERS now?", "");
    talk.wait("Then paste the address");
    write!(talk.answers.as_mut().unwrap(), "\u{3}").unwrap();
    let said = talk.end().1;
    assert!(said.contains("generate-authcode") && !said.contains('▀'), "{said}");
}
