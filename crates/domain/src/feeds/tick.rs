//! One tick of `/feed` as JSON. It is written ten thousand times a second: straight into its text.

use chrono::{DateTime, Utc};
use fyers_api::{
    hsm::{ABSENT, SCRIP_FIELDS, TopicKind, price},
    ist::ist,
};
use mock_exchange::PriceOrigin;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;

use super::quote::FeedQuote;

/// What is told of a symbol, or of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Want {
    Ltp,
    Quote,
    Depth,
    Orders,
}

/// A set of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wants(u8);

impl Wants {
    const ALL: [Want; 4] = [Want::Ltp, Want::Quote, Want::Depth, Want::Orders];

    pub(super) fn has(self, want: Want) -> bool {
        self.0 & (1 << want as u8) != 0
    }

    pub(super) fn insert(&mut self, want: Want) {
        self.0 |= 1 << want as u8;
    }

    pub(super) fn remove(&mut self, want: Want) {
        self.0 &= !(1 << want as u8);
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn each(self) -> impl Iterator<Item = Want> {
        Self::ALL.into_iter().filter(move |want| self.has(*want))
    }
}

impl FromIterator<Want> for Wants {
    fn from_iter<All: IntoIterator<Item = Want>>(all: All) -> Self {
        let mut wants = Self::default();
        all.into_iter().for_each(|want| wants.insert(want));
        wants
    }
}

#[derive(Serialize)]
struct Tick<'a, T> {
    r#type: &'static str,
    kind: Want,
    symbol: &'a str,
    origin: PriceOrigin,
    at: String,
    #[serde(flatten)]
    values: T,
}

#[derive(Serialize)]
struct Ltp {
    ltp: Option<f64>,
}

/// The day's change in INR and in percent.
#[derive(Serialize)]
struct Change {
    change: Option<f64>,
    change_percent: Option<f64>,
}

#[derive(Serialize)]
struct Index {
    ltp: Option<f64>,
    prev_close: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    open: Option<f64>,
    #[serde(flatten)]
    change: Change,
}

#[derive(Serialize)]
struct Scrip {
    ltp: Option<f64>,
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    prev_close: Option<f64>,
    bid: Option<f64>,
    ask: Option<f64>,
    average: Option<f64>,
    volume: Option<i32>,
    bid_quantity: Option<i32>,
    ask_quantity: Option<i32>,
    last_quantity: Option<i32>,
    open_interest: Option<i32>,
    traded_at: Option<i32>,
    #[serde(flatten)]
    change: Change,
}

#[derive(Serialize)]
struct Depth {
    bids: [Level; 5],
    asks: [Level; 5],
}

#[derive(Serialize)]
struct Level {
    price: Option<f64>,
    quantity: Option<i32>,
    orders: Option<i32>,
}

/// The tick as this kind of message.
pub(super) fn tick(quote: &FeedQuote, kind: Want) -> String {
    match (kind, quote.item.kind) {
        (Want::Depth, _) => text(quote, kind, depth(quote)),
        (Want::Ltp, _) | (_, TopicKind::Depth) => text(quote, kind, Ltp { ltp: money(quote.ltp()) }),
        (_, TopicKind::Index) => text(quote, kind, index(quote)),
        (_, TopicKind::Scrip) => text(quote, kind, scrip(quote)),
    }
}

fn text(quote: &FeedQuote, kind: Want, values: impl Serialize) -> String {
    let (symbol, origin, at) = (&*quote.item.symbol, quote.origin, time(quote.at));
    // Numbers and texts alone: nothing of it can fail.
    serde_json::to_string(&Tick { r#type: "tick", kind, symbol, origin, at, values }).unwrap_or_default()
}

/// A moment as every message of `/feed` has it.
pub(super) fn time(at: DateTime<Utc>) -> String {
    ist(at).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

fn money(value: Option<Decimal>) -> Option<f64> {
    value?.round_dp(4).to_f64()
}

fn change(last: Option<Decimal>, previous: Option<Decimal>) -> Change {
    let known = last.zip(previous.filter(|previous| !previous.is_zero()));
    let change = known.map(|(last, previous)| (last - previous, previous));
    Change {
        change: money(change.map(|(change, _)| change)),
        change_percent: money(change.map(|(change, of)| change / of * Decimal::ONE_HUNDRED)),
    }
}

fn index(quote: &FeedQuote) -> Index {
    let [ltp, prev_close, _, high, low, open] = [0, 1, 2, 3, 4, 5].map(|field| quote.price(field));
    Index {
        ltp: money(ltp),
        prev_close: money(prev_close),
        high: money(high),
        low: money(low),
        open: money(open),
        change: change(ltp, prev_close),
    }
}

/// In the order of [`SCRIP_FIELDS`].
fn scrip(quote: &FeedQuote) -> Scrip {
    let values = &quote.snapshot.values;
    let all: [i32; SCRIP_FIELDS.len()] =
        std::array::from_fn(|field| values.get(field).copied().unwrap_or(ABSENT));
    let [ltp, volume, traded_at, _, bid_quantity, ask_quantity, bid, ask, last_quantity, ..] = all;
    let [.., average, open_interest, low, high, _, _, _, _, open, prev_close] = all;
    let price = |raw: i32| price(raw, quote.snapshot.multiplier, quote.snapshot.precision);
    let number = |raw: i32| Some(raw).filter(|raw| *raw != ABSENT);
    Scrip {
        ltp: money(price(ltp)),
        open: money(price(open)),
        high: money(price(high)),
        low: money(price(low)),
        prev_close: money(price(prev_close)),
        bid: money(price(bid)),
        ask: money(price(ask)),
        average: money(price(average)),
        volume: number(volume),
        bid_quantity: number(bid_quantity),
        ask_quantity: number(ask_quantity),
        last_quantity: number(last_quantity),
        open_interest: number(open_interest),
        traded_at: number(traded_at),
        change: change(price(ltp), price(prev_close)),
    }
}

fn depth(quote: &FeedQuote) -> Depth {
    let level = |n: usize| Level {
        price: money(quote.price(n)),
        quantity: quote.number(10 + n),
        orders: quote.number(20 + n),
    };
    Depth { bids: std::array::from_fn(level), asks: std::array::from_fn(|n| level(5 + n)) }
}

#[cfg(test)]
mod tests {
    use fyers_api::hsm::FeedSnapshot;
    use serde_json::{Value, json};

    use super::*;
    use crate::feeds::{directory::Item, quote::scrip_field};

    #[test]
    fn every_value_of_a_scrip_has_its_own_name() {
        let snapshot = FeedSnapshot {
            topic: 0,
            name: String::new(),
            values: (100..).take(SCRIP_FIELDS.len()).collect(),
            multiplier: 1,
            precision: 0,
            exchange: String::new(),
            token: String::new(),
            symbol: String::new(),
        };
        let item = Item::quote("NSE:SBIN-EQ");
        let mut quote = FeedQuote::new(item, snapshot, PriceOrigin::Live, DateTime::default());
        let told: Value = serde_json::from_str(&tick(&quote, Want::Quote)).unwrap();
        for (name, field) in [
            ("ltp", "ltp"),
            ("open", "open_price"),
            ("high", "high_price"),
            ("low", "low_price"),
            ("prev_close", "prev_close_price"),
            ("bid", "bid_price"),
            ("ask", "ask_price"),
            ("average", "avg_trade_price"),
            ("volume", "vol_traded_today"),
            ("bid_quantity", "bid_size"),
            ("ask_quantity", "ask_size"),
            ("last_quantity", "last_traded_qty"),
            ("open_interest", "OI"),
            ("traded_at", "last_traded_time"),
        ] {
            assert_eq!(told[name].as_f64(), Some(100.0 + scrip_field(field) as f64), "{name}");
        }
        assert_eq!(
            (&told["type"], &told["kind"], &told["change"]),
            (&json!("tick"), &json!("quote"), &json!(-20.0))
        );
        quote.snapshot.values = vec![100];
        let told: Value = serde_json::from_str(&tick(&quote, Want::Quote)).unwrap();
        assert_eq!(
            (&told["ltp"], &told["bid"], &told["volume"]),
            (&json!(100.0), &Value::Null, &Value::Null)
        );
    }
}
