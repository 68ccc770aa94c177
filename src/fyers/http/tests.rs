//! Calls that are given up: with the bot that has asked, with an actor, with everything at the end.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Waker},
};

use tokio::{runtime::Handle, time::sleep};

use super::*;

/// Somebody who answers one request a while after it has come; whether it has.
fn server() -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, has_come) =
        (format!("http://{}/", listener.local_addr().unwrap()), Arc::<AtomicBool>::default());
    let told = Arc::clone(&has_come);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _request = stream.read(&mut [0; 4_096]).unwrap();
        told.store(true, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        // Until the other side closes.
        let _end = stream.read(&mut [0]);
    });
    (url, has_come)
}

/// A call whose answer has come and was not taken yet, as a thread that has ended leaves it behind.
fn given_up_outside<F: Future>(begin: impl FnOnce(RequestBuilder) -> F) {
    let (url, has_come) = server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = runtime.block_on(async {
        let client = Client::builder().no_proxy().pool_idle_timeout(POOL_IDLE).build().unwrap();
        let mut call = Box::pin(begin(client.get(url)));
        while !has_come.load(Ordering::Relaxed) {
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(300)).await;
        (call, client)
    });
    assert!(Handle::try_current().is_err());
    drop(call);
}

#[test]
fn a_call_that_is_given_up_outside_of_its_runtime_is_no_panic() {
    let plain = std::panic::catch_unwind(|| given_up_outside(RequestBuilder::send));
    assert!(plain.is_err(), "the pool does not mind any more: this is not needed");
    given_up_outside(|request| droppable(request.send()));
}
