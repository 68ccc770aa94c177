//! The key of a bot that shows it in a header or in a message.

use actix_web::{HttpRequest, web};
use keeper_actors::hub::Seat;
use keeper_domain::{address::Network, keys::BotName, mode::Mode};

use crate::http::{
    access::{Gate, KeyState},
    limits::connections::Connection,
};

/// How a key is judged, and whether it has ended since.
pub(super) struct Entry {
    gate: web::Data<Gate>,
    client: Network,
    connection: Option<Connection>,
    /// Who has come in, and what was known of the key then.
    admitted: Option<(BotName, KeyState)>,
}

impl Entry {
    /// `bot`: whose key was in the header, if one was.
    pub(super) fn of(request: &HttpRequest, gate: &web::Data<Gate>, bot: Option<BotName>) -> Self {
        let connection = request.conn_data::<Connection>().cloned();
        let mut entry =
            Self { gate: gate.clone(), client: gate.client_of(request), connection, admitted: None };
        if let Some(bot) = bot {
            entry.remember(bot);
        }
        entry
    }

    fn remember(&mut self, bot: BotName) {
        let state = self.gate.key_state(&bot);
        self.admitted = Some((bot, state));
    }

    /// Who has come in.
    pub(super) fn bot(&self) -> Option<&BotName> {
        self.admitted.as_ref().map(|(bot, _)| bot)
    }

    /// The highest mode for whoever has come in. Nothing of FYERS' is meant for anybody before a key was shown.
    pub(super) fn ceiling(&self) -> Mode {
        self.admitted.as_ref().map_or(Mode::Mock, |(bot, _)| self.gate.ceiling(bot))
    }

    /// Whether this is a key: the key itself, the key behind an app id, or its `hsm_key` claim. From then on the key's
    /// ceiling is the connection's.
    pub(super) fn admits(&mut self, seat: &Seat, shown: &str) -> bool {
        let Some(bot) = self.gate.bot_shown(self.client, shown) else { return false };
        self.connection.iter().for_each(|connection| connection.trust(Some(&bot)));
        self.remember(bot);
        seat.set_ceiling(self.ceiling());
        true
    }

    /// Whether the key has been replaced or removed since: what it opened is closed.
    pub(super) fn is_outdated(&self) -> bool {
        self.admitted.as_ref().is_some_and(|(bot, state)| self.gate.key_state(bot) != *state)
    }
}
