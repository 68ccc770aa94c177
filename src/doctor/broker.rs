//! FYERS: can it be reached, is the app one that may trade, does a login find its way back.

use crate::config::Settings;
use crate::doctor::{finding::Finding, net::Probe};

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

/// Since 1 April 2026 only apps whose id ends in -200 place orders; the others read (docs/fyers-api.md, "Order bans").
pub(super) fn app(settings: &Settings) -> Finding {
    let Some(app) = &settings.app else {
        let what = "not set: all orders and reads are simulated";
        return Finding::warn(
            "FYERS app",
            what,
            "Set FYERS_CLIENT_ID and FYERS_SECRET_KEY, as env.example shows.",
        );
    };
    let id = &app.client_id;
    let ending = id.rsplit_once('-').map_or("", |(_, ending)| ending);
    match (ending, settings.sandbox) {
        ("200", _) => Finding::pass("FYERS app", format!("{id} is of the kind that may place orders")),
        ("100", true) => {
            Finding::pass("FYERS app", format!("{id} may read, which is enough while orders are simulated"))
        }
        ("100", false) => {
            let what = format!("{id} is of the kind that only reads: FYERS takes no orders from it");
            let advice =
                "Make an algo trading app at FYERS; its id ends in -200. Until then set FYERS_SANDBOX=true.";
            Finding::warn("FYERS app", what, advice)
        }
        _ => {
            let what = format!("{id} has an ending that is not known here: -100 reads, -200 trades, too");
            Finding::warn("FYERS app", what, "Compare FYERS_CLIENT_ID with the app's page at FYERS.")
        }
    }
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
