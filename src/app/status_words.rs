//! The state of the keeper for a phone: mode, token, health.

use keeper_domain::{
    alerts::words::{and_more, counted},
    mode::{Mode, ShownMode},
    routing::real_positions::Protection,
};

use crate::status::{SessionStatus, Status};

pub(super) fn mode(status: &Status) -> String {
    let what = match status.mode {
        ShownMode::Halted => {
            let (who, below) = (status.halted_by(), below_words(status.mode_below_halt));
            return format!("🔴 HALTED by {who}: entries are refused until /resume, which leads to {below}");
        }
        ShownMode::Live if status.only_reads() => {
            "🟡 Live, but this app (-100) only reads, and FYERS refuses its orders"
        }
        ShownMode::Live => "🟢 Live: orders go to FYERS, real money",
        ShownMode::Sandbox => "🔵 Sandbox: FYERS' prices, simulated orders",
        ShownMode::Mock if status.refuses_without_token => {
            "🟡 Mock: orders are refused until there is a good token"
        }
        ShownMode::Mock => match status.protection {
            Protection::Nothing => "🟡 Mock: everything is simulated",
            Protection::Exits => {
                "🟠 Mock: orders that could close what is open at FYERS are refused, all others are simulated"
            }
            Protection::Everything => {
                "🟠 Mock: orders are refused, because what is open at FYERS is not known"
            }
        },
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

/// The same below the mode, whose reason is not said a second time.
fn token_below_mode(status: &Status) -> String {
    let is_told = status.session.fingerprint.is_none() && status.reason == status.session.reason;
    if is_told { "No token.".to_owned() } else { token(&status.session) }
}

pub(super) fn status(status: &Status) -> String {
    let next = status.next_tick.map(|at| at.format("%a %d %b, %H:%M IST").to_string());
    let open = status.open_at_fyers.iter().cloned();
    let rest = [
        token_below_mode(status),
        format!("Next check: {}.", next.unwrap_or_else(|| "unknown".to_owned())),
        format!("Orders today: {}.", status.orders_today()),
        format!("{} waiting to be sent.", counted(status.outbox.waiting, "alert")),
    ];
    std::iter::once(mode(status))
        .chain(open)
        .chain(rest)
        .chain(
            [status.disk.trouble(), status.fyers.trouble()]
                .into_iter()
                .flatten()
                .map(|trouble| format!("⚠️ {}.", first_upper(&trouble))),
        )
        .chain(rejected_words(status))
        .chain(leftover_words(status))
        .collect::<Vec<_>>()
        .join("\n")
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn rejected_words(status: &Status) -> Option<String> {
    let rejected = status.orders_refused_today;
    (rejected > 0).then(|| {
        format!("FYERS rejected {} today: /orders and the page list them.", counted(rejected, "order"))
    })
}

fn leftover_words(status: &Status) -> Option<String> {
    let left = and_more(&status.simulated_left, 160);
    let words = "FYERS does not have them, so their exits are refused, except where you hold as much at FYERS: \
                 then the exit closes that. /flat clears them, and so does the button on the page.";
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
