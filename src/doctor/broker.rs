//! FYERS: can it be reached, is the app one that may trade, does a login find its way back.

use url::Url;

use keeper_domain::{
    app_kind::AppKind,
    ports::Broker,
    reason::Reason,
    secret::AuthCode,
    session::retry::{CallFailure, judge_login},
    text::excerpt,
};

use crate::config::Settings;
use crate::doctor::{
    finding::Finding,
    net::{self, Probe},
};

pub(super) fn reachable(settings: &Settings, probe: &Probe) -> Finding {
    let host = settings.api_url.host_str().unwrap_or_default();
    match probe {
        Probe::Answered { status, .. } if *status >= 500 => {
            let what = format!("{host} answers with HTTP {status}: it has trouble");
            Finding::warn("FYERS", what, "Wait a few minutes; a running keeper tries again by itself.")
        }
        Probe::Answered { took, .. } => {
            Finding::pass("FYERS", format!("{host} answers within {} ms", took.as_millis()))
        }
        Probe::Silent(why) => {
            let advice = "Check the network and HTTPS_PROXY, and FYERS_API_URL if it is set.";
            Finding::fail("FYERS", format!("{host} cannot be reached: {why}"), advice)
        }
    }
}

/// Only apps of one kind place orders (docs/fyers-api.md, "Order bans").
pub(super) fn app(settings: &Settings) -> Finding {
    let Some(app) = &settings.app else {
        let what = "not set: all orders and reads are simulated";
        return Finding::warn(
            "FYERS app",
            what,
            "Set FYERS_CLIENT_ID and FYERS_SECRET_KEY: `fyers-keeper init` asks for them.",
        );
    };
    let id = &app.client_id;
    match (AppKind::of(id), settings.sandbox) {
        (AppKind::Trades, _) => {
            Finding::pass("FYERS app", format!("{id} is of the kind that may place orders"))
        }
        (AppKind::Reads, true) => {
            Finding::pass("FYERS app", format!("{id} may read, which is enough while orders are simulated"))
        }
        (AppKind::Reads, false) => {
            let what = format!("{id} is of the kind that only reads: FYERS takes no orders from it");
            let advice =
                "Make an algo trading app at FYERS; its id ends in -200. Until then set FYERS_SANDBOX=true.";
            Finding::warn("FYERS app", what, advice)
        }
        (AppKind::Unknown, _) => {
            let what = format!("{id} has an ending that is not known here: -100 reads, -200 trades, too");
            Finding::warn("FYERS app", what, "Compare FYERS_CLIENT_ID with the app's page at FYERS.")
        }
    }
}

/// A code that nobody was given: FYERS refuses it, and by its reason one sees whether it knows app and secret.
const NO_CODE: &str = "fyers-keeper-asks-whether-the-secret-is-right";

/// Whether the secret belongs to the app. FYERS may look at the code first; then only a login tells.
pub(super) async fn secret(broker: &dyn Broker) -> Finding {
    let Err(error) = broker.login(&AuthCode::new(NO_CODE)).await else {
        return Finding::warn("app secret", "FYERS took a code that is none", "Log in, and see.");
    };
    match judge_login(&error) {
        CallFailure::Final { reason: Reason::CodeRejected, .. } => Finding::pass(
            "app secret",
            "FYERS has not refused app id and secret; the first login is the proof",
        ),
        CallFailure::Final { reason: reason @ (Reason::AppHashRejected | Reason::AppUnknown), .. } => {
            let advice = "Copy app id and secret id again from the app's page at FYERS.";
            Finding::fail("app secret", reason.words(), advice)
        }
        CallFailure::Final { reason, .. } | CallFailure::Transient { reason, .. } => {
            let what = format!("it could not be checked: {}", reason.words());
            Finding::warn("app secret", what, "The first login proves it.")
        }
    }
}

/// Whether FYERS would begin a login for this app: a deleted one, an unknown one or a wrong redirect URI leads to an
/// error page of FYERS, which nobody but the person at the browser would see.
pub(super) async fn login_page(settings: &Settings, redirect: Option<&str>) -> Option<Finding> {
    let (app, redirect) = (settings.app.as_ref()?, redirect?);
    let mut url = settings.api_url.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push("generate-authcode");
    url.query_pairs_mut()
        .append_pair("client_id", &app.client_id)
        .append_pair("redirect_uri", redirect)
        .append_pair("response_type", "code")
        .append_pair("state", "doctor");
    Some(match net::fyers_page(settings, &url).await {
        Probe::Answered { status, location, body, .. } => match refusal(status, location.as_deref(), &body) {
            None if status < 400 => {
                Finding::pass("login page", format!("FYERS begins a login for {}", app.client_id))
            }
            None => {
                let what = format!("FYERS answers with HTTP {status} where a login begins");
                Finding::warn("login page", what, "Try again in a few minutes.")
            }
            Some(words) => {
                let what = format!("FYERS begins no login for {}: {words}", app.client_id);
                let advice = "See at FYERS' API dashboard whether the app still exists and is active, and that its redirect URI \
                              is the one shown here, to the letter.";
                Finding::fail("login page", what, advice)
            }
        },
        Probe::Silent(why) => Finding::warn(
            "login page",
            format!("could not be asked: {why}"),
            "Ask again when FYERS is reachable.",
        ),
    })
}

/// FYERS' words, if this answer says that there will be no login.
fn refusal(status: u16, location: Option<&str>, body: &str) -> Option<String> {
    let shown = |words: &str| {
        let plain = excerpt(words, 120);
        if plain.is_empty() { "it shows its error page".to_owned() } else { plain }
    };
    if let Some(location) = location.filter(|_| (300..400).contains(&status)) {
        let base = Url::parse("https://api-t1.fyers.in").ok()?;
        let to = base.join(location).ok()?;
        let of =
            |name: &str| to.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let is_error =
            of("s").is_some_and(|s| s == "error") || of("error_msg").is_some() || to.path().contains("error");
        let words = of("error_msg").or_else(|| of("message")).unwrap_or_default();
        return is_error.then(|| shown(&words));
    }
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    (answer["s"] == "error").then(|| shown(answer["message"].as_str().unwrap_or_default()))
}

/// Nothing to say without an app.
pub(super) fn redirect(settings: &Settings, redirect: Option<&str>) -> Option<Finding> {
    settings.app.as_ref()?;
    let own = settings
        .public_url
        .as_ref()
        .map(|url| format!("{}/fyers/callback", url.as_str().trim_end_matches('/')));
    Some(match (redirect, own) {
        (Some(redirect), Some(own)) if redirect == own => Finding::pass(
            "redirect URI",
            format!("a login comes back to {own}; it must be the app's, to the letter"),
        ),
        (Some(redirect), Some(own)) => {
            let what = format!("FYERS_REDIRECT_URI is {redirect}, and KEEPER_PUBLIC_URL makes {own}");
            let advice = "A login ends on a page that is not the keeper's and must be pasted. For one tap, register the \
                          second address with the app and leave FYERS_REDIRECT_URI out.";
            Finding::warn("redirect URI", what, advice)
        }
        (Some(redirect), None) => {
            let what = format!("a login comes back to {redirect}; it must be the app's, to the letter");
            Finding::pass("redirect URI", what)
        }
        (None, _) => Finding::fail(
            "redirect URI",
            "no address that a login could come back to",
            "Set KEEPER_PUBLIC_URL, or FYERS_REDIRECT_URI to the address registered with the app.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_is_told_from_a_login_page() {
        let error = "https://login.fyers.in/error?error_msg=Invalid%20app%20id";
        assert_eq!(refusal(302, Some(error), ""), Some("Invalid app id".to_owned()));
        assert_eq!(refusal(302, Some("/app-error"), ""), Some("it shows its error page".to_owned()));
        let back = "https://keeper.example.org/fyers/callback?s=error&code=-1&message=no%1B%5B31m";
        assert_eq!(refusal(303, Some(back), ""), Some("no [31m".to_owned()));
        assert_eq!(
            refusal(400, None, r#"{"s":"error","message":"invalid app id"}"#),
            Some("invalid app id".to_owned())
        );
        for (status, location) in [(200, None), (302, Some("https://login.fyers.in/?cb=1")), (503, None)] {
            assert_eq!(refusal(status, location, "<html>"), None, "{status}");
        }
    }
}
