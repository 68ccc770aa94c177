//! `orders`: what bots have ordered, as the running keeper remembers it.

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use keeper_domain::text::excerpt;
use serde_json::Value;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, say},
    probe::{self, Remote},
    setup::load,
};

pub(super) fn orders(json: bool, limit: u32) -> Result<Exit, Failure> {
    let config = load()?;
    let answer = probe::block_on(async { Remote::new(&config)?.orders(limit).await });
    let Some(answer) = answer.flatten() else { return Err(probe::nobody(&config)) };
    let orders = answer.get("orders").and_then(Value::as_array).cloned().unwrap_or_default();
    if json {
        print_json(&answer);
    } else if orders.is_empty() {
        say("No orders so far.");
    } else {
        say(&table(&orders).to_string());
    }
    Ok(Exit::Good)
}

/// One row an order; the columns are the fields of the first one.
fn table(orders: &[Value]) -> Table {
    let columns: Vec<&String> =
        orders.iter().filter_map(Value::as_object).take(1).flat_map(|first| first.keys()).collect();
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(&columns);
    for order in orders {
        table.add_row(columns.iter().map(|column| cell(&order[column.as_str()])));
    }
    table
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => excerpt(text, 60),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_order_and_a_column_for_each_field() {
        let orders =
            [json!({ "symbol": "NSE:SBIN-EQ", "qty": 5, "tag": null }), json!({ "symbol": "NSE:TCS-EQ" })];
        let text = table(&orders).to_string();
        assert!(text.contains("symbol") && text.contains("NSE:TCS-EQ") && text.contains("5"), "{text}");
        assert!(!text.contains("null") && !text.contains('"'), "{text}");
    }
}
