//! FYERS tokens of symbols, and the names the data socket has for them.

/// Exchange tokens that clients know from elsewhere.
const KNOWN_TOKENS: [(&str, &str); 8] = [
    ("NSE:SBIN-EQ", "3045"),
    ("NSE:RELIANCE-EQ", "2885"),
    ("NSE:M&M-EQ", "2031"),
    ("NSE:TCS-EQ", "11536"),
    ("NSE:INFY-EQ", "1594"),
    ("NSE:NIFTY50-INDEX", "26000"),
    ("NSE:NIFTYBANK-INDEX", "26009"),
    ("NSE:INDIAVIX-INDEX", "26017"),
];

/// Index names on the data socket, as in `index_hsm_mapping.json`.
pub(crate) const INDEX_NAMES: [(&str, &str); 4] = [
    ("NSE:NIFTY50-INDEX", "Nifty 50"),
    ("NSE:NIFTYBANK-INDEX", "Nifty Bank"),
    ("NSE:INDIAVIX-INDEX", "India VIX"),
    ("BSE:SENSEX-INDEX", "SENSEX"),
];

/// Exchange and segment digits of a FYERS token, and the segment's name on the data socket (section 7.2).
const SEGMENTS: [(&str, &str); 8] = [
    ("1010", "nse_cm"),
    ("1011", "nse_fo"),
    ("1012", "cde_fo"),
    ("1020", "nse_com"),
    ("1120", "mcx_fo"),
    ("1210", "bse_cm"),
    ("1211", "bse_fo"),
    ("1212", "bcs_fo"),
];

/// The FYERS token: four digits of exchange and segment, six of the expiry (zeros here), the exchange token.
pub(crate) fn fy_token(symbol: &str) -> String {
    format!("{}000000{}", segment_digits(symbol), exchange_token(symbol))
}

/// The segment's name on the data socket.
pub(crate) fn segment_name(symbol: &str) -> &'static str {
    let digits = segment_digits(symbol);
    SEGMENTS.iter().find(|(known, _)| *known == digits).map_or("nse_cm", |(_, name)| name)
}

/// The exchange's own number for a symbol; fixed for each symbol.
pub(crate) fn exchange_token(symbol: &str) -> String {
    let known = KNOWN_TOKENS.iter().find(|(name, _)| *name == symbol);
    known.map_or_else(|| hashed_token(symbol), |(_, token)| (*token).to_owned())
}

/// FNV-1a, cut to nine digits, so that thousands of symbols have different tokens.
fn hashed_token(symbol: &str) -> String {
    let hash = symbol.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (100_000_000 + hash % 900_000_000).to_string()
}

/// The index's name on the data socket: from the mapping, or the symbol without exchange and suffix.
pub(crate) fn index_name(symbol: &str) -> &str {
    let known = INDEX_NAMES.iter().find(|(name, _)| *name == symbol);
    let bare = symbol.split_once(':').map_or(symbol, |(_, name)| name);
    known.map_or_else(|| bare.trim_end_matches("-INDEX"), |(_, name)| name)
}

pub(crate) fn is_index(symbol: &str) -> bool {
    symbol.ends_with("-INDEX")
}

fn segment_digits(symbol: &str) -> &'static str {
    let derivative = ["FUT", "CE", "PE"].iter().any(|end| symbol.ends_with(end)) && !symbol.contains('-');
    match (symbol.split(':').next(), derivative) {
        (Some("MCX"), _) => "1120",
        (Some("BSE"), true) => "1211",
        (Some("BSE"), false) => "1210",
        (_, true) => "1011",
        _ => "1010",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_tell_exchange_and_segment() {
        assert_eq!(fy_token("NSE:SBIN-EQ"), "10100000003045");
        assert!(fy_token("NSE:NIFTY26NOVFUT").starts_with("1011000000"));
        assert!(fy_token("BSE:ACC-A").starts_with("1210"));
        assert_eq!(segment_name("MCX:GOLD26DECFUT"), "mcx_fo");
        assert_eq!(index_name("NSE:NIFTY50-INDEX"), "Nifty 50");
        assert_eq!(index_name("NSE:NIFTYIT-INDEX"), "NIFTYIT");
    }

    #[test]
    fn thousands_of_symbols_have_different_tokens() {
        let tokens: std::collections::BTreeSet<_> =
            (0..5_000).map(|n| fy_token(&format!("NSE:S{n}-EQ"))).collect();
        assert_eq!(tokens.len(), 5_000);
    }
}
