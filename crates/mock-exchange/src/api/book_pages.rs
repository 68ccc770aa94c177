//! The order book a page at a time, so that a long one is never in memory as text and nothing else waits for it.

use serde_json::json;

use crate::{
    api::responses::{good, mark_simulated, order},
    ledger::Ledger,
    market::Market,
    order::OrderState,
    order_id::OrderId,
};

/// Where a book goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookRest {
    /// The last order that was told; `None` before the first.
    after: Option<OrderId>,
    /// Rows that were told.
    told: usize,
    /// Only orders with this tag, as sent or as shown.
    tag: Option<String>,
}

/// Some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookPage {
    /// JSON objects with commas between them, and before them when they are not the first ones.
    pub rows: String,
    /// Where it goes on; `None` when this was the last page.
    pub rest: Option<BookRest>,
}

impl BookRest {
    /// The whole book, or the orders with this tag.
    pub fn of(tag: Option<String>) -> Self {
        Self { tag, ..Self::default() }
    }

    /// What comes before all rows and after them, marked as simulated by this exchange.
    pub fn frame(name: &str) -> (String, String) {
        let mut empty = good("orderBook", json!([]));
        mark_simulated(&mut empty, name);
        let empty = empty.to_string();
        let rows = empty.find("[]").map_or(empty.len(), |at| at + 1);
        let (before, after) = empty.split_at(rows);
        (before.to_owned(), after.to_owned())
    }

    /// Looks at this many orders, oldest first. An order that changes between two pages is told as it is then; one that
    /// is placed meanwhile comes last.
    pub fn page(mut self, ledger: &Ledger, market: &Market, most: usize) -> BookPage {
        let mut orders = ledger.orders.after(self.after);
        let mut rows = String::new();
        for (id, found) in orders.by_ref().take(most) {
            self.after = Some(id);
            if self.tag.as_deref().is_none_or(|tag| has_tag(&found, tag)) {
                let comma = if self.told == 0 { "" } else { "," };
                self.told += 1;
                rows.push_str(comma);
                rows.push_str(&order(&found, market.ltp(found.symbol()), self.told).to_string());
            }
        }
        let is_over = orders.next().is_none();
        BookPage { rows, rest: (!is_over).then_some(self) }
    }
}

fn has_tag(order: &OrderState, tag: &str) -> bool {
    order.shown_tag() == tag || order.order.request.tag.as_deref() == Some(tag)
}
