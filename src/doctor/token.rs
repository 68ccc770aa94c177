//! The access token: is there one, until when, and what does FYERS say of it.

use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    ports::Broker,
    reason::Reason,
    secret::AccessToken,
    session::retry::{CallFailure, judge_profile},
    session_state::StoredSession,
};

use crate::doctor::finding::Finding;

const ROW: &str = "token";

/// `broker` is whom to ask; `None` where FYERS does not answer, or where there is no app to ask with.
pub(super) async fn token(held: &StoredSession, broker: Option<&dyn Broker>, now: DateTime<Utc>) -> Finding {
    let Some(token) = &held.access else {
        return Finding::warn(
            ROW,
            "there is none: until a login no order reaches FYERS",
            Reason::NeverLoggedIn.remedy(),
        );
    };
    let end = token.ends_at();
    let name = format!("token {}", token.fingerprint());
    if let Some(end) = end.filter(|end| *end <= now) {
        let what = format!("{name} ended {}: until the next login no order reaches FYERS", time(end));
        return Finding::warn(ROW, what, Reason::NeverLoggedIn.remedy());
    }
    let until = end.map_or_else(String::new, |end| format!(" until {}", time(end)));
    match broker {
        Some(broker) => said(broker, token, held, (&name, &until)).await,
        None => {
            let what = format!("{name} is held{until}; FYERS could not be asked about it");
            Finding::warn(ROW, what, "Ask again when FYERS is reachable.")
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    ist(at).format("%a %d %b, %H:%M IST").to_string()
}

/// What FYERS says of it: by the profile call, which proves a token and costs nothing else.
async fn said(
    broker: &dyn Broker,
    token: &AccessToken,
    held: &StoredSession,
    (name, until): (&str, &str),
) -> Finding {
    let failure = match broker.profile(token).await {
        Ok(profile) if held.account.as_ref().is_none_or(|account| *account == profile.fy_id) => {
            return Finding::pass(
                ROW,
                format!("FYERS takes {name} of account {}, good{until}", profile.fy_id),
            );
        }
        Ok(_) => {
            let reason = Reason::AccountMismatch;
            return Finding::fail(ROW, format!("{name}: {}", reason.words()), reason.remedy());
        }
        Err(error) => judge_profile(&error),
    };
    match failure {
        CallFailure::Final { reason, .. } => Finding::fail(
            ROW,
            format!("FYERS does not take {name}: {}", reason.words()),
            Reason::NeverLoggedIn.remedy(),
        ),
        CallFailure::Transient { reason, .. } => {
            let what = format!("{name} is held{until}, and could not be checked: {}", reason.words());
            Finding::warn(ROW, what, "Try again in a few minutes.")
        }
    }
}
