//! The state of the keeper for a phone: mode, token, health.

use keeper_domain::{
    alerts::words::{counted, excerpt},
    mode::{Mode, ShownMode},
};

use crate::status::{SessionStatus, Status};

pub(super) fn mode(status: &Status) -> String {
    let what = match status.mode {
        ShownMode::Halted => {
            let below = below_words(status.mode_below_halt);
            return format!("🔴 HALTED by a person: no new positions until /resume, which leads to {below}");
        }
        ShownMode::Live if status.only_reads() => {
            "🟡 Live, but this app (-100) only reads, and FYERS refuses its orders"
        }
        ShownMode::Live => "🟢 Live: orders go to FYERS, real money",
        ShownMode::Sandbox => "🔵 Sandbox: FYERS' prices, simulated orders",
        ShownMode::Mock if status.refuses_without_token => {
            "🟡 Mock: orders are refused until there is a good token"
        }
        ShownMode::Mock => "🟡 Mock: everything is simulated",
    };
    format!("{what}\nBecause {}.", status.because_below_halt())
}

fn below_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "Live: real money",
        Mode::Sandbox => "Sandbox: simulated orders",
        Mode::Mock => "Mock: simulated orders",
    }
}

/// End and source, never the value.
pub(super) fn token(session: &SessionStatus) -> String {
    let Some(fingerprint) = &session.fingerprint else {
        return format!("No token: {}.", session.because());
    };
    let until = session.expires_at.map(|end| end.format("%a %d %b, %H:%M IST").to_string());
    let source = session.source.map_or("unknown", keeper_domain::session::Source::slug);
    let works = if session.usable { "in use" } else { "not in use" };
    format!("Token {fingerprint}, {works}, until {}, by {source}.", until.unwrap_or_default())
}

pub(super) fn status(status: &Status) -> String {
    let next = status.next_tick.map(|at| at.format("%a %d %b, %H:%M IST").to_string());
    [
        mode(status),
        token(&status.session),
        format!("Next check: {}.", next.unwrap_or_else(|| "unknown".to_owned())),
        format!(
            "{} simulated today, {} waiting.",
            counted(status.orders_simulated_today, "order"),
            counted(status.outbox.waiting, "alert")
        ),
    ]
    .into_iter()
    .chain(
        [status.disk.trouble(), status.fyers.trouble()]
            .into_iter()
            .flatten()
            .map(|trouble| format!("⚠️ {}.", first_upper(&trouble))),
    )
    .chain(refused_words(status))
    .chain(leftover_words(status))
    .chain(status.open_at_fyers.clone())
    .collect::<Vec<_>>()
    .join("\n")
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn refused_words(status: &Status) -> Option<String> {
    let refused = status.orders_refused_today;
    (refused > 0).then(|| {
        format!("FYERS refused {} today: /orders and the page list them.", counted(refused, "order"))
    })
}

fn leftover_words(status: &Status) -> Option<String> {
    let left = excerpt(&status.simulated_left.join(", "), 160);
    let words = "FYERS does not have them, so their exits are refused, except where you hold as much at FYERS: \
                 then the exit closes that. /flat clears them.";
    (!left.is_empty()).then(|| format!("Simulated positions still open: {left}. {words}"))
}

pub(super) fn health(status: &Status) -> String {
    let part = |(name, actor): (&String, &crate::status::ActorStatus)| {
        let state = if actor.alive { "alive" } else { "down" };
        format!("{name}: {state}, {} restarts", actor.restarts)
    };
    let parts: Vec<_> = status.actors.iter().map(part).collect();
    let health = format!("{:?}", status.status).to_lowercase();
    let problems: String =
        status.problems().iter().map(|problem| format!("⚠️ {}.\n", first_upper(problem))).collect();
    let outbox = format!("alerts: {} of {} delivered", status.outbox.delivered, status.outbox.queued);
    format!("🩺 Health: {health}\n{problems}FYERS: {}\n{}\n{outbox}", status.fyers.words(), parts.join("\n"))
}
