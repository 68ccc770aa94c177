//! The commands: one table for the menu, for /help and for understanding what was written.

use crate::{
    chat::talk::{Action, TalkTopic},
    keys::BotName,
};

/// Minutes for /mute without a number.
const MUTE: u32 = 60;
/// Minutes for /snooze without a number, and for the card's button.
pub const SNOOZE: u32 = 15;
/// The longest time anything can be silenced for: a day, so that nothing is forgotten for good.
const LONGEST: u32 = 24 * 60;
/// A command with at most so many letters wrong is probably another one.
const SLIPS: usize = 2;

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatCommand {
    /// To be told something.
    Tell(TalkTopic),
    /// Something to be done.
    Act(Action),
    /// The sender's and the chat's ids.
    WhoAmI,
    /// The list of commands.
    Help,
}

/// Every command, and its line in the menu.
pub const COMMANDS: [(&str, &str); 26] = [
    ("status", "mode, session and next check"),
    ("login", "show the login card"),
    ("halt", "entries are refused until /resume; of one bot as /halt NAME"),
    ("resume", "trade again; one bot as /resume NAME"),
    ("flat", "close all simulated positions"),
    ("positions", "open positions, and where they are"),
    ("orders", "today's orders, newest first"),
    ("pnl", "profit and loss of the day"),
    ("funds", "money in the account"),
    ("keys", "each bot's key, its limits and its day"),
    ("feeds", "prices and order updates from FYERS"),
    ("mode", "where orders go, and why"),
    ("token", "end and source of the token"),
    ("refresh", "ask FYERS for a new token now"),
    ("logout", "end the session at FYERS"),
    ("calendar", "next trading days and holidays"),
    ("snooze", "no login reminders for 15 minutes, or as many as you say"),
    ("mute", "alerts without a sound for 60 minutes, or as many as you say"),
    ("unmute", "alerts with a sound again"),
    ("health", "the keeper's parts, and alerts that wait"),
    ("logs", "the newest events"),
    ("confirm", "this FYERS account is yours, as /confirm XX00001"),
    ("test", "one alert of each severity"),
    ("version", "version and commit"),
    ("whoami", "your id and this chat's"),
    ("help", "this list"),
];

/// A text that begins with a slash, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// The name as written, without slash and bot.
    pub name: &'a str,
    /// The bot it is for, when one is named: in a group there may be several.
    pub bot: Option<&'a str>,
    /// The first word after it, or after an underscore in the name: Telegram makes only one word tappable.
    pub number: Option<&'a str>,
    /// Whether more words follow.
    pub goes_on: bool,
}

impl<'a> Written<'a> {
    /// `None` when the text is no command.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let first = words.next()?.strip_prefix('/')?;
        let (name, bot) = first.split_once('@').map_or((first, None), |(name, bot)| (name, Some(bot)));
        let (name, joined) = name.split_once('_').map_or((name, None), |(name, word)| (name, Some(word)));
        let number = joined.or_else(|| words.next());
        Some(Self { name, bot, number, goes_on: words.next().is_some() })
    }

    /// What it asks for; an error is the line to answer with.
    pub fn command(&self) -> Result<ChatCommand, String> {
        let name = self.name.to_ascii_lowercase();
        let act = |action| Ok(ChatCommand::Act(action));
        let tell = |topic| Ok(ChatCommand::Tell(topic));
        match name.as_str() {
            "status" => tell(TalkTopic::Status),
            "mode" => tell(TalkTopic::Mode),
            "token" => tell(TalkTopic::Token),
            "calendar" => tell(TalkTopic::Calendar),
            "health" => tell(TalkTopic::Health),
            "logs" => tell(TalkTopic::Logs),
            "version" => tell(TalkTopic::Version),
            "positions" => tell(TalkTopic::Positions),
            "orders" => tell(TalkTopic::Orders),
            "funds" => tell(TalkTopic::Funds),
            "pnl" => tell(TalkTopic::Pnl),
            "feeds" => tell(TalkTopic::Feeds),
            "keys" => tell(TalkTopic::Keys),
            "login" => act(Action::Login),
            "logout" => act(Action::Logout),
            "refresh" => act(Action::Refresh),
            "halt" => act(Action::Halt { bot: self.bot_name()? }),
            "resume" => act(Action::Resume { bot: self.bot_name()? }),
            "flat" => act(Action::Flat),
            "mute" => act(Action::Mute { minutes: self.minutes(&name, MUTE)? }),
            "unmute" => act(Action::Unmute),
            "snooze" => act(Action::Snooze { minutes: self.minutes(&name, SNOOZE)? }),
            "confirm" if self.number.is_none() => tell(TalkTopic::Confirm),
            "confirm" => act(Action::Confirm { account: self.account()? }),
            "test" => act(Action::Test),
            "whoami" => Ok(ChatCommand::WhoAmI),
            "help" | "start" => Ok(ChatCommand::Help),
            _ => Err(unknown(&name)),
        }
    }

    /// A bot's name; `None` when none is written. More than one word is no name: "/halt now please" is for all.
    fn bot_name(&self) -> Result<Option<BotName>, String> {
        let Some(word) = self.number.filter(|_| !self.goes_on) else { return Ok(None) };
        let name = BotName::new(&word.to_ascii_lowercase());
        let usage = |_| format!("Which bot? Say /{} NAME, or /{} for all.", self.name, self.name);
        name.map(Some).map_err(usage)
    }

    /// An account, as FYERS writes it.
    fn account(&self) -> Result<String, String> {
        let word = self.number.unwrap_or_default().to_ascii_uppercase();
        let fits = (4..=20).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric());
        fits.then_some(word).ok_or_else(|| "Which account? Say /confirm XX00001.".to_owned())
    }

    /// A number of minutes; `m`, `min` and `h` after it are understood.
    fn minutes(&self, name: &str, usual: u32) -> Result<u32, String> {
        let Some(word) = self.number else { return Ok(usual) };
        let word = word.to_ascii_lowercase();
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &word[digits.len()..] {
            "" | "m" | "min" => Some(1),
            "h" => Some(60),
            _ => None,
        };
        let number: Option<u32> = digits.parse().ok();
        let minutes = unit.zip(number).and_then(|(unit, number)| number.checked_mul(unit));
        let usage = || format!("For how long? Say /{name} {usual} for {usual} minutes; a day is the most.");
        minutes.filter(|minutes| (1..=LONGEST).contains(minutes)).ok_or_else(usage)
    }
}

/// What /help says.
pub fn help() -> String {
    let lines = COMMANDS.iter().map(|(name, what)| format!("/{name} – {what}"));
    let last = "After a login you can also paste the address you were led to, or the code in it.";
    ["Commands".to_owned()].into_iter().chain(lines).chain([last.to_owned()]).collect::<Vec<_>>().join("\n")
}

/// Does not repeat what was written: it may be anything.
fn unknown(name: &str) -> String {
    let distance = |known: &str| strsim::osa_distance(name, known);
    let slips = COMMANDS.iter().map(|(known, _)| distance(known)).min();
    match slips.filter(|slips| *slips <= SLIPS) {
        Some(slips) => {
            // Two commands may be equally near, and one of them must not hide the other.
            let near = COMMANDS.iter().filter(|(known, _)| distance(known) == slips);
            let near = near.map(|(known, _)| format!("/{known}")).collect::<Vec<_>>().join(" or ");
            format!("I do not know that command. Did you mean {near}? All of them: /help")
        }
        None => "I do not know that command. All of them: /help".to_owned(),
    }
}

/// What it means to close all simulated positions.
pub const FLAT_MEANS: &str = "Those of all bots, also of bots that only simulate: /keys shows whose they are. Positions at FYERS stay as they are.";

/// What must be confirmed before it is done, in words: the question, what it means, the button.
pub fn question(action: &Action) -> Option<(&'static str, &'static str, &'static str)> {
    match action {
        Action::Halt { bot: Some(_) } => Some((
            "Halt this bot?",
            "Nothing is halted yet. Once it is, its entries are refused; its exits pass, and all other bots go on. \
             Orders of it that wait already can still fill.",
            "Yes, halt this bot",
        )),
        Action::Resume { bot: Some(_) } => Some((
            "Resume this bot?",
            "Its orders go out again as the mode and its key say, with real money if those say so.",
            "Yes, resume this bot",
        )),
        Action::Halt { bot: None } => Some((
            "Halt trading?",
            "Nothing is halted yet. Once it is, entries are refused; orders that reduce an open position still pass, \
             at FYERS while there is a token.",
            "Yes, halt trading",
        )),
        Action::Resume { bot: None } => Some((
            "Resume trading?",
            "Orders go out again as the settings say, with real money if those say so.",
            "Yes, resume trading",
        )),
        Action::Flat => Some(("Close all simulated positions?", FLAT_MEANS, "Yes, close the simulated ones")),
        Action::Logout => Some((
            "Log out at FYERS?",
            "The token dies at once; nothing is traded for real until the next login.",
            "Yes, log out",
        )),
        Action::Refresh => Some((
            "Refresh the token?",
            "One call to FYERS. A new token takes the place of the one in use.",
            "Yes, refresh now",
        )),
        Action::Login
        | Action::Mute { .. }
        | Action::Unmute
        | Action::Snooze { .. }
        | Action::MockToday
        | Action::Confirm { .. }
        | Action::Test => None,
    }
}
