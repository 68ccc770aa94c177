//! `init`: the first set-up as a conversation. Each answer is checked at once where somebody can check it and saved at
//! once, so that it can be left at any point and begun again: what is set already is not asked for again.

mod app;
mod pages;
mod pairing;
mod place;
mod telegram;
mod terminal;

use crate::cli::{
    exit::Exit,
    failure::{Complaint, Failure},
    login,
    output::{no_runtime, no_state},
    probe::{block_on, reachable},
    setup::{CliConfig, load},
};
use crate::{
    build_info::GATEWAY_DOCUMENT,
    config::{Row, SettingOrigin},
    store::StateDir,
};
use keeper_domain::{app_kind::AppKind, reason::Reason};
pub(in crate::cli) use pages::PageSetUp;
use place::Place;
use terminal::Terminal;

pub(super) fn init() -> Result<Exit, Failure> {
    let (terminal, place) = (Terminal::new(), Place::of_environment());
    let state = StateDir::open(place.state_dir()).map_err(|error| no_state(&error))?;
    let mut set_up = SetUp { terminal, place, state };
    match block_on(set_up.run()) {
        Some(done) => done,
        None => Err(no_runtime()),
    }
}

/// The conversation, and where its answers go.
struct SetUp {
    terminal: Terminal,
    place: Place,
    /// Held all the time: a keeper that runs would not see the new settings, and would poll the same bot.
    state: StateDir,
}

impl SetUp {
    async fn run(&mut self) -> Result<Exit, Failure> {
        self.place.make()?;
        self.terminal.say(&format!(
            "Set-up of fyers-keeper. Answers are saved in {} as you give them; secrets are never shown.\n\
             Leave it at any time with Ctrl-C and start it again: what is saved is not asked for again.",
            self.place.env_path().display()
        ));
        let config = self.begin()?;
        let config = app::address(&mut self.terminal, &self.place, config)?;
        let config = app::app(&mut self.terminal, &self.place, config).await?;
        let config = telegram::pair(&mut self.terminal, &self.place, config).await?;
        let config = app::real_money(&mut self.terminal, &self.place, config)?;
        let (config, exit) = self.first_login(config).await?;
        self.done(&config)?;
        Ok(exit)
    }

    /// The settings as they are. Answers of before that are not possible are asked for again, if the person wants it so;
    /// what is not asked for here is mended where it was written.
    fn begin(&mut self) -> Result<CliConfig, Failure> {
        let failure = match load() {
            Ok(config) => return Ok(config),
            Err(failure) => failure,
        };
        let name = |problem: &Complaint| problem.what.split(' ').next().unwrap_or_default().to_owned();
        let groups = failure
            .problems
            .iter()
            .map(|problem| ASKED.into_iter().find(|group| group.contains(&name(problem).as_str())));
        let Some(groups) = groups.collect::<Option<Vec<_>>>() else { return Err(failure) };
        self.terminal.say(&place::words(&failure));
        self.terminal
            .choose("Enter: take these out and ask again. Ctrl-C: leave them as they are", &[("", ())])?;
        let names: Vec<&str> = groups.into_iter().flatten().copied().collect();
        self.place.empty(&names)
    }

    /// A login that fails is told with its reason and can be tried again; the rest of the set-up is done all the same.
    async fn first_login(&mut self, mut config: CliConfig) -> Result<(CliConfig, Exit), Failure> {
        if config.settings.app.is_none() || config.redirect_uri().is_none() {
            return Ok((config, Exit::Good));
        }
        self.terminal.title("First login");
        let mut question = "Log in to FYERS now? Enter: yes. \"later\": with `fyers-keeper login`";
        while self.terminal.choose(question, &LOG_IN)? {
            let report = login::here(&config, &self.state).await?;
            if login::end(&report, false) == Exit::Good {
                return Ok((config, Exit::Good));
            }
            question = "Try again? Enter: yes. \"later\": with `fyers-keeper login`";
            if matches!(report.reason, Some(Reason::AppHashRejected | Reason::AppUnknown)) {
                match self.after_refused_secret(&config)? {
                    (changed, true) => config = changed,
                    (same, false) => return Ok((same, Exit::LoginRequired)),
                }
            }
        }
        Ok((config, Exit::LoginRequired))
    }

    /// A secret that FYERS has refused is not sent again without a word: another one is asked for until there is one, or
    /// the person says what else is to be done. False: the login is left for later.
    fn after_refused_secret(&mut self, refused: &CliConfig) -> Result<(CliConfig, bool), Failure> {
        let is_same = |config: &CliConfig| match (&refused.settings.app, &config.settings.app) {
            (Some(before), Some(now)) => before.is_same(now),
            _ => false,
        };
        loop {
            let config = app::other_secret(&mut self.terminal, &self.place)?;
            if !is_same(&config) {
                return Ok((config, true));
            }
            let question = "The secret is still the one that FYERS has refused. Enter: enter another one. \
                            \"again\": send it again. \"later\": with `fyers-keeper login`";
            let answers = [("", None), ("again", Some(true)), ("later", Some(false))];
            if let Some(again) = self.terminal.choose(question, &answers)? {
                return Ok((config, again));
            }
        }
    }

    fn done(&mut self, config: &CliConfig) -> Result<(), Failure> {
        // Made now, so that the line for the bot works before the first start.
        self.state.gateway_key().map_err(|error| no_state(&error))?;
        self.terminal.title("Done");
        self.terminal.say(&next_mode(config, &self.place));
        self.terminal.say(
            "\nStart the keeper:  fyers-keeper run\n\
             Look at it any time:  fyers-keeper status\n\n\
             Your bot needs these lines in place of its login at FYERS:\n",
        );
        let lines = bot_lines(config, &self.place);
        self.terminal
            .say_whole(&lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"));
        self.terminal.say_whole(&format!("\nOther languages:\n{GATEWAY_DOCUMENT}"));
        Ok(())
    }
}

/// Whether nothing says yet where orders go, and FYERS takes some from this app.
fn asks_orders(config: &CliConfig) -> bool {
    let takes = |id: &str| AppKind::of(id) != AppKind::Reads;
    config.settings.app.as_ref().is_some_and(|app| takes(&app.client_id)) && !is_sandbox_set(config)
}

fn is_sandbox_set(config: &CliConfig) -> bool {
    let is_set = |row: &Row| row.name == "FYERS_SANDBOX" && row.origin != SettingOrigin::Default;
    config.settings.rows.iter().any(is_set)
}

/// Which mode the next login leads to, what that means for orders, and the one line that changes it.
fn next_mode(config: &CliConfig, place: &Place) -> String {
    let settings = &config.settings;
    let Some(app) = &settings.app else {
        return "Mode: Mock, because there is no app at FYERS yet. Every order is simulated. To add the app: \
                fyers-keeper init"
            .to_owned();
    };
    let is_environment = |row: &Row| row.name == "FYERS_SANDBOX" && row.origin == SettingOrigin::Environment;
    let file = match settings.rows.iter().any(is_environment) {
        true => "the environment".to_owned(),
        false => place.env_path().display().to_string(),
    };
    let reads_only = AppKind::of(&app.client_id) == AppKind::Reads;
    match settings.sandbox {
        // Live would send it orders that it cannot place.
        true if reads_only => format!(
            "Mode with a login: Sandbox. Prices and account are real, and no order reaches FYERS.\n\
             Real orders (Live) need another app, whose id ends in -200: FYERS takes none from {}, it only reads.",
            app.client_id
        ),
        true => format!(
            "Mode with a login: Sandbox. Prices and account are real, and no order reaches FYERS.\n\
             For real orders (Live) set this in {file}, then start the keeper again:\n    FYERS_SANDBOX=false"
        ),
        false if reads_only => format!(
            "Mode with a login: Live, but FYERS takes no orders from {}: it ends in -100 and only reads.\n\
             For simulated orders (Sandbox) set this in {file}, then start the keeper again:\n    FYERS_SANDBOX=true",
            app.client_id
        ),
        false => format!(
            "Mode with a login: Live. Orders go to FYERS, with real money.\n\
             For simulated ones (Sandbox) set this in {file}, then start the keeper again:\n    FYERS_SANDBOX=true"
        ),
    }
}

/// What is asked for here, in pairs that mean nothing without each other.
const ASKED: [&[&str]; 4] = [
    &["KEEPER_PUBLIC_URL"],
    &["FYERS_CLIENT_ID", "FYERS_SECRET_KEY"],
    &["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"],
    &["FYERS_SANDBOX"],
];

/// What a bot in Python needs in place of its login at FYERS; the key itself is not in it.
fn bot_lines(config: &CliConfig, place: &Place) -> String {
    // The bot reads the key from a file, so it is on this machine too.
    let base = format!("http://{}", reachable(config.settings.http_addr));
    let key = place.state_dir().join("gateway.key");
    let key = std::path::absolute(&key).unwrap_or(key);
    let token = match config.settings.gateway_key {
        Some(_) => "os.environ[\"KEEPER_GATEWAY_KEY\"]".to_owned(),
        None => format!("open(\"{}\").read().strip()", key.display()),
    };
    format!(
        "fyersModel.Config.API = \"{base}/api/v3\"\n\
         fyersModel.Config.DATA_API = \"{base}/data\"\n\
         key = {token}\n\
         fyers = fyersModel.FyersModel(client_id=\"BOT-100\", token=key, log_path=\"\")"
    )
}

/// Whether to log in now.
const LOG_IN: [(&str, bool); 7] =
    [("", true), ("yes", true), ("y", true), ("later", false), ("no", false), ("n", false), ("skip", false)];
