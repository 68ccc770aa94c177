//! What can be traded: tick, lot, price band and freeze quantity of a symbol.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;

use crate::{
    calendar::Calendar,
    sessions::Segment,
    symbol::{Contract, Kind, is_well_formed, segment_of},
};
use fyers_api::{codes, error::ApiError, ist, model::Exchange};

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

/// Columns of the symbol master (docs/fyers-api.md, "Symbol master"), counted from zero.
const LOT: usize = 3;
const TICK: usize = 4;
const EXPIRY: usize = 8;
const TICKER: usize = 9;
const SEGMENT: usize = 11;
const COLUMNS: usize = 21;

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

/// All known symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruments {
    known: BTreeMap<String, Arc<Instrument>>,
    strict: bool,
}

impl Instruments {
    /// Nothing but `known`: other symbols are refused.
    pub fn strict(known: impl IntoIterator<Item = Instrument>) -> Self {
        Self { strict: true, ..Self::lenient(known) }
    }

    /// `known`, and every well-formed symbol with tick and lot by rule of thumb.
    pub fn lenient(known: impl IntoIterator<Item = Instrument>) -> Self {
        let known = known.into_iter().map(|one| (one.symbol.clone(), Arc::new(one))).collect();
        Self { known, strict: false }
    }

    /// The symbol's rules, index or not. `reference`: see [`Instrument::assumed`].
    ///
    /// # Errors
    /// -50 when there is nothing of that name.
    pub fn find(&self, symbol: &str, reference: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        let assume = || Arc::new(Instrument::assumed(symbol, reference));
        let guess = || (!self.strict && is_well_formed(symbol)).then(assume);
        self.known.get(symbol).cloned().or_else(guess).ok_or_else(ApiError::unknown_symbol)
    }

    /// The rules of a symbol that can be bought and sold.
    ///
    /// # Errors
    /// -50 when nothing of that name can be traded.
    pub fn tradable(&self, symbol: &str, reference: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        let found = self.find(symbol, reference)?;
        if found.kind == Kind::Index { Err(ApiError::unknown_symbol()) } else { Ok(found) }
    }
}

/// Reads a symbol master CSV (no header, 21 columns); also says how many rows made no sense. Rows of indices have lot 0
/// and are taken, so that a strict list knows them.
pub fn parse_master(csv: &str) -> (Vec<Instrument>, usize) {
    let rows = csv.lines().filter(|line| !line.trim().is_empty());
    let (good, bad): (Vec<_>, Vec<_>) = rows.map(parse_row).partition(Option::is_some);
    (good.into_iter().flatten().collect(), bad.len())
}

fn parse_row(line: &str) -> Option<Instrument> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    if cells.len() != COLUMNS || !cells[TICKER].contains(':') {
        return None;
    }
    let symbol = cells[TICKER];
    let number =
        |column: usize| cells[column].parse::<Decimal>().ok().filter(|number| *number >= Decimal::ZERO);
    let (tick, lot) = (number(TICK)?, i64::try_from(number(LOT)?).ok()?);
    let index = Kind::of(symbol) == Kind::Index;
    if !index && (tick.is_zero() || lot == 0) {
        return None;
    }
    let expiry = cells[EXPIRY].parse::<i64>().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Some(Instrument {
        // A segment that is not known trades when its symbol says so.
        segment: codes::segment(cells[SEGMENT].parse().ok()?).unwrap_or_else(|| segment_of(symbol)),
        tick: if tick.is_zero() { FALLBACK_TICK } else { tick },
        lot: lot.max(1),
        expiry: expiry.filter(|at| at.timestamp() > 0).map(ist::date),
        assumed: false,
        ..Instrument::assumed(symbol, None)
    })
}
