//! What becomes of a new order that touches nothing that is open, for words to people. The rule that routes says the same.

use super::{OnTokenLoss, Venue};

/// What decides about an order that touches no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether there is a token that may be used.
    pub token: bool,
    /// A person has halted trading.
    pub halted: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// `KEEPER_ON_TOKEN_LOSS`.
    pub on_token_loss: OnTokenLoss,
}

impl Terms {
    /// Where such an order goes; [`Venue::None`]: it is refused.
    pub fn venue(self) -> Venue {
        match self {
            Self { halted: true, .. } => Venue::None,
            Self { sandbox: true, .. } => Venue::Mock,
            Self { token: true, .. } => Venue::Fyers,
            Self { on_token_loss: OnTokenLoss::Reject, .. } => Venue::None,
            Self { on_token_loss: OnTokenLoss::Mock, .. } => Venue::Mock,
        }
    }
}

/// Whether new orders are refused while there is no token.
pub fn refuses_without_token(halted: bool, sandbox: bool, rejects: bool) -> bool {
    let on_token_loss = if rejects { OnTokenLoss::Reject } else { OnTokenLoss::Mock };
    Terms { token: false, halted, sandbox, on_token_loss }.venue() == Venue::None
}

#[cfg(test)]
mod tests {
    use fyers_api::http::{ApiRequest, Method, Surface};

    use super::*;
    use crate::{
        mode::Mode,
        routing::{
            request::OrderCall,
            route::{Route, Snapshot, route, tests::snapshot},
        },
    };

    fn entry() -> OrderCall {
        let body = r#"{"symbol":"NSE:A-EQ","qty":1,"type":2,"side":1,"productType":"INTRADAY"}"#;
        OrderCall::read(&ApiRequest {
            surface: Surface::Api,
            method: Method::Post,
            path: "/orders/sync".into(),
            query: String::new(),
            content_type: None,
            body: body.into(),
        })
    }

    fn routed(terms: Terms) -> Venue {
        let mode = match (terms.token, terms.sandbox) {
            (false, _) => Mode::Mock,
            (true, false) => Mode::Live,
            (true, true) => Mode::Sandbox,
        };
        let Terms { halted, sandbox, on_token_loss, .. } = terms;
        match route(&Snapshot { halted, sandbox, on_token_loss, ..snapshot(mode) }, &entry()) {
            Route::Fyers => Venue::Fyers,
            Route::MockExchange => Venue::Mock,
            Route::Refused(_) => Venue::None,
        }
    }

    #[test]
    fn a_new_order_goes_where_the_rule_that_routes_says() {
        for bits in 0..16 {
            let [token, halted, sandbox, rejects] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
            let on_token_loss = if rejects { OnTokenLoss::Reject } else { OnTokenLoss::Mock };
            let terms = Terms { token, halted, sandbox, on_token_loss };
            assert_eq!(terms.venue(), routed(terms), "{terms:?}");
        }
    }
}
