//! Option chains as FYERS has them (docs/fyers-api.md, "Option chain").

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    api::values::{number, percent, short_name, token},
    contracts::ExpiryDay,
    walk::Greeks,
};
use fyers_api::{error::ApiError, ist, operation::parameter};

/// The most strikes on either side, and how many there are when nobody says.
const MOST_STRIKES: usize = 50;
const STRIKES: usize = 10;

/// What a chain call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRequest {
    /// The underlying, as `NSE:NIFTY50-INDEX`.
    pub symbol: String,
    /// Strikes on either side of the price.
    pub strikes: usize,
    /// The last day of the options; `None`: the nearest.
    pub expiry: Option<NaiveDate>,
    /// Whether greeks are wanted.
    pub greeks: bool,
}

/// Reads the query of a chain call.
///
/// # Errors
/// -300 without a symbol, -50 for more than 50 strikes or an expiry that is no time.
pub fn read(query: &str) -> Result<ChainRequest, ApiError> {
    let value = |name: &str| parameter(query, name).filter(|value| !value.is_empty());
    let symbol = value("symbol").ok_or_else(|| ApiError::new(-300, "Invalid symbol provided"))?;
    let strikes = match value("strikecount") {
        None => STRIKES,
        Some(text) => {
            let count = text.parse::<usize>().ok().filter(|count| (1..=MOST_STRIKES).contains(count));
            count.ok_or_else(ApiError::invalid_input)?
        }
    };
    let expiry = match value("timestamp") {
        None => None,
        Some(text) => {
            let seconds = text.parse::<i64>().ok();
            let at = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            Some(ist::date(at.ok_or_else(ApiError::invalid_input)?))
        }
    };
    let greeks = value("greeks").is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"));
    Ok(ChainRequest { symbol, strikes, expiry, greeks })
}

/// One price with the close before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// As `NSE:NIFTY26DEC26000CE`.
    pub symbol: String,
    /// Last price in INR.
    pub ltp: Decimal,
    /// Best bid in INR.
    pub bid: Decimal,
    /// Best offer in INR.
    pub ask: Decimal,
    /// The close before, in INR.
    pub previous: Decimal,
}

impl Priced {
    /// What every row has.
    fn row(&self) -> Value {
        let change = self.ltp - self.previous;
        json!({"ask": number(self.ask), "bid": number(self.bid), "fyToken": token(&self.symbol),
            "ltp": number(self.ltp), "ltpch": number(change), "ltpchp": number(percent(change, self.previous)),
            "symbol": self.symbol})
    }

    /// The row of an underlying or an index, which is no option.
    fn plain_row(&self) -> Value {
        let mut row = self.row();
        let short = short_name(&self.symbol);
        let listed_as = short.split_once('-').map_or(short, |(name, _)| name);
        for (name, value) in [
            ("description", json!(short)),
            ("ex_symbol", json!(listed_as)),
            ("exchange", json!(self.symbol.split(':').next())),
            ("option_type", json!("")),
            ("strike_price", json!(-1)),
        ] {
            row[name] = value;
        }
        row
    }
}

/// An option with everything the chain says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionRow {
    /// Its prices.
    pub priced: Priced,
    /// `CE` or `PE`.
    pub right: &'static str,
    /// In INR.
    pub strike: Decimal,
    /// Contracts open now, and at the close before.
    pub interest: (i64, i64),
    /// Traded today.
    pub volume: i64,
    /// When they are wanted and known.
    pub greeks: Option<Greeks>,
}

impl OptionRow {
    fn row(&self) -> Value {
        let (now, before) = self.interest;
        let mut row = self.priced.row();
        for (name, value) in [
            ("oi", json!(now)),
            ("oich", json!(now - before)),
            ("oichp", number(percent(Decimal::from(now - before), Decimal::from(before)))),
            ("option_type", json!(self.right)),
            ("prev_oi", json!(before)),
            ("strike_price", number(self.strike)),
            ("volume", json!(self.volume)),
        ] {
            row[name] = value;
        }
        if let Some(Greeks { delta, gamma, theta, vega, iv }) = self.greeks {
            row["greeks"] = json!({"delta": short(delta), "gamma": short(gamma), "theta": short(theta),
                "vega": short(vega), "iv": short(iv)});
        }
        row
    }
}

fn short(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// A chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The underlying.
    pub underlying: Priced,
    /// Its nearest future, when its price is known.
    pub future: Option<Priced>,
    /// The index of expected volatility, when its price is known.
    pub vix: Option<Priced>,
    /// All expiries: date, and whether it is its month's last.
    pub(crate) expiries: Vec<ExpiryDay>,
    /// By strike, calls before puts.
    pub rows: Vec<OptionRow>,
    /// What should be known about it.
    pub remark: String,
}

/// The end of trading on an expiry date.
fn epoch(date: NaiveDate) -> i64 {
    ist::instant(date, ist::at(15, 30)).timestamp()
}

/// The answer to a chain call.
pub fn answer(chain: &Chain) -> Value {
    let dates: Vec<Value> = chain
        .expiries
        .iter()
        .map(|day| {
            json!({"date": day.date.format("%d-%m-%Y").to_string(),
        "expiry": epoch(day.date).to_string(), "expiry_flag": if day.monthly { "M" } else { "W" }})
        })
        .collect();
    let interest = |right: &str| {
        let rows = chain.rows.iter().filter(|row| row.right == right);
        rows.map(|row| row.interest.0).sum::<i64>()
    };
    let mut first = chain.underlying.plain_row();
    let future = chain.future.as_ref().unwrap_or(&chain.underlying);
    let change = future.ltp - future.previous;
    first["fp"] = number(future.ltp);
    first["fpch"] = number(change);
    first["fpchp"] = number(percent(change, future.previous));
    let rows: Vec<Value> = std::iter::once(first).chain(chain.rows.iter().map(OptionRow::row)).collect();
    json!({"code": 200, "data": {"callOi": interest("CE"), "expiryData": dates,
        "indiavixData": chain.vix.as_ref().map_or_else(|| json!({}), Priced::plain_row), "optionsChain": rows,
        "putOi": interest("PE")}, "message": chain.remark, "s": "ok"})
}

/// When a price was so, in words.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    ist::ist(at).format("%d %b %H:%M:%S IST").to_string()
}
