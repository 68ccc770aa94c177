//! Both headers are on every answer of the gateway, and what the keeper refused itself went nowhere.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use reqwest::{Method, RequestBuilder};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    credentials::Held,
    support::{DEADLINE, Home, Keeper, block_on, wait_for},
};

fn home() -> Home {
    Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false")
}

fn live() -> (Home, Keeper, String) {
    go_live(home())
}

fn go_live(home: Home) -> (Home, Keeper, String) {
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned();
    (home, keeper, key)
}

const ORDERS: (&str, &str) = ("POST", "/api/v3/orders/sync");
const ORDER: &str = r#"{"symbol":"NSE:SBIN-EQ","qty":1,"type":2,"side":1,"productType":"INTRADAY","limitPrice":0,"stopPrice":0,
    "validity":"DAY","disclosedQty":0,"offlineOrder":false}"#;

/// Status, mode and venue of the answer.
fn told(
    keeper: &Keeper,
    request: (&str, &str),
    more: impl Fn(RequestBuilder) -> RequestBuilder,
) -> (u16, String) {
    let (status, told, _words) = told_in_words(keeper, request, more);
    (status, told)
}

/// The same, and what the answer says.
fn told_in_words(
    keeper: &Keeper,
    (method, path): (&str, &str),
    more: impl Fn(RequestBuilder) -> RequestBuilder,
) -> (u16, String, String) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = more(client.request(method, keeper.url(path))).send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
            value.to_str().unwrap().to_owned()
        };
        let (mode, venue) = (header("x-keeper-mode"), header("x-keeper-order-venue"));
        (answer.status().as_u16(), format!("{mode} {venue}"), answer.text().await.unwrap())
    })
}

#[test]
fn what_the_keeper_refuses_itself_names_the_mode_and_no_venue() {
    let (home, keeper, key) = live();
    let orders = ORDERS;
    let with = |request: RequestBuilder| request.header("authorization", format!("ANY-100:{key}"));
    let before = home.sim.calls().len();
    for (status, refused) in [
        (401, told(&keeper, orders, |request| request.body("{}"))),
        (
            401,
            told(&keeper, ("GET", "/data/quotes"), |request| request.header("authorization", "X-100:wrong")),
        ),
        (403, told(&keeper, ("DELETE", "/api/v3/logout"), with)),
        (403, told(&keeper, ("POST", "/api/v3/validate-authcode"), |request| with(request).body("{}"))),
        (400, told(&keeper, ("GET", "/api/v3//orders"), with)),
        (400, told(&keeper, ("POST", "/api/v3/orders%2fsync"), |request| with(request).body("{}"))),
        (405, told(&keeper, ("BREW", "/api/v3/orders"), with)),
        (413, told(&keeper, orders, |request| with(request).body(vec![b'x'; 1024 * 1024 + 1]))),
        (415, told(&keeper, orders, |request| with(request).header("content-encoding", "gzip").body("{}"))),
    ] {
        assert_eq!(refused, (status, "live none".to_owned()));
    }
    // The keeper reads the books meanwhile; nothing of the bot's went out.
    let own = [endpoint::ORDERS, endpoint::POSITIONS, endpoint::PROFILE];
    let sent: Vec<_> = home.sim.calls().into_iter().skip(before).collect();
    assert!(sent.iter().all(|call| call.method == "GET" && own.contains(&call.path.as_str())), "{sent:?}");
    assert_eq!(told(&keeper, ("GET", "/api/v3/profile"), with), (200, "live fyers".to_owned()));

    // FYERS asks to wait: its own answer is its own, and what the keeper holds back after it goes nowhere.
    home.sim.inject(FaultRule::once(endpoint::FUNDS, Fault::RateLimited { retry_after: 600 }));
    assert_eq!(told(&keeper, ("GET", "/api/v3/funds"), with), (429, "live fyers".to_owned()));
    let calls =
        || home.sim.call_count(endpoint::FUNDS).total + home.sim.call_count(endpoint::ORDERS_SYNC).total;
    let before = calls();
    assert_eq!(told(&keeper, ("GET", "/api/v3/funds"), with), (429, "live none".to_owned()));
    assert_eq!(told(&keeper, orders, |request| with(request).body(ORDER)), (429, "live none".to_owned()));
    assert_eq!(calls(), before);
}

/// A way to the simulator that can be cut: then nobody listens there, and what was open is closed.
struct Way {
    port: u16,
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Way {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let way =
            Self { port: listener.local_addr().unwrap().port(), open: Arc::new(Mutex::new(Some(vec![]))) };
        let open = Arc::clone(&way.open);
        std::thread::spawn(move || {
            for here in listener.incoming() {
                let (here, there) = (here.unwrap(), TcpStream::connect(("127.0.0.1", port)).unwrap());
                // The listener ends with this thread.
                let mut open = open.lock().unwrap();
                let Some(streams) = open.as_mut() else { return };
                for (from, into) in [(&here, &there), (&there, &here)] {
                    let (mut from, mut into) = (from.try_clone().unwrap(), into.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _cut = std::io::copy(&mut from, &mut into);
                        let _cut = into.shutdown(Shutdown::Both);
                    });
                }
                streams.extend([here, there]);
            }
        });
        way
    }

    fn cut(&self) {
        let streams = self.open.lock().unwrap().take().unwrap_or_default();
        streams.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        // The thread is at its next connection, sees that it is over, and ends with the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        wait_for("nobody to listen", || TcpStream::connect(("127.0.0.1", self.port)).is_err().then_some(()));
    }
}

#[test]
fn nothing_was_done_is_503_of_no_venue_when_fyers_cannot_be_reached() {
    let home = home();
    let of_sim = url::Url::parse(&home.sim.api_url()).unwrap().port().unwrap();
    let way = Way::to(of_sim);
    let (api, data) = (home.sim.api_url(), home.sim.data_url());
    let through = |url: &str| url.replace(&of_sim.to_string(), &way.port.to_string());
    let home = home.set("FYERS_API_URL", through(&api)).set("FYERS_DATA_URL", through(&data));
    let (home, keeper, key) = go_live(home);
    let with = |request: RequestBuilder| request.header("authorization", format!("ANY-100:{key}"));
    assert_eq!(told(&keeper, ("GET", "/api/v3/funds"), with), (200, "live fyers".to_owned()));
    way.cut();
    // A connection that was open before may break only under the first request.
    wait_for("the keeper to notice", || {
        (told(&keeper, ("GET", "/api/v3/funds"), with) == (503, "live none".to_owned())).then_some(())
    });
    for request in [("GET", "/data/quotes?symbols=NSE:SBIN-EQ"), ("GET", "/api/v3/positions"), ORDERS] {
        let (status, told, words) = told_in_words(&keeper, request, |request| with(request).body(ORDER));
        assert_eq!((status, told.as_str()), (503, "live none"), "{request:?}: {words}");
        assert!(words.contains("FYERS cannot be reached") && words.contains("nothing was done"), "{words}");
    }
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 0);
}

#[test]
fn nothing_was_done_is_503_of_no_venue_when_the_disk_fails() {
    let (home, keeper, key) = live();
    let with =
        |request: RequestBuilder| request.header("authorization", format!("ANY-100:{key}")).body(ORDER);
    let held = Held::hold(&home);
    let (status, told, words) = told_in_words(&keeper, ORDERS, with);
    assert_eq!((status, told.as_str()), (503, "live none"), "{words}");
    assert!(words.contains("so it was not sent"), "{words}");
    held.let_go();
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 0);
}

#[test]
fn nothing_was_done_is_503_of_no_venue_while_the_keeper_stops() {
    let (home, keeper, key) = live();
    let with =
        |request: RequestBuilder| request.header("authorization", format!("ANY-100:{key}")).body(ORDER);
    // An order that is on its way keeps the keeper up.
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(scope, Fault::Latency { ms: 6_000 }));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| told(&keeper, ORDERS, with));
        wait_for("the order at FYERS", || {
            (home.sim.call_count(endpoint::ORDERS_SYNC).in_flight == 1).then_some(())
        });
        let process = rustix::process::Pid::from_raw(i32::try_from(keeper.pid()).unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let refused = wait_for("a refusal", || {
            let (status, told, words) = told_in_words(&keeper, ORDERS, with);
            (status != 200).then_some((status, told, words))
        });
        assert_eq!((refused.0, refused.1.as_str()), (503, "live none"), "{}", refused.2);
        assert!(refused.2.contains("the keeper is stopping: nothing was done"), "{}", refused.2);
        assert_eq!(waiting.join().unwrap(), (200, "live fyers".to_owned()), "it had FYERS' answer");
    });
}

/// The head of the answer to a handshake with this key.
fn handshake(keeper: &Keeper, door: &str, (key, upgrade): (&str, &str)) -> String {
    let address = keeper.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!("GET {door} HTTP/1.1\r\nhost: {address}\r\nauthorization: X:{key}\r\n{upgrade}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

#[test]
fn a_socket_says_where_it_leads_whether_it_opens_or_not() {
    let (_home, keeper, key) = live();
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let marks = |head: &str| {
        let has = |mark: &str| head.contains(mark);
        has("\r\nx-keeper-mode: live\r\n") && has("\r\nx-keeper-order-venue: none\r\n")
    };
    for door in ["/trade/v3", "/feed"] {
        for (shown, upgrade, status) in [(&*key, upgrade, 101), ("wrong", upgrade, 403), (&*key, "", 426)] {
            let head = handshake(&keeper, door, (shown, upgrade));
            assert!(head.starts_with(&format!("http/1.1 {status} ")) && marks(&head), "{door}: {head}");
        }
    }
    let limited = std::iter::repeat_with(|| handshake(&keeper, "/trade/v3", ("wrong", upgrade)))
        .take(2_000)
        .find(|head| head.starts_with("http/1.1 429 "))
        .unwrap();
    assert!(marks(&limited) && limited.contains("\r\nretry-after: 60\r\n"), "{limited}");
}

#[test]
fn a_body_that_did_not_come_whole_is_408_of_no_venue() {
    let (home, keeper, key) = live();
    let address = keeper.url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/v3/orders/sync HTTP/1.1\r\nhost: {address}\r\nauthorization: ANY-100:{key}\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.to_lowercase();
    assert!(answer.starts_with("http/1.1 408"), "{answer}");
    assert!(
        answer.contains("x-keeper-mode: live") && answer.contains("x-keeper-order-venue: none"),
        "{answer}"
    );
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 0);
}
