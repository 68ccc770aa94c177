//! The first set-up as a person walks through it, against the simulated FYERS and Telegram.

use std::{
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

use simulator::{Options, Writing};

use crate::support::{Home, wait_for};

pub(crate) const SECRET: &str = "SIMULATED1";

/// A running `init`, its questions and the answers to them.
pub(crate) struct Conversation {
    pub(crate) child: Child,
    pub(crate) answers: Option<Box<dyn Write>>,
    pub(crate) said: Arc<Mutex<String>>,
    /// How much of it was waited for.
    pub(crate) read: usize,
}

impl Conversation {
    fn start(home: &Home) -> Self {
        let mut command = home.command(&["init"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), &said);
        collect(child.stderr.take().unwrap(), &said);
        let answers = child.stdin.take().map(|stdin| Box::new(stdin) as Box<dyn Write>);
        Self { answers, child, said, read: 0 }
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for words that were not there before, and returns what is around them.
    pub(crate) fn wait(&mut self, words: &str) -> String {
        let found = wait_for(&format!("{words:?} in\n{}", self.said()), || {
            let said = self.said();
            let at = said[self.read..].find(words)? + self.read;
            Some((at + words.len(), said))
        });
        let around = found.1[self.read..].to_owned();
        self.read = found.0;
        around
    }

    pub(crate) fn answer(&mut self, question: &str, answer: &str) {
        self.wait(question);
        writeln!(self.answers.as_mut().unwrap(), "{answer}").unwrap();
    }

    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.answers = None;
        let status = wait_for("the end of init", || self.child.try_wait().unwrap());
        (status.code(), self.said())
    }
}

pub(crate) fn collect(mut from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        let mut rest = Vec::new();
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            rest.extend_from_slice(&bytes[..length]);
            let whole = match std::str::from_utf8(&rest) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            into.lock().unwrap().push_str(std::str::from_utf8(&rest[..whole]).unwrap());
            rest.drain(..whole);
        }
    });
}

pub(crate) fn home() -> Home {
    prepared(Home::bare(Options::default()))
}

fn prepared(home: Home) -> Home {
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let telegram = home.sim.telegram_url();
    home.set("TELEGRAM_API_URL", telegram)
}

fn bot() -> String {
    simulator::Telegram::default().bot_token
}

/// Answers the question for the bot, and sends it the code that is shown, after wrong ones, which are answered once.
fn pair(home: &Home, talk: &mut Conversation) {
    talk.answer("Bot token", &bot());
    talk.wait("/start ");
    let code = wait_for("the code", || {
        let said = talk.said();
        let code: String = said[talk.read..].chars().take_while(char::is_ascii_digit).collect();
        (code.len() == 6).then_some(code)
    });
    let write = |text: String| home.sim.write(Writing { from: 42, text, ..Writing::default() });
    let told = || home.alerts().iter().filter(|text| text.contains("not the code that the set-up")).count();
    write("/start 1".to_owned());
    wait_for("the chat to be told", || (told() == 1).then_some(()));
    write("/start 2".to_owned());
    write(format!("/start {code}"));
    talk.wait("Paired");
    assert_eq!(told(), 1, "a chat is told once");
}

#[test]
fn a_stranger_walks_from_nothing_to_the_first_login() {
    let home = home();
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "http://keeper.example.com");
    talk.wait("Use https");
    talk.answer("The keeper's https address", "");
    let redirect = format!("http://127.0.0.1:{}/fyers/callback", home.port);
    let steps = talk.wait("App id");
    assert!(
        steps.contains(&redirect) && steps.contains("permissions") && steps.contains("static IP"),
        "{steps}"
    );
    talk.read -= "App id".len();

    // What is pasted into the wrong place is refused without being shown; an unknown app by FYERS itself.
    talk.answer("App id", SECRET);
    // The secret is not asked for with an id that is none.
    assert!(!talk.wait("is not an app id").contains("Secret id:"));
    talk.answer("App id", "ZZZZ9999ZZ-100");
    talk.answer("Secret id", SECRET);
    talk.wait("FYERS begins no login for ZZZZ9999ZZ-100");
    talk.answer("another app", "new");
    talk.answer("App id", "ABCD1234EF-200");
    talk.answer("Secret id", SECRET);
    talk.wait("FYERS begins a login for ABCD1234EF-200");

    pair(&home, &mut talk);
    home.wait_alert("is paired with this chat");
    talk.answer("\"real money\"", "");
    talk.answer("Log in to FYERS now?", "");
    let link = talk.wait("Then paste");
    let warned = link.find("The page after the login will not open").expect("said");
    assert!(warned < link.find("Log in to FYERS here").unwrap(), "before the link: {link}");
    let link = link.lines().find(|line| line.contains("generate-authcode")).unwrap();
    let link = url::Url::parse(link.trim()).unwrap();
    let state = link.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    // A slip of the mouse first.
    let paste = format!("https://keeper.example/?s=ok\n{}", home.sim.callback_url(&state).unwrap());
    writeln!(talk.answers.as_mut().unwrap(), "{paste}").unwrap();
    talk.wait("FYERS comes back from a login with auth_code= in the address; it is missing here.");
    talk.wait("Done");
    talk.wait("fyersModel.FyersModel(");
    let (code, said) = talk.end();
    assert_eq!(code, Some(0), "{said}");

    let env = home.env();
    for line in ["FYERS_CLIENT_ID=ABCD1234EF-200", "TELEGRAM_CHAT_ID=42", "FYERS_SANDBOX=true"] {
        assert!(env.contains(line), "no {line} in {env}");
    }
    assert!(!env.contains("TELEGRAM_ALLOWED_USERS"), "the chat's own id is enough: {env}");
    let mode = std::fs::metadata(home.path(".env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    for secret in [SECRET, bot().as_str(), key.trim()] {
        assert!(!said.contains(secret), "{said}");
    }

    // The keeper starts with that: paired, logged in, and nothing is asked again.
    let keeper = home.start_ready();
    keeper.wait_status("a good token", |status| status["mode"] == "sandbox");
    home.wait_alert("has started");
    let busy = home.run(&["init"]).exits(73);
    assert!(busy.err.contains("another keeper"), "{busy:?}");
    assert!(keeper.stop().success());
}

#[test]
fn a_set_up_that_was_left_goes_on_where_it_was() {
    let home = home();
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "");
    talk.answer("App id", "abcd1234ef-200");
    talk.answer("Secret id", SECRET);
    talk.wait("Bot token");
    let (code, said) = talk.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("start again with `fyers-keeper init`"), "{said}");

    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "None");
    let before = talk.wait("Bot token");
    assert!(!before.contains("App id") && before.contains("FYERS begins a login"), "{before}");
    talk.read -= "Bot token".len();
    talk.answer("Bot token", "");
    // A slip decides nothing.
    talk.answer("\"real money\"", "real");
    talk.wait("\"real\" is none of the answers");
    talk.answer("\"real money\"", "");
    talk.answer("Log in to FYERS now?", "lter");
    talk.wait("\"lter\" is none of the answers");
    talk.answer("Log in to FYERS now?", "later");
    talk.wait("Done");
    let (code, said) = talk.end();
    assert_eq!(code, Some(77), "a login is still needed: {said}");
}

#[test]
fn without_an_app_the_set_up_ends_in_mock_mode() {
    let home = home();
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "https://keeper.example.com");
    talk.wait("comes back to https://keeper.example.com/fyers/callback");
    // What Enter stands for, in words.
    talk.answer("App id", "no app");
    talk.answer("Bot token", "none");
    talk.wait("Done");
    let (code, said) = talk.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("every order is simulated"), "{said}");
    assert!(said.contains("Mode: Mock, because there is no app at FYERS yet"), "{said}");
}

/// Whoever ends in the sandbox knows it, and the one line that changes it.
#[test]
fn the_last_page_says_which_mode_a_login_leads_to() {
    for (sandbox, words) in [
        ("true", ["Mode with a login: Sandbox.", "FYERS_SANDBOX=false"]),
        ("false", ["Mode with a login: Live. Orders go to FYERS, with real money.", "FYERS_SANDBOX=true"]),
    ] {
        let home = set_up_with(&format!(
            "FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED1\nFYERS_SANDBOX={sandbox}\n"
        ));
        let mut talk = Conversation::start(&home);
        talk.answer("The keeper's https address", "");
        talk.answer("Bot token", "");
        talk.answer("Log in to FYERS now?", "later");
        let (_, said) = talk.end();
        let done = said.split("Done").nth(1).unwrap();
        for words in words.iter().chain(&["fyers-keeper run", "set this in .env"]) {
            assert!(done.contains(words), "no {words:?} in {done}");
        }
    }
}

/// A set-up that has all but the right app.
pub(crate) fn set_up_with(env: &str) -> Home {
    let home = home();
    home.write_env(env);
    home
}

#[test]
fn a_wrong_secret_in_the_env_file_is_noticed_and_mended() {
    let home = set_up_with(
        "# mine\nFYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED2\nFYERS_SANDBOX=true\n",
    );
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "");
    let said = talk.wait("\"secret\": enter the secret again");
    assert!(said.contains("✗ app secret: FYERS refuses the app id with this secret"), "{said}");
    talk.read -= "\"secret\": enter the secret again".len();
    talk.answer("\"secret\": enter the secret again", "secret");
    // A second slip, which is no secret at all, costs nothing that was there.
    talk.answer("Secret id", "None");
    talk.wait("is a placeholder");
    talk.answer("\"secret\": enter the secret again", "secret");
    talk.answer("Secret id", SECRET);
    talk.wait("✓ app secret: FYERS has not refused app id and secret");
    talk.answer("Bot token", "");
    talk.answer("Log in to FYERS now?", "later");
    talk.wait("Done");
    let (_, said) = talk.end();
    assert!(!said.contains(SECRET), "{said}");
    let env = home.env();
    assert!(
        env.starts_with("# mine\nFYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED1\n"),
        "{env}"
    );
}

/// A secret that a login has shown to be wrong is sent once more only by who says so.
#[test]
fn a_refused_secret_is_not_sent_again_without_a_word() {
    let home =
        set_up_with("FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED2\nFYERS_SANDBOX=true\n");
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "");
    talk.answer("\"secret\": enter the secret again", "skip");
    talk.answer("Bot token", "");
    talk.answer("Log in to FYERS now?", "");
    let link = talk.wait("Then paste");
    let link = link.lines().find(|line| line.contains("generate-authcode")).unwrap();
    let link = url::Url::parse(link.trim()).unwrap();
    let state = link.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    writeln!(talk.answers.as_mut().unwrap(), "{}", home.sim.callback_url(&state).unwrap()).unwrap();
    // A slip, and the same one again.
    for answer in ["None", "SIMULATED2"] {
        talk.answer("Secret id", answer);
        talk.answer("still the one that FYERS has refused", "");
    }
    talk.answer("Secret id", SECRET);
    talk.answer("Try again?", "later");
    talk.wait("Done");
    let (code, said) = talk.end();
    assert_eq!(code, Some(77), "{said}");
    assert!(home.env().contains("FYERS_SECRET_KEY=SIMULATED1\n"), "{}", home.env());
}

#[test]
fn an_answer_of_before_that_is_not_possible_is_asked_for_again() {
    let home = set_up_with(
        "FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=your_secret_key\nKEEPER_TICK_TIME=08:40\n",
    );
    let mut talk = Conversation::start(&home);
    talk.wait("FYERS_SECRET_KEY is a placeholder");
    talk.answer("take these out and ask again", "");
    talk.answer("The keeper's https address", "");
    talk.answer("App id", "ABCD1234EF-200");
    talk.answer("Secret id", SECRET);
    talk.wait("✓ app secret");
    talk.answer("Bot token", "");
    talk.end();
    let env = home.env();
    assert!(env.contains("FYERS_SECRET_KEY=SIMULATED1") && env.contains("KEEPER_TICK_TIME=08:40"), "{env}");

    // What is not asked for here is not touched.
    home.append_env("KEEPER_LOG=loud\n");
    let before = home.env();
    let ran = home.run(&["init"]).exits(78);
    assert!(ran.err.contains("KEEPER_LOG"), "{ran:?}");
    assert_eq!(home.env(), before);
}

#[test]
fn a_secret_that_the_environment_sets_is_mended_there() {
    let home = home().set("FYERS_CLIENT_ID", "ABCD1234EF-200").set("FYERS_SECRET_KEY", "SIMULATED2");
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "");
    talk.answer("\"secret\": enter the secret again", "secret");
    talk.wait("is set in environment: change it there");
    talk.answer("\"secret\": enter the secret again", "skip");
    talk.wait("Bot token");
    talk.end();
}

#[test]
fn an_app_that_only_reads_does_not_go_live_without_a_word() {
    let home = prepared(Home::read_only());
    home.write_env("FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=SIMULATED1\n");
    let mut talk = Conversation::start(&home);
    talk.answer("The keeper's https address", "");
    talk.answer("Bot token", "");
    let said = talk.wait("\"real money\"");
    assert!(said.contains("ABCD1234EF-100 ends in -100: FYERS takes no orders from it"), "{said}");
    talk.read -= "\"real money\"".len();
    talk.answer("\"real money\"", "real money");
    talk.answer("Log in to FYERS now?", "later");
    talk.wait("Done");
    let (_, said) = talk.end();
    assert!(said.contains("Live, but FYERS takes no orders from ABCD1234EF-100"), "{said}");
    // Nor at any later look.
    let words = "FYERS takes no orders from apps that end in -100";
    let checked = home.run(&["config", "check"]).exits(0);
    assert!(checked.out.contains(words), "{checked:?}");
    let keeper = home.start_ready();
    let told = |line: &serde_json::Value| line["message"].as_str().is_some_and(|text| text.contains(words));
    wait_for("the warning in the log", || keeper.lines().iter().any(told).then_some(()));
    let doctor = home.run(&["doctor"]).exits(0);
    assert!(doctor.out.contains("is of the kind that only reads"), "{doctor:?}");

    // In the sandbox reading is all that is needed.
    home.write_env(&home.env().replace("FYERS_SANDBOX=false", "FYERS_SANDBOX=true"));
    assert!(!home.run(&["config", "check"]).exits(0).out.contains(words));
}
