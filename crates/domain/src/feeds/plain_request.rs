//! A request at `/feed` as it is read: as large as its text and no larger, whatever it says. A list ends where too much
//! begins, and what comes back in the answer is short.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};

/// Symbols of one request.
const MOST_SYMBOLS: usize = 5_000;
/// Bytes of an id.
const LONGEST_ID: usize = 200;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    Ping,
    Subscribe,
    Unsubscribe,
}

/// A request. What is not understood at all is one without a kind.
#[derive(Debug, Default)]
pub(super) struct PlainRequest<'a> {
    pub(super) kind: Option<RequestKind>,
    /// A number or a short text; anything else does not come back.
    pub(super) id: Option<Value>,
    pub(super) symbols: Vec<Cow<'a, str>>,
    pub(super) kinds: Vec<Cow<'a, str>>,
    /// Not all of a list has been read.
    pub(super) has_too_many: bool,
}

impl<'a> PlainRequest<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let Fields { r#type, id, symbols, symbol, kinds, kind } =
            serde_json::from_str(text).unwrap_or_default();
        let mut has_too_many = false;
        let mut words = |many: Part<'a>, one: Part<'a>| {
            let (mut words, is_cut) = match many {
                Part::List { words, is_cut } => (words, is_cut),
                _ => (vec![], false),
            };
            words.extend(one.text());
            has_too_many |= is_cut || words.len() > MOST_SYMBOLS;
            words
        };
        let (symbols, kinds) = (words(symbols, symbol), words(kinds, kind));
        let kind = match r#type.text().as_deref() {
            Some("ping") => Some(RequestKind::Ping),
            Some("subscribe") => Some(RequestKind::Subscribe),
            Some("unsubscribe") => Some(RequestKind::Unsubscribe),
            _ => None,
        };
        Self { kind, id: id.id(), symbols, kinds, has_too_many }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow)]
    r#type: Part<'a>,
    #[serde(borrow)]
    id: Part<'a>,
    #[serde(borrow)]
    symbols: Part<'a>,
    #[serde(borrow)]
    symbol: Part<'a>,
    #[serde(borrow)]
    kinds: Part<'a>,
    #[serde(borrow)]
    kind: Part<'a>,
}

/// Any JSON, as far as a request can mean it.
#[derive(Debug, Default)]
enum Part<'a> {
    #[default]
    Nothing,
    Number(Number),
    Text(Cow<'a, str>),
    /// The texts of a list.
    List {
        words: Vec<Cow<'a, str>>,
        is_cut: bool,
    },
}

impl<'a> Part<'a> {
    fn text(self) -> Option<Cow<'a, str>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn id(self) -> Option<Value> {
        match self {
            Self::Number(number) => Some(number.into()),
            Self::Text(text) => (text.len() <= LONGEST_ID).then(|| text.into()),
            Self::Nothing | Self::List { .. } => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Part<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Part::Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Part::Text(text.to_owned().into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Part::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Part::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(number).map_or(Part::Nothing, Part::Number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Part::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Part::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut words = vec![];
        while words.len() < MOST_SYMBOLS {
            let Some(part) = list.next_element::<Part<'de>>()? else {
                return Ok(Part::List { words, is_cut: false });
            };
            words.extend(part.text());
        }
        let mut is_cut = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            is_cut = true;
        }
        Ok(Part::List { words, is_cut })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Part::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(text: &str) -> (Option<RequestKind>, Option<Value>, Vec<String>, Vec<String>, bool) {
        let PlainRequest { kind, id, symbols, kinds, has_too_many } = PlainRequest::read(text);
        let owned = |words: Vec<Cow<'_, str>>| words.into_iter().map(Cow::into_owned).collect();
        (kind, id, owned(symbols), owned(kinds), has_too_many)
    }

    #[test]
    fn one_and_many_are_read_together_and_what_is_no_text_is_passed_over() {
        let text = r#"{"type":"subscribe","id":7,"symbols":["A",1,null,["B"],{"c":"d"},"\u0045"],"symbol":"F","kinds":[],
            "kind":"ltp","more":[1,2,{"x":[]}]}"#;
        let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (kind, id) = (Some(RequestKind::Subscribe), Some(json!(7)));
        assert_eq!(request(text), (kind, id, words(&["A", "E", "F"]), words(&["ltp"]), false));
        for none in
            ["", "[]", "7", "{", "null", r#"{"type":"x"}"#, r#"{"type":["ping"]}"#, r#"{"symbols":"A"}"#]
        {
            assert_eq!(request(none), (None, None, vec![], vec![], false), "{none}");
        }
    }

    #[test]
    fn a_list_ends_where_too_much_begins() {
        let list = |count: usize| json!({"symbols": vec!["A"; count]}).to_string();
        for (count, kept, is_cut) in
            [(4_999, 4_999, false), (5_000, 5_000, false), (5_001, 5_000, true), (90_000, 5_000, true)]
        {
            let text = list(count);
            let read = PlainRequest::read(&text);
            assert_eq!((read.symbols.len(), read.has_too_many), (kept, is_cut), "{count}");
        }
        let text = json!({"symbols": vec!["A"; 5_000], "symbol": "B"}).to_string();
        assert!(PlainRequest::read(&text).has_too_many);
    }

    #[test]
    fn an_id_is_short() {
        let id = |id: Value| PlainRequest::read(&json!({"id": id}).to_string()).id;
        for kept in [json!(1), json!(-1.5), json!("x"), json!("x".repeat(LONGEST_ID))] {
            assert_eq!(id(kept.clone()), Some(kept));
        }
        for left in [json!("x".repeat(LONGEST_ID + 1)), json!([1]), json!({"a": 1}), json!(null), json!(true)]
        {
            assert_eq!(id(left), None);
        }
    }
}
