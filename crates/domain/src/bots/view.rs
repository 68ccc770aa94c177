//! The account as one bot sees it: its mode, its halt, and what it holds in the MockExchange.

use std::borrow::Cow;

use crate::{
    keys::BotKey,
    mode::Mode,
    routing::{own::Own, route::Snapshot},
};

/// Whether a decision about a request with this key asks what waits in the MockExchange.
pub fn asks_what_waits(now: &Snapshot, key: &BotKey) -> bool {
    now.halted || key.stored.halted || key.stored.limits.any()
}

impl Snapshot {
    /// What is this bot's own; nothing, for one that has done nothing.
    pub fn own(&self, key: &BotKey) -> Cow<'_, Own> {
        self.own.get(key.name()).map_or_else(|| Cow::Owned(Own::default()), Cow::Borrowed)
    }

    /// The same as this bot sees it. What is another's is no reason to refuse its orders, and below its ceiling it is
    /// as if the keeper itself were in that mode. Positions at FYERS are the account's, whoever opened them.
    pub fn seen_by(&self, key: &BotKey) -> Self {
        let (mode, own) = (key.mode(self.mode), self.own(key).into_owned());
        let below = mode != self.mode;
        Self {
            mode,
            halted: self.halted || key.stored.halted,
            // Below its ceiling nothing is meant for FYERS, so that nothing there is put at risk by simulating it.
            sandbox: self.sandbox || below || key.stored.ceiling != Mode::Live,
            token: self.token.clone().filter(|_| mode != Mode::Mock),
            // An order that goes to FYERS must not close what was only simulated, on whatever day.
            simulated: if mode == Mode::Live { own.left } else { own.simulated },
            simulated_waiting: own.waiting,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use fyers_api::http::{ApiRequest, Method, Surface};
    use std::sync::Arc;

    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::{
        bots::admit::tests::{key, snapshot},
        keys::KeyLimits,
        routing::{
            request::{Leg, OrderCall},
            route::{Route, route},
        },
    };

    fn requests() -> Vec<ApiRequest> {
        let call = |method, path: &str| ApiRequest {
            surface: Surface::Api,
            method,
            path: path.to_owned(),
            query: String::new(),
            content_type: None,
            body: br#"{"symbol":"NSE:SBIN-EQ","qty":1,"side":1,"productType":"INTRADAY","type":2}"#.to_vec(),
        };
        vec![
            call(Method::Post, "/orders/sync"),
            call(Method::Patch, "/orders/sync"),
            call(Method::Delete, "/orders/sync"),
            call(Method::Delete, "/positions"),
            call(Method::Post, "/positions"),
            call(Method::Post, "/multileg/orders/sync"),
            call(Method::Post, "/gtt/orders/sync"),
            call(Method::Get, "/orders"),
            call(Method::Get, "/positions"),
            call(Method::Get, "/tradebook"),
        ]
    }

    /// What a decision is not given must make no difference.
    #[test]
    fn where_it_is_not_asked_what_waits_it_makes_no_difference() {
        let leg = |quantity| Leg {
            symbol: "NSE:SBIN-EQ".into(),
            product: "INTRADAY".into(),
            quantity,
            price: Decimal::ZERO,
            tag: None,
        };
        for mode in [Mode::Live, Mode::Sandbox, Mode::Mock] {
            let (now, key) = (snapshot(mode), key("trial", mode, KeyLimits::default(), false));
            assert!(!asks_what_waits(&now, &key));
            let with = |waiting: Vec<Leg>| {
                let own = Own { waiting, ..now.own(&key).into_owned() };
                let own = Arc::new([(key.name().clone(), own)].into());
                Snapshot { own, ..now.clone() }.seen_by(&key)
            };
            for request in requests() {
                let call = OrderCall::read(&request);
                let goes = route(&with(vec![]), &call);
                assert_eq!(route(&with(vec![leg(7), leg(-7)]), &call), goes, "{:?}", call.operation);
            }
        }
    }

    proptest! {
        /// Whatever the keeper's mode: below the ceiling nothing of a bot reaches FYERS' books, and nobody else's
        /// request goes another way because of it.
        #[test]
        fn no_order_of_a_bot_goes_above_its_ceiling(mode in 0u8..3, ceiling in 0u8..3, halted: bool) {
            let modes = [Mode::Live, Mode::Sandbox, Mode::Mock];
            let (mode, ceiling) = (modes[usize::from(mode)], modes[usize::from(ceiling)]);
            let (now, key) = (snapshot(mode), key("trial", ceiling, KeyLimits::default(), halted));
            let seen = now.seen_by(&key);
            prop_assert_eq!(seen.mode, key.mode(mode));
            prop_assert_eq!(seen.halted, halted);
            for request in requests() {
                let call = OrderCall::read(&request);
                let goes = route(&seen, &call);
                if ceiling != Mode::Live || mode != Mode::Live {
                    prop_assert_ne!(goes, Route::Fyers, "{:?}", call.operation);
                }
            }
        }
    }
}
