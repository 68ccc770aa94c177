//! What a look-up of symbols teaches: FYERS' own tokens, and those that a bot was told while FYERS could not be asked. A
//! bot that comes with either of them later is understood.

use fyers_api::{
    http::{ApiResponse, Surface},
    response,
};
use keeper_actors::hub::Hub;
use keeper_domain::routing::Venue;

/// Whether this is a look-up.
pub(in crate::http) fn is_one(surface: Surface, path: &str) -> bool {
    surface == Surface::Data && path.trim_end_matches('/') == "/symbol-token"
}

/// Learns from the answer. Of symbols whose real token is known a bot is told that one, whoever answered.
pub(in crate::http) fn learn(hub: &Hub, venue: Venue, answer: &mut ApiResponse) {
    let mut body = response::json(answer);
    let Some(valid) = body["validSymbol"].as_object_mut() else { return };
    hub.with(|feeds, _| {
        for (symbol, token) in valid.iter_mut() {
            let Some(told) = token.as_str() else { continue };
            if venue == Venue::Fyers {
                feeds.directory.learn(symbol, told);
            } else if let Some(real) = feeds.directory.token(symbol) {
                *token = real.into();
            } else {
                feeds.directory.learn_made_up(symbol, told);
            }
        }
    });
    if venue != Venue::Fyers {
        answer.body = body.to_string().into_bytes();
    }
}
