//! What alerts say of orders while there is no token is what the rule that routes says.

use chrono::DateTime;

use super::*;
use crate::{
    alerts::texts::alert_for,
    event::{Event, Recorded},
    mode::Mode,
    reason::Reason,
    routing::{OnTokenLoss, Venue, fate::Terms},
};

#[test]
fn alerts_say_of_orders_without_a_token_what_becomes_of_them() {
    let at = DateTime::from_timestamp(1_795_420_000, 0).unwrap();
    let (from, to, why) = (Mode::Live, Mode::Mock, Reason::TokenRejected);
    let delayed =
        |unconfirmed| Event::TokenDelayed { reason: why, since: at, attempts: 3, urgent: true, unconfirmed };
    let lost = [
        Event::ModeChanged { from, to, why, open: None },
        Event::LoginRequired { reason: why, code: None, wrong_pins: 0 },
        delayed(false),
        delayed(true),
    ];
    for halted in [false, true] {
        for on_token_loss in [OnTokenLoss::Mock, OnTokenLoss::Reject] {
            let reject_without_token = on_token_loss == OnTokenLoss::Reject;
            let settings = Context { live: true, halted, reject_without_token, card: None, ..context() };
            let venue = Terms { token: false, halted, sandbox: false, on_token_loss }.venue();
            for event in lost.clone() {
                let text = alert_for(&Recorded { id: 1, at, event }, &settings).unwrap().text;
                let says = (text.contains("simulated"), text.contains("rders are refused"));
                assert_eq!(
                    says,
                    (venue == Venue::Mock, venue == Venue::None),
                    "{halted} {on_token_loss:?}: {text}"
                );
            }
        }
    }
}

/// A call that has not ended yet is no try that failed.
#[test]
fn an_alert_of_a_late_token_counts_the_tries_that_ended() {
    let at = DateTime::from_timestamp(1_795_420_000, 0).unwrap();
    for (attempts, words) in [(0, "accepts the access token."), (1, " (1 try)."), (2, " (2 tries).")] {
        let event = Event::TokenDelayed {
            reason: Reason::TokenRejected,
            since: at,
            attempts,
            urgent: true,
            unconfirmed: false,
        };
        let text = alert_for(&Recorded { id: 1, at, event }, &context()).unwrap().text;
        assert!(text.contains(&format!("{words} The keeper keeps trying")), "{text}");
    }
}
