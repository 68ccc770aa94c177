//! What can be followed, and its names: symbols for people, topics on the data socket.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use fyers_api::hsm::{self, Topic, TopicKind};
use mock_exchange::{sessions::Segment, symbol::segment_of};

/// Symbols that are remembered at most; a person's whole symbol master is larger, what bots follow is not.
const MOST: usize = 50_000;

/// One thing to follow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// What is told of it.
    pub kind: TopicKind,
    /// As `NSE:SBIN-EQ`; `nse_cm|3045` while the keeper does not know whose token that is.
    pub symbol: Arc<str>,
}

impl Item {
    /// Prices of a symbol.
    pub fn quote(symbol: &str) -> Self {
        Self::quote_of(symbol.into())
    }

    /// The same; the name is shared.
    pub fn quote_of(symbol: Arc<str>) -> Self {
        let kind = if symbol.ends_with("-INDEX") { TopicKind::Index } else { TopicKind::Scrip };
        Self { kind, symbol }
    }

    /// Five levels of depth; an index has none.
    pub fn depth(symbol: &str) -> Option<Self> {
        Self::depth_of(symbol.into())
    }

    /// The same; the name is shared.
    pub fn depth_of(symbol: Arc<str>) -> Option<Self> {
        (!symbol.ends_with("-INDEX")).then_some(Self { kind: TopicKind::Depth, symbol })
    }

    /// The market it trades in.
    pub fn segment(&self) -> Segment {
        match self.symbol.split_once('|') {
            Some((segment, _)) if segment.ends_with("_cm") => Segment::Cash,
            Some(("mcx_fo" | "nse_com", _)) => Segment::Mcx,
            Some(("cde_fo" | "bcs_fo", _)) => Segment::Currency,
            Some(_) => Segment::Fno,
            None => segment_of(&self.symbol),
        }
    }

    /// Whether its symbol is known.
    pub fn has_symbol(&self) -> bool {
        !self.symbol.contains('|')
    }
}

/// Names of symbols on the data socket, as far as they have been looked up.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// FYERS' own tokens (`fyToken`).
    tokens: BTreeMap<Arc<str>, String>,
    /// Symbols by segment and token, of FYERS' tokens and of made-up ones.
    symbols: HashMap<(String, String), Arc<str>>,
    /// What FYERS does not know.
    refused: BTreeSet<String>,
}

impl Directory {
    /// FYERS has told the token of a symbol.
    pub fn learn(&mut self, symbol: &str, fy_token: &str) {
        if self.note(symbol, fy_token) {
            self.tokens.insert(symbol.into(), fy_token.to_owned());
            self.refused.remove(symbol);
        }
    }

    /// A bot was told this token while FYERS could not be asked.
    pub fn learn_made_up(&mut self, symbol: &str, fy_token: &str) {
        self.note(symbol, fy_token);
    }

    fn note(&mut self, symbol: &str, fy_token: &str) -> bool {
        let topic = Topic::of_fy_token(TopicKind::Scrip, fy_token);
        let Some(topic) = topic.filter(|_| self.symbols.len() < MOST) else { return false };
        self.symbols.insert((topic.segment, topic.token), symbol.into());
        true
    }

    /// FYERS does not know the symbol.
    pub fn refuse(&mut self, symbol: &str) {
        if self.refused.len() < MOST {
            self.refused.insert(symbol.to_owned());
        }
    }

    /// The token that FYERS has for a symbol.
    pub fn token(&self, symbol: &str) -> Option<&str> {
        self.tokens.get(symbol).map(String::as_str)
    }

    /// What a topic is about.
    pub fn item(&self, topic: &Topic) -> Item {
        let Topic { kind, segment, token } = topic.clone();
        let found = match kind {
            TopicKind::Index => hsm::index_symbol(&segment, &token).map(Arc::from),
            TopicKind::Scrip | TopicKind::Depth => {
                self.symbols.get(&(segment.clone(), token.clone())).cloned()
            }
        };
        Item { kind, symbol: found.unwrap_or_else(|| format!("{segment}|{token}").into()) }
    }

    /// What FYERS calls it; `None` while its token is not known.
    pub fn topic(&self, item: &Item) -> Option<Topic> {
        if let Some((segment, token)) = item.symbol.split_once('|') {
            return Some(Topic { kind: item.kind, segment: segment.to_owned(), token: token.to_owned() });
        }
        if item.kind == TopicKind::Index {
            let segment = if item.symbol.starts_with("BSE:") { "bse_cm" } else { "nse_cm" };
            let token = hsm::index_name(&item.symbol)?.to_owned();
            return Some(Topic { kind: item.kind, segment: segment.to_owned(), token });
        }
        Topic::of_fy_token(item.kind, self.token(&item.symbol)?)
    }

    /// Symbols of these items whose token is to be asked of FYERS, each once.
    pub fn to_look_up<'a>(&self, items: impl IntoIterator<Item = &'a Item>) -> Vec<String> {
        let unknown = items.into_iter().filter(|item| self.topic(item).is_none());
        let symbols: BTreeSet<&str> = unknown.map(|item| &*item.symbol).collect();
        symbols.into_iter().filter(|symbol| !self.refused.contains(*symbol)).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(text: &str) -> Topic {
        text.parse().unwrap()
    }

    #[test]
    fn a_bot_keeps_its_topic_whoever_told_it() {
        let mut names = Directory::default();
        let sbin = Item::quote("NSE:SBIN-EQ");
        assert_eq!(names.to_look_up([&sbin, &sbin]), ["NSE:SBIN-EQ"]);
        names.learn_made_up("NSE:SBIN-EQ", "1010000000987654321");
        assert_eq!(names.item(&topic("sf|nse_cm|987654321")), sbin);
        assert_eq!(names.topic(&sbin), None, "a made-up token is not sent to FYERS");
        names.learn("NSE:SBIN-EQ", "10100000003045");
        assert_eq!(names.topic(&sbin), Some(topic("sf|nse_cm|3045")));
        assert_eq!(names.item(&topic("sf|nse_cm|987654321")), sbin);
        assert_eq!(names.item(&topic("dp|nse_cm|3045")), Item::depth("NSE:SBIN-EQ").unwrap());
        assert!(names.to_look_up([&sbin]).is_empty());
    }

    #[test]
    fn a_topic_that_nobody_looked_up_goes_to_fyers_as_it_is() {
        let names = Directory::default();
        let item = names.item(&topic("sf|nse_fo|48123"));
        assert!(!item.has_symbol());
        assert_eq!((names.topic(&item), item.segment()), (Some(topic("sf|nse_fo|48123")), Segment::Fno));
        let index = names.item(&topic("if|nse_cm|Nifty 50"));
        assert_eq!(
            (&*index.symbol, names.topic(&index)),
            ("NSE:NIFTY50-INDEX", Some(topic("if|nse_cm|Nifty 50")))
        );
    }

    #[test]
    fn what_fyers_does_not_know_is_asked_once() {
        let mut names = Directory::default();
        let nothing = Item::quote("NSE:NOTHING-EQ");
        names.refuse("NSE:NOTHING-EQ");
        assert!(names.to_look_up([&nothing]).is_empty());
        assert_eq!(Item::depth("NSE:NIFTY50-INDEX"), None);
    }
}
