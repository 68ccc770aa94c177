//! Who reaches whom: the keeper on this machine, the keeper from outside, and the address FYERS sees.

use keeper_domain::ports::OutgoingAddress;
use url::Url;

use crate::doctor::{
    files::Lock,
    finding::Finding,
    net::{self, Probe},
};
use crate::{config::Settings, fyers::outgoing_address::AddressEcho};

/// The keeper that uses this state folder, if one does.
pub(super) async fn keeper(settings: &Settings, lock: Lock) -> Finding {
    let mut addr = settings.http_addr;
    if addr.ip().is_unspecified() {
        addr.set_ip([127, 0, 0, 1].into());
    }
    let alive = match Url::parse(&format!("http://{addr}/livez")) {
        Ok(url) => net::get(&url).await,
        Err(_) => Probe::Silent(net::NO_CONNECTION),
    };
    let pid = |pid: Option<u32>| pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    match (lock, alive) {
        (Lock::Held(process), Probe::Answered { status: 200, .. }) => {
            Finding::pass("keeper", format!("runs{} and is alive on {addr}", pid(process)))
        }
        (Lock::Held(process), Probe::Answered { status, .. }) => {
            let what =
                format!("runs{}, but says on {addr} that it is not well (HTTP {status})", pid(process));
            Finding::fail(
                "keeper",
                what,
                "Look at its log; if it hangs, it ends by itself and must be started again.",
            )
        }
        (Lock::Held(process), Probe::Silent(why)) => {
            let what = format!("uses the state folder{}, but does not answer on {addr}: {why}", pid(process));
            Finding::fail(
                "keeper",
                what,
                "Check that KEEPER_HTTP_ADDR is the same here and there; else see its log.",
            )
        }
        (Lock::Free, Probe::Silent(net::NO_CONNECTION)) => {
            Finding::pass("keeper", "none runs here; start one: fyers-keeper run")
        }
        (Lock::Free, _) => Finding::warn(
            "keeper",
            format!("none uses this state folder, but something listens on {addr}"),
            "Another keeper or program has the address: choose another KEEPER_HTTP_ADDR or KEEPER_STATE_DIR.",
        ),
    }
}

/// Whether a browser somewhere else would reach the keeper.
pub(super) async fn public(settings: &Settings, runs: bool) -> Finding {
    let Some(base) = &settings.public_url else {
        return Finding::pass("public URL", "none set: a login comes back by pasting, or on this machine");
    };
    let shown = base.as_str().trim_end_matches('/');
    if !runs {
        let what = format!("{shown} was not tried, because no keeper runs here");
        return Finding::warn("public URL", what, "Ask again while the keeper runs.");
    }
    let Ok(url) = Url::parse(&format!("{shown}/livez")) else {
        return Finding::fail("public URL", format!("{shown} is no base"), "Check KEEPER_PUBLIC_URL.");
    };
    let advice = "Check KEEPER_PUBLIC_URL and the proxy or tunnel in front of the keeper.";
    match net::get(&url).await {
        Probe::Answered { status: 200, body, .. } if body.trim() == "alive" => {
            Finding::pass("public URL", format!("{shown} leads to a keeper"))
        }
        Probe::Answered { status, .. } => {
            let what = format!("{shown}/livez answers with HTTP {status}, and not as a keeper does");
            Finding::fail("public URL", what, advice)
        }
        Probe::Silent(why) => {
            Finding::fail("public URL", format!("{shown} cannot be reached: {why}"), advice)
        }
    }
}

/// FYERS takes orders from a registered static address only (docs/fyers-api.md, "App ids").
pub(super) async fn egress(settings: &Settings) -> Finding {
    let Some(url) = settings.ip_check_url.clone() else {
        let what = "the outgoing address is not known, as KEEPER_IP_CHECK_URL is not set";
        return match settings.sandbox {
            true => Finding::pass("egress IP", format!("{what}; not needed while orders are simulated")),
            false => Finding::warn(
                "egress IP",
                what,
                "FYERS takes orders from the app's registered address only: set KEEPER_IP_CHECK_URL and KEEPER_EXPECTED_IP.",
            ),
        };
    };
    let expected = settings.expected_ip.map(|ip| ip.to_string());
    let told = AddressEcho::new(url, expected.clone()).ask().await;
    match (told, expected) {
        (None, _) => Finding::warn(
            "egress IP",
            "KEEPER_IP_CHECK_URL does not answer with an address",
            "It must answer with the caller's address as plain text.",
        ),
        (Some(told), Some(expected)) if told == expected => {
            Finding::pass("egress IP", format!("{told}, as registered"))
        }
        (Some(told), Some(expected)) => Finding::fail(
            "egress IP",
            format!("{told}, and KEEPER_EXPECTED_IP is {expected}: FYERS refuses orders from here"),
            "Register the new address with the app at FYERS, or go out by the old one.",
        ),
        (Some(told), None) => Finding::warn(
            "egress IP",
            format!("{told}; whether FYERS knows it cannot be told from here"),
            "Compare it with the app's page, and set KEEPER_EXPECTED_IP to the one there.",
        ),
    }
}
