//! What the health is made of, in the form of draft-inadarei-api-health-check: a list of checks for each
//! `component:measurement`.

use chrono::TimeDelta;
use keeper_domain::{app_kind::READS_ONLY, text::and_more};
use serde_json::{Value, json};

use crate::status::model::{ActorStatus, Check, Checks, Health, OutboxStatus, Status};

/// An alert that waits longer than this is worth a warning.
const OUTBOX_PATIENCE: TimeDelta = TimeDelta::minutes(10);

impl Status {
    /// The same, judged: the checks of its parts, and the worst of them as the whole.
    #[must_use]
    pub fn judged(mut self) -> Self {
        self.checks = of(&self);
        self.status = worst(&self.checks);
        self
    }
}

/// The worst of them.
fn worst(checks: &Checks) -> Health {
    checks.values().flatten().map(|check| check.status).max().unwrap_or(Health::Pass)
}

/// The checks of a status.
fn of(status: &Status) -> Checks {
    [
        ("session:token", vec![session(status)]),
        ("fyers:contact", vec![contact(status)]),
        ("state:writes", vec![disk(status)]),
        ("actors:restarts", actors(status)),
        ("alerts:waiting", outboxes(status)),
        ("trading:halted", vec![halt(status)]),
        ("trading:app", vec![app(status)]),
        ("positions:open_at_fyers", vec![out_of_reach(status)]),
        ("positions:simulated_left", vec![leftovers(status)]),
        ("calendar:covered_until", vec![calendar(status)]),
    ]
    .map(|(name, checks)| (name.to_owned(), checks))
    .into()
}

fn check(status: &Status, health: Health, value: Value) -> Check {
    Check {
        component_id: None,
        component_type: "component".to_owned(),
        observed_value: value,
        observed_unit: None,
        status: health,
        time: status.time,
        output: None,
    }
}

fn warn_if(bad: bool) -> Health {
    if bad { Health::Warn } else { Health::Pass }
}

/// A missing token is worth a warning in the hours in which it matters.
fn session(status: &Status) -> Check {
    let session = &status.session;
    let output = (!session.usable).then(|| session.because());
    let health = warn_if(status.token_needed && !session.usable);
    Check { output, ..check(status, health, json!(session.state)) }
}

/// What is not known is not well.
fn contact(status: &Status) -> Check {
    let state = status.fyers.state;
    let output = status.fyers.trouble();
    let health = warn_if(output.is_some());
    Check { component_type: "system".to_owned(), output, ..check(status, health, json!(state)) }
}

/// Without its disk the keeper sends and simulates no order.
fn disk(status: &Status) -> Check {
    let output = status.disk.trouble();
    let health = if output.is_some() { Health::Fail } else { Health::Pass };
    let value = json!(if output.is_some() { "fails" } else { "works" });
    Check { component_type: "datastore".to_owned(), output, ..check(status, health, value) }
}

fn actors(status: &Status) -> Vec<Check> {
    let one = |(name, actor): (&String, &ActorStatus)| Check {
        component_id: Some(name.clone()),
        observed_unit: Some("restarts".to_owned()),
        output: (!actor.alive).then(|| format!("{name} does not run right now")),
        ..check(status, if actor.alive { Health::Pass } else { Health::Fail }, json!(actor.restarts))
    };
    status.actors.iter().map(one).collect()
}

fn outboxes(status: &Status) -> Vec<Check> {
    let chat = outbox(status, &status.outbox, "alerts cannot be delivered");
    let webhook = status.webhook.as_ref().map(|waiting| Check {
        component_id: Some("webhook".to_owned()),
        ..outbox(status, waiting, "alerts cannot be delivered to KEEPER_WEBHOOK_URL")
    });
    std::iter::once(chat).chain(webhook).collect()
}

fn outbox(status: &Status, outbox: &OutboxStatus, trouble: &str) -> Check {
    let stuck = outbox.oldest.is_some_and(|oldest| status.time - oldest > OUTBOX_PATIENCE);
    Check {
        component_type: "datastore".to_owned(),
        observed_unit: Some("alerts".to_owned()),
        output: stuck.then(|| trouble.to_owned()),
        ..check(status, warn_if(stuck), json!(outbox.waiting))
    }
}

/// What a person has done on purpose is no fault.
fn halt(status: &Status) -> Check {
    let output = status.halted.then(|| status.halt_words().to_owned());
    Check { output, ..check(status, Health::Pass, json!(status.halted)) }
}

/// Live with an app that only reads is not what anybody wants.
fn app(status: &Status) -> Check {
    let output = status.only_reads().then(|| READS_ONLY.to_owned());
    Check { output, ..check(status, warn_if(status.only_reads()), json!(status.app_reads_only)) }
}

/// A real position that nobody here can close.
fn out_of_reach(status: &Status) -> Check {
    let open = status.open_at_fyers.is_some();
    let bad = open && !status.session.usable;
    let words =
        "what is open at FYERS with real money, or may be, cannot be managed by the keeper without a token";
    Check { output: bad.then(|| words.to_owned()), ..check(status, warn_if(bad), json!(open)) }
}

/// What a bot may believe it holds at FYERS.
fn leftovers(status: &Status) -> Check {
    let left = &status.simulated_left;
    let words = || {
        format!(
            "simulated positions are still open: {}; orders that would close them are refused until they are cleared: /flat in \
             Telegram, or the button on the page",
            and_more(left, 300)
        )
    };
    let output = (!left.is_empty()).then(words);
    Check { output, ..check(status, warn_if(!left.is_empty()), json!(left)) }
}

fn calendar(status: &Status) -> Check {
    let until = status.calendar.covered_until;
    let past = until.is_none_or(|until| status.time.date_naive() > until);
    let output = past.then(|| "the list of holidays has ended: every weekday counts".to_owned());
    Check { component_type: "system".to_owned(), output, ..check(status, warn_if(past), json!(until)) }
}
