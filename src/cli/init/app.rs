//! The app at FYERS: where a login comes back to, what to enter at the dashboard, and whether FYERS knows it.

use secrecy::SecretString;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    init::{
        is_sandbox_set,
        place::{Place, words},
        terminal::Terminal,
    },
    output::fail,
    setup::{CliConfig, load},
};
use crate::{
    config::{self, Row, SettingOrigin},
    doctor::{self, Finding, Mark},
};
use keeper_domain::app_kind::AppKind;

/// Asks for the keeper's own address, from which the redirect URI follows.
pub(super) fn address(
    terminal: &mut Terminal,
    place: &Place,
    mut config: CliConfig,
) -> Result<CliConfig, Failure> {
    terminal.title("Where a login comes back to");
    while config.settings.redirect_uri.is_none() {
        terminal.say(
            "With an https address of its own the keeper takes a login with one tap. Without one you log in on this \
             machine, or paste the address of the page that you land on.",
        );
        let question = "The keeper's https address, as https://keeper.example.com. Enter: none";
        let Some(answer) = terminal.ask_or_none(question)? else { break };
        match place.save(&[("KEEPER_PUBLIC_URL", &SecretString::from(answer))]) {
            Ok(saved) => config = saved,
            Err(failure) => terminal.say(&words(&failure)),
        }
    }
    match config.redirect_uri() {
        Some(uri) => terminal.say(&format!("✓ A login comes back to {uri}")),
        None => terminal.say(
            "! There is no address that FYERS could send a browser back to. Set FYERS_REDIRECT_URI to any page of yours.",
        ),
    }
    Ok(config)
}

/// Asks for the app until FYERS would begin a login for it, or the person goes on without one.
pub(super) async fn app(
    terminal: &mut Terminal,
    place: &Place,
    mut config: CliConfig,
) -> Result<CliConfig, Failure> {
    terminal.title("The app at FYERS");
    if config.settings.app.is_none() {
        dashboard(terminal, &config).await;
    }
    loop {
        if config.settings.app.is_none() {
            let Some(asked) = enter(terminal, place)? else {
                terminal.say(
                    "No app for now: every order is simulated. Start `fyers-keeper init` again to add one.",
                );
                return Ok(config);
            };
            match asked {
                Ok(saved) => config = saved,
                Err(failure) => {
                    terminal.say(&words(&failure));
                    continue;
                }
            }
        }
        let Some(refused) = check(terminal, &config).await? else { return Ok(config) };
        terminal.say(&format!("  {}", refused.advice));
        let question = "Enter: look again. \"secret\": enter the secret again. \"new\": another app. \"skip\": go on all the same";
        let answers = [("", Next::Look), ("secret", Next::Secret), ("new", Next::New), ("skip", Next::GoOn)];
        match terminal.choose(question, &answers)? {
            Next::GoOn => return Ok(config),
            Next::New => {
                config = place.save(&NO_APP.map(|name| (name, &place.nothing)))?;
                if config.settings.app.is_some() {
                    terminal.say("! The app is set in the environment: change it there.");
                    return Ok(config);
                }
            }
            Next::Secret => config = other_secret(terminal, place)?,
            Next::Look => {}
        }
    }
}

/// What is done about an app that FYERS refuses.
#[derive(Clone, Copy)]
enum Next {
    Look,
    Secret,
    New,
    GoOn,
}

const NO_APP: [&str; 2] = ["FYERS_CLIENT_ID", "FYERS_SECRET_KEY"];
pub(super) const NO_CHAT: [&str; 3] = ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "TELEGRAM_ALLOWED_USERS"];

/// What FYERS says of the app.
pub(super) async fn findings(config: &CliConfig) -> Result<Vec<Finding>, Failure> {
    let page = doctor::login_page(&config.settings, config.redirect_uri().as_deref()).await;
    let begins = page.as_ref().is_none_or(|page| page.mark == Mark::Pass);
    let secret = match config.broker()? {
        Some(broker) if begins => Some(doctor::app_secret(broker.as_ref()).await),
        _ => None,
    };
    let kind = begins.then(|| doctor::app_kind(&config.settings));
    Ok([page, secret, kind].into_iter().flatten().collect())
}

/// Asks FYERS about the app and says what it says; what it refuses comes back.
async fn check(terminal: &mut Terminal, config: &CliConfig) -> Result<Option<Finding>, Failure> {
    let told = findings(config).await?;
    for finding in &told {
        terminal.say(&format!("{} {}: {}", finding.mark.sign(), finding.check, finding.what));
        if finding.mark == Mark::Warn {
            terminal.say(&format!("  {}", finding.advice));
        }
    }
    Ok(told.into_iter().find(|finding| finding.mark == Mark::Fail))
}

/// The same app with another secret. A slip of the hand costs the answer, not what was there before.
pub(super) fn other_secret(terminal: &mut Terminal, place: &Place) -> Result<CliConfig, Failure> {
    let config = load()?;
    let Some(app) = &config.settings.app else { return Ok(config) };
    let is_elsewhere = |row: &&Row| {
        NO_APP.contains(&row.name)
            && matches!(row.origin, SettingOrigin::Environment | SettingOrigin::SecretFile)
    };
    if let Some(row) = config.settings.rows.iter().find(is_elsewhere) {
        terminal.say(&format!("! {} is set in {}: change it there.", row.name, row.origin.words()));
        return Ok(config);
    }
    let id = SecretString::from(app.client_id.clone());
    let secret = terminal.ask_secret("Secret id")?;
    place.save(&[("FYERS_CLIENT_ID", &id), ("FYERS_SECRET_KEY", &secret)]).or_else(|failure| {
        terminal.say(&words(&failure));
        load()
    })
}

/// What to enter there, step by step.
async fn dashboard(terminal: &mut Terminal, config: &CliConfig) {
    let redirect = config.redirect_uri().unwrap_or_else(|| "any page of yours".to_owned());
    let address = match &config.settings.ip_check_url {
        Some(_) => doctor::egress(&config.settings).await.what,
        None => "this machine's own; `curl https://api.ipify.org` shows it".to_owned(),
    };
    terminal.say(&format!(
        "At https://fyers.in/web/api-dashboard/user-apps create an app of the kind\n\
         \"Algo trading\" (other kinds only read), and enter:\n  \
         name           anything\n  \
         redirect URL   {redirect}\n  \
         permissions    profile, transactions, order placement, market data, historical data\n  \
         static IP      {address}\n\
         Tick \"Order placement\", which is off when you come, and activate the app.\n\
         Orders need an app whose id ends in -200; one that ends in -100 only reads.\n\
         The page then shows the app id and the secret id."
    ));
}

/// `None`: the person has no app. An error inside is about the answers.
fn enter(terminal: &mut Terminal, place: &Place) -> Result<Option<Result<CliConfig, Failure>>, Failure> {
    let question = "App id, as ABCD1234EF-200. Enter: no app, simulated orders only";
    let Some(id) = terminal.ask_or_none(question)?.map(|id| id.to_ascii_uppercase()) else { return Ok(None) };
    // Before the secret is asked for: a slip costs one answer, not two.
    if let Some((what, remedy)) = config::app_id_flaw(&id) {
        return Ok(Some(Err(fail(Exit::BadSettings, &format!("FYERS_CLIENT_ID {what}"), remedy))));
    }
    let secret = terminal.ask_secret("Secret id")?;
    let id = SecretString::from(id);
    Ok(Some(place.save(&[("FYERS_CLIENT_ID", &id), ("FYERS_SECRET_KEY", &secret)])))
}

/// Orders stay simulated unless the person says otherwise in so many words.
pub(super) fn real_money(
    terminal: &mut Terminal,
    place: &Place,
    config: CliConfig,
) -> Result<CliConfig, Failure> {
    if config.settings.app.is_none() || is_sandbox_set(&config) {
        return Ok(config);
    }
    terminal.title("Real orders or not");
    terminal.say("In the sandbox prices and account are real, and no order ever reaches FYERS. Begin there.");
    let app = config.settings.app.as_ref().map_or("", |app| &app.client_id);
    match AppKind::of(app) {
        AppKind::Trades => {}
        AppKind::Reads => terminal.say(&format!(
            "! {app} ends in -100: FYERS takes no orders from it. Real orders need an app whose id ends in -200."
        )),
        AppKind::Unknown => terminal.say(&format!(
            "! {app} has an ending that is not known here: FYERS takes orders from apps whose id ends in -200."
        )),
    }
    let answers = [("", true), ("sandbox", true), ("real money", false)];
    let sandbox = terminal.choose("Enter: sandbox. \"real money\": orders go to FYERS", &answers)?;
    let value = SecretString::from(sandbox.to_string());
    let config = place.save(&[("FYERS_SANDBOX", &value)])?;
    let app = config.settings.app.as_ref().map(|app| AppKind::of(&app.client_id));
    terminal.say(match (sandbox, app) {
        (true, _) => "✓ Sandbox. Set FYERS_SANDBOX=false when you are ready.",
        (false, Some(AppKind::Reads)) => {
            "! Real money is set, but FYERS refuses every order of this app: it needs one whose id ends in -200."
        }
        (false, _) => "✓ Real money: orders go to FYERS while there is a good token.",
    });
    Ok(config)
}
