//! Both forms of the master, whole and torn.

use std::io::{self, BufReader, Read};

use serde_json::json;

use super::*;

const CSV: &str = "10100000003045,SBIN,0,1,0.1,INE062A01020,0915-1530|1815-1915:,2026-11-25,,NSE:SBIN-EQ,10,10,3045,SBIN,3045,-1.0,XX,10100000003045,None,0,0.0\n\
    101000000026000,NIFTY50-INDEX,10,0,0.05,,0915-1530|1815-1915:,2026-11-25,,NSE:NIFTY50-INDEX,10,10,26000,NIFTY,26000,-1.0,XX,101000000026000,None,0,0.0\n\
    broken,row\n\
    101126112335001,NIFTY 23 Nov 26 26000 CE,14,75,0.05,,0915-1540|1815-1915:,2026-11-20,1795428600,NSE:NIFTY26N2326000CE,10,11,35001,NIFTY,26000,26000.0,CE,101000000026000,None,0,0.0\n";

fn json_rows() -> String {
    json!({
        "NSE:SBIN-EQ": {"segment": 10, "tickSize": 0.1, "minLotSize": 1, "expiryDate": "", "upperPrice": 1067.4,
            "lowerPrice": 873.4, "qtyFreeze": "", "isCasEligible": 1, "symbolDesc": "SBI & CO, \"quoted\""},
        "NSE:NIFTY50-INDEX": {"segment": 10, "tickSize": 0.05, "minLotSize": 0, "expiryDate": null},
        "NSE:NIFTY26N2326000CE": {"segment": "11", "tickSize": "0.05", "minLotSize": "75", "qtyMultiplier": 100.0,
            "expiryDate": "1795428600", "upperPrice": 0, "lowerPrice": 0, "qtyFreeze": "1801"},
        "NSE:BROKEN-EQ": {"segment": 10, "tickSize": 0, "minLotSize": 1},
        "NSE:ODD-EQ": [1, 2],
    })
    .to_string()
}

fn of_csv(source: impl Read) -> (Result<Counted, MasterError>, Vec<SymbolRow>) {
    let mut rows = vec![];
    (read_csv(BufReader::new(source), |row| rows.push(row)), rows)
}

fn of_json(source: impl Read) -> (Result<Counted, MasterError>, Vec<SymbolRow>) {
    let mut rows = vec![];
    (read_json(source, |row| rows.push(row)), rows)
}

fn find<'a>(rows: &'a [SymbolRow], symbol: &str) -> &'a SymbolRow {
    rows.iter().find(|row| row.symbol == symbol).unwrap()
}

#[test]
fn both_forms_say_the_same() {
    let ((csv, csv_rows), (json, json_rows)) = (of_csv(CSV.as_bytes()), of_json(json_rows().as_bytes()));
    assert_eq!(csv, Ok(Counted { good: 3, bad: 1 }));
    assert_eq!(json, Ok(Counted { good: 3, bad: 2 }));
    for row in &csv_rows {
        let plain = SymbolRow {
            circuit: None,
            freeze: None,
            closing_auction: false,
            multiplier: 0,
            ..find(&json_rows, &row.symbol).clone()
        };
        assert_eq!(*row, plain);
    }
    let share = find(&json_rows, "NSE:SBIN-EQ");
    assert_eq!(share.circuit, Some((Decimal::new(8734, 1), Decimal::new(10674, 1))));
    assert!(share.closing_auction && share.expiry.is_none() && share.freeze.is_none());
    let option = find(&json_rows, "NSE:NIFTY26N2326000CE");
    assert_eq!((option.expiry, option.freeze), (NaiveDate::from_ymd_opt(2026, 11, 23), Some(1801)));
    assert_eq!((option.circuit, option.lot, option.multiplier), (None, 75, 100));
    assert_eq!(share.multiplier, 0, "not said");
}

/// Fails after what it has.
struct Torn<'a>(&'a [u8]);

impl Read for Torn<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::ConnectionReset.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn a_torn_file_is_never_taken_for_a_whole_one() {
    let whole = json_rows();
    for length in [0, 1, whole.len() / 3, whole.len() - 1] {
        assert_eq!(of_json(&whole.as_bytes()[..length]).0, Err(MasterError::Form), "{length}");
        let reset = of_json(Torn(&whole.as_bytes()[..length])).0;
        assert_eq!(reset, Err(MasterError::Broken(io::ErrorKind::ConnectionReset)), "{length}");
    }
    assert_eq!(of_csv(Torn(CSV.as_bytes())).0, Err(MasterError::Broken(io::ErrorKind::ConnectionReset)));
    assert_eq!(of_json(format!("{whole}{whole}").as_bytes()).0, Err(MasterError::Form));
}

#[test]
fn what_is_no_master_is_told() {
    for text in ["<html>404</html>", "[]", "null", "{\"a\":", "\"x\""] {
        assert_eq!(of_json(text.as_bytes()).0, Err(MasterError::Form), "{text}");
        let csv = of_csv(text.as_bytes());
        assert_eq!(csv.0, Err(MasterError::Empty), "{text}");
    }
    assert_eq!(of_json("{}".as_bytes()).0, Err(MasterError::Empty));
    let endless = io::repeat(b'x').take(100_000);
    assert_eq!(of_csv(endless).0, Err(MasterError::Form), "a row has an end");
}
