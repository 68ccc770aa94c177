//! What the account and the risk rules are like.

use rust_decimal::Decimal;

use crate::charges::Charges;

/// How many times its own money an intraday equity position may be worth. SEBI's peak margin rule (since
/// September 2021) asks for at least 20 % up front.
pub const INTRADAY_LEVERAGE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// The same for futures and short options carried overnight. A stand-in: the exchange's SPAN model is not
/// computed.
pub const MARGIN_LEVERAGE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// The same for the margin trading facility. A stand-in: the real figure differs by symbol.
pub const MTF_LEVERAGE: Decimal = Decimal::from_parts(4, 0, 0, false, 0);

/// How much of a position's value must be there in money: 1 divided by this. Delivery is always paid in full,
/// and so is an option that is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leverage {
    /// INTRADAY.
    pub intraday: Decimal,
    /// MARGIN.
    pub margin: Decimal,
    /// MTF.
    pub mtf: Decimal,
}

impl Default for Leverage {
    fn default() -> Self {
        Self { intraday: INTRADAY_LEVERAGE, margin: MARGIN_LEVERAGE, mtf: MTF_LEVERAGE }
    }
}

/// The account and its rules. A journal is replayed under the configuration it was written under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Cash on the first day, in INR.
    pub capital: Decimal,
    /// Margin rules.
    pub leverage: Leverage,
    /// Whether trades cost anything.
    pub charges: Charges,
    /// The same `orderTag` twice in a day is one order: the second answer is the first one's id.
    pub idempotent: bool,
    /// Whether the account may use the margin trading facility (`mtf_enabled` of the profile).
    pub mtf: bool,
    /// Who simulates: the `message` of every answer begins with `SIMULATED by` and this.
    pub name: &'static str,
    /// Whether a market order trades one tick beyond the last price where bid and ask are not known.
    pub slippage: bool,
    /// Whether orders trade at any hour, as a load test wants; real sessions otherwise.
    pub around_the_clock: bool,
}

impl Config {
    /// This much cash, no charges, every tag a new order, no margin trading facility, no slippage, real sessions.
    pub fn new(capital: Decimal) -> Self {
        let leverage = Leverage::default();
        Self {
            capital,
            leverage,
            charges: Charges::Off,
            idempotent: false,
            mtf: false,
            name: "mock-exchange",
            slippage: false,
            around_the_clock: false,
        }
    }
}
