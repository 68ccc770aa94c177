//! Open positions and the day's result, as the gateway answers them to bots: from FYERS while live, from the
//! MockExchange otherwise.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use fyers_api::http::{ApiRequest, Method, Surface};
use keeper_domain::{keys::BotName, mode::Mode, text::excerpt};
use serde_json::Value;

use crate::http::backend::Backend;

/// How long an answer is shown again. A page that follows the events asks often; FYERS must not be asked as often.
const FRESH: Duration = Duration::from_secs(30);

/// One position, in words. What could not be read is said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PositionRow {
    pub(super) symbol: String,
    pub(super) quantity: String,
    pub(super) average: String,
    pub(super) last: String,
    pub(super) result: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Positions {
    pub(super) rows: Vec<PositionRow>,
    /// Profit and loss of the day, in INR.
    pub(super) total: String,
    pub(super) is_real: bool,
}

/// The latest answer and when it came.
#[derive(Default)]
pub(super) struct LatestPositions(Mutex<Option<(Instant, &'static str, Option<Positions>)>>);

impl LatestPositions {
    /// The positions, at most [`FRESH`] old and of the present mode; `None` when they could not be read.
    pub(super) async fn read(&self, backend: &dyn Backend, mode: &'static str) -> Option<Positions> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, of, positions)) = latest
            && of == mode
            && at.elapsed() < FRESH
        {
            return positions;
        }
        let positions = ask(backend).await;
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Some((Instant::now(), mode, positions.clone()));
        positions
    }
}

async fn ask(backend: &dyn Backend) -> Option<Positions> {
    let call = ApiRequest {
        surface: Surface::Api,
        method: Method::Get,
        path: "/positions".to_owned(),
        query: String::new(),
        content_type: None,
        body: Vec::new(),
    };
    let forwarded = backend.forward(call, BotName::owner()).await?;
    let body = serde_json::from_slice(&forwarded.answer.body).ok()?;
    (forwarded.answer.status == 200).then(|| of_answer(&body, forwarded.mode == Mode::Live)).flatten()
}

/// Reads FYERS' answer; `None` when it is none, or when a row is not a position.
fn of_answer(body: &Value, is_real: bool) -> Option<Positions> {
    let rows = body["netPositions"].as_array().filter(|_| body["s"] == "ok")?;
    let rows = rows.iter().map(PositionRow::of).collect::<Option<Vec<_>>>()?;
    Some(Positions { rows, total: amount(&body["overall"]["pl_total"]), is_real })
}

impl PositionRow {
    fn of(row: &Value) -> Option<Self> {
        let symbol = excerpt(row["symbol"].as_str()?, 40);
        let quantity = row["netQty"].as_i64().map_or_else(|| NOT_KNOWN.to_owned(), |net| format!("{net:+}"));
        Some(Self {
            symbol,
            quantity: if quantity == "+0" { "closed".to_owned() } else { quantity },
            average: amount(&row["netAvg"]),
            last: amount(&row["ltp"]),
            result: amount(&row["pl"]),
        })
    }
}

const NOT_KNOWN: &str = "not known";

fn amount(value: &Value) -> String {
    // Added to zero, a minus before a zero is gone.
    value.as_f64().map_or_else(
        || NOT_KNOWN.to_owned(),
        |amount| format!("{:.2}", (amount * 100.0).round() / 100.0 + 0.0),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_none() {
        let row = json!({"symbol": "NSE:SBIN-EQ", "netQty": -5, "netAvg": 800.0, "ltp": -0.001, "pl": 50.0});
        let body = json!({"s": "ok", "netPositions": [row], "overall": {"pl_total": 50.0}});
        let positions = of_answer(&body, true).unwrap();
        assert_eq!(positions.total, "50.00");
        let first = &positions.rows[0];
        assert_eq!((first.quantity.as_str(), first.average.as_str()), ("-5", "800.00"));
        assert_eq!(first.last, "0.00", "no minus before a zero");

        let odd = json!({"s": "ok", "netPositions": [{"symbol": "X", "netQty": "5", "pl": null}]});
        let odd = of_answer(&odd, true).unwrap();
        assert_eq!((odd.rows[0].quantity.as_str(), odd.total.as_str()), ("not known", "not known"));
        for none in [
            json!({"s": "error", "netPositions": []}),
            json!({"s": "ok"}),
            json!({"s": "ok", "netPositions": [{"netQty": 5}]}),
            json!(null),
        ] {
            assert_eq!(of_answer(&none, true), None, "{none}");
        }
    }
}
