//! The keys on the status page: a line each. The page of keys says more, and changes them.

use keeper_domain::mode::Mode;

use crate::keys::KeyRow;

/// One key in a line.
pub(super) struct KeyLine {
    pub(super) name: String,
    pub(super) mode: &'static str,
    pub(super) halted: bool,
    /// Why its entries are refused for the rest of the day.
    pub(super) reached: Vec<&'static str>,
    pub(super) orders: String,
}

impl KeyLine {
    pub(super) fn of(row: &KeyRow) -> Self {
        let mode = match (row.read_only, row.mode) {
            (true, _) => "read only",
            (false, Mode::Live) => "live",
            (false, Mode::Sandbox) => "sandbox",
            (false, Mode::Mock) => "mock",
        };
        let orders = row.today.as_ref().map_or(0, |day| day.orders);
        let orders = match (orders, row.max_orders_per_day) {
            (1, None) => "1 order today".to_owned(),
            (sent, None) => format!("{sent} orders today"),
            (sent, Some(most)) => format!("{sent} of {most} orders today"),
        };
        let reached = row.limits_reached.iter().map(|limit| limit.reached_words()).collect();
        Self { name: row.name.clone(), mode, halted: row.halted, reached, orders }
    }
}
