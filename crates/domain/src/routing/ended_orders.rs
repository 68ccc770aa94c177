//! Orders that are over without a fill: FYERS' positions have nothing to show of them.

use super::{live_positions::BookRow, request::Reserved};

/// Whether the order book shows each order of a request, with these ids, as over and unfilled. What else has moved the position
/// since the books last agreed, as a conversion, tells nothing of it then.
pub fn have_filled_nothing(book: &[BookRow], ids: &[String], sent: &Reserved) -> bool {
    let is_over = |id: &String| book.iter().any(|row| row.id == *id && row.is_unfilled);
    !sent.is_opaque && !ids.is_empty() && ids.len() == sent.legs.len() && ids.iter().all(is_over)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::routing::exposure::tests::leg;

    fn row(id: &str, is_unfilled: bool) -> BookRow {
        let (average, stop, leg) = (Decimal::ZERO, Decimal::ZERO, leg("NSE:A-EQ", -10));
        let id = id.to_owned();
        BookRow { id, leg, whole: -10, waits: false, filled: 0, average, stop, is_unfilled, at: None }
    }

    #[test]
    fn only_what_fyers_says_is_over_and_unfilled_has_filled_nothing() {
        let (book, sent) = ([row("1", true), row("2", false), row("3", true)], |orders: usize| Reserved {
            legs: vec![leg("NSE:A-EQ", -10); orders],
            is_opaque: false,
        });
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let nothing = |all: &[&str]| have_filled_nothing(&book, &ids(all), &sent(all.len()));
        assert!(nothing(&["1"]) && nothing(&["1", "3"]));
        assert!(!nothing(&["2"]), "it may have filled");
        assert!(!nothing(&["1", "2"]) && !nothing(&["4"]) && !nothing(&[]));
        assert!(!have_filled_nothing(&book, &ids(&["1"]), &sent(2)), "which it is cannot be told");
        let opaque = Reserved { is_opaque: true, ..sent(1) };
        assert!(!have_filled_nothing(&book, &ids(&["1"]), &opaque));
    }
}
