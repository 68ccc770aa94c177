//! The same set-up for the pages of a keeper that runs without an app: answers are checked and saved as `init` does it,
//! and at the end the keeper starts again with them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use keeper_domain::{address::is_loopback, text::excerpt};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};
use url::Url;

use crate::cli::{
    failure::Failure,
    init::{
        app::{NO_CHAT, findings},
        asks_orders, bot_lines, next_mode,
        pairing::{Candidate, PATIENCE, Paired, lasting},
        place::{Place, words},
    },
    setup::{CliConfig, load},
};
use crate::{
    config::{app_id_flaw, secret_flaw},
    doctor::{self, Finding, Mark},
    http::set_up::{AppAnswers, Pairing, SetUp, SetUpView},
    logging::Redactor,
};

/// The set-up of one run of the keeper.
pub(in crate::cli) struct PageSetUp {
    place: Place,
    redactor: Redactor,
    /// Told when the keeper is to start again.
    finished: Arc<Notify>,
    is_finished: AtomicBool,
    steps: Mutex<Steps>,
}

/// How far it is.
#[derive(Default)]
struct Steps {
    app_words: String,
    /// An app id that was entered and is not saved.
    entered: String,
    /// A person wants another app: the one that is saved stays until FYERS knows the other one.
    is_back_at_app: bool,
    /// The https address was asked for here, so it is asked for again with another app.
    has_address: bool,
    egress: Option<String>,
    candidate: Option<(Candidate, Instant)>,
    paired: Option<bool>,
    /// A chat that these pages have paired stays until another one is, or until a person goes on without: whether the test
    /// message arrived in it.
    kept_chat: Option<bool>,
    /// Who may command was saved with that chat.
    has_users: bool,
    trouble: Option<String>,
    is_skipped: bool,
}

impl PageSetUp {
    /// What is entered is a secret of this run too.
    pub(in crate::cli) fn new(redactor: Redactor, finished: Arc<Notify>) -> Self {
        Self {
            place: Place::of_environment(),
            redactor,
            finished,
            is_finished: AtomicBool::new(false),
            steps: Mutex::default(),
        }
    }

    /// What is wrong with the answers by their form, in the words of the page's fields.
    fn flaw(answers: &AppAnswers) -> Option<String> {
        let of_id = app_id_flaw(&answers.id).map(|flaw| ("app id", flaw));
        let of_secret = || secret_flaw(answers.secret.expose_secret()).map(|flaw| ("secret id", flaw));
        let (field, (what, remedy)) = of_id.or_else(of_secret)?;
        Some(format!("What you entered as the {field} {what}. {remedy}"))
    }

    /// What FYERS says of the app, in words. Nothing of the answers is kept when FYERS refuses it, for which of them is wrong
    /// nobody knows: what was there before is there again.
    async fn try_app(&self, answers: &AppAnswers, asks_address: bool) -> Result<String, String> {
        self.place.make().map_err(|failure| told(&failure))?;
        let before = self.place.written(OF_APP);
        let config = self.saved_app(answers, asks_address)?;
        let findings = findings(&config).await.map_err(|failure| told(&failure))?;
        if let Some(refused) = findings.iter().find(|finding| finding.mark == Mark::Fail) {
            self.place.put_back(&before).map_err(|failure| told(&failure))?;
            return Err(format!("{}. {}", refused.what, refused.advice));
        }
        let words = |finding: &Finding| match finding.mark {
            Mark::Warn => format!("{} {}. {}", finding.check, finding.what, finding.advice),
            _ => finding.what.clone(),
        };
        // A green tick is for what FYERS has said, not for what could not be asked.
        let is_in_doubt = findings.iter().any(|finding| finding.mark == Mark::Warn);
        let (first, sign) =
            if is_in_doubt { ("! The app is saved:", "") } else { ("✓ The app is saved.", "✓ ") };
        let rest = findings.iter().map(|finding| format!("{sign}{}", words(finding)));
        Ok(std::iter::once(first.to_owned()).chain(rest).collect::<Vec<_>>().join("\n"))
    }

    /// `asks_address`: an address that was left out is none.
    fn saved_app(&self, answers: &AppAnswers, asks_address: bool) -> Result<CliConfig, String> {
        let (id, url) =
            (SecretString::from(answers.id.clone()), SecretString::from(answers.public_url.clone()));
        let own = own_redirect(&answers.host).map(SecretString::from);
        let mut values = vec![("FYERS_CLIENT_ID", &id), ("FYERS_SECRET_KEY", &answers.secret)];
        let before = load().map_err(|failure| told(&failure))?;
        let (has_url, has_way) = (!answers.public_url.is_empty(), before.redirect_uri().is_some());
        if has_url || asks_address {
            values.push(("KEEPER_PUBLIC_URL", &url));
        }
        if let Some(own) = own.as_ref().filter(|_| !has_url && (asks_address || !has_way)) {
            values.push(("FYERS_REDIRECT_URI", own));
        }
        self.place.save(&values).map_err(|failure| told(&failure))
    }

    /// Looks for the code; a person sees the outcome at the next look of the page.
    async fn look(&self, steps: &mut Steps) {
        let Some((mut candidate, until)) = steps.candidate.take() else { return };
        match candidate.look().await {
            Ok(Some(paired)) => match self.save_chat(steps, &candidate, paired) {
                Ok(()) => {
                    steps.paired = Some(candidate.greet(paired).await);
                    steps.kept_chat = steps.paired;
                }
                Err(failure) => steps.trouble = Some(told(&failure)),
            },
            Err(error) if lasting(&error).is_some() => steps.trouble = lasting(&error).map(str::to_owned),
            _ if Instant::now() >= until => {
                steps.trouble = Some("The code did not come within 10 minutes. Begin again.".to_owned());
            }
            _ => steps.candidate = Some((candidate, until)),
        }
    }

    /// In the place of one that was paired before; the people of that group may command no more.
    fn save_chat(&self, steps: &mut Steps, candidate: &Candidate, paired: Paired) -> Result<(), Failure> {
        if std::mem::take(&mut steps.has_users) {
            self.place.empty(&["TELEGRAM_ALLOWED_USERS"])?;
        }
        candidate.save(&self.place, paired)?;
        steps.has_users = paired.is_group();
        Ok(())
    }

    async fn egress(&self, steps: &mut Steps, config: &CliConfig) -> String {
        if let Some(known) = &steps.egress {
            return known.clone();
        }
        let words = match &config.settings.ip_check_url {
            Some(_) => doctor::egress(&config.settings).await.what,
            None => {
                "that of the keeper's machine: https://api.ipify.org shows it when it is asked from there"
                    .to_owned()
            }
        };
        steps.egress = Some(words.clone());
        words
    }
}

/// What the answers about the app are saved as.
const OF_APP: [&str; 4] = ["FYERS_CLIENT_ID", "FYERS_SECRET_KEY", "KEEPER_PUBLIC_URL", "FYERS_REDIRECT_URI"];

/// What stays until something new is accepted, in words.
fn kept(steps: &Steps, app: Option<&String>) -> Option<String> {
    match (steps.is_back_at_app, steps.kept_chat) {
        (true, _) => app.map(|id| format!("The app {id} stays saved until FYERS knows another one.")),
        (false, Some(_)) => Some("The chat that is paired stays until another one is.".to_owned()),
        (false, None) => None,
    }
}

/// A person's own browser on the keeper's machine, or at the end of a tunnel to it, can be sent back to where it is.
fn own_redirect(host: &str) -> Option<String> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_local = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
    is_local.then(|| format!("http://{host}/fyers/callback"))
}

/// Where FYERS sends a browser to this machine, other machines have no such page.
fn login_elsewhere(config: &CliConfig, is_paired: bool) -> Option<String> {
    let redirect = config.redirect_uri()?;
    let is_here = Url::parse(&redirect).is_ok_and(|url| is_loopback(&url));
    let place = match is_paired {
        true => "send it to the bot in Telegram",
        false => "paste it into `fyers-keeper login` on the keeper's machine",
    };
    is_here.then(|| {
        format!(
            "After the login FYERS sends the browser to {redirect}, which opens only on the keeper's own machine. On a \
             phone or another computer the page does not open: copy its whole address and {place}."
        )
    })
}

/// In one paragraph.
fn told(failure: &Failure) -> String {
    words(failure).replace("! ", "").replace('\n', " ")
}

#[async_trait]
impl SetUp for PageSetUp {
    async fn view(&self) -> SetUpView {
        let mut steps = self.steps.lock().await;
        self.look(&mut steps).await;
        let config = load().ok();
        let pairing = match (&steps.candidate, steps.paired) {
            (_, Some(is_greeted)) => Pairing::Done { is_greeted },
            (Some((candidate, _)), None) => {
                Pairing::Waiting { bot: candidate.bot.clone(), code: candidate.code.clone() }
            }
            (None, None) if steps.is_skipped => Pairing::Skipped,
            (None, None) => Pairing::None,
        };
        let egress = match &config {
            Some(config) => self.egress(&mut steps, config).await,
            None => String::new(),
        };
        let app = config.as_ref().and_then(|config| Some(config.settings.app.as_ref()?.client_id.clone()));
        let asks_address = steps.is_back_at_app && steps.has_address;
        let public_url = config.as_ref().and_then(|config| config.settings.public_url.as_ref());
        SetUpView {
            redirect: config.as_ref().and_then(CliConfig::redirect_uri).filter(|_| !asks_address),
            public_url: public_url.filter(|_| asks_address).map(ToString::to_string).unwrap_or_default(),
            egress,
            kept: kept(&steps, app.as_ref()),
            app: app.filter(|_| !steps.is_back_at_app),
            app_words: steps.app_words.clone(),
            pairing,
            trouble: steps.trouble.clone(),
            saved_in: self.place.env_path().display().to_string(),
            entered: steps.entered.clone(),
            login_elsewhere: config
                .as_ref()
                .and_then(|config| login_elsewhere(config, steps.paired.is_some())),
            bot_lines: config.as_ref().map(|config| bot_lines(config, &self.place)).unwrap_or_default(),
            next_mode: config.as_ref().map(|config| next_mode(config, &self.place)).unwrap_or_default(),
            asks_orders: config.as_ref().is_some_and(asks_orders),
        }
    }

    async fn save_app(&self, answers: AppAnswers) -> Result<(), String> {
        // A phone's paste brings a space along.
        let secret = SecretString::from(answers.secret.expose_secret().trim());
        let answers = AppAnswers { secret, ..answers };
        self.redactor.register(&answers.secret);
        let mut steps = self.steps.lock().await;
        // What is no app id may be the secret, and is not shown again.
        steps.entered = match app_id_flaw(&answers.id) {
            None => answers.id.clone(),
            Some(_) => String::new(),
        };
        if let Some(flaw) = Self::flaw(&answers) {
            return Err(flaw);
        }
        let asks_address = steps.is_back_at_app && steps.has_address;
        steps.app_words = self.try_app(&answers, asks_address).await?;
        steps.has_address = !answers.public_url.is_empty();
        steps.is_back_at_app = false;
        steps.entered.clear();
        Ok(())
    }

    async fn begin_pairing(&self, bot_token: SecretString) -> Result<(), String> {
        let bot_token = SecretString::from(bot_token.expose_secret().trim());
        self.redactor.register(&bot_token);
        if let Some((what, remedy)) = secret_flaw(bot_token.expose_secret()) {
            return Err(format!("What you entered as the bot token {what}. {remedy}"));
        }
        let mut steps = self.steps.lock().await;
        let config = load().map_err(|failure| told(&failure))?;
        let candidate = Candidate::of(&bot_token, config.settings.telegram_api_url.clone()).await;
        let candidate = candidate.map_err(|why| excerpt(&why, 300))?;
        steps.candidate = Some((candidate, Instant::now() + PATIENCE));
        steps.trouble = None;
        Ok(())
    }

    async fn skip_pairing(&self) -> Result<(), String> {
        let mut steps = self.steps.lock().await;
        if steps.kept_chat.take().is_some() {
            self.place.empty(&NO_CHAT).map_err(|failure| told(&failure))?;
        }
        (steps.candidate, steps.is_skipped) = (None, true);
        Ok(())
    }

    async fn step_back(&self) {
        let mut steps = self.steps.lock().await;
        let is_at_the_bot = steps.candidate.is_none() && steps.paired.is_none() && !steps.is_skipped;
        if is_at_the_bot {
            steps.is_back_at_app = true;
            let app = load().ok().and_then(|config| config.settings.app);
            steps.entered = app.map(|app| app.client_id).unwrap_or_default();
        }
        (steps.candidate, steps.paired, steps.trouble, steps.is_skipped) = (None, None, None, false);
    }

    async fn keep(&self) {
        let mut steps = self.steps.lock().await;
        match std::mem::take(&mut steps.is_back_at_app) {
            true => steps.entered.clear(),
            false => (steps.candidate, steps.paired) = (None, steps.kept_chat),
        }
    }

    async fn choose_orders(&self, real: bool) -> Result<(), String> {
        let sandbox = SecretString::from((!real).to_string());
        self.place.save(&[("FYERS_SANDBOX", &sandbox)]).map(|_saved| ()).map_err(|failure| told(&failure))
    }

    fn finish(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
        self.finished.notify_one();
    }

    fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_back_only_to_a_name_of_its_own_machine() {
        assert_eq!(own_redirect("127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080/fyers/callback"));
        assert_eq!(own_redirect("localhost:9").as_deref(), Some("http://localhost:9/fyers/callback"));
        for other in ["keeper.example.com", "10.0.0.1:8080", "127.0.0.1.evil.example:80", ""] {
            assert_eq!(own_redirect(other), None, "{other}");
        }
    }
}
