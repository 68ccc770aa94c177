//! Files of exchanges: calendars and the symbol master.

use std::io::Cursor;

use fyers_api::symbol_master::{SymbolRow, read_csv, read_json};
use mock_exchange::calendar::Calendar;

/// A calendar that was read knows a trading day before and after each day that it lists.
pub(crate) fn calendar(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(calendar) = Calendar::parse(text) else { return };
    let _words = (calendar.coverage_words(), calendar.covered_until());
    for day in calendar.listed_dates().into_iter().take(16) {
        let (_kind, _holiday) = (calendar.day_kind(day), calendar.holiday(day));
        let _next = (calendar.next_trading_day(day), calendar.previous_trading_day(day));
    }
    let _with_built_in = Calendar::with_file(text);
}

/// Rows that are handed out make sense, in both forms.
pub(crate) fn symbol_master(data: &[u8]) {
    let sound = |row: SymbolRow| {
        assert!(row.symbol.contains(':'), "a symbol has an exchange");
        assert!(row.symbol.ends_with("-INDEX") || row.lot > 0, "what is no index has a lot");
    };
    let mut handed_out = 0;
    if let Ok(counted) = read_csv(Cursor::new(data), |row| (handed_out += 1, sound(row)).1) {
        assert_eq!(counted.good, handed_out);
    }
    let mut handed_out = 0;
    if let Ok(counted) = read_json(Cursor::new(data), |row| (handed_out += 1, sound(row)).1) {
        assert_eq!(counted.good, handed_out);
    }
}
