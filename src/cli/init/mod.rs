//! `init`: the first set-up as a conversation. Each answer is checked at once where somebody can check it and saved at
//! once, so that it can be left at any point and begun again: what is set already is not asked for again.

mod app;
mod place;
mod telegram;
mod terminal;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    login,
    output::no_state,
    probe::block_on,
    setup::{Config, load},
};
use crate::store::StateDir;
use place::Place;
use terminal::Terminal;

pub(super) fn init() -> Result<Exit, Failure> {
    let place = Place::of_environment();
    let state = StateDir::open(place.state_dir()).map_err(|error| no_state(&error))?;
    let mut set_up = SetUp { terminal: Terminal::new(), place, state };
    match block_on(set_up.run()) {
        Some(done) => done,
        None => Ok(Exit::Error),
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
        let mut config = load()?;
        self.terminal.say(&format!(
            "Set-up of fyers-keeper. Answers are saved in {} as you give them; secrets are never shown.\n\
             Leave it at any time with Ctrl-C and start it again: it goes on where you left.",
            self.place.env_path().display()
        ));
        config = app::address(&mut self.terminal, &self.place, config)?;
        config = app::app(&mut self.terminal, &self.place, config).await?;
        config = telegram::pair(&mut self.terminal, &self.place, config).await?;
        config = app::real_money(&mut self.terminal, &self.place, config)?;
        let exit = self.first_login(&config).await?;
        self.done(&config)?;
        Ok(exit)
    }

    /// A login that fails is told with its reason and can be tried again; the rest of the set-up is done all the same.
    async fn first_login(&mut self, config: &Config) -> Result<Exit, Failure> {
        if config.settings.app.is_none() || config.redirect_uri().is_none() {
            return Ok(Exit::Good);
        }
        self.terminal.title("First login");
        let mut question = "Log in to FYERS now? Enter: yes. \"later\": with `fyers-keeper login`";
        while !is_later(&self.terminal.ask(question)?) {
            let report = login::here(config, &self.state).await?;
            if login::end(&report, false) == Exit::Good {
                return Ok(Exit::Good);
            }
            question = "Try again? Enter: yes. \"later\": with `fyers-keeper login`";
        }
        Ok(Exit::LoginRequired)
    }

    fn done(&mut self, config: &Config) -> Result<(), Failure> {
        // Made now, so that the line for the bot works before the first start.
        self.state.gateway_key().map_err(|error| no_state(&error))?;
        let addr = config.settings.http_addr;
        let key = self.place.state_dir().join("gateway.key");
        let key = std::path::absolute(&key).unwrap_or(key);
        self.terminal.title("Done");
        let token = match config.settings.gateway_key {
            Some(_) => "os.environ[\"KEEPER_GATEWAY_KEY\"]".to_owned(),
            None => format!("open(\"{}\").read().strip()", key.display()),
        };
        self.terminal.say(&format!(
            "Start the keeper:   fyers-keeper run\n\
             Your bot needs these two lines in place of its login at FYERS (other languages: docs/gateway.md):\n\n    \
             fyersModel.Config.API, fyersModel.Config.DATA_API = \"http://{addr}/api/v3\", \"http://{addr}/data\"\n    \
             fyers = fyersModel.FyersModel(client_id=\"BOT-100\", token={token}, log_path=\"\")"
        ));
        Ok(())
    }
}

fn is_later(answer: &str) -> bool {
    ["later", "no", "n", "skip"].contains(&answer.to_ascii_lowercase().as_str())
}
