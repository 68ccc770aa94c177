//! A day with very many orders: the book is read in bounded memory, and nobody waits for its reader.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use chrono::{DateTime, Utc};
use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use fyers_keeper::store::{SqliteStore, StateDir};
use keeper_domain::ports::{Change, ChangeStore};
use mock_exchange::{Command, Config, Engine, Instruments};
use rust_decimal::Decimal;
use simulator::RefreshMode;

use crate::support::{Home, block_on, get, get_with_key};

/// Orders of the day.
const ORDERS: usize = 100_000;
/// What reading the book may cost in memory: far less than the book.
const BOUND_MIB: f64 = 40.0;

/// A state folder in which that many orders wait today.
async fn busy_day(home: &Home, now: DateTime<Utc>) {
    let state = StateDir::open(&home.path("state")).unwrap();
    let store = SqliteStore::open(&state).await.unwrap();
    let rules = Config::new(Decimal::from(1_000_000_000_000_i64));
    let mut engine = Engine::new(rules, Instruments::default());
    let opened = engine.execute(&engine.due(now).unwrap()).unwrap();
    let mock_snapshot = engine.opening().cloned();
    store.commit(Change { mock_records: opened, mock_snapshot, ..Change::default() }).await.unwrap();
    for many in (0..ORDERS).collect::<Vec<_>>().chunks(5_000) {
        let order = |number: &usize| OrderRequest {
            symbol: format!("NSE:S{}-EQ", number % 500),
            quantity: 1,
            side: Side::Buy,
            order_type: OrderType::Limit,
            product: Product::Cnc,
            limit_price: Decimal::ONE,
            stop_price: Decimal::ZERO,
            tag: None,
        };
        let place = |number| Command::Place { order: order(number).into(), at: now };
        let mock_records = many.iter().flat_map(|number| engine.execute(&place(number)).unwrap()).collect();
        store.commit(Change { mock_records, ..Change::default() }).await.unwrap();
    }
    store.close().await;
}

/// The most memory that the process ever had, in MiB.
fn peak(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    kib.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

#[test]
fn a_hundred_thousand_orders_are_read_in_bounded_memory_beside_others() {
    let home =
        Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("KEEPER_MOCK_CAPITAL", "1000000000000");
    block_on(busy_day(&home, "2026-11-23T05:00:00Z".parse().unwrap()));
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let before = peak(keeper.pid());

    let mut book = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    let request = format!(
        "GET /api/v3/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: X:{}\r\nConnection: close\r\n\r\n",
        key.trim()
    );
    book.write_all(request.as_bytes()).unwrap();
    let mut chunk = vec![0; 65_536];
    let read = book.read(&mut chunk).unwrap();
    let begin = String::from_utf8_lossy(&chunk[..read]).into_owned();
    assert!(begin.starts_with("HTTP/1.1 200") && begin.contains("x-keeper-mode: mock"), "{begin}");

    // Nobody reads on, so the book cannot be over; the others are answered all the same.
    for _ in 0..20 {
        let (status, body) = get_with_key(&keeper.url("/api/v3/funds"), key.trim()).unwrap();
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(get(&keeper.url("/readyz")).unwrap().0, 200);

    let (rows, bytes) = count_rows(begin, book);
    let after = peak(keeper.pid());
    println!(
        "{rows} orders, {:.0} MB of book; the process had {before:.0} MiB at most before it and {after:.0} MiB after it",
        bytes as f64 / 1e6
    );
    assert_eq!(rows, ORDERS);
    assert!(after - before < BOUND_MIB, "{before:.0} MiB, then {after:.0} MiB");
}

/// Reads to the end. Rows are counted by a field that each has once; the last chunk of a whole body is empty.
fn count_rows(begin: String, mut book: TcpStream) -> (usize, usize) {
    const FIELD: &[u8] = b"\"orderDateTime\"";
    let mut left = begin.into_bytes();
    let (mut rows, mut bytes) = (0, left.len());
    let mut chunk = vec![0; 65_536];
    loop {
        rows += left.windows(FIELD.len()).filter(|window| *window == FIELD).count();
        let read = book.read(&mut chunk).unwrap();
        if read == 0 {
            assert!(left.ends_with(b"0\r\n\r\n"), "the body is whole");
            return (rows, bytes);
        }
        left = [&left[left.len().saturating_sub(FIELD.len() - 1)..], &chunk[..read]].concat();
        bytes += read;
    }
}
