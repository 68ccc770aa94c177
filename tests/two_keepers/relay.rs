//! A TCP relay that can be cut, and that knows when something was sent through it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

/// Between one keeper and what it talks to. Its thread ends with the last of its clones.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    cut: Arc<AtomicBool>,
    /// Counts up when all connections of before are lost.
    age: Arc<AtomicU64>,
    /// Counts up when all connections of before go silent.
    silent: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    sent: Arc<Mutex<Vec<SystemTime>>>,
}

impl Relay {
    pub(crate) fn to(target: SocketAddr, on: IpAddr) -> Self {
        let listener = TcpListener::bind((on, 0)).unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            cut: Arc::default(),
            age: Arc::default(),
            silent: Arc::default(),
            is_over: Arc::default(),
            sent: Arc::default(),
        };
        let shared = relay.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(other) = TcpStream::connect(target) else { continue };
                shared.carry(stream.try_clone().unwrap(), other.try_clone().unwrap(), true);
                shared.carry(other, stream, false);
            }
        });
        relay
    }

    /// While it is cut, bytes wait and nobody is told; afterwards they arrive.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.cut.store(is_cut, Ordering::SeqCst);
    }

    /// Nothing that was sent on a connection of before arrives any more, as when a network has forgotten it.
    pub(crate) fn forget(&self) {
        self.age.fetch_add(1, Ordering::SeqCst);
    }

    /// The same, and they stay open: whoever has one hears nothing, not even of its end. New ones work.
    pub(crate) fn silence(&self) {
        self.silent.fetch_add(1, Ordering::SeqCst);
    }

    /// When bytes left through it.
    pub(crate) fn sent(&self) -> Vec<SystemTime> {
        self.sent.lock().unwrap().clone()
    }

    /// Ends its thread.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.forget();
        self.cut(false);
        let _woken = TcpStream::connect(self.address);
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_out: bool) {
        let shared = self.clone();
        from.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let born = self.age.load(Ordering::SeqCst);
        let spoke = self.silent.load(Ordering::SeqCst);
        thread::spawn(move || {
            let mut buffer = [0; 16_384];
            loop {
                let read = from.read(&mut buffer);
                if shared.age.load(Ordering::SeqCst) != born {
                    break;
                }
                match read {
                    Ok(0) => break,
                    Ok(_) if shared.silent.load(Ordering::SeqCst) != spoke => {}
                    Ok(length) => {
                        // When it was sent, not when it arrives: a network may keep it for as long as it likes.
                        if is_out {
                            shared.sent.lock().unwrap().push(SystemTime::now());
                        }
                        while shared.cut.load(Ordering::SeqCst) {
                            thread::sleep(Duration::from_millis(20));
                        }
                        if to.write_all(&buffer[..length]).is_err() {
                            break;
                        }
                    }
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    Err(_) => break,
                }
            }
            let _gone = to.shutdown(Shutdown::Both);
            let _gone = from.shutdown(Shutdown::Both);
        });
    }
}
