//! The WebSocket connections as a test sees and disturbs them.

use std::time::Duration;

use serde_json::Value;

use super::handle::Simulator;
use crate::broker::{OrderTopic, PriceWalk};
use crate::endpoint;
use crate::faults::Fault;
use crate::sockets::{SocketEnd, SocketFilter, SocketReport};
use crate::streams;

impl Simulator {
    /// Where the data socket (HSM) is: `ws://127.0.0.1:PORT/hsm/v1-5/prod`.
    pub fn data_socket_url(&self) -> String {
        format!("ws://{}{}", self.fyers, endpoint::DATA_SOCKET)
    }

    /// Where the order socket is: `ws://127.0.0.1:PORT/trade/v3`.
    pub fn order_socket_url(&self) -> String {
        format!("ws://{}{}", self.fyers, endpoint::ORDER_SOCKET)
    }

    /// Where the public files are: `http://127.0.0.1:PORT`.
    pub fn public_url(&self) -> String {
        format!("http://{}", self.fyers)
    }

    /// Every connection with its subscriptions and counts.
    pub fn sockets(&self) -> SocketReport {
        self.world.lock().sockets.report()
    }

    /// Begins a fault on open connections, or ends it with `None`; returns how many they are. Faults for
    /// connections to come are injected like those for requests, with the path of the socket as scope.
    pub fn set_socket_fault(&self, which: impl Into<SocketFilter>, fault: Option<&Fault>) -> usize {
        let mut world = self.world.lock();
        world.sockets.matching(which.into()).map(|socket| socket.set_fault(fault.cloned())).count()
    }

    /// Ends open connections; returns how many they are.
    pub fn close_sockets(&self, which: impl Into<SocketFilter>, how: SocketEnd) -> usize {
        self.world.lock().sockets.end(which.into(), how)
    }

    /// Pushes any message to the order sockets that subscribed to a topic; returns how many they are.
    pub fn push(&self, topic: OrderTopic, message: &Value) -> usize {
        streams::push(&mut self.world.lock(), topic, None, message)
    }

    /// Symbols one data socket may subscribe to from now on; code 51001 answers those beyond.
    pub fn set_symbol_limit(&self, limit: usize) {
        self.world.lock().sockets.symbol_limit = limit;
    }

    /// How many feed frames later an acknowledgement is wanted, for data sockets that authenticate from now on; 0
    /// for never.
    pub fn set_ack_every(&self, frames: u32) {
        self.world.lock().sockets.ack_every = frames;
    }

    /// Lists symbols or moves their prices, all in one step.
    pub fn set_prices(&self, prices: &[(String, f64)]) {
        streams::set_prices(&mut self.world.lock(), prices);
    }

    /// Starts a random walk of all prices with this real time between steps, or stops it with `None`.
    pub fn walk_prices(&self, every: Option<Duration>, seed: u64) {
        let mut world = self.world.lock();
        world.walk = PriceWalk::new(seed);
        world.walk_every = every;
    }

    /// Takes steps of the random walk now.
    pub fn step_prices(&self, steps: u32) {
        streams::walk(&mut self.world.lock(), steps);
    }
}
