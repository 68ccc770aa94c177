//! The key of a bot that shows it in a header or in a message.

use actix_web::{HttpRequest, web};
use keeper_domain::{address::Network, keys::BotName};

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

    /// Whether this is a key: the key itself, the key behind an app id, or its `hsm_key` claim.
    pub(super) fn admits(&mut self, shown: &str) -> bool {
        let Some(bot) = self.gate.bot_shown(self.client, shown) else { return false };
        self.remember(bot);
        self.connection.iter().for_each(Connection::trust);
        true
    }

    /// Whether the key has been replaced or removed since: what it opened is closed.
    pub(super) fn is_outdated(&self) -> bool {
        self.admitted.as_ref().is_some_and(|(bot, state)| self.gate.key_state(bot) != *state)
    }
}
