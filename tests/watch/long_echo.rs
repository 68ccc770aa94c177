//! A service that tells the caller's address and does not stop telling.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use simulator::Options;

use crate::support::Home;

/// An address, and more behind it than any answer has.
fn tell(mut stream: TcpStream, told: &AtomicU64) -> std::io::Result<()> {
    let _asked = stream.read(&mut [0; 4_096])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n203.0.113.7\n")?;
    loop {
        stream.write_all(&[b' '; 64 * 1024])?;
        told.fetch_add(64 * 1024, Ordering::Relaxed);
    }
}

/// Not more than what waits in the kernel is taken of it: the answer has at most 256 bytes.
#[test]
fn an_address_without_an_end_is_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&told);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _closed = tell(stream, &counted);
        }
    });
    let home = Home::bare(Options::default()).set("KEEPER_IP_CHECK_URL", url);
    let ran = home.run(&["doctor", "--json"]);
    let findings = ran.json().to_string();
    assert!(findings.contains("KEEPER_IP_CHECK_URL does not answer with an address"), "{findings}");
    assert!(!findings.contains("203.0.113.7"), "{findings}");
    let told = told.load(Ordering::Relaxed);
    println!("tried: an answer without an end; {} KiB were taken from its sender", told / 1024);
    assert!(told < 32 * 1024 * 1024, "{told} bytes");
}
