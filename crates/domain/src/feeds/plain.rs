//! A bot at `/feed`: JSON in both directions (docs/feeds.md, docs/feed.schema.json).

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use fyers_api::{
    number,
    order_socket::{OrderTopic, ServerText},
};
use serde_json::{Map, Value, json};

use crate::text::escaped;

use super::{
    directory::Item,
    news::{EndReason, FeedNews, ModeNotice, OrderNews},
    plain_request::{PlainRequest, RequestKind},
    quote::FeedQuote,
    tick::{Want, Wants, tick, time},
};

/// The version of this protocol.
pub const VERSION: u32 = 1;
/// So much of what is no symbol is said back.
const LONGEST_SHOWN: usize = 100;

const WANTS: [(&str, Want); 4] =
    [("ltp", Want::Ltp), ("quote", Want::Quote), ("depth", Want::Depth), ("orders", Want::Orders)];

/// One kind of news of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainWish {
    /// Of what.
    pub item: Item,
    want: Want,
}

/// What a request leads to beside its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainChange {
    /// Follow these; see [`PlainClient::keep`].
    pub follow: Vec<PlainWish>,
    /// Follow these no longer.
    pub leave: Vec<Item>,
    /// What the bot wants to hear of orders from now on, when that has changed.
    pub orders: Option<BTreeSet<OrderTopic>>,
}

/// One connection.
#[derive(Debug, Default)]
pub struct PlainClient {
    wants: HashMap<Item, Wants>,
}

impl PlainClient {
    /// The first message.
    pub fn hello(notice: ModeNotice) -> String {
        let mut hello = mode("hello", notice);
        hello["version"] = json!(VERSION);
        hello["server"] = json!(concat!("fyers-keeper ", env!("CARGO_PKG_VERSION")));
        told(&hello)
    }

    /// Understands a request: the answer, and what is to be done.
    pub fn received(&mut self, text: &str) -> (String, PlainChange) {
        let request = PlainRequest::read(text);
        let (mut answer, change) = match request.kind {
            Some(RequestKind::Ping) => (json!({"type": "pong"}), PlainChange::default()),
            Some(RequestKind::Subscribe) => Self::subscribe(&request),
            Some(RequestKind::Unsubscribe) => self.unsubscribe(&request),
            None => {
                (error("bad_request", "type must be subscribe, unsubscribe or ping"), PlainChange::default())
            }
        };
        if let Some(id) = request.id {
            answer["id"] = id;
        }
        (told(&answer), change)
    }

    fn subscribe(request: &PlainRequest<'_>) -> (Value, PlainChange) {
        let (symbols, wants) = match read(request) {
            Ok(read) => read,
            Err(refusal) => return (refusal, PlainChange::default()),
        };
        let mut change = PlainChange { follow: wishes(symbols, wants), ..PlainChange::default() };
        if wants.has(Want::Orders) {
            change.orders = Some(BTreeSet::from(OrderTopic::ALL));
        }
        (done("subscribed", symbols, wants), change)
    }

    fn unsubscribe(&mut self, request: &PlainRequest<'_>) -> (Value, PlainChange) {
        let (symbols, wants) = match read(request) {
            Ok(read) => read,
            Err(refusal) => return (refusal, PlainChange::default()),
        };
        let mut change = PlainChange::default();
        for PlainWish { item, want } in wishes(symbols, wants) {
            let Some(known) = self.wants.get_mut(&item) else { continue };
            known.remove(want);
            if known.is_empty() {
                self.wants.remove(&item);
                change.leave.push(item);
            }
        }
        if wants.has(Want::Orders) {
            change.orders = Some(BTreeSet::new());
        }
        (done("unsubscribed", symbols, wants), change)
    }

    /// Keeps what is followed from now on, but for these items: they were too many. Nothing of them has been kept, and
    /// the bot is told.
    pub fn keep(&mut self, wishes: Vec<PlainWish>, too_many: &[Item]) -> Option<String> {
        let refused: BTreeSet<&Item> = too_many.iter().collect();
        for PlainWish { item, want } in wishes.into_iter().filter(|wish| !refused.contains(&wish.item)) {
            self.wants.entry(item).or_default().insert(want);
        }
        (!refused.is_empty()).then(|| {
            let words = "one connection follows at most 5,000, and all together KEEPER_FEED_ITEMS";
            let symbols: BTreeSet<&str> = refused.iter().map(|item| &*item.symbol).collect();
            let mut refusal = error("too_many_symbols", words);
            refusal["symbols"] = json!(symbols);
            told(&refusal)
        })
    }

    /// A message for each piece of news.
    pub fn news(&mut self, news: &FeedNews) -> String {
        told(&match news {
            FeedNews::Order(order) => return order_message(order),
            FeedNews::Day => json!({"type": "day", "venue": "mock"}),
            FeedNews::Mode(notice) => mode("mode", *notice),
            FeedNews::Source { upstream, ended } => {
                let state = if ended.is_some() { "lost" } else { "open" };
                json!({"type": "source", "source": upstream.slug(), "state": state, "reason": ended.map(EndReason::slug)})
            }
            FeedNews::Unknown { symbol, why } => {
                // By name: there may be thousands of such news and of names.
                let items = [Some(Item::quote_of(symbol.clone())), Item::depth_of(symbol.clone())];
                items.iter().flatten().for_each(|item| {
                    self.wants.remove(item);
                });
                let mut told = error("unknown_symbol", why);
                told["symbols"] = json!([&**symbol]);
                told
            }
            FeedNews::Notice { code, message } => {
                let mut told = error("fyers", message);
                told["fyers_code"] = json!(code);
                told
            }
        })
    }

    /// A message for each kind of tick that the bot wants of this symbol.
    pub fn ticks(&self, quote: &FeedQuote) -> impl Iterator<Item = Arc<str>> {
        let wants = self.wants.get(&quote.item).copied().unwrap_or_default();
        wants.each().map(|want| quote.text(want as usize, || escaped(&tick(quote, want)).into_owned()))
    }
}

/// Symbols and kinds of a request.
fn read<'a>(request: &'a PlainRequest<'_>) -> Result<(&'a [Cow<'a, str>], Wants), Value> {
    let (symbols, kinds) = (&request.symbols, &request.kinds);
    let of = |word: &Cow<'_, str>| WANTS.iter().find(|(name, _)| name == word).map(|(_, want)| *want);
    let wants: Option<Wants> = kinds.iter().map(of).collect();
    let wants = wants.filter(|wants| !wants.is_empty());
    let wants =
        wants.ok_or_else(|| error("bad_request", "kinds must be some of ltp, quote, depth and orders"))?;
    let needs_symbols = wants.each().any(|want| want != Want::Orders);
    if request.has_too_many || (needs_symbols && symbols.is_empty()) {
        return Err(error("bad_request", "symbols must be a list of 1 to 5,000, as [\"NSE:SBIN-EQ\"]"));
    }
    let odd = |symbol: &&Cow<'_, str>| {
        let parts = symbol.split_once(':');
        !parts.is_some_and(|(exchange, name)| ["NSE", "BSE", "MCX"].contains(&exchange) && is_name(name))
    };
    if let Some(odd) = symbols.iter().find(odd) {
        let mut refusal = error("bad_request", "a symbol has an exchange and a name, as NSE:SBIN-EQ");
        let shown: String = odd.chars().take(LONGEST_SHOWN).collect();
        refusal["symbols"] = json!([shown]);
        return Err(refusal);
    }
    Ok((symbols, wants))
}

fn is_name(name: &str) -> bool {
    (1..=48).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !name.contains('|')
}

/// A symbol's name is kept once for all that is wanted of it.
fn wishes(symbols: &[Cow<'_, str>], wants: Wants) -> Vec<PlainWish> {
    let of = |symbol: &Arc<str>, want: Want| {
        let item = match want {
            Want::Ltp | Want::Quote => Some(Item::quote_of(Arc::clone(symbol))),
            Want::Depth => Item::depth_of(Arc::clone(symbol)),
            Want::Orders => None,
        };
        item.map(|item| PlainWish { item, want })
    };
    let all = |symbol: &Cow<'_, str>| {
        let symbol: Arc<str> = symbol.as_ref().into();
        wants.each().filter_map(move |want| of(&symbol, want))
    };
    symbols.iter().flat_map(all).collect()
}

fn done(what: &str, symbols: &[Cow<'_, str>], wants: Wants) -> Value {
    let kinds: Vec<&str> = WANTS.iter().filter(|(_, want)| wants.has(*want)).map(|(name, _)| *name).collect();
    json!({"type": what, "symbols": symbols, "kinds": kinds})
}

fn error(code: &str, message: &str) -> Value {
    json!({"type": "error", "code": code, "message": message})
}

fn mode(kind: &str, notice: ModeNotice) -> Value {
    json!({"type": kind, "mode": notice.shown, "reason": notice.reason, "at": time(notice.at)})
}

/// An event with the names of the REST books where those are the same for all, and FYERS' text as it came.
fn order_message(order: &OrderNews) -> String {
    let (kind, event) = match ServerText::read(&order.text) {
        Some(ServerText::Order(event)) => ("order", event.write()),
        Some(ServerText::Trade(event)) => ("trade", event.write()),
        Some(ServerText::Position(event)) => ("position", event.write()),
        _ => ("general", Map::new()),
    };
    let raw: Value = serde_json::from_str(&order.text).unwrap_or_default();
    let status = number::whole(&event.get("org_ord_status").cloned().unwrap_or_default());
    let mut message = json!({"type": kind, "venue": order.venue.slug()});
    message[kind] = if event.is_empty() { raw } else { Value::Object(event) };
    if let Some(status) = status.and_then(fyers_api::codes::status) {
        message["status"] = json!(format!("{status:?}").to_lowercase());
    }
    told(&message)
}

/// A message as it is sent: nothing in it hides or commands where somebody looks at it.
fn told(message: &Value) -> String {
    escaped(&message.to_string()).into_owned()
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
