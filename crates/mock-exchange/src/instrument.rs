//! What can be traded: tick, lot and price band of a symbol.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use fyers_api::error::ApiError;

/// Tick of a symbol that no master file names, in INR. Real ticks range from 0.01 to 0.1 and more, so a
/// master file is better.
pub const FALLBACK_TICK: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// Columns of the symbol master (docs/fyers-api.md, "Symbol master"), counted from zero.
const LOT: usize = 3;
const TICK: usize = 4;
const TICKER: usize = 9;
const SEGMENT: usize = 11;
const COLUMNS: usize = 21;

/// What kind of thing a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A share, fund or bond.
    Equity,
    /// A number one can look at and not buy.
    Index,
    /// A future.
    Future,
    /// A call or a put.
    Option,
}

impl Kind {
    /// Told from the symbol's form (docs/fyers-api.md, "Enums"): only cash symbols have a series after a
    /// dash.
    pub fn of(symbol: &str) -> Self {
        let name = symbol.split_once(':').map_or(symbol, |(_, name)| name);
        let before = |suffix: &str| name.strip_suffix(suffix).and_then(|rest| rest.bytes().last());
        let is_option = ["CE", "PE"].iter().any(|end| before(end).is_some_and(|b| b.is_ascii_digit()));
        match name {
            _ if name.ends_with("-INDEX") => Self::Index,
            _ if is_option => Self::Option,
            _ if name.ends_with("FUT") && name.bytes().any(|b| b.is_ascii_digit()) => Self::Future,
            _ => Self::Equity,
        }
    }

    /// Future or option.
    pub fn is_derivative(self) -> bool {
        matches!(self, Self::Future | Self::Option)
    }
}

/// One tradable symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// What it is.
    pub kind: Kind,
    /// Segment number: 10 cash, 11 equity derivatives, 12 currency, 20 commodity.
    pub segment: u8,
    /// Smallest price step in INR.
    pub tick: Decimal,
    /// Quantities are multiples of it, in derivatives.
    pub lot: i64,
    /// Lowest and highest price of the day in INR, when known. The CSV master has none.
    pub circuit: Option<(Decimal, Decimal)>,
}

impl Instrument {
    /// A symbol of which only the form is known.
    fn guessed(symbol: &str) -> Option<Self> {
        let (exchange, name) = symbol.split_once(':')?;
        let kind = Kind::of(symbol);
        let segment = match exchange {
            "MCX" => 20,
            "NSE" | "BSE" if kind.is_derivative() => 11,
            "NSE" | "BSE" => 10,
            _ => return None,
        };
        let (symbol, circuit) = (symbol.to_owned(), None);
        (!name.is_empty()).then_some(Self { symbol, kind, segment, tick: FALLBACK_TICK, lot: 1, circuit })
    }

    /// Segment as risk texts name it. `NFO` is the broker's; the others are by analogy.
    pub fn segment_name(&self) -> &'static str {
        match (self.symbol.split(':').next(), self.segment) {
            (Some("MCX"), _) => "MCX",
            (Some("BSE"), 11) => "BFO",
            (Some("BSE"), 12) => "BCD",
            (Some("BSE"), _) => "BSE",
            (_, 11) => "NFO",
            (_, 12) => "CDS",
            (_, 20) => "NCOM",
            _ => "NSE",
        }
    }
}

/// All known symbols.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruments {
    known: BTreeMap<String, Instrument>,
    strict: bool,
}

impl Instruments {
    /// Nothing but `known`: other symbols are refused.
    pub fn strict(known: impl IntoIterator<Item = Instrument>) -> Self {
        Self { strict: true, ..Self::lenient(known) }
    }

    /// `known`, and every symbol of the right form with [`FALLBACK_TICK`] and lot 1.
    pub fn lenient(known: impl IntoIterator<Item = Instrument>) -> Self {
        let known = known.into_iter().map(|one| (one.symbol.clone(), one)).collect();
        Self { known, strict: false }
    }

    /// The symbol's rules.
    ///
    /// # Errors
    /// -50 when nothing of that name can be traded.
    pub fn tradable(&self, symbol: &str) -> Result<Instrument, ApiError> {
        let guess = || (!self.strict).then(|| Instrument::guessed(symbol)).flatten();
        let found = self.known.get(symbol).cloned().or_else(guess);
        found.filter(|one| one.kind != Kind::Index).ok_or_else(ApiError::unknown_symbol)
    }
}

/// Reads a symbol master CSV (no header, 21 columns); also says how many rows made no sense.
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
    let number =
        |column: usize| cells[column].parse::<Decimal>().ok().filter(|number| *number > Decimal::ZERO);
    let (tick, lot) = (number(TICK)?, i64::try_from(number(LOT)?).ok()?);
    let (symbol, segment) = (cells[TICKER].to_owned(), cells[SEGMENT].parse().ok()?);
    Some(Instrument { kind: Kind::of(&symbol), symbol, segment, tick, lot: lot.max(1), circuit: None })
}
