//! One connection to FYERS' order socket, from its beginning to its end.

use std::time::Duration;

use fyers_api::order_socket::{ClientText, ServerText, Topic};
use keeper_domain::{
    feeds::news::{EndReason, OrderNews, Upstream},
    ports::SocketMessage,
    routing::Venue,
};
use tokio::time::{Instant, interval};

use super::link::{OPEN_LIMIT, Opening, PING_EVERY};

/// Keep-alives are answered: without anything for so long the connection is dead.
const SILENCE: Duration = Duration::from_secs(25);

/// Runs the connection; returns why it ended. `heard` says whether an event is to be told, `ready` is called once.
pub(super) async fn run(
    opening: Opening,
    opened: impl Fn(),
    is_new: impl Fn(&str) -> bool,
    ready: impl Fn(),
) -> EndReason {
    match follow(&opening, opened, is_new, ready).await {
        Err(reason) => reason,
        Ok(never) => match never {},
    }
}

async fn follow(
    opening: &Opening,
    opened: impl Fn(),
    is_new: impl Fn(&str) -> bool,
    ready: impl Fn(),
) -> Result<std::convert::Infallible, EndReason> {
    let mut socket = opening.open(Upstream::Orders).await?;
    opened();
    let topics =
        vec![Topic::Orders, Topic::Trades, Topic::Positions, Topic::Edis, Topic::PriceAlerts, Topic::Login];
    for text in [ClientText::Ping, ClientText::Subscribe(topics)] {
        socket.send(SocketMessage::Text(text.write())).await.map_err(|_| EndReason::Lost)?;
    }
    let (mut ping, began) = (interval(PING_EVERY), Instant::now());
    let (mut last, mut is_ready) = (Instant::now(), false);
    loop {
        tokio::select! {
            message = socket.receive() => {
                last = Instant::now();
                opening.hub.heard(Upstream::Orders);
                let SocketMessage::Text(text) = message.map_err(|_| EndReason::Lost)? else { continue };
                if is_ack(&text) && !std::mem::replace(&mut is_ready, true) {
                    opening.hub.subscribed(Upstream::Orders, 6);
                    ready();
                } else if let Some(news) = news(&text).filter(|_| is_new(&text)) {
                    opening.hub.with(|feeds, now| feeds.order(news, now));
                }
            }
            _ = ping.tick() => {
                if last.elapsed() >= SILENCE || (!is_ready && began.elapsed() >= OPEN_LIMIT) {
                    return Err(EndReason::Mute);
                }
                let ping = ClientText::Ping.write();
                socket.send(SocketMessage::Text(ping)).await.map_err(|_| EndReason::Lost)?;
            }
        }
    }
}

fn is_ack(text: &str) -> bool {
    matches!(ServerText::read(text), Some(ServerText::Subscribed))
}

/// What bots are told of a text, which they get as it came.
fn news(text: &str) -> Option<OrderNews> {
    let topic = match ServerText::read(text)? {
        ServerText::Pong | ServerText::Subscribed => return None,
        ServerText::Order(_) => Some(Topic::Orders),
        ServerText::Trade(_) => Some(Topic::Trades),
        ServerText::Position(_) => Some(Topic::Positions),
        ServerText::General(_) => None,
    };
    Some(OrderNews { venue: Venue::Fyers, topic, text: text.into() })
}
