//! The symbol master: how old it is.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    config::{Settings, SymbolSource},
    doctor::finding::{Finding, span},
    fyers::symbols::look,
};

/// A file of an earlier day is one that could not be renewed.
const OLD: TimeDelta = TimeDelta::hours(36);

pub(super) fn symbols(settings: &Settings, now: DateTime<Utc>) -> Finding {
    let name = "symbols";
    if let SymbolSource::Files(files) = &settings.symbol_master {
        return Finding::pass(name, format!("from your own files: {}", files.len()));
    }
    if settings.fetches_symbols_from().is_none() {
        return Finding::pass(name, "no symbol master is fetched: simulated orders assume ticks and lots");
    }
    let files = look(&settings.state_dir);
    let missing: Vec<_> = files.iter().filter(|one| one.fetched.is_none()).map(|one| one.file).collect();
    let oldest = files.iter().filter_map(|one| one.fetched).min();
    let advice = "A running keeper fetches them; can this machine reach FYERS_PUBLIC_URL?";
    match oldest {
        None => Finding::warn(name, "no symbol master has been fetched yet", advice),
        Some(_) if !missing.is_empty() => {
            Finding::warn(name, format!("not there yet: {}", missing.join(", ")), advice)
        }
        Some(at) if now - at > OLD => {
            Finding::warn(name, format!("the symbol master is {} old", span(now - at)), advice)
        }
        Some(at) => Finding::pass(name, format!("the symbol master is {} old", span(now - at))),
    }
}
