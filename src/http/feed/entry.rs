//! The key of a bot that shows it in a message.

use actix_web::{HttpRequest, web};
use keeper_domain::address::Network;

use crate::http::{access::Gate, limits::connections::Connection};

/// How a key that comes in a message is judged.
pub(super) struct Entry {
    gate: web::Data<Gate>,
    client: Network,
    connection: Option<Connection>,
    /// The key that was good when this one was shown.
    generation: u64,
}

impl Entry {
    pub(super) fn of(request: &HttpRequest, gate: &web::Data<Gate>) -> Self {
        let connection = request.conn_data::<Connection>().cloned();
        Self {
            gate: gate.clone(),
            client: gate.client_of(request),
            connection,
            generation: gate.generation(),
        }
    }

    /// Whether this is the key: the key itself, the key behind an app id, or its `hsm_key` claim.
    pub(super) fn admits(&mut self, shown: &str) -> bool {
        self.generation = self.gate.generation();
        let is_key = self.gate.admits_shown(self.client, shown);
        if is_key {
            self.connection.iter().for_each(Connection::trust);
        }
        is_key
    }

    /// Whether the key has been replaced since: what it opened is closed.
    pub(super) fn is_outdated(&self) -> bool {
        self.gate.generation() != self.generation
    }
}
