//! One connection to FYERS' order socket, from its beginning to its end.

use std::{convert::Infallible, time::Duration};

use fyers_api::order_socket::{ClientText, OrderTopic, ServerText};
use keeper_domain::{
    feeds::{
        connections::Generation,
        news::{EndReason, Upstream},
    },
    ports::{BrokerSocket, SocketError, SocketMessage},
};
use tokio::time::{Instant, Interval, interval};

use super::{
    catch_up::{CatchUp, Wish},
    link::{OPEN_LIMIT, Opening, PING_EVERY},
    order_events::OrderEvents,
};

/// Keep-alives are answered: without anything for so long the connection is dead.
const SILENCE: Duration = Duration::from_secs(25);

/// Runs the connection; returns why it ended. `ready` is called once, when all is subscribed.
pub(super) async fn run(
    opening: Opening,
    (events, generation): (OrderEvents, Generation),
    ready: impl Fn(),
) -> EndReason {
    let link = OrderLink::open(opening, events, generation).await;
    match link {
        Ok(mut link) => match link.follow(ready).await {
            Err(reason) => reason,
            Ok(never) => match never {},
        },
        Err(reason) => reason,
    }
}

struct OrderLink {
    opening: Opening,
    events: OrderEvents,
    generation: Generation,
    socket: Box<dyn BrokerSocket>,
    catch_up: CatchUp,
    ping: Interval,
    pings: u64,
    pongs: u64,
    /// The keep-alive whose answer is waited for.
    awaited: Option<u64>,
    began: Instant,
    last: Instant,
    is_ready: bool,
}

impl OrderLink {
    async fn open(opening: Opening, events: OrderEvents, generation: Generation) -> Result<Self, EndReason> {
        let socket = opening.open(Upstream::Orders).await?;
        events.opened(generation);
        let (proxy, token) = (opening.proxy.clone(), opening.token.clone());
        let catch_up = CatchUp::new(events.clone(), generation, proxy, token);
        let (began, ping) = (Instant::now(), interval(PING_EVERY));
        let (pings, pongs, awaited) = (0, 0, None);
        let (last, is_ready) = (began, false);
        Ok(Self {
            opening,
            events,
            generation,
            socket,
            catch_up,
            ping,
            pings,
            pongs,
            awaited,
            began,
            last,
            is_ready,
        })
    }

    async fn follow(&mut self, ready: impl Fn()) -> Result<Infallible, EndReason> {
        self.ping().await?;
        self.send(&ClientText::Subscribe(OrderTopic::ALL.into())).await?;
        loop {
            tokio::select! {
                message = self.socket.receive() => self.received(message, &ready)?,
                _ = self.ping.tick() => {
                    let is_late = !self.is_ready && self.began.elapsed() >= OPEN_LIMIT;
                    if is_late || self.last.elapsed() >= SILENCE {
                        return Err(EndReason::Mute);
                    }
                    self.ping().await?;
                }
                wish = self.catch_up.due() => if wish == Wish::Ping {
                    self.ping().await?;
                    self.awaited = Some(self.pings);
                }
            }
        }
    }

    async fn ping(&mut self) -> Result<(), EndReason> {
        self.pings += 1;
        self.send(&ClientText::Ping).await
    }

    async fn send(&mut self, text: &ClientText) -> Result<(), EndReason> {
        self.socket.send(SocketMessage::Text(text.write())).await.map_err(|_| EndReason::Lost)
    }

    fn received(
        &mut self,
        message: Result<SocketMessage, SocketError>,
        ready: &impl Fn(),
    ) -> Result<(), EndReason> {
        self.last = Instant::now();
        self.opening.hub.heard(Upstream::Orders);
        let SocketMessage::Text(text) = message.map_err(|_| EndReason::Lost)? else { return Ok(()) };
        match ServerText::read(&text) {
            Some(ServerText::Pong) => self.answered(),
            Some(ServerText::Subscribed) if !std::mem::replace(&mut self.is_ready, true) => {
                self.opening.hub.subscribed(Upstream::Orders, OrderTopic::ALL.len());
                self.catch_up.begin();
                ready();
            }
            _ => self.events.heard(self.generation, &text),
        }
        Ok(())
    }

    fn answered(&mut self) {
        self.pongs += 1;
        if self.awaited.take_if(|awaited| *awaited <= self.pongs).is_some() {
            self.catch_up.answered();
        }
    }
}
