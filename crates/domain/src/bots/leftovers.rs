//! Simulated positions that a bot may take for real ones.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use crate::{
    keys::{BotName, KeyRing},
    mode::Mode,
    routing::own::Own,
};

/// What is open in the MockExchange, without what belongs to bots whose orders never go to FYERS: these close theirs
/// there, whatever the keeper's mode is. FYERS does not have the rest, and an order that closes it would be an entry.
pub fn leftovers(open: &[Position], own: &BTreeMap<BotName, Own>, keys: &KeyRing) -> Vec<String> {
    let stays = |bot: &BotName| keys.named(bot).is_some_and(|key| key.stored.ceiling != Mode::Live);
    let apart = own.iter().filter(|(bot, _)| stays(bot)).flat_map(|(_, own)| &own.simulated);
    let mut left = BTreeMap::new();
    for (position, sign) in open.iter().map(|one| (one, 1)).chain(apart.map(|one| (one, -1))) {
        *left.entry((&position.symbol, position.product)).or_insert(0) += sign * position.net;
    }
    let told = |((symbol, _), net): (_, i64)| (net != 0).then(|| format!("{net} {symbol}"));
    left.into_iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bots::admit::tests::key, keys::KeyLimits, routing::exposure::tests::position};

    fn own(net: i64) -> Own {
        Own { simulated: vec![position("NSE:SBIN-EQ", net)], ..Own::default() }
    }

    #[test]
    fn what_belongs_to_a_bot_that_only_simulates_is_not_left_over() {
        let (live, sandbox) = (
            key("real-money", Mode::Live, KeyLimits::default(), false),
            key("on-paper", Mode::Sandbox, KeyLimits::default(), false),
        );
        let keys = KeyRing::default().with(live.stored.clone()).with(sandbox.stored.clone());
        let left = |account: i64, of_live: i64, of_paper: i64| {
            let owns = [(live.name().clone(), own(of_live)), (sandbox.name().clone(), own(of_paper))].into();
            leftovers(&[position("NSE:SBIN-EQ", account)], &owns, &keys)
        };
        assert_eq!(left(-20, 0, -20), Vec::<String>::new());
        assert_eq!(left(-10, 10, -20), ["10 NSE:SBIN-EQ"]);
        assert_eq!(left(0, 20, -20), ["20 NSE:SBIN-EQ"], "the account is flat, the bot is not");
        assert_eq!(left(5, 0, 0), ["5 NSE:SBIN-EQ"], "nobody's: its bot's key is gone");
    }
}
