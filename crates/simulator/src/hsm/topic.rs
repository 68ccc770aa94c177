//! Topics: `sf|nse_cm|3045`, `if|nse_cm|Nifty 50`, `dp|nse_cm|3045`.

use std::fmt;

use crate::broker::{exchange_token, index_name, is_index, segment_name};

/// What a topic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TopicKind {
    /// `sf`: a stock, future or option.
    Scrip,
    /// `if`: an index.
    Index,
    /// `dp`: five levels of the order book.
    Depth,
}

impl TopicKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Scrip => "sf",
            Self::Index => "if",
            Self::Depth => "dp",
        }
    }
}

/// One topic, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Topic {
    pub(crate) kind: TopicKind,
    pub(crate) segment: String,
    /// The exchange token, or the name of the index.
    pub(crate) token: String,
}

impl Topic {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (prefix, segment, token) = (parts.next()?, parts.next()?, parts.next()?);
        let kind = [TopicKind::Scrip, TopicKind::Index, TopicKind::Depth].into_iter();
        let kind = kind.into_iter().find(|kind| kind.prefix() == prefix)?;
        parts.next().is_none().then(|| Self { kind, segment: segment.into(), token: token.into() })
    }

    /// Whether this topic is about a symbol.
    pub(crate) fn is_about(&self, symbol: &str) -> bool {
        let token = match self.kind {
            TopicKind::Index => is_index(symbol) && self.token == index_name(symbol),
            TopicKind::Scrip | TopicKind::Depth => self.token == exchange_token(symbol),
        };
        token && self.segment == segment_name(symbol)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}|{}|{}", self.kind.prefix(), self.segment, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_lead_to_symbols() {
        for (text, symbol) in [
            ("sf|nse_cm|3045", "NSE:SBIN-EQ"),
            ("dp|nse_cm|3045", "NSE:SBIN-EQ"),
            ("if|nse_cm|Nifty 50", "NSE:NIFTY50-INDEX"),
        ] {
            let topic = Topic::parse(text).unwrap();
            assert_eq!(topic.to_string(), text);
            assert!(topic.is_about(symbol) && !topic.is_about("NSE:INFY-EQ"));
        }
        for wrong in ["", "sf", "sf|nse_cm", "xx|nse_cm|1", "sf|nse_cm|1|2"] {
            assert_eq!(Topic::parse(wrong), None, "{wrong}");
        }
    }
}
