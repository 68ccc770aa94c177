//! Messages from clients of the order socket (section 7.1), and pushes to them.

use serde_json::{Value, json};

use crate::broker::OrderTopic;
use crate::sockets::{OpenSocket, Outgoing, Payload, SocketFilter, SocketKind};
use crate::state::World;

/// Handles one text message.
pub(crate) fn received(world: &mut World, id: u64, text: &str) {
    let Some(socket) = world.sockets.get_mut(id) else { return };
    if matches!(text, "ping" | "__ping") {
        socket.info.pings += 1;
        return reply(socket, "pong".into());
    }
    let message = serde_json::from_str::<Value>(text).unwrap_or_default();
    let topics = topics(&message["SLIST"]);
    match (message["T"].as_str(), message["SUB_T"].as_i64()) {
        (Some("SUB_ORD"), Some(1)) if !topics.is_empty() => {
            socket.topics.extend(topics);
            reply(socket, acknowledged("Successfully subscribed"));
        }
        (Some("SUB_ORD"), Some(-1)) if !topics.is_empty() => {
            socket.topics.retain(|topic| !topics.contains(topic));
            reply(socket, acknowledged("Successfully unsubscribed"));
        }
        _ => socket.info.malformed += 1,
    }
}

fn reply(socket: &OpenSocket, text: String) {
    socket.send(Outgoing::Control(Payload::Text(text)));
}

fn acknowledged(message: &str) -> String {
    json!({"code": 1605, "message": message, "s": "ok"}).to_string()
}

/// The topics of `SLIST`; Python nests a list in it when it unsubscribes.
fn topics(list: &Value) -> Vec<OrderTopic> {
    match list {
        Value::Array(items) => items.iter().flat_map(topics).collect(),
        Value::String(name) => OrderTopic::named(name).to_vec(),
        _ => Vec::new(),
    }
}

/// Pushes a message to every order socket that subscribed to the topic, or only to those of one account; says how
/// many there are.
pub(crate) fn push(world: &mut World, topic: OrderTopic, account: Option<&str>, message: &Value) -> usize {
    let text = message.to_string();
    let sockets = world.sockets.matching(SocketFilter::from(SocketKind::Orders));
    let wanted = sockets.filter(|socket| {
        let theirs = account.is_none_or(|account| socket.info.account.as_deref() == Some(account));
        theirs && socket.topics.contains(&topic)
    });
    wanted.map(|socket| socket.send(Outgoing::Data(Payload::Text(text.clone())))).count()
}
