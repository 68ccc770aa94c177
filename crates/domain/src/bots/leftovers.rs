//! Simulated positions and waiting orders that a bot may take for real ones.

use std::collections::BTreeMap;

use fyers_api::model::Side;
use mock_exchange::{Engine, GttStatus};

use crate::{
    bots::books::BotBooks,
    keys::{BotName, KeyRing},
    mode::Mode,
    routing::own::Own,
};

/// What bots hold in simulation, shares of days before included, without those whose orders never go to FYERS: these close
/// theirs in the MockExchange, whatever the keeper's mode is. FYERS does not have the rest, and an order that closes it
/// would be an entry. What is nobody's is the owner's.
pub fn leftovers(own: &BTreeMap<BotName, Own>, keys: &KeyRing) -> Vec<String> {
    let held = own.iter().filter(|(bot, _)| !only_simulates(bot, keys)).flat_map(|(_, own)| &own.left);
    let mut left = BTreeMap::new();
    for position in held {
        *left.entry((&position.symbol, position.product)).or_insert(0) += position.net;
    }
    let told = |((symbol, _), net): (_, i64)| (net != 0).then(|| format!("{net} {symbol}"));
    left.into_iter().filter_map(told).collect()
}

/// What a person was told of them. A change of the keeper, or of the token, leaves them as they are: that is no news.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldLeftovers(Vec<String>);

impl ToldLeftovers {
    /// What was told before.
    pub fn new(told: Vec<String>) -> Self {
        Self(told)
    }

    /// What is kept of it.
    pub fn told(&self) -> &Vec<String> {
        &self.0
    }

    /// The mode has changed to this one, and these are open. All of them, when some are news; nothing where orders do not go
    /// to FYERS. What is not open any more would be news again.
    pub fn news(&mut self, mode: Mode, open: Vec<String>) -> Option<Vec<String>> {
        if mode != Mode::Live {
            self.0.retain(|told| open.contains(told));
            return None;
        }
        let is_news = open.iter().any(|position| !self.0.contains(position));
        self.0.clone_from(&open);
        is_news.then_some(open)
    }
}

/// Whether this bot's orders never go to FYERS.
fn only_simulates(bot: &BotName, keys: &KeyRing) -> bool {
    keys.named(bot).is_some_and(|key| key.stored.ceiling != Mode::Live)
}

/// An order that waits in the MockExchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOrder {
    /// The MockExchange's id.
    pub id: String,
    /// As `buy 10 NSE:SBIN-EQ`.
    pub words: String,
}

/// Orders that wait in the MockExchange, and are not of a bot that only simulates: filled later they would be taken for real
/// ones. Nobody's, as those of the square-off, are none of a bot's.
pub fn orders_left(engine: &Engine, books: &BotBooks, keys: &KeyRing) -> Vec<LeftOrder> {
    let is_left = |bot: Option<&BotName>| bot.is_some_and(|bot| !only_simulates(bot, keys));
    let orders = engine.waiting().filter(|order| is_left(books.owner_of(&order.id))).map(|order| {
        let words = format!("{} {} {}", side(order.side()), order.open_quantity(), order.symbol());
        LeftOrder { words, id: order.id }
    });
    let gtts = engine.gtts().filter(|gtt| gtt.status == GttStatus::Waiting);
    let gtts = gtts.filter(|gtt| is_left(books.owner_of_gtt(&gtt.id))).map(|gtt| {
        let order = &gtt.order;
        let words = format!("{} {} {} (GTT)", side(order.side), order.first.quantity, order.symbol);
        LeftOrder { words, id: gtt.id.clone() }
    });
    orders.chain(gtts).collect()
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use fyers_api::model::{OrderRequest, OrderType, Product};
    use mock_exchange::{Command, Config, Instruments, NewOrder, PriceUpdate};
    use rust_decimal::Decimal;

    use super::*;
    use crate::{bots::admit::tests::key, keys::KeyLimits, routing::exposure::tests::position};

    fn below_the_market(quantity: i64) -> NewOrder {
        NewOrder::from(OrderRequest {
            symbol: "NSE:SBIN-EQ".to_owned(),
            quantity,
            side: Side::Buy,
            order_type: OrderType::Limit,
            product: Product::Intraday,
            limit_price: Decimal::from(700),
            stop_price: Decimal::ZERO,
            tag: None,
        })
    }

    fn own(net: i64) -> Own {
        Own { left: vec![position("NSE:SBIN-EQ", net)], ..Own::default() }
    }

    #[test]
    fn what_belongs_to_a_bot_that_only_simulates_is_not_left_over() {
        let (live, sandbox) = (
            key("real-money", Mode::Live, KeyLimits::default(), false),
            key("on-paper", Mode::Sandbox, KeyLimits::default(), false),
        );
        let keys = KeyRing::default().with(live.stored.clone()).with(sandbox.stored.clone());
        let left = |of_live: i64, of_paper: i64| {
            let owns = [(live.name().clone(), own(of_live)), (sandbox.name().clone(), own(of_paper))].into();
            leftovers(&owns, &keys)
        };
        assert_eq!(left(0, -20), Vec::<String>::new());
        assert_eq!(left(10, -20), ["10 NSE:SBIN-EQ"]);
        assert_eq!(left(20, -20), ["20 NSE:SBIN-EQ"], "the account is flat, the bot is not");
        let gone = [(BotName::new("long-gone").unwrap(), own(5))].into();
        assert_eq!(leftovers(&gone, &keys), ["5 NSE:SBIN-EQ"], "its bot's key is gone");
    }

    #[test]
    fn what_was_told_is_told_again_only_when_it_was_closed_in_between() {
        let open =
            |positions: &[&str]| positions.iter().map(|position| (*position).to_owned()).collect::<Vec<_>>();
        let mut told = ToldLeftovers::default();
        let one = || open(&["10 NSE:SBIN-EQ"]);
        assert_eq!(told.news(Mode::Mock, one()), None, "there it is closed in simulation");
        assert_eq!(told.news(Mode::Live, one()), Some(one()));
        let mut next = ToldLeftovers::new(told.told().clone());
        assert_eq!(next.news(Mode::Live, one()), None, "another keeper says nothing new");
        assert_eq!(next.news(Mode::Mock, one()), None);
        assert_eq!(next.news(Mode::Live, one()), None, "a new token neither");
        let both = || open(&["10 NSE:SBIN-EQ", "-5 NSE:TCS-EQ"]);
        assert_eq!(next.news(Mode::Live, both()), Some(both()), "one more");
        assert_eq!(next.news(Mode::Mock, vec![]), None, "both were closed");
        assert_eq!(next.news(Mode::Live, one()), Some(one()), "and one was bought anew");
    }

    #[test]
    fn what_waits_is_left_over_unless_its_bot_only_simulates() {
        let (live, sandbox) = (
            key("real-money", Mode::Live, KeyLimits::default(), false),
            key("on-paper", Mode::Sandbox, KeyLimits::default(), false),
        );
        let keys = KeyRing::default().with(live.stored.clone()).with(sandbox.stored.clone());
        let at = "2026-11-23T06:30:00Z".parse::<DateTime<Utc>>().unwrap();
        let mut engine = Engine::new(Config::new(Decimal::from(1_000_000)), Instruments::default());
        engine.execute(&engine.due(at).unwrap()).unwrap();
        let price = Command::Quote(PriceUpdate::last("NSE:SBIN-EQ", Decimal::from(800), at));
        engine.execute(&price).unwrap();
        let mut books = BotBooks::default();
        for (bot, quantity) in [(live.name(), 10), (sandbox.name(), 20)] {
            let records = engine.execute(&Command::Place { order: below_the_market(quantity), at }).unwrap();
            books.record(&records, Some(bot));
        }
        let left = orders_left(&engine, &books, &keys);
        let words: Vec<&str> = left.iter().map(|order| order.words.as_str()).collect();
        assert_eq!(words, ["buy 10 NSE:SBIN-EQ"]);
        books.inherit(sandbox.name());
        assert_eq!(orders_left(&engine, &books, &keys).len(), 2, "its bot's key is gone: it is the owner's");
    }
}
