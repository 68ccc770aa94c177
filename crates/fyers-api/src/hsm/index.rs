//! What the data socket calls an index: a name of its own, not a number (docs/fyers-api.md, "Sockets").

use std::{collections::BTreeMap, sync::LazyLock};

/// One a row, as `NSE:NIFTY50-INDEX=Nifty 50`: the list that FYERS publishes for its SDKs.
const ROWS: &str = include_str!("index_names.txt");

static NAMES: LazyLock<BTreeMap<&str, &str>> =
    LazyLock::new(|| ROWS.lines().filter_map(|row| row.split_once('=')).collect());

/// The name of an index by its symbol; of one that is not in the list the symbol without exchange and ending, as
/// FYERS' SDKs do it. `None` for what is no index.
pub fn index_name(symbol: &str) -> Option<&str> {
    let bare = symbol.strip_suffix("-INDEX")?;
    let name = || bare.split_once(':').map(|(_, name)| name);
    NAMES.get(symbol).copied().or_else(name)
}

/// The symbol of an index by segment and name, as `nse_cm` and `Nifty 50`.
pub fn index_symbol(segment: &str, name: &str) -> Option<String> {
    let exchange = match segment {
        "nse_cm" => "NSE",
        "bse_cm" => "BSE",
        _ => return None,
    };
    let is_it = |(symbol, known): &(&&str, &&str)| **known == name && symbol.starts_with(exchange);
    let listed = NAMES.iter().find(is_it).map(|(symbol, _)| (*symbol).to_owned());
    Some(listed.unwrap_or_else(|| format!("{exchange}:{name}-INDEX")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_both_ways() {
        assert_eq!(index_name("NSE:NIFTY50-INDEX"), Some("Nifty 50"));
        assert_eq!(index_name("NSE:NEW-INDEX"), Some("NEW"));
        assert_eq!((index_name("NSE:SBIN-EQ"), index_name("X-INDEX")), (None, None));
        assert_eq!(index_symbol("nse_cm", "Nifty Bank").as_deref(), Some("NSE:NIFTYBANK-INDEX"));
        assert_eq!(index_symbol("bse_cm", "SENSEX").as_deref(), Some("BSE:SENSEX-INDEX"));
        assert_eq!(index_symbol("nse_cm", "NEW").as_deref(), Some("NSE:NEW-INDEX"));
        assert_eq!(index_symbol("mcx_fo", "NEW"), None);
    }

    #[test]
    fn every_name_of_the_list_leads_back_to_it() {
        for (symbol, name) in NAMES.iter() {
            let segment = if symbol.starts_with("BSE") { "bse_cm" } else { "nse_cm" };
            let back = index_symbol(segment, name).unwrap();
            assert_eq!(index_name(&back), Some(*name), "{symbol}");
        }
    }
}
