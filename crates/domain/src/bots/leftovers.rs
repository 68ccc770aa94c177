//! Simulated positions that a bot may take for real ones.

use std::collections::BTreeMap;

use crate::{
    keys::{BotName, KeyRing},
    mode::Mode,
    routing::own::Own,
};

/// What bots hold in simulation, shares of days before included, without those whose orders never go to FYERS: these close
/// theirs in the MockExchange, whatever the keeper's mode is. FYERS does not have the rest, and an order that closes it
/// would be an entry. What is nobody's is the owner's.
pub fn leftovers(own: &BTreeMap<BotName, Own>, keys: &KeyRing) -> Vec<String> {
    let stays = |bot: &BotName| keys.named(bot).is_some_and(|key| key.stored.ceiling != Mode::Live);
    let held = own.iter().filter(|(bot, _)| !stays(bot)).flat_map(|(_, own)| &own.left);
    let mut left = BTreeMap::new();
    for position in held {
        *left.entry((&position.symbol, position.product)).or_insert(0) += position.net;
    }
    let told = |((symbol, _), net): (_, i64)| (net != 0).then(|| format!("{net} {symbol}"));
    left.into_iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bots::admit::tests::key, keys::KeyLimits, routing::exposure::tests::position};

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
}
