//! The keys of bots as a table.

use rust_decimal::Decimal;

use crate::{
    cli::table::{Column, Layout, left, right},
    keys::KeyRow,
};

const COLUMNS: [Column; 6] = [
    left("NAME", 20),
    left("MODE", 7),
    right("ORDER VALUE", 11),
    left("ORDERS", 8),
    left("LOSS", 8),
    left("STATE", 9),
];

pub(super) fn key_table(rows: &[KeyRow], room: usize) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row).to_vec()).collect();
    let layout = Layout::of(&COLUMNS, 0, &cells, (2, room));
    let lines = cells.iter().map(|row| layout.row(row));
    std::iter::once(layout.head()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// What was done today stands before what is allowed.
fn cells(row: &KeyRow) -> [String; 6] {
    let inr =
        |limit: Option<Decimal>| limit.map_or_else(|| "-".to_owned(), |limit| limit.normalize().to_string());
    let sent = row.today.as_ref().map(|day| day.orders.to_string());
    let most = row.max_orders_per_day.map(|most| most.to_string());
    let orders = format!("{}/{}", sent.as_deref().unwrap_or("?"), most.as_deref().unwrap_or("-"));
    let lost = row.today.as_ref().map(|day| Decimal::ZERO.max(-day.result).round_dp(0).to_string());
    let loss = format!("{}/{}", lost.as_deref().unwrap_or("?"), inr(row.max_loss));
    let state = match (row.halted, row.read_only) {
        (true, _) => "halted",
        (false, true) => "read only",
        (false, false) => "",
    };
    [row.name.clone(), row.mode.slug().to_owned(), inr(row.max_order_value), orders, loss, state.to_owned()]
}
