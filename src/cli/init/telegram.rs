//! The Telegram bot at a terminal: its token, and the chat, which is found by a code that is sent to the bot.

use std::time::Duration;

use keeper_domain::chat::talk::PollError;
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep};

use crate::cli::{
    failure::Failure,
    init::{
        pairing::{Candidate, PATIENCE, Paired, lasting},
        place::{Place, words},
        terminal::{Terminal, is_none},
    },
    setup::CliConfig,
};

/// The pause after a failed poll.
const PAUSE: Duration = Duration::from_secs(2);

/// Asks for a bot, waits for the code, and sends a test message.
pub(super) async fn pair(
    terminal: &mut Terminal,
    place: &Place,
    config: CliConfig,
) -> Result<CliConfig, Failure> {
    terminal.title("Telegram: alerts, and the login card of each morning");
    if config.settings.telegram.is_some() {
        terminal.say("✓ The bot is set already. `fyers-keeper doctor` looks whether it works.");
        return Ok(config);
    }
    terminal.say("In Telegram write /newbot to @BotFather, and copy the token that it answers with.");
    loop {
        let token = terminal.ask_secret("Bot token. Enter: no Telegram, alerts go to the log")?;
        if is_none(token.expose_secret()) {
            terminal.say("No Telegram for now. Start `fyers-keeper init` again to add it.");
            return Ok(config);
        }
        let found = match Candidate::of(&token, config.settings.telegram_api_url.clone()).await {
            Ok(candidate) => wait(terminal, candidate).await,
            Err(why) => Err(why),
        };
        match found {
            Ok((candidate, paired)) => match candidate.save(place, paired) {
                Ok(saved) => {
                    terminal.say(match candidate.greet(paired).await {
                        true => "✓ Paired. A test message is in the chat.",
                        false => {
                            "! Paired, but the test message did not arrive. `fyers-keeper doctor` looks why."
                        }
                    });
                    return Ok(saved);
                }
                Err(failure) => terminal.say(&words(&failure)),
            },
            Err(why) => terminal.say(&format!("! {why}")),
        }
    }
}

/// Shows the code and waits for it. An error is one line for a person.
async fn wait(terminal: &mut Terminal, mut candidate: Candidate) -> Result<(Candidate, Paired), String> {
    let (bot, code) = (&candidate.bot, &candidate.code);
    terminal.say(&format!(
        "✓ {bot} answers. Now write to it, in a chat with you alone or in a group that it is in:\n\n    \
         /start {code}\n\n\
         or open https://t.me/{}?start={code} (waiting, 10 minutes at most)",
        bot.trim_start_matches('@')
    ));
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match candidate.listen().await {
            Ok(Some(paired)) => return Ok((candidate, paired)),
            Ok(None) => {}
            Err(error) => match (lasting(&error), error) {
                (Some(why), _) => return Err(why.to_owned()),
                (None, PollError::Wait(pause)) => sleep(pause).await,
                (None, _) => sleep(PAUSE).await,
            },
        }
    }
    Err("The code did not come within 10 minutes.".to_owned())
}
