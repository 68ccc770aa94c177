//! The settings of the listener: where it binds and whom it believes.

use std::net::SocketAddr;

use keeper_domain::address::Network;

use crate::config::read::{Reader, not_possible};

impl Reader<'_> {
    pub(super) fn http_addr(&mut self) -> SocketAddr {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 8080));
        let wanted = "an address with a port, as 127.0.0.1:8080";
        let port = self.sources.raw("PORT");
        if self.sources.raw("KEEPER_HTTP_ADDR").is_some() {
            let addr = self.parsed("KEEPER_HTTP_ADDR", wanted).unwrap_or(loopback);
            if let Some(port) = port.filter(|_| addr.ip().is_loopback()) {
                self.remarks.notes.push(unreachable_from_outside(addr, &port.text));
            }
            return addr;
        }
        let _noted = self.value("KEEPER_HTTP_ADDR");
        let Some(port) = port else { return loopback };
        match port.text.parse::<u16>() {
            Ok(number) => {
                let addr = SocketAddr::from(([0, 0, 0, 0], number));
                self.show_instead("KEEPER_HTTP_ADDR", &format!("{addr} (PORT)"), port.origin);
                addr
            }
            Err(_) => {
                self.problem("PORT", not_possible(&port.text), "Set it to a number from 1 to 65535.");
                loopback
            }
        }
    }

    pub(super) fn networks(&mut self, name: &'static str) -> Vec<Network> {
        let Some(found) = self.value(name) else { return vec![] };
        let all = found.text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let parsed: Result<Vec<Network>, _> = all.map(str::parse).collect();
        parsed.unwrap_or_else(|_| {
            let remedy = "Set it to addresses or ranges with commas between them, as 127.0.0.1,10.0.0.0/8.";
            self.problem(name, not_possible(&found.text), remedy);
            vec![]
        })
    }
}

fn unreachable_from_outside(addr: SocketAddr, port: &str) -> String {
    format!(
        "KEEPER_HTTP_ADDR is {addr}, which is reached from this machine or container only, but PORT is {port}: a hosting \
         platform sends requests to 0.0.0.0:{port}. Leave KEEPER_HTTP_ADDR out there."
    )
}
