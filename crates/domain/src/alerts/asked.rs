//! What a request about orders asked for, in words: a cancel that failed is no order that is missing.

use crate::{alerts::words::excerpt, asked::Asked};

/// So many ids are named; of more their number is.
const NAMED: usize = 3;

impl Asked {
    /// What it was, unless it was a new order.
    pub fn words(&self) -> Option<String> {
        let what = match self.what.as_str() {
            "modify" => "change of",
            "cancel" => "cancel of",
            "exit" => return Some("exit of positions".to_owned()),
            "convert" => return Some("conversion of a position".to_owned()),
            "gtt" => return Some(self.of_gtt()),
            _ => return None,
        };
        Some(format!("{what} {}", self.orders()))
    }

    /// What is true of it after FYERS refused it.
    pub fn after_refusal(&self) -> &'static str {
        match self.what.as_str() {
            "modify" | "cancel" if self.ids.len() == 1 => {
                "nothing was changed: the order is as it was before."
            }
            "modify" | "cancel" => "nothing was changed: the orders are as they were before.",
            "exit" | "convert" => "nothing was changed: open positions are as they were before.",
            "gtt" => "nothing was changed: GTT orders are as they were before.",
            _ => "this order is not in the market.",
        }
    }

    fn of_gtt(&self) -> String {
        match &self.ids[..] {
            [] => "a new GTT order".to_owned(),
            _ => format!("change or cancel of GTT {}", self.orders()),
        }
    }

    fn orders(&self) -> String {
        match self.ids.len() {
            0 => "an order".to_owned(),
            1 => format!("order {}", excerpt(&self.ids[0], 24)),
            many if many > NAMED => format!("{many} orders"),
            _ => {
                let ids: Vec<String> = self.ids.iter().map(|id| excerpt(id, 24)).collect();
                format!("orders {}", ids.join(", "))
            }
        }
    }
}
