//! What is subscribed on the data socket.

use std::{fmt, str::FromStr};

use crate::hsm::BadFrame;

/// What is told of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// `sf`: a scrip's prices and volumes.
    Scrip,
    /// `if`: an index.
    Index,
    /// `dp`: five levels of depth.
    Depth,
}

impl TopicKind {
    fn word(self) -> &'static str {
        match self {
            Self::Scrip => "sf",
            Self::Index => "if",
            Self::Depth => "dp",
        }
    }
}

/// A topic, written as `sf|nse_cm|3045` or `if|nse_cm|Nifty 50`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic {
    /// What is told.
    pub kind: TopicKind,
    /// As `nse_cm`.
    pub segment: String,
    /// The exchange's token, or an index's name.
    pub token: String,
}

impl Topic {
    /// The topic of a symbol by its `fyToken`, as the symbol look-up gives it: exchange and segment in the first
    /// four digits, the exchange's token behind the tenth. `None` for what is no such token. An index needs the name
    /// that FYERS has for it, so it is not found this way.
    pub fn of_fy_token(kind: TopicKind, fy_token: &str) -> Option<Self> {
        let is_number = fy_token.bytes().all(|byte| byte.is_ascii_digit());
        let token = fy_token.get(10..).filter(|token| is_number && !token.is_empty())?;
        let segment = segment_name(fy_token.get(..4)?)?;
        Some(Self { kind, segment: segment.to_owned(), token: token.to_owned() })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.kind.word(), self.segment, self.token)
    }
}

impl FromStr for Topic {
    type Err = BadFrame;

    fn from_str(text: &str) -> Result<Self, BadFrame> {
        let mut parts = text.splitn(3, '|');
        let (kind, segment, token) = (parts.next(), parts.next(), parts.next());
        let kind = [TopicKind::Scrip, TopicKind::Index, TopicKind::Depth]
            .into_iter()
            .find(|known| Some(known.word()) == kind);
        let full = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        match (kind, full(segment), full(token)) {
            (Some(kind), Some(segment), Some(token)) => Ok(Self { kind, segment, token }),
            _ => Err(BadFrame::Field("topic")),
        }
    }
}

/// The data socket's name for the first four digits of a `fyToken`: exchange and segment.
pub fn segment_name(exchange_and_segment: &str) -> Option<&'static str> {
    match exchange_and_segment {
        "1010" => Some("nse_cm"),
        "1011" => Some("nse_fo"),
        "1012" => Some("cde_fo"),
        "1020" => Some("nse_com"),
        "1120" => Some("mcx_fo"),
        "1210" => Some("bse_cm"),
        "1211" => Some("bse_fo"),
        "1212" => Some("bcs_fo"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_becomes_a_topic() {
        let topic = |token: &str| Topic::of_fy_token(TopicKind::Scrip, token).map(|topic| topic.to_string());
        assert_eq!(topic("10100000003045").as_deref(), Some("sf|nse_cm|3045"));
        assert_eq!(topic("101126112448123").as_deref(), Some("sf|nse_fo|48123"));
        for none in ["", "1010", "1010000000", "99990000003045", "1010000000x", "101000000०३०४५"] {
            assert_eq!(topic(none), None, "{none}");
        }
    }

    #[test]
    fn topics_are_read_as_they_are_written() {
        for text in ["sf|nse_cm|3045", "if|nse_cm|Nifty 50", "dp|mcx_fo|1|2"] {
            assert_eq!(text.parse::<Topic>().unwrap().to_string(), text);
        }
        for bad in ["", "sf", "sf|nse_cm", "sf|nse_cm|", "sf||3045", "xx|nse_cm|3045"] {
            assert!(bad.parse::<Topic>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Topic::of_fy_token(TopicKind::Depth, &text);
            if let Ok(topic) = text.parse::<Topic>() {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }
}
