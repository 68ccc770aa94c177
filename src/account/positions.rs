//! Positions and the day's result.

use keeper_domain::text::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One position; what could not be read of it is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionRow {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product type, as FYERS writes it.
    pub product: String,
    /// Signed: negative is short; zero is closed today.
    pub quantity: Option<i64>,
    /// Average price of the open part in INR.
    pub average: Option<f64>,
    /// Last price in INR.
    pub last: Option<f64>,
    /// Result of what was closed today, in INR.
    pub realized: Option<f64>,
    /// Result of what is open, in INR.
    pub unrealized: Option<f64>,
    /// Both.
    pub pnl: Option<f64>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Positions {
    /// In the order of the answer.
    pub positions: Vec<PositionRow>,
    /// Profit and loss of the day, in INR.
    pub pnl: Option<f64>,
    /// Of this, from what was closed.
    pub realized: Option<f64>,
    /// Of this, from what is open.
    pub unrealized: Option<f64>,
}

impl Positions {
    /// Reads FYERS' answer; `None` when it is none, or when a row is not a position: one that is overlooked looks like
    /// one that is closed.
    pub fn of(body: &Value) -> Option<Self> {
        let rows = body["netPositions"].as_array()?;
        let positions = rows.iter().map(PositionRow::of).collect::<Option<Vec<_>>>()?;
        let overall = |name: &str| body["overall"][name].as_f64();
        let (pnl, realized) = (overall("pl_total"), overall("pl_realized"));
        Some(Self { positions, pnl, realized, unrealized: overall("pl_unrealized") })
    }

    /// Those that are open, and those of which it is not known.
    pub fn open(&self) -> impl Iterator<Item = &PositionRow> {
        self.positions.iter().filter(|row| row.quantity != Some(0))
    }
}

impl PositionRow {
    fn of(row: &Value) -> Option<Self> {
        let number = |name: &str| row[name].as_f64();
        Some(Self {
            symbol: excerpt(row["symbol"].as_str()?, 40),
            product: excerpt(row["productType"].as_str().unwrap_or_default(), 12),
            quantity: row["netQty"].as_i64(),
            average: average(row),
            last: number("ltp"),
            realized: number("realized_profit"),
            unrealized: number("unrealized_profit"),
            pnl: number("pl"),
        })
    }

    /// "+10", "-5", "closed" or "not known".
    pub fn quantity_words(&self) -> String {
        match self.quantity {
            None => "not known".to_owned(),
            Some(0) => "closed".to_owned(),
            Some(net) => format!("{net:+}"),
        }
    }
}

/// FYERS' `avgPrice`, or the average of the side that is open. Never `netAvg`: once a part was closed, that is the price at which the
/// rest breaks even, at which nobody has traded (docs/fyers-api.md, "Positions").
fn average(row: &Value) -> Option<f64> {
    let Some(net) = row["netQty"].as_f64() else { return row["avgPrice"].as_f64() };
    if net == 0.0 {
        return Some(row["avgPrice"].as_f64().unwrap_or_default());
    }
    let opening = if net > 0.0 { "buyAvg" } else { "sellAvg" };
    ["avgPrice", opening].iter().filter_map(|name| row[name].as_f64()).find(|price| *price > 0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_none() {
        let row = json!({"symbol": "NSE:SBIN-EQ", "netQty": -5, "avgPrice": 800.0, "ltp": 790.0, "pl": 50.0});
        let body = json!({"s": "ok", "netPositions": [row], "overall": {"pl_total": 50.0}});
        let read = Positions::of(&body).unwrap();
        assert_eq!((read.pnl, read.realized), (Some(50.0), None));
        assert_eq!(read.positions[0].quantity_words(), "-5");
        let odd = json!({"s": "ok", "netPositions": [{"symbol": "X", "netQty": "5", "pl": null}]});
        let odd = Positions::of(&odd).unwrap();
        assert_eq!((odd.positions[0].quantity, odd.pnl, odd.open().count()), (None, None, 1));
        for none in [json!({"s": "ok"}), json!({"s": "ok", "netPositions": [{"netQty": 5}]}), json!(null)] {
            assert_eq!(Positions::of(&none), None, "{none}");
        }
    }

    /// 10 bought at 800.10, 4 of them sold at 810: the other 6 were not bought at 793.50.
    #[test]
    fn the_average_is_a_price_that_was_traded_at() {
        let with = |net: i64, change: Value| {
            let mut row = json!({"symbol": "NSE:SBIN-EQ", "netQty": net, "netAvg": 793.5, "avgPrice": 800.1, "buyAvg": 800.2,
                "sellAvg": 810.0});
            row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            PositionRow::of(&row).unwrap().average
        };
        assert_eq!(with(6, json!({})), Some(800.1));
        let missing = json!({"avgPrice": null});
        assert_eq!((with(6, missing.clone()), with(-6, missing.clone())), (Some(800.2), Some(810.0)));
        assert_eq!(with(6, json!({"avgPrice": 0.0})), Some(800.2), "nothing is bought for nothing");
        assert_eq!(
            with(6, json!({"avgPrice": null, "buyAvg": null})),
            None,
            "a break-even price is no average"
        );
        assert_eq!(with(0, missing), Some(0.0), "closed");
    }
}
