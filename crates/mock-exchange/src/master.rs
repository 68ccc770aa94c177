//! A symbol master in memory: two hundred thousand symbols in some forty bytes each beside their names.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::{
    instrument::{FALLBACK_TICK, Instrument},
    symbol::{Contract, segment_of},
};
use fyers_api::{model::Segment, symbol_master::SymbolRow};

/// Digits after the point of ticks and of prices.
const TICK_DIGITS: u32 = 4;
const PRICE_DIGITS: u32 = 2;

/// A row without its name. Zero stands for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// Where its name begins, and how long it is.
    at: u32,
    length: u8,
    segment: Segment,
    closing_auction: bool,
    tick: u32,
    lot: u32,
    freeze: u32,
    lower: u32,
    upper: u32,
    /// Days of the common era.
    expiry: i32,
    multiplier: u32,
}

/// Every symbol of some markets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SymbolMaster {
    names: String,
    /// By name.
    rows: Vec<Row>,
    /// Exchange and segment of the rows: what is not in such a market is not known rather than not there.
    markets: BTreeSet<(String, Segment)>,
}

impl SymbolMaster {
    /// Takes a row in. [`Self::sorted`] comes after the last one.
    pub fn add(&mut self, row: &SymbolRow) {
        let (Ok(at), Ok(length)) = (u32::try_from(self.names.len()), u8::try_from(row.symbol.len())) else {
            return;
        };
        let (lower, upper) = row.circuit.unwrap_or_default();
        let small = |number: i64| u32::try_from(number).unwrap_or_default();
        self.names.push_str(&row.symbol);
        if let Some((exchange, _)) = row.symbol.split_once(':')
            && !self.markets.iter().any(|(name, segment)| name == exchange && *segment == row.segment)
        {
            self.markets.insert((exchange.to_owned(), row.segment));
        }
        self.rows.push(Row {
            at,
            length,
            segment: row.segment,
            closing_auction: row.closing_auction,
            tick: digits(row.tick, TICK_DIGITS),
            lot: small(row.lot),
            freeze: small(row.freeze.unwrap_or_default()),
            lower: digits(lower, PRICE_DIGITS),
            upper: digits(upper, PRICE_DIGITS),
            expiry: row.expiry.map_or(0, |date| date.num_days_from_ce()),
            multiplier: small(row.multiplier),
        });
    }

    /// Ready to be asked. Of two rows of one name the first counts.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let Self { names, rows, .. } = &mut self;
        rows.sort_by(|a, b| name(names, a).cmp(name(names, b)));
        rows.dedup_by(|later, first| name(names, later) == name(names, first));
        rows.shrink_to_fit();
        names.shrink_to_fit();
        self
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether it lists everything of the market a symbol belongs to.
    pub(crate) fn covers(&self, symbol: &str) -> bool {
        self.lists(symbol.split(':').next().unwrap_or_default(), segment_of(symbol))
    }

    /// Whether it lists everything of a market.
    pub(crate) fn lists(&self, exchange: &str, segment: Segment) -> bool {
        self.markets.contains(&(exchange.to_owned(), segment))
    }

    /// The rules of a symbol that is in it.
    pub(crate) fn find(&self, symbol: &str) -> Option<Instrument> {
        let place = self.rows.binary_search_by(|row| name(&self.names, row).cmp(symbol)).ok()?;
        self.rows.get(place).map(|row| instrument(symbol, row))
    }

    /// The options on an underlying, with their last days.
    pub(crate) fn options_on(&self, exchange: &str, underlying: &str) -> Vec<(String, NaiveDate)> {
        let start = format!("{exchange}:{underlying}");
        let first = self.rows.partition_point(|row| name(&self.names, row) < start.as_str());
        let rows = self.rows.iter().skip(first).map(|row| (name(&self.names, row), row));
        let same = rows.take_while(|(symbol, _)| symbol.starts_with(&start));
        let option = |(symbol, row): (&str, &Row)| {
            let contract = Contract::of(symbol).filter(|contract| contract.underlying == underlying)?;
            contract.option?;
            Some((symbol.to_owned(), NaiveDate::from_num_days_from_ce_opt(row.expiry)?))
        };
        same.filter_map(option).collect()
    }
}

fn name<'a>(names: &'a str, row: &Row) -> &'a str {
    let at = row.at as usize;
    names.get(at..at + usize::from(row.length)).unwrap_or_default()
}

fn digits(number: Decimal, digits: u32) -> u32 {
    (number * Decimal::from(10_i64.pow(digits))).round().to_u32().unwrap_or_default()
}

fn instrument(symbol: &str, row: &Row) -> Instrument {
    let price = |number: u32| (number > 0).then(|| Decimal::new(i64::from(number), PRICE_DIGITS));
    let assumed = Instrument::assumed(symbol, None);
    Instrument {
        segment: row.segment,
        tick: if row.tick == 0 {
            FALLBACK_TICK
        } else {
            Decimal::new(i64::from(row.tick), TICK_DIGITS).normalize()
        },
        lot: i64::from(row.lot.max(1)),
        circuit: price(row.lower).zip(price(row.upper)),
        freeze: (row.freeze > 0).then(|| i64::from(row.freeze)).or(assumed.freeze),
        expiry: (row.expiry > 0).then(|| NaiveDate::from_num_days_from_ce_opt(row.expiry)).flatten(),
        closing_auction: row.closing_auction,
        multiplier: i64::from(row.multiplier.max(1)),
        tells_multiplier: row.multiplier > 0,
        assumed: false,
        ..assumed
    }
}
