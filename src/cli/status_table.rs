//! What `status` shows a person.

use keeper_domain::alerts::words::{and_more, counted};

use crate::status::{SessionStatus, Status};

/// What brings the token back, while there is none that can be used.
fn what_to_do(session: &SessionStatus) -> Option<&'static str> {
    Some(session.remedy()).filter(|remedy| !remedy.is_empty())
}

/// The status for a person.
pub(super) fn table(status: &Status, halted_bots: &[String]) -> String {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or_else(|| "-".to_owned(), |at| at.format("%a %d %b %Y, %H:%M:%S IST").to_string())
    };
    let session = &status.session;
    let mut rows = vec![
        ("health", status.health_words().to_owned()),
        ("mode", status.mode_words()),
        ("orders", status.orders_words().to_owned()),
        ("session", format!("{}, because {}", session.state.words(), session.because())),
        ("token", session.token_words()),
        ("FYERS", status.fyers.words()),
        ("next check", time(status.next_tick)),
        ("last check", time(status.last_tick.map(|tick| tick.begun_at))),
        (
            "alerts",
            format!(
                "{} waiting, {} of {} delivered",
                status.outbox.waiting, status.outbox.delivered, status.outbox.queued
            ),
        ),
        ("today", format!("orders: {}", status.orders_today())),
    ];
    rows.extend(status.problems().into_iter().map(|problem| ("look at", problem)));
    rows.extend(
        (!halted_bots.is_empty()).then(|| ("halted", format!("bots {}", and_more(halted_bots, 120)))),
    );
    rows.extend(session.confirm_words().map(|words| ("confirm", words)));
    rows.extend(what_to_do(session).map(|remedy| ("next", remedy.to_owned())));
    rows.extend(status.open_at_fyers.clone().map(|open| ("real", open)));
    rows.extend(status.lease.as_ref().map(|lease| ("lease", lease.words())));
    for (name, actor) in &status.actors {
        let state = if actor.alive { "alive" } else { "down" };
        rows.push((name, format!("{state}, {}", counted(actor.restarts, "restart"))));
    }
    let commit = if status.commit.is_empty() { String::new() } else { format!(" ({})", status.commit) };
    rows.push(("version", format!("{}{commit}", status.version)));
    rows.iter().map(|(name, value)| format!("{name:<11}{value}")).collect::<Vec<_>>().join("\n")
}
