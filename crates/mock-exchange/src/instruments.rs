//! All symbols that are known, by whatever is known of them: a symbol master, or their names alone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::{
    instrument::Instrument,
    master::SymbolMaster,
    symbol::{Kind, is_well_formed},
};
use fyers_api::{error::ApiError, model::Segment};

/// All known symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruments {
    known: BTreeMap<String, Arc<Instrument>>,
    master: Arc<SymbolMaster>,
    strict: bool,
    found: Found,
}

/// How many symbols found are kept: more than trade on a day.
const MOST_FOUND: usize = 4_096;

/// A symbol's rules, and the reference price they were worked out for.
type Rules = (Option<Decimal>, Arc<Instrument>);

/// What was found before, with the reference it was found for. It says nothing that the rest does not.
#[derive(Debug, Default)]
struct Found(Mutex<FxHashMap<String, Rules>>);

impl Clone for Found {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Found {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Found {}

impl Found {
    fn get(&self, symbol: &str, reference: Option<Decimal>) -> Option<Arc<Instrument>> {
        let found = self.0.lock().ok()?;
        found.get(symbol).filter(|(of, _)| *of == reference).map(|(_, one)| Arc::clone(one))
    }

    fn keep(&self, reference: Option<Decimal>, one: &Arc<Instrument>) {
        let Ok(mut found) = self.0.lock() else { return };
        if found.len() >= MOST_FOUND {
            found.clear();
        }
        found.insert(one.symbol.clone(), (reference, Arc::clone(one)));
    }
}

impl Instruments {
    /// Nothing but `known`: other symbols are refused.
    pub fn strict(known: impl IntoIterator<Item = Instrument>) -> Self {
        Self { strict: true, ..Self::lenient(known) }
    }

    /// `known`, and every well-formed symbol with tick and lot by rule of thumb.
    pub fn lenient(known: impl IntoIterator<Item = Instrument>) -> Self {
        let known = known.into_iter().map(|one| (one.symbol.clone(), Arc::new(one))).collect();
        Self { known, ..Self::default() }
    }

    /// The symbols of a symbol master. In the markets that it lists there are no others; elsewhere every well-formed
    /// symbol is taken, for nothing is known of them.
    pub fn listed(master: Arc<SymbolMaster>) -> Self {
        Self { master, ..Self::default() }
    }

    /// How many symbols a symbol master lists; zero without one.
    pub fn count(&self) -> usize {
        self.master.len()
    }

    /// The symbol's rules, index or not. `reference`: see [`Instrument::assumed`].
    ///
    /// # Errors
    /// -50 when there is nothing of that name.
    pub fn find(&self, symbol: &str, reference: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        if let Some(one) = self.found.get(symbol, reference) {
            return Ok(one);
        }
        let one = self.look_up(symbol, reference).ok_or_else(ApiError::unknown_symbol)?;
        self.found.keep(reference, &one);
        Ok(one)
    }

    fn look_up(&self, symbol: &str, reference: Option<Decimal>) -> Option<Arc<Instrument>> {
        let listed = || self.master.find(symbol).map(Arc::new);
        let may_exist = || !self.strict && is_well_formed(symbol) && !self.master.covers(symbol);
        let guess = || may_exist().then(|| Arc::new(Instrument::assumed(symbol, reference)));
        self.known.get(symbol).cloned().or_else(listed).or_else(guess)
    }

    /// The rules of a symbol that can be bought and sold.
    ///
    /// # Errors
    /// -50 when nothing of that name can be traded.
    pub fn tradable(&self, symbol: &str, reference: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        let found = self.find(symbol, reference)?;
        if found.kind == Kind::Index { Err(ApiError::unknown_symbol()) } else { Ok(found) }
    }

    /// The options on an underlying with their last days, as the symbol master lists them; `None` when none lists that
    /// market.
    pub(crate) fn options_on(&self, exchange: &str, name: &str) -> Option<Vec<(String, NaiveDate)>> {
        let segment = if exchange == "MCX" { Segment::Mcx } else { Segment::Fno };
        let lists = self.master.lists(exchange, segment);
        lists.then(|| self.master.options_on(exchange, name))
    }
}
