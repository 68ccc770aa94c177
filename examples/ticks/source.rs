//! FYERS' data socket, as far as it ticks: every few milliseconds a frame with the next symbols.

use std::{
    io,
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use fyers_api::hsm::{
    ABSENT, ClientFrame, Feed, FeedRecord, FeedSnapshot, SCRIP_FIELDS, ServerFrame, ServerReply,
};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

use crate::{now, stamp};

/// Time between two frames, in microseconds.
const BEAT: u64 = 2_000;

#[derive(clap::Args)]
pub(crate) struct Args {
    port: u16,
    /// Ticks a second
    #[arg(long, default_value_t = 10_000)]
    rate: usize,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let rate = args.rate;
    for stream in TcpListener::bind(("127.0.0.1", args.port))?.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream, rate));
    }
    Ok(())
}

/// The end of a connection ends its thread.
fn serve(stream: TcpStream, rate: usize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut socket = accept(stream).ok()?;
    let mut topics = vec![];
    let wanted = loop {
        topics.extend(answer(&mut socket)?);
        if !topics.is_empty() {
            break topics;
        }
    };
    let mut all = snapshots(&mut socket, &wanted, 0)?;
    socket.get_mut().set_nonblocking(true).ok()?;
    let (each, mut due, mut at, mut number) = (rate / 500, now(), 0, 0_u32);
    loop {
        // Ticks are as old as they were due: a server that takes none for a while does not make them younger.
        due += BEAT;
        thread::sleep(Duration::from_micros(due.saturating_sub(now())));
        // A client that subscribes piece by piece.
        while let Some(more) = try_answer(&mut socket) {
            blocking(&mut socket, true)?;
            let from = all.len();
            all.extend(snapshots(&mut socket, &more, from)?);
            blocking(&mut socket, false)?;
        }
        number = number.wrapping_add(1);
        let records =
            (0..each).map(|step| tick(((at + step) % all.len()) as u16, number, stamp(due))).collect();
        at = (at + each) % all.len();
        blocking(&mut socket, true)?;
        send(&mut socket, &ServerFrame::Feed(Feed { number, records }))?;
        blocking(&mut socket, false)?;
    }
}

fn blocking(socket: &mut WebSocket<TcpStream>, is_blocking: bool) -> Option<()> {
    socket.get_mut().set_nonblocking(!is_blocking).ok()
}

fn send(socket: &mut WebSocket<TcpStream>, frame: &ServerFrame) -> Option<()> {
    socket.send(Message::binary(frame.encode())).ok()
}

/// Topics that are wanted now; `None` when nothing has come.
fn try_answer(socket: &mut WebSocket<TcpStream>) -> Option<Vec<String>> {
    answer(socket)
}

fn answer(socket: &mut WebSocket<TcpStream>) -> Option<Vec<String>> {
    let Message::Binary(bytes) = socket.read().ok()? else { return Some(vec![]) };
    match ClientFrame::decode(&bytes).ok()? {
        ClientFrame::Auth { .. } => {
            send(socket, &ServerFrame::Auth { is_ok: true, ack_every: 0, names: None })?;
        }
        ClientFrame::Subscribe { topics, .. } => {
            send(socket, &ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true })?;
            return Some(topics);
        }
        ClientFrame::Mode { .. } => send(socket, &ServerFrame::Done { to: ServerReply::Mode, is_ok: true })?,
        _ => {}
    }
    Some(vec![])
}

fn snapshots(socket: &mut WebSocket<TcpStream>, topics: &[String], from: usize) -> Option<Vec<u16>> {
    let ids: Vec<u16> = (from..from + topics.len()).map(|id| id as u16).collect();
    let records: Vec<FeedRecord> = topics.iter().zip(&ids).map(|(name, id)| snapshot(name, *id)).collect();
    for records in records.chunks(200) {
        send(socket, &ServerFrame::Feed(Feed { number: 0, records: records.to_vec() }))?;
    }
    Some(ids)
}

fn snapshot(name: &str, topic: u16) -> FeedRecord {
    let mut values = vec![1_000; SCRIP_FIELDS.len()];
    values[1] = stamp(now());
    let token = name.rsplit('|').next().unwrap_or_default().to_owned();
    FeedRecord::Snapshot(Box::new(FeedSnapshot {
        topic,
        name: name.to_owned(),
        values,
        multiplier: 1,
        precision: 2,
        exchange: "nse_cm".to_owned(),
        symbol: format!("S{token}-EQ"),
        token,
    }))
}

/// What changes with a trade: price, volume, times, the touch and the average.
fn tick(topic: u16, number: u32, made: i32) -> FeedRecord {
    let mut values = vec![ABSENT; 12];
    let price = 80_000 + (number % 500) as i32;
    for (at, value) in
        [(0, price), (1, made), (2, 1_700_000_000), (3, 1_700_000_000), (6, price - 5), (7, price + 5)]
    {
        values[at] = value;
    }
    FeedRecord::Update { topic, values }
}
