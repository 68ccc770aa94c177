//! A folder to live in, a simulated world, and the real program with nothing else in its environment.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::Value;
use simulator::{Options, RefreshMode, Simulator, TokenKind};
use tempfile::TempDir;

#[path = "last_words.rs"]
mod last_words;

/// The longest wait for anything; far more than it takes, so that a slow machine is no failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);

/// Asks again and again until there is an answer; panics at the deadline.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "{what} did not come about within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port nobody uses right now, below those that connections get by themselves: a restart finds it free again.
pub(crate) fn free_port() -> u16 {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| rand::random_range(10_000..32_000)).find(free).unwrap()
}

/// The program's folder, its environment, and the world it talks to.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) sim: Simulator,
    pub(crate) port: u16,
    environment: BTreeMap<String, String>,
    /// What the clocks of the program and of the simulator show, and since when.
    clock: Option<PlayedClock>,
}

/// A made-up time that runs at real speed; the program and the simulator have the same one.
#[derive(Clone)]
pub(crate) struct PlayedClock(Arc<Mutex<(DateTime<FixedOffset>, Instant)>>);

impl PlayedClock {
    /// Shows this Indian time now, as `2026-11-23T08:44:50`.
    fn at(text: &str) -> Self {
        Self(Arc::new(Mutex::new((indian(text), Instant::now()))))
    }

    pub(crate) fn now(&self) -> DateTime<FixedOffset> {
        let (start, began) = *self.0.lock().unwrap();
        start + began.elapsed()
    }
}

fn indian(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap()
}

/// One finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output as the one JSON object it must be.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Everything it printed.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

impl Home {
    /// A folder without any settings file; only the addresses point at the simulator, whose app may place orders.
    pub(crate) fn bare(mut options: Options) -> Self {
        options.app.client_id = options.app.client_id.replace("-100", "-200");
        Self::of(options)
    }
    /// The same with an app that only reads.
    pub(crate) fn read_only() -> Self {
        Self::of(Options::default())
    }

    fn of(options: Options) -> Self {
        let sim = Simulator::start(options).unwrap();
        let port = free_port();
        let environment = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("FYERS_API_URL", sim.api_url()),
            ("FYERS_DATA_URL", sim.data_url()),
            ("KEEPER_HTTP_ADDR", format!("127.0.0.1:{port}")),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
        Self { dir: TempDir::new().unwrap(), sim, port, environment, clock: None }
    }

    /// A folder with the simulator's app and PIN in `.env`, at this Indian time: a morning can be played at any
    /// time of day.
    pub(crate) fn at(time: &str, refresh: RefreshMode) -> Self {
        let clock = PlayedClock::at(time);
        let shared = clock.clone();
        let shown = Arc::new(move || shared.now().to_utc());
        let mut home = Self::bare(Options { refresh, clock: shown, ..Options::default() });
        home.clock = Some(clock);
        home.write_env(&format!("{APP}FYERS_PIN=1234\n"));
        home
    }

    /// Goes on at another Indian time; a program that runs keeps its own until it is started again.
    pub(crate) fn jump(&self, time: &str) {
        *self.clock.as_ref().unwrap().0.lock().unwrap() = (indian(time), Instant::now());
    }

    /// A folder with the simulator's app and PIN in `.env`.
    pub(crate) fn with_app(refresh: RefreshMode) -> Self {
        let home = Self::bare(Options { refresh, ..Options::default() });
        home.write_env(&format!("{APP}FYERS_PIN=1234\n"));
        home
    }

    /// Adds a variable to the program's environment.
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// The program's whole environment.
    pub(crate) fn settings(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Points the alerts at the simulator's chat. The account is in the settings, so that nobody need confirm it.
    pub(crate) fn with_telegram(self) -> Self {
        let url = self.sim.telegram_url();
        let bot = simulator::Telegram::default().bot_token;
        self.set("TELEGRAM_BOT_TOKEN", bot)
            .set("TELEGRAM_CHAT_ID", "42")
            .set("TELEGRAM_API_URL", url)
            .set("FYERS_ACCOUNT_ID", "XX00001")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write_env(&self, text: &str) {
        fs::write(self.path(".env"), text).unwrap();
    }

    pub(crate) fn append_env(&self, text: &str) {
        let old = self.env();
        self.write_env(&format!("{old}{text}"));
    }

    pub(crate) fn env(&self) -> String {
        fs::read_to_string(self.path(".env")).unwrap_or_default()
    }

    /// Waits until `.env` has this: the copy follows the token, it does not hold it up.
    pub(crate) fn wait_env(&self, text: &str) {
        wait_for("the token in .env", || self.env().contains(text).then_some(()));
    }

    /// The newest token of a kind that the simulator has given out.
    pub(crate) fn newest(&self, kind: TokenKind) -> String {
        let tokens = self.sim.state().tokens;
        tokens.into_iter().rev().find(|token| token.kind == kind).unwrap().token
    }

    /// The program with these arguments, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fyers-keeper"));
        command.args(args).env_clear().envs(&self.environment).current_dir(self.dir.path());
        if let Some(clock) = &self.clock {
            command.env("KEEPER_DEMO_CLOCK", clock.now().to_rfc3339());
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// How often FYERS was asked for a new token.
    pub(crate) fn refresh_calls(&self) -> u64 {
        self.sim.call_count(simulator::endpoint::VALIDATE_REFRESH_TOKEN).total
    }

    /// Starts the service; its log goes into the folder, a file for each start.
    pub(crate) fn start(&self) -> Keeper {
        let log = self.path(&format!("log-{}", Utc::now().timestamp_micros()));
        let err = log.with_extension("err");
        let mut command = self.command(&["run"]);
        command.stdout(File::create(&log).unwrap()).stderr(File::create(&err).unwrap());
        Keeper { child: command.spawn().unwrap(), port: self.port, log, err }
    }

    /// A service that was started with outputs of its own.
    pub(crate) fn adopt(&self, mut command: Command) -> Keeper {
        let none = self.path("no-log");
        File::create(&none).unwrap();
        Keeper { child: command.spawn().unwrap(), port: self.port, log: none.clone(), err: none }
    }

    /// Starts the service and waits until it is ready.
    pub(crate) fn start_ready(&self) -> Keeper {
        let mut keeper = self.start();
        keeper.wait_ready();
        keeper
    }

    /// What the phone shows, oldest first.
    pub(crate) fn alerts(&self) -> Vec<String> {
        self.sim.telegram_messages().into_iter().map(|message| message.text).collect()
    }

    /// Waits until an alert with these words is on the phone, and returns it.
    pub(crate) fn wait_alert(&self, words: &str) -> String {
        wait_for(&format!("an alert with {words:?}"), || {
            self.alerts().into_iter().find(|alert| alert.contains(words))
        })
    }
}

/// The simulator's app, as `.env` lines.
pub(crate) const APP: &str = "FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY=SIMULATED1\n";

/// A running service; killed when dropped.
pub(crate) struct Keeper {
    child: Child,
    port: u16,
    log: PathBuf,
    err: PathBuf,
}

impl Keeper {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Where its log is, for the time after its end.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// Its standard error so far.
    pub(crate) fn err(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// The whole lines of its log, each as the JSON object it must be.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let log = self.log();
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        whole.lines().map(parse).collect()
    }

    /// Its log once this event is in it: lines are written behind the work, so they may come after it.
    pub(crate) fn wait_logged(&self, event: &str) -> Vec<Value> {
        wait_for(&format!("a log line of {event}"), || {
            let lines = self.lines();
            lines.iter().any(|line| line["event"] == event).then_some(lines)
        })
    }

    pub(crate) fn wait_ready(&mut self) {
        wait_for("/readyz", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the service ended with {status}: {}{}", self.log(), self.err());
            }
            (get(&self.url("/readyz"))?.0 == 200).then_some(())
        });
    }

    /// `GET` as somebody who can read the state folder.
    pub(crate) fn get_with_own_key(&self, path: &str) -> Option<(u16, String)> {
        let file = self.log.with_file_name("state").join("gateway.key");
        match fs::read_to_string(file) {
            Ok(key) => get_with_key(&self.url(path), key.trim()),
            Err(_) => get(&self.url(path)),
        }
    }

    /// `/api/status`, once it answers.
    pub(crate) fn status(&self) -> Value {
        wait_for("/api/status", || serde_json::from_str(&self.get_with_own_key("/api/status")?.1).ok())
    }

    /// Waits until the status fulfils a wish, and returns it.
    pub(crate) fn wait_status(&self, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            last = self.status();
            if wish(&last) {
                return last;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{what} did not come about: {last:#}\n{}", self.log())
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        rustix::process::kill_process(process(&self.child), rustix::process::Signal::TERM).unwrap();
        self.wait()
    }

    /// `kill -9`, and nothing said.
    pub(crate) fn kill9(mut self) {
        let _ended_before = self.child.kill();
        self.wait();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the end of the service", || self.child.try_wait().unwrap())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        last_words::print(&self.log);
        let _ended = (self.child.kill(), self.child.wait());
    }
}

fn process(child: &Child) -> rustix::process::Pid {
    rustix::process::Pid::from_child(child)
}

/// `GET`: status and body, or `None` when nobody answers.
pub(crate) fn get(url: &str) -> Option<(u16, String)> {
    send(client().get(url))
}

/// `GET` with a bearer key.
pub(crate) fn get_with_key(url: &str, key: &str) -> Option<(u16, String)> {
    send(client().get(url).bearer_auth(key))
}

/// `POST` with or without a bearer key.
pub(crate) fn post(url: &str, key: Option<&str>) -> Option<(u16, String)> {
    send(key.into_iter().fold(client().post(url), reqwest::RequestBuilder::bearer_auth))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

fn send(request: reqwest::RequestBuilder) -> Option<(u16, String)> {
    block_on(async {
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    })
}

/// Runs something to its end on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
