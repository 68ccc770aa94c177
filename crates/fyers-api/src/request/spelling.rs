//! Whether a request's JSON can be read in one way only. Of two fields of one name some programs take the first and some
//! the last, and some read `QTY` as `qty`: who checks an order must not read another order than who carries it out.

use std::{collections::BTreeSet, fmt};

use crate::operation::unescape;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How the fields of a request are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Each once, and each known one as FYERS writes it.
    Plain,
    /// One comes twice, or in another case, or with characters that only look like it or that nobody sees.
    Ambiguous,
    /// It is no JSON, or none of a usual depth, or it has a number or a text that not every program can read: one may stop
    /// there, and another may read what comes behind it.
    Unreadable,
    /// A query beside the body says something of its own ([`query_says_more`]).
    Queried,
}

impl Spelling {
    /// Looks at every object in a body, however deep.
    pub fn of(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(Names { are_plain: true }) => Self::Plain,
            Ok(Names { are_plain: false }) => Self::Ambiguous,
            Err(_) => Self::Unreadable,
        }
    }
}

/// The names that decide what a request that trades does (docs/fyers-api.md, "Place" to "GTT").
const KNOWN: &[&str] = &[
    "convertFrom",
    "convertQty",
    "convertTo",
    "disclosedQty",
    "exit_all",
    "filledQty",
    "id",
    "isSliceOrder",
    "leg1",
    "leg2",
    "leg3",
    "leg4",
    "legType",
    "legs",
    "limitPrice",
    "offlineOrder",
    "orderInfo",
    "orderTag",
    "orderType",
    "overnight",
    "pending_orders_cancel",
    "positionSide",
    "price",
    "productType",
    "qty",
    "segment",
    "side",
    "stopLoss",
    "stopPrice",
    "symbol",
    "takeProfit",
    "triggerPrice",
    "type",
    "validity",
];

fn is_plain(name: &str) -> bool {
    let seen = seen(name);
    let misspelt = |known: &&str| seen.eq_ignore_ascii_case(known) && name != *known;
    name.is_ascii() && !KNOWN.iter().any(misspelt)
}

/// What a person sees of a name, and a program that drops or stops at what cannot be seen.
fn seen(name: &str) -> String {
    name.chars().filter(|one| !one.is_control() && !one.is_whitespace()).collect()
}

/// Whether a query beside a body may say anything of its own: FYERS documents none for what trades, so every one but an empty
/// one. The body's own JSON once more, as the Go SDK sends it, says nothing else, unless a form could be found in it.
pub fn query_says_more(query: &str, body: &[u8]) -> bool {
    let plain = plainly(query);
    let said = plain.trim_matches(['?', '&']);
    !said.is_empty() && (said.contains('=') || !is_same_json(said.as_bytes(), body))
}

/// Without escapes, however often it was escaped.
fn plainly(query: &str) -> String {
    let mut plain = query.to_owned();
    while plain.contains('%') {
        let next = unescape(&plain);
        if next == plain {
            break;
        }
        plain = next;
    }
    plain
}

fn is_same_json(query: &[u8], body: &[u8]) -> bool {
    let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
    Spelling::of(query) == Spelling::Plain && json(query).is_some_and(|said| Some(said) == json(body))
}

/// What was found in a value.
struct Names {
    are_plain: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

const NONE: Names = Names { are_plain: true };

impl<'de> Visitor<'de> for Walk {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_unit<E: Error>(self) -> Result<Names, E> {
        Ok(NONE)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Names, A::Error> {
        let mut are_plain = true;
        while let Some(one) = all.next_element::<Names>()? {
            are_plain &= one.are_plain;
        }
        Ok(Names { are_plain })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Names, A::Error> {
        let (mut names, mut are_plain) = (BTreeSet::new(), true);
        while let Some(name) = all.next_key::<String>()? {
            are_plain &= is_plain(&name) && names.insert(seen(&name).to_ascii_lowercase());
            // Past the first doubt nothing more has to be understood.
            are_plain &= if are_plain { all.next_value::<Names>()?.are_plain } else { ignored(&mut all)? };
        }
        Ok(Names { are_plain })
    }
}

fn ignored<'de, A: MapAccess<'de>>(all: &mut A) -> Result<bool, A::Error> {
    all.next_value::<IgnoredAny>().map(|_| false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_plain() {
        for body in [
            r#"{"symbol":"NSE:SBIN-EQ","qty":1,"side":-1,"type":2,"note":"é","Comment":1}"#,
            r#"[{"id":"1"},{"id":"2"}]"#,
            r#"{"orderInfo":{"leg1":{"price":1,"triggerPrice":1,"qty":1},"leg2":{"price":1,"triggerPrice":1,"qty":1}}}"#,
            r#"{"exit_all":1,"pending_orders_cancel":true,"side":[1,-1]}"#,
            "null",
            "1.5",
            "[]",
        ] {
            assert_eq!(Spelling::of(body.as_bytes()), Spelling::Plain, "{body}");
        }
    }

    #[test]
    fn every_query_beside_a_body_says_more_however_it_is_written() {
        for query in [
            "qty=100&symbol=NSE:SBIN-EQ",
            "?x=1&QTY=5",
            "q%74y=1",
            "qty%00=1",
            "id",
            "?{\"qty\":100}",
            "x={\"Qty\":100}",
            "qty[]=100",
            "?%2526qty=100",
            "?+qty=100",
            "+qty=100",
            "x[qty]=100",
            "body.qty=100",
            "data=1&note=side",
            "v=2",
            "_",
            "v={}",
            "%%%",
            "%20",
            ";",
        ] {
            assert!(query_says_more(query, b"{}"), "{query}");
        }
        for query in ["", "?", "&", "??&", "%3F", "{}"] {
            assert!(!query_says_more(query, b"{}"), "{query}");
        }
    }

    #[test]
    fn the_body_once_more_as_the_query_says_nothing_else() {
        let body = br#"{"id": "1"}"#;
        for same in [r#"{"id":"1"}"#, r#"?{ "id":"1"}"#, "%7B%22id%22%3A%221%22%7D"] {
            assert!(!query_says_more(same, body), "{same}");
        }
        for other in [r#"{"id":"2"}"#, r#"{"id":"1","id":"1"}"#, r#"{"id":"1"}&id=2"#, r#"[{"id":"1"}]"#] {
            assert!(query_says_more(other, body), "{other}");
        }
        let form = r#"{"id":"1","note":"&qty=100&"}"#;
        assert!(query_says_more(form, form.as_bytes()), "a form has a quantity there");
        let position = r#"{"id":"NSE:M&M-EQ-INTRADAY"}"#;
        assert!(!query_says_more(position, position.as_bytes()), "a position as FYERS names it");
    }

    #[test]
    fn what_two_programs_could_read_in_two_ways_is_not() {
        for body in [
            r#"{"qty":1,"qty":500}"#,
            r#"{"id":"1","qty":1,"QTY":500}"#,
            r#"{"id":"1","Qty":500}"#,
            r#"{"q\u0074y":1,"qty":500}"#,
            r#"{"note":1,"NOTE":2}"#,
            r#"{"qty ":500}"#,
            r#"{"qty":1,"qty\u0000":100}"#,
            r#"{"qty\u0001":100}"#,
            r#"{"q\u007fty":100}"#,
            r#"{"\u0000note":1,"note":2}"#,
            "{\"\u{17f}ide\":1}",
            r#"[{"id":"1"},{"id":"2","id":"3"}]"#,
            r#"{"orderInfo":{"leg1":{"qty":1,"qty":2}}}"#,
            r#"{"orderInfo":{"leg1":{},"LEG1":{}}}"#,
            r#"{"legs":{"leg1":{"symbol":"a","symbol":"b"}}}"#,
            r#"{"a":{"b":[[{"c":1,"c":2}]]}}"#,
        ] {
            assert_eq!(Spelling::of(body.as_bytes()), Spelling::Ambiguous, "{body}");
        }
        let deep = [vec![b'['; 5_000], vec![b']'; 5_000]].concat();
        let deeper = [br#"{"qty":1,"x":"#.as_slice(), &[b'['; 200], &[b']'; 200], br#","QTY":500}"#].concat();
        let bytes = b"{\"qty\":1,\"x\":\"\xff\",\"QTY\":500}".as_slice();
        for body in [
            b"".as_slice(),
            b"{",
            b"{} {}",
            b"qty=1&qty=2",
            &deep,
            &deeper,
            bytes,
            br#"{"qty":1,"x":1e400,"QTY":500}"#,
            br#"{"qty":1,"x":"\ud800","qty":500}"#,
            b"\xef\xbb\xbf{\"qty\":1}",
        ] {
            assert_eq!(Spelling::of(body), Spelling::Unreadable, "{}", String::from_utf8_lossy(body));
        }
    }
}
