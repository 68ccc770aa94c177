//! `login`: the link and its QR code, then the redirect address or the code from standard input. A keeper that
//! runs on the same state does the work, and notices a login that came by browser.

use std::{io::Write, sync::Arc, time::Duration};

use keeper_domain::{
    address::is_loopback,
    mode::ShownMode,
    session::{
        StateName,
        login::{LANDING, LoginFailure, StateRefusal, read_pasted, state_from},
    },
};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, BufReader};
use url::Url;

use crate::cli::{
    check::{PATIENCE, one_shot},
    exit::Exit,
    failure::Failure,
    output::{bad_end, fail, json as print_json, no_runtime, no_state, say},
    probe::{Remote, block_on, in_use, silence},
    setup::{CliConfig, load},
    state_store::check_database,
    width::{fitting, room, shows},
};
use crate::{
    fyers::FyersClient,
    login_report::{LoginReport, code_in},
    store::{StateDir, StateDirError},
};

/// How long a login is waited for: as long as FYERS' page and the one-time state last.
const LIMIT: Duration = Duration::from_secs(600);
/// How often a running keeper is asked whether the login came by browser.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn login(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    config.start_log(false);
    let work = async {
        match StateDir::open(&config.settings.state_dir) {
            Ok(state) => here(&config, &state).await,
            Err(StateDirError::Locked { .. }) => by_running_keeper(&config).await,
            Err(error) => Err(no_state(&error)),
        }
    };
    match block_on(work) {
        Some(report) => Ok(end(&report?, json)),
        None => Err(no_runtime()),
    }
}

pub(super) fn end(report: &LoginReport, json: bool) -> Exit {
    let exit = match report.reason {
        _ if report.good => Exit::Good,
        Some(reason) => Exit::for_reason(reason),
        None => Exit::LoginRequired,
    };
    match json {
        true if exit == Exit::Good => print_json(report),
        true => return bad_end(Some(report), &fail(exit, &report.title, &report.lines.join(" "))),
        false => say(&report.text()),
    }
    exit
}

/// Nobody else works on this state: do it here.
pub(super) async fn here(config: &CliConfig, state: &StateDir) -> Result<LoginReport, Failure> {
    let client = client(config)?;
    let nonce = state_from(rand::rng().random());
    let Some(setup) = config.login(&client) else { return Err(no_redirect()) };
    check_database(config, state).await?;
    let words = landing(config.redirect_uri().as_deref(), config.settings.public_url.as_ref(), false);
    invite(&words, &(setup.authorize)(&nonce), None);
    let Some(pasted) = read_login().await else { return Err(nothing_pasted()) };
    let (code, told) = match code_in(pasted.expose_secret()) {
        Ok(code) => code,
        Err(report) => return Ok(report),
    };
    if told.is_some_and(|told| told != nonce) {
        return Ok(LoginReport::failed(LoginFailure::State(StateRefusal::Unknown)));
    }
    let (run, storage) = one_shot(config, state, config.learning(client)).await?;
    let done = run.login(code, PATIENCE).await;
    storage.end_task(config, state).await;
    let (outcome, failure) =
        done.map_err(|error| fail(Exit::Error, &error.to_string(), "Check the disk and the state folder."))?;
    let mode = if config.settings.sandbox { ShownMode::Sandbox } else { ShownMode::Live };
    Ok(match failure {
        Some(failure) => LoginReport::failed(failure),
        None if outcome.session.usable.is_some() => {
            LoginReport::done(&outcome.session, mode, config.app_reads_only())
        }
        None => LoginReport::silent(),
    })
}

fn client(config: &CliConfig) -> Result<Arc<FyersClient>, Failure> {
    let none = || {
        let reason = keeper_domain::reason::Reason::NoCredentials;
        fail(Exit::BadSettings, reason.words(), Exit::advice(reason))
    };
    config.client()?.ok_or_else(none)
}

/// A keeper holds the state. A browser may come back to it, or a person pastes here; whichever is first.
async fn by_running_keeper(config: &CliConfig) -> Result<LoginReport, Failure> {
    let Some(remote) = Remote::new(config) else { return Err(silence(config, in_use()).await) };
    let Some(before) = remote.status().await else { return Err(silence(config, in_use()).await) };
    let url = match remote.begin_login().await {
        Some(Ok(url)) => url,
        Some(Err(report)) => return Ok(report),
        None => return Err(silence(config, in_use()).await),
    };
    let page = config
        .settings
        .public_url
        .as_ref()
        .map(|url| format!("{}/fyers/login", url.as_str().trim_end_matches('/')));
    let words = landing(config.redirect_uri().as_deref(), config.settings.public_url.as_ref(), true);
    invite(&words, &url, Some(page.as_deref()));
    tokio::select! {
        pasted = read_login() => match pasted {
            Some(pasted) => match remote.finish_login(&pasted).await {
                Some(report) => Ok(report),
                None => Err(silence(config, in_use()).await),
            },
            None => by_browser(&remote, &before).await,
        },
        report = by_browser(&remote, &before) => report,
    }
}

/// Waits until the keeper has another token than before.
async fn by_browser(remote: &Remote, before: &crate::status::Status) -> Result<LoginReport, Failure> {
    let waiting = async {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(now) = remote.status().await else { continue };
            if now.session.state == StateName::Valid && now.session.fingerprint != before.session.fingerprint
            {
                return LoginReport::seen(&now);
            }
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.map_err(|_| nothing_pasted())
}

/// What a person pasted, once it can be understood: a slip of the mouse must not cost the login. `None` at the end of
/// standard input. One reader takes all lines: a second one would miss what the first has read ahead.
async fn read_login() -> Option<SecretString> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        // It holds a code, so it is wrapped at once.
        let pasted = SecretString::from(lines.next_line().await.ok()??);
        if pasted.expose_secret().trim().is_empty() {
            continue;
        }
        if read_pasted(pasted.expose_secret()).is_some() {
            return Some(pasted);
        }
        let LoginReport { title, lines, .. } = LoginReport::unreadable(pasted.expose_secret());
        tell(&format!("{title}. {}\n", lines.join(" ")));
    }
}

/// Lines of the question around the picture.
const BESIDE: usize = 3;

/// What is said beforehand of a page that does not open after FYERS' login, because nobody answers there; empty where the
/// page opens.
fn landing(redirect: Option<&str>, public_url: Option<&Url>, runs: bool) -> String {
    let Some(redirect) = redirect.and_then(|redirect| Url::parse(redirect).ok()) else {
        return String::new();
    };
    let (is_here, is_keepers) =
        (is_loopback(&redirect), public_url.is_some_and(|own| own.origin() == redirect.origin()));
    match (runs, is_here, is_keepers) {
        (false, true, _) | (false, _, true) => format!("{LANDING} and paste it here.\n"),
        // On the keeper's own machine it does open.
        (true, true, false) => {
            format!("Is your browser on another machine than the keeper? {LANDING} and paste it here.\n")
        }
        _ => String::new(),
    }
}

/// The link and its picture, on standard error: standard output is for the answer. `running` is the keeper's own page,
/// if a keeper runs and has one: its short address makes a picture that fits a terminal of 24 rows. `landing` is said before
/// the link: behind it nobody reads on.
fn invite(landing: &str, url: &str, running: Option<Option<&str>>) {
    let short = running.flatten().unwrap_or(url);
    let qr = QrCode::with_error_correction_level(short, EcLevel::L);
    let qr = qr.map(|code| code.render::<Dense1x2>().quiet_zone(true).build()).unwrap_or_default();
    // A picture that the terminal breaks, or that is taller than it and pushes the question out, is none.
    let (screen, is_whole) = (std::io::stderr(), |room| qr.lines().all(|line| line.chars().count() <= room));
    let beside = BESIDE + fitting(landing, &screen).lines().count();
    let is_seen = room(&screen).is_none_or(is_whole) && shows(&qr, beside, &screen);
    let qr = if is_seen { qr.as_str() } else { "" };
    let back = match running {
        Some(_) => "If the page you land on says \"Logged in\", you are done. Otherwise paste its address:",
        None => "Then paste the address of the page you land on, or the code it shows:",
    };
    tell(&format!("{landing}Log in to FYERS here:\n{short}\n{qr}\n{back}\n"));
}

fn tell(text: &str) {
    let text = fitting(text, &std::io::stderr());
    let _closed = std::io::stderr().lock().write_all(text.as_bytes());
}

fn no_redirect() -> Failure {
    fail(
        Exit::BadSettings,
        "there is no address that FYERS may send the browser back to",
        "Set FYERS_REDIRECT_URI as it is registered with the app, or KEEPER_PUBLIC_URL.",
    )
}

fn nothing_pasted() -> Failure {
    fail(Exit::LoginRequired, "no login came", "Start again with `fyers-keeper login`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_will_not_open_is_told_beforehand_and_no_other() {
        let here = Some("http://127.0.0.1:8080/fyers/callback");
        let public = Url::parse("https://keeper.example.com").unwrap();
        let own = Some("https://keeper.example.com/fyers/callback");
        let said =
            "The page after the login will not open: that is expected. Copy its address and paste it here.\n";
        assert_eq!(landing(here, None, false), said);
        assert_eq!(
            landing(own, Some(&public), false),
            said,
            "nobody answers there while the keeper is stopped"
        );
        let asked = format!("Is your browser on another machine than the keeper? {said}");
        assert_eq!(landing(here, None, true), asked);
        for (redirect, url, runs) in [
            (own, Some(&public), true),
            (Some("https://trade.fyers.in/api-login/redirect-uri/index.html"), None, false),
            (Some("https://trade.fyers.in/api-login/redirect-uri/index.html"), None, true),
            (None, None, true),
        ] {
            assert_eq!(landing(redirect, url, runs), "", "{redirect:?}");
        }
    }

    #[test]
    fn the_picture_of_the_keepers_own_page_fits_24_rows() {
        let page = "https://fyers-keeper-of-somebody.onrender.com/fyers/login";
        let qr = QrCode::with_error_correction_level(page, EcLevel::L).unwrap();
        let rows = qr.render::<Dense1x2>().quiet_zone(true).build().lines().count();
        assert!(rows + 3 <= 24, "{rows}");
    }
}
