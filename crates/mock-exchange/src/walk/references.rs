//! Where made-up prices begin: about what the usual names cost in 2026, and a number of its own for every other symbol.

use rust_decimal::Decimal;

use super::path::{hash, mix};

/// Symbol and price in INR.
const KNOWN: &[(&str, i64)] = &[
    ("NSE:NIFTY50-INDEX", 26_000),
    ("NSE:NIFTYBANK-INDEX", 58_500),
    ("NSE:FINNIFTY-INDEX", 27_300),
    ("NSE:MIDCPNIFTY-INDEX", 13_900),
    ("NSE:NIFTYNXT50-INDEX", 69_500),
    ("NSE:INDIAVIX-INDEX", 13),
    ("BSE:SENSEX-INDEX", 85_000),
    ("BSE:BANKEX-INDEX", 65_500),
    ("NSE:ADANIENT-EQ", 2_400),
    ("NSE:ADANIPORTS-EQ", 1_480),
    ("NSE:ASIANPAINT-EQ", 2_850),
    ("NSE:AXISBANK-EQ", 1_240),
    ("NSE:BAJAJ-AUTO-EQ", 9_000),
    ("NSE:BAJFINANCE-EQ", 1_020),
    ("NSE:BHARTIARTL-EQ", 2_100),
    ("NSE:CIPLA-EQ", 1_520),
    ("NSE:COALINDIA-EQ", 385),
    ("NSE:DRREDDY-EQ", 1_230),
    ("NSE:EICHERMOT-EQ", 6_900),
    ("NSE:HCLTECH-EQ", 1_600),
    ("NSE:HDFCBANK-EQ", 1_000),
    ("NSE:HINDALCO-EQ", 800),
    ("NSE:HINDUNILVR-EQ", 2_430),
    ("NSE:ICICIBANK-EQ", 1_370),
    ("NSE:IDEA-EQ", 10),
    ("NSE:INFY-EQ", 1_520),
    ("NSE:ITC-EQ", 405),
    ("NSE:JSWSTEEL-EQ", 1_160),
    ("NSE:KOTAKBANK-EQ", 2_090),
    ("NSE:LT-EQ", 4_000),
    ("NSE:M&M-EQ", 3_700),
    ("NSE:MARUTI-EQ", 15_900),
    ("NSE:NTPC-EQ", 327),
    ("NSE:ONGC-EQ", 247),
    ("NSE:POWERGRID-EQ", 277),
    ("NSE:RELIANCE-EQ", 1_520),
    ("NSE:SBIN-EQ", 970),
    ("NSE:SUNPHARMA-EQ", 1_780),
    ("NSE:TATASTEEL-EQ", 172),
    ("NSE:TCS-EQ", 3_120),
    ("NSE:TECHM-EQ", 1_450),
    ("NSE:TITAN-EQ", 3_870),
    ("NSE:ULTRACEMCO-EQ", 11_700),
    ("NSE:WIPRO-EQ", 245),
    ("NSE:YESBANK-EQ", 23),
    ("MCX:GOLD", 125_000),
    ("MCX:GOLDM", 125_000),
    ("MCX:SILVER", 158_000),
    ("MCX:SILVERM", 158_000),
    ("MCX:CRUDEOIL", 5_300),
    ("MCX:NATURALGAS", 390),
    ("MCX:COPPER", 1_000),
    ("MCX:ZINC", 300),
    ("MCX:ALUMINIUM", 270),
];

/// The price in INR around which a symbol's walk moves: known, or from 100 to 2,100.
pub(super) fn price(symbol: &str) -> Decimal {
    let known = KNOWN.iter().find(|(name, _)| *name == symbol).map(|(_, price)| Decimal::from(*price));
    let own = mix(hash(symbol)) % 200_000;
    known.unwrap_or_else(|| Decimal::new(10_000 + i64::try_from(own).unwrap_or_default(), 2))
}
