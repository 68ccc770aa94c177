//! Bots for a phone: their keys, and what they follow.

use keeper_domain::{
    alerts::words::and_more,
    keys::KeyRing,
    mode::Mode,
    money::{count, rupees},
};

use crate::{
    keys::KeyRow,
    status::{FeedsStatus, SourceStatus},
};

/// Rows of a list on a phone.
const ROWS: usize = 15;

/// Each key with its limits and its bot's day; never the key itself.
pub(super) fn keys(rows: &[KeyRow]) -> String {
    let title = match rows.len() {
        1 => "🔑 1 key".to_owned(),
        many => format!("🔑 {many} keys"),
    };
    let more = rows.len().saturating_sub(ROWS);
    let more = (more > 0).then(|| format!("and {more} more: see the page or `fyers-keeper key list`"));
    let lines = rows.iter().take(ROWS).map(key);
    [title].into_iter().chain(lines).chain(more).collect::<Vec<_>>().join("\n")
}

/// Who alone is halted, for /status: the mode says nothing of that.
pub(super) fn halted(ring: &KeyRing) -> Option<String> {
    let names = ring.all().iter().filter(|key| key.stored.halted).map(|key| key.name().to_string());
    let names = and_more(&names.collect::<Vec<_>>(), 120);
    (!names.is_empty())
        .then(|| format!("⛔ Halted bots: {names}. Their entries are refused until /resume with the name."))
}

fn key(row: &KeyRow) -> String {
    let ceiling = match (row.read_only, row.mode) {
        (true, _) => "reads only".to_owned(),
        (false, Mode::Live) => "up to live".to_owned(),
        (false, mode) => format!("up to {}", mode.slug()),
    };
    let halted = row.halted.then(|| "⛔ halted".to_owned());
    let value = row.max_order_value.map(|most| format!("at most {} an order", rupees(most)));
    let loss = row.max_loss.map(|most| format!("loses at most {} a day", rupees(most)));
    let reached = row.limits_reached.iter().map(|limit| format!("⛔ {}", limit.reached_words()));
    let parts = [Some(ceiling), Some(day(row)), value, loss].into_iter().flatten();
    let parts: Vec<String> = halted.into_iter().chain(reached).chain(parts).collect();
    format!("{}: {}", row.name, parts.join(", "))
}

/// What the bot did today; a result that leaves something out says so.
fn day(row: &KeyRow) -> String {
    let Some(today) = &row.today else { return "its day is not known".to_owned() };
    let orders = match (today.orders, row.max_orders_per_day) {
        (1, None) => "1 order today".to_owned(),
        (orders, None) => format!("{orders} orders today"),
        (orders, Some(most)) => format!("{orders} of {most} orders today"),
    };
    let left_out = match today.unpriced.len() {
        _ if today.orders == 0 => return orders,
        0 => String::new(),
        1 => " (1 symbol without a price left out)".to_owned(),
        some => format!(" ({some} symbols without a price left out)"),
    };
    format!("{orders}, result {}{left_out}", rupees(today.result))
}

/// The sockets to FYERS, and the bots behind them.
pub(super) fn feeds(now: &FeedsStatus) -> String {
    let nothing = SourceStatus::default();
    let line = |(name, slug): (&str, &str)| source(name, now.sources.get(slug).unwrap_or(&nothing));
    let bots: usize = now.clients.values().sum();
    let by_door: Vec<_> = now.clients.iter().filter(|(_, count)| **count > 0).collect();
    let by_door =
        by_door.iter().map(|(door, count)| format!("{door} {count}")).collect::<Vec<_>>().join(", ");
    let connected = match bots {
        0 => "No bot is connected: the sockets are opened when one is.".to_owned(),
        1 => format!("1 bot is connected ({by_door})."),
        many => format!("{many} bots are connected ({by_door})."),
    };
    let slow = (now.slow_clients_closed > 0)
        .then(|| format!("{} were closed because they did not read.", now.slow_clients_closed));
    let counted = format!(
        "{} symbols followed; {} values and {} order events since the start.",
        now.followed,
        count(now.values),
        count(now.order_events)
    );
    let title = "📡 Feeds".to_owned();
    let sources = [("Data socket", "data"), ("Order socket", "orders")].map(line);
    [title]
        .into_iter()
        .chain(sources)
        .chain([connected])
        .chain(slow)
        .chain([counted])
        .collect::<Vec<_>>()
        .join("\n")
}

fn source(name: &str, source: &SourceStatus) -> String {
    let state = match (source.open, source.last_frame_age) {
        (false, _) => "closed".to_owned(),
        (true, None) => format!("open, {} topics, nothing has come yet", source.subscriptions),
        (true, Some(age)) => format!("open, {} topics, last message {age} s ago", source.subscriptions),
    };
    let lost: Vec<_> = source.lost.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let lost = match lost.is_empty() {
        true => String::new(),
        false => format!("; lost since the start: {}", and_more(&lost, 80)),
    };
    format!("{name}: {state}{lost}.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use keeper_domain::{keys::LimitKind, routing::own::OwnDay};
    use rust_decimal::Decimal;

    use super::*;

    fn row(name: &str, orders: u32, unpriced: &[&str]) -> KeyRow {
        KeyRow {
            name: name.to_owned(),
            mode: Mode::Sandbox,
            read_only: false,
            max_order_value: None,
            max_orders_per_day: Some(50),
            max_loss: Some(Decimal::from(500)),
            halted: true,
            limits_reached: vec![],
            created_at: None,
            rotated_at: None,
            today: Some(OwnDay {
                orders,
                result: Decimal::new(-120_505, 3),
                unpriced: unpriced.iter().map(|symbol| (*symbol).to_owned()).collect(),
                has_lost: false,
            }),
            simulated: None,
        }
    }

    #[test]
    fn a_key_says_its_limits_and_what_its_result_leaves_out() {
        let rows = [row("scalper", 3, &["NSE:SBIN-EQ"]), row("quiet", 0, &[])];
        assert_eq!(
            keys(&rows),
            "🔑 2 keys\n\
             scalper: ⛔ halted, up to sandbox, 3 of 50 orders today, result -₹120.51 (1 symbol without a \
             price left out), loses at most ₹500.00 a day\n\
             quiet: ⛔ halted, up to sandbox, 0 of 50 orders today, loses at most ₹500.00 a day"
        );
        let lost = KeyRow { limits_reached: vec![LimitKind::Loss], ..row("unlucky", 0, &[]) };
        assert!(keys(&[lost]).contains("unlucky: ⛔ halted, ⛔ loss limit reached, up to sandbox"));
        let unknown = KeyRow { today: None, ..row("away", 0, &[]) };
        assert!(keys(&[unknown]).contains("its day is not known"));
        let many: Vec<_> = (0..40).map(|number| row(&format!("bot-{number}"), 0, &[])).collect();
        assert!(keys(&many).ends_with("and 25 more: see the page or `fyers-keeper key list`"));
    }

    #[test]
    fn a_socket_that_says_nothing_does_not_look_alive() {
        let open = SourceStatus { open: true, subscriptions: 3, last_frame_age: None, lost: BTreeMap::new() };
        let now = FeedsStatus {
            sources: [("data".to_owned(), open)].into(),
            clients: [("hsm".to_owned(), 2), ("feed".to_owned(), 0)].into(),
            followed: 3,
            values: 1_234_567,
            ..FeedsStatus::default()
        };
        assert_eq!(
            feeds(&now),
            "📡 Feeds\nData socket: open, 3 topics, nothing has come yet.\nOrder socket: closed.\n2 bots are connected \
             (hsm 2).\n3 symbols followed; 12,34,567 values and 0 order events since the start."
        );
        assert!(feeds(&FeedsStatus::default()).contains("No bot is connected"));
    }
}
