//! What is traded in the differential test, and when. Prices are in paise, times in minutes after midnight (IST).

/// A market with hours of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment {
    Cash,
    Derivatives,
    Commodities,
}

/// What a contract is worth when it ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payoff {
    /// The price of the symbol with this number.
    Future(usize),
    /// What is above the strike.
    Call(usize, i64),
    /// What is below the strike.
    Put(usize, i64),
}

/// A symbol with its usual price and its tick.
#[derive(Debug)]
pub(super) struct Symbol {
    pub(super) name: &'static str,
    pub(super) usual: i64,
    pub(super) tick: i64,
    pub(super) segment: Segment,
    /// Of contracts that end within the days that are played.
    pub(super) payoff: Option<Payoff>,
}

impl Symbol {
    /// Delivered shares become holdings.
    pub(super) fn is_share(&self) -> bool {
        self.segment == Segment::Cash
    }

    pub(super) fn close(&self) -> i64 {
        match self.segment {
            Segment::Cash => 15 * 60 + 30,
            Segment::Derivatives => 15 * 60 + 40,
            // New York is on winter time.
            Segment::Commodities => 23 * 60 + 55,
        }
    }

    pub(super) fn square_off(&self) -> i64 {
        match self.segment {
            Segment::Cash | Segment::Derivatives => 15 * 60 + 15,
            Segment::Commodities => 23 * 60 + 40,
        }
    }
}

const fn share(name: &'static str, usual: i64, tick: i64) -> Symbol {
    Symbol { name, usual, tick, segment: Segment::Cash, payoff: None }
}

const fn contract(name: &'static str, usual: i64, tick: i64, payoff: Payoff) -> Symbol {
    Symbol { name, usual, tick, segment: Segment::Derivatives, payoff: Some(payoff) }
}

const SBIN: usize = 0;
const NIFTY: usize = 7;

/// The last one is only looked at: contracts are settled by it.
pub(super) const SYMBOLS: [Symbol; 8] = [
    share("NSE:SBIN-EQ", 800_00, 5),
    share("NSE:IDEA-EQ", 8_00, 1),
    contract("NSE:NIFTY26DECFUT", 26_000_00, 10, Payoff::Future(NIFTY)),
    contract("NSE:NIFTY26DEC25999CE", 200_00, 5, Payoff::Call(NIFTY, 25_999_00)),
    contract("NSE:NIFTY26DEC26001PE", 200_00, 5, Payoff::Put(NIFTY, 26_001_00)),
    contract("NSE:SBIN26DECFUT", 801_00, 5, Payoff::Future(SBIN)),
    Symbol {
        name: "MCX:CRUDEOIL27JANFUT",
        usual: 5_600_00,
        tick: 5,
        segment: Segment::Commodities,
        payoff: None,
    },
    share("NSE:NIFTY50-INDEX", 26_000_00, 5),
];
pub(super) const TRADED: usize = 7;

/// Trading days of the end of 2026: Christmas is closed, the contracts end on the 29th.
pub(super) const DAYS: [u32; 6] = [23, 24, 28, 29, 30, 31];
pub(super) const LAST_DAY_OF_CONTRACTS: u32 = 29;
/// When shares and derivatives open; commodities do so a quarter of an hour before.
pub(super) const OPEN: i64 = 9 * 60 + 15;
