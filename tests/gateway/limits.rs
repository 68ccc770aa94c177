//! FYERS' limits, at the gateway's own door.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fyers_keeper::{
    fyers::{LimitedProxy, Limiter},
    wall_clock::WallClock,
};

use crate::support::{Behind, Gateway, Upstream, fyers_proxy};

fn limited(upstream: &Upstream) -> Gateway {
    let limited = LimitedProxy::new(Arc::new(fyers_proxy(upstream)), Limiter::new(Arc::new(WallClock)));
    Gateway::start(Behind::BrokerProxy(Arc::new(limited.waiting_at_most(Duration::ZERO))))
}

#[test]
fn a_rush_ends_at_the_gateway() {
    let upstream = Upstream::ok();
    let gateway = limited(&upstream);
    let answers: Vec<_> = (0..9).map(|_| gateway.get("/api/v3/profile")).collect();
    let refused = answers.iter().find(|answer| answer.status() == 429);
    // On a machine so slow that nine requests take more than a second, none is refused, and rightly.
    let Some(refused) = refused else { return };
    assert_eq!(upstream.seen().len(), answers.iter().filter(|answer| answer.status() == 200).count());
    let body = refused.json();
    assert_eq!((&body["s"], &body["code"]), (&"error".into(), &(-429).into()));
    let message = body["message"].as_str().unwrap();
    assert!(message.starts_with("Request limit reached: too many requests in a second."), "{message}");
    let wait: u64 = refused.header("x-retry-after-ms").unwrap().parse().unwrap();
    assert!(wait <= 1_100);
    assert_eq!(refused.header("retry-after"), Some(wait.div_ceil(1_000).to_string().as_str()));
    assert_eq!(refused.header("x-keeper-limit"), Some("second"));
    assert_eq!(refused.header("content-type"), Some("application/json"));

    let order = gateway.ask("POST", "/api/v3/orders/sync", "", b"{}");
    assert_eq!(order.status(), 200, "there is room for an order");
}

#[test]
fn fyers_429_is_handed_on_and_holds_all_bots() {
    let count = AtomicUsize::new(0);
    let body = r#"{"code":-429,"message":"request limit reached","s":"error"}"#;
    let upstream = Upstream::start(move |_, stream| {
        let head = match count.fetch_add(1, Ordering::SeqCst) {
            0 => "HTTP/1.1 429 Too Many Requests\r\nretry-after: 600\r\nx-retry-after-ms: 599000",
            _ => "HTTP/1.1 200 OK",
        };
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    let gateway = limited(&upstream);
    let first = gateway.get("/data/quotes");
    assert_eq!((first.status(), first.text(), first.header("x-keeper-limit")), (429, body, None));
    for (method, target) in
        [("GET", "/data/quotes"), ("POST", "/api/v3/orders/sync"), ("GET", "/api/v3/funds")]
    {
        let answer = gateway.ask(method, target, "", b"");
        assert_eq!((answer.status(), answer.header("x-keeper-limit")), (429, Some("fyers")));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=600).contains(&wait));
        assert!(answer.json()["message"].as_str().unwrap().contains("FYERS itself has asked to wait"));
    }
    assert_eq!(upstream.seen().len(), 1, "FYERS hears nothing meanwhile");
}
