//! Messages from clients of the data socket (section 7.2).

use crate::faults::Fault;
use crate::fyers::account_of_hsm_key;
use crate::hsm::{self, ClientMessage, Record, Topic};
use crate::sockets::{OpenSocket, Outgoing, Payload};
use crate::state::World;

/// Code of the message that a plan's symbol limit is reached.
const SYMBOL_LIMIT_REACHED: i32 = 51_001;
/// Code of the message that a subscription came before the authentication.
const NOT_AUTHENTICATED: i32 = 11_001;

/// Handles one binary message.
pub(crate) fn received(world: &mut World, id: u64, bytes: &[u8]) {
    let Some(message) = ClientMessage::parse(bytes) else {
        return with_socket(world, id, |socket| socket.info.malformed += 1);
    };
    match message {
        ClientMessage::Auth { key, source } => authenticate(world, id, &key, source),
        ClientMessage::Ping => with_socket(world, id, |socket| socket.info.pings += 1),
        ClientMessage::Ack(number) => with_socket(world, id, |socket| socket.info.last_ack = Some(number)),
        message => authenticated(world, id, message),
    }
}

fn with_socket(world: &mut World, id: u64, work: impl FnOnce(&mut OpenSocket)) {
    if let Some(socket) = world.sockets.get_mut(id) {
        work(socket);
    }
}

fn reply(socket: &OpenSocket, frame: Vec<u8>) {
    socket.send(Outgoing::Control(Payload::Binary(frame)));
}

fn authenticate(world: &mut World, id: u64, key: &str, source: String) {
    let account = account_of_hsm_key(world, key);
    let frame = hsm::auth_ack(account.is_some(), world.sockets.ack_every);
    with_socket(world, id, |socket| {
        socket.info.account = account;
        socket.info.source = source;
        reply(socket, frame);
    });
}

/// Messages that need an authenticated connection.
fn authenticated(world: &mut World, id: u64, message: ClientMessage) {
    let known = world.sockets.get_mut(id).is_some_and(|socket| socket.info.account.is_some());
    if !known {
        let frame = hsm::custom(NOT_AUTHENTICATED, "Authentication failed");
        return with_socket(world, id, |socket| reply(socket, frame));
    }
    match message {
        ClientMessage::Subscribe { topics, channel } => subscribe(world, id, &topics, channel),
        ClientMessage::Unsubscribe { topics, .. } => with_socket(world, id, |socket| {
            socket.data.subscriptions.retain(|name, _| !topics.contains(name));
            reply(socket, hsm::ack(5));
        }),
        ClientMessage::Pause(channels) => with_socket(world, id, |socket| {
            socket.data.paused_channels |= channels;
            reply(socket, hsm::ack(7));
        }),
        ClientMessage::Resume(channels) => with_socket(world, id, |socket| {
            socket.data.paused_channels &= !channels;
            reply(socket, hsm::ack(8));
        }),
        ClientMessage::Mode { channels, lite } => with_socket(world, id, |socket| {
            let others = socket.data.lite_channels & !channels;
            socket.data.lite_channels = if lite { others | channels } else { others };
            reply(socket, hsm::ack(12));
        }),
        ClientMessage::Auth { .. } | ClientMessage::Ping | ClientMessage::Ack(_) => {}
    }
}

/// Topics of unknown symbols are ignored; those beyond the limit are refused with code 51001.
fn subscribe(world: &mut World, id: u64, names: &[String], channel: u8) {
    let known: Vec<_> = names.iter().filter_map(|name| snapshot_of(world, name)).collect();
    let limit = world.sockets.symbol_limit;
    with_socket(world, id, |socket| {
        let limit = limit_of(socket, limit);
        let (mut records, mut refused) = (Vec::<Record>::new(), 0);
        for (topic, symbol, values) in known {
            let repeated = socket.data.subscriptions.contains_key(&topic.to_string());
            if repeated || socket.data.subscriptions.len() < limit {
                records.push(socket.data.subscribe(&topic, channel, &symbol, values));
            } else {
                refused += 1;
            }
        }
        reply(socket, hsm::ack(4));
        if refused > 0 {
            let text = format!("Symbol limit of {limit} exceeded by {refused}");
            reply(socket, hsm::custom(SYMBOL_LIMIT_REACHED, &text));
        }
        let frames = socket.data.feed.frames(&records);
        frames.into_iter().for_each(|frame| socket.send(Outgoing::Data(Payload::Binary(frame))));
    });
}

fn limit_of(socket: &OpenSocket, plan: usize) -> usize {
    match socket.info.fault {
        Some(Fault::SymbolLimit { limit }) => limit,
        _ => plan,
    }
}

/// The topic, its symbol and the present values.
fn snapshot_of(world: &World, name: &str) -> Option<(Topic, String, Vec<i32>)> {
    let topic = Topic::parse(name)?;
    let symbol = world.market.symbols().find(|symbol| topic.is_about(symbol))?;
    let values = hsm::values(topic.kind, world.market.ticker(symbol)?, world.now());
    Some((topic, symbol.to_owned(), values))
}
