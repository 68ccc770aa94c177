//! What can be traded: tick, lot, price band and freeze quantity of a symbol.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::{
    calendar::Calendar,
    sessions::Segment,
    symbol::{Contract, Kind, segment_of},
};
use fyers_api::model::Exchange;

/// Tick of options and of whatever else has no rule of its own, in INR.
pub const FALLBACK_TICK: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
/// Tick of index futures, in INR.
const INDEX_FUTURE_TICK: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// Ticks of shares by the price of the previous close: below the first number (INR), the second (paise).
const SHARE_TICKS: [(i64, i64); 5] = [(250, 1), (1_000, 5), (5_000, 10), (10_000, 50), (20_000, 100)];
/// Tick of shares above them all, in paise.
const DEAR_SHARE_TICK: i64 = 500;

/// Largest quantity of one order in contracts on these indices, where no symbol master says otherwise.
const FREEZE: [(&str, i64); 6] = [
    ("NIFTY", 1_800),
    ("BANKNIFTY", 600),
    ("FINNIFTY", 1_200),
    ("MIDCPNIFTY", 2_800),
    ("SENSEX", 1_000),
    ("BANKEX", 600),
];

/// One tradable symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// What it is.
    pub kind: Kind,
    /// The market whose sessions it trades in.
    pub segment: Segment,
    /// Smallest price step in INR.
    pub tick: Decimal,
    /// Quantities are multiples of it, in derivatives.
    pub lot: i64,
    /// Lowest and highest price of the day in INR, when known. The CSV master has none.
    pub circuit: Option<(Decimal, Decimal)>,
    /// Largest quantity of one order, when there is one.
    pub freeze: Option<i64>,
    /// The last date on which a contract trades, when a symbol master says so.
    pub expiry: Option<NaiveDate>,
    /// Whether the share ends its day in a closing auction (`isCasEligible`).
    pub closing_auction: bool,
    /// How many units of what the price is for one of the quantity stands for (`qtyMultiplier`): 1 but on MCX.
    pub multiplier: i64,
    /// Whether a symbol master says so.
    pub tells_multiplier: bool,
    /// Whether nothing but the symbol is known: tick and lot are by rule of thumb.
    pub assumed: bool,
}

impl Instrument {
    /// A symbol by name alone. `reference` is the price in INR that decides about a share's tick.
    pub fn assumed(symbol: &str, reference: Option<Decimal>) -> Self {
        let kind = Kind::of(symbol);
        let contract = Contract::of(symbol);
        let on_index = contract.as_ref().is_some_and(Contract::is_on_index);
        let tick = match kind {
            Kind::Future if on_index => INDEX_FUTURE_TICK,
            Kind::Future if segment_of(symbol) == Segment::Mcx => FALLBACK_TICK,
            Kind::Equity | Kind::Future => reference.map_or(FALLBACK_TICK, share_tick),
            Kind::Option | Kind::Index => FALLBACK_TICK,
        };
        Self {
            symbol: symbol.to_owned(),
            kind,
            segment: segment_of(symbol),
            tick,
            lot: 1,
            circuit: None,
            freeze: contract.and_then(|contract| freeze(&contract.underlying)),
            expiry: None,
            closing_auction: false,
            multiplier: 1,
            tells_multiplier: false,
            assumed: true,
        }
    }

    /// Segment as risk texts name it. `NFO` is the broker's; the others are by analogy.
    pub fn segment_name(&self) -> &'static str {
        match (Exchange::of_symbol(&self.symbol), self.segment) {
            (Some(Exchange::Mcx), _) => "MCX",
            (Some(Exchange::Bse), Segment::Fno) => "BFO",
            (Some(Exchange::Bse), Segment::Currency) => "BCD",
            (Some(Exchange::Bse), _) => "BSE",
            (_, Segment::Fno) => "NFO",
            (_, Segment::Currency) => "CDS",
            (_, Segment::Mcx) => "NCOM",
            (_, Segment::Cash) => "NSE",
        }
    }

    /// The last date on which it trades; `None` for what does not expire.
    pub fn last_day(&self, calendar: &Calendar) -> Option<NaiveDate> {
        self.expiry.or_else(|| Contract::of(&self.symbol)?.last_day(calendar))
    }
}

fn freeze(underlying: &str) -> Option<i64> {
    FREEZE.iter().find(|(name, _)| *name == underlying).map(|(_, quantity)| *quantity)
}

/// The tick of a share whose previous close was this, in INR.
pub fn share_tick(reference: Decimal) -> Decimal {
    let band = SHARE_TICKS.iter().find(|(below, _)| reference < Decimal::from(*below));
    Decimal::new(band.map_or(DEAR_SHARE_TICK, |(_, tick)| *tick), 2)
}
