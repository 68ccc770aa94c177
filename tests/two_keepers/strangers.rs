//! Whoever reaches a standby and is no bot: the same bounds as at the holder, and none of it keeps anybody from anything.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::{
    bots::{order_of, started, two},
    hosts::{KEY, World},
    support::{DEADLINE, block_on, get, wait_for},
};

/// More than a listener takes at once, and those that wait for a place.
const MANY: usize = 400;
const MOST: usize = 256 + 64;
/// Far longer than a body may take, or anything else here.
const PATIENCE: Duration = DEADLINE;

fn begun(world: &World, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.hosts[1].address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // One for which there is no place may be closed by now.
    let _closed = stream.write_all(text.as_bytes());
    stream
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let Some(world) = two() else { return };
    let rest = "Host: standby\r\nAuthorization: bot:a-wrong-key-0123456789\r\nContent-Length: 1000\r\n\r\n{";
    let paths = ["/api/v3/orders/sync", "/data/quotes", "/unlock", "/livez"];
    let asked = paths.map(|path| begun(&world, &format!("POST {path} HTTP/1.1\r\n{rest}")));
    let since = Instant::now();
    for (path, mut stream) in paths.into_iter().zip(asked) {
        let mut answer = String::new();
        let _cut_off = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer:?} after {:?}", since.elapsed());
        let is_of_bots = path.starts_with("/api") || path.starts_with("/data");
        assert_eq!(answer.contains("x-keeper-order-venue: none"), is_of_bots, "{path}: {answer}");
    }
    assert!(since.elapsed() < PATIENCE);
}

#[test]
fn connections_without_an_end_keep_nobody_out() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let held: Vec<_> =
        (0..MANY).map(|_| begun(&world, "POST /api/v3/orders/sync HTTP/1.1\r\nHost: s")).collect();
    wait_for("there are no more than there may be", || {
        (held.iter().filter(|stream| is_open(stream)).count() <= MOST).then_some(())
    });
    assert_eq!(get(&world.url(1, "/livez")).map(|(status, _)| status), Some(200));
    assert_eq!(world.order(1, "of a bot").unwrap(), "fyers");
    world.term(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "of the new holder").unwrap(), "fyers");
    world.judge();
}

/// Status, venue, kind and text of an answer.
fn answer(request: &reqwest::RequestBuilder) -> (u16, String, String, String) {
    // Who still writes when the connection is closed may not hear why; nothing was done, and it is asked again.
    wait_for("an answer", || block_on(heard(request.try_clone().unwrap())))
}

async fn heard(request: reqwest::RequestBuilder) -> Option<(u16, String, String, String)> {
    let answer = request.send().await.ok()?;
    let header =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (status, venue, kind) =
        (answer.status().as_u16(), header("x-keeper-order-venue"), header("content-type"));
    Some((status, venue, kind, answer.text().await.ok()?))
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.timeout(PATIENCE).build().unwrap()
}

#[test]
fn a_body_that_is_too_long_is_refused_in_words_and_texts_are_what_they_are() {
    let Some(world) = two() else { return };
    let post = |path: &str, key: Option<&str>, length: usize| {
        let request = client().post(world.url(1, path)).body(vec![b'x'; length]);
        answer(&match key {
            Some(key) => request.header("Authorization", format!("bot:{key}")),
            None => request,
        })
    };
    for (key, length) in [(Some(KEY), 1024 * 1024 + 1), (None, 16 * 1024 + 1)] {
        let (status, venue, _, said) = post("/api/v3/orders/sync", key, length);
        assert_eq!((status, venue.as_str()), (413, "none"), "{said}");
        assert!(said.contains("the body is too long; nothing was done"), "{said}");
    }
    let (status, ..) = post("/api/v3/orders/sync", Some(KEY), 20 * 1024);
    assert_ne!(status, 413, "of somebody who shows a key");
    for path in ["/nothing/here", "/api/nothing", "/metrics/x", "/"] {
        let [direct, through] = [0, 1].map(|host| answer(&client().get(world.url(host, path))));
        assert_eq!((direct.0, direct.2), (through.0, through.2), "{path}");
    }
}

/// A standby is no one client: the holder is told by it who asks, and believes nobody else.
#[test]
fn who_guesses_keys_through_a_standby_is_one_client_and_cannot_say_that_he_is_another() {
    let Some(world) = World::new() else { return };
    // The test's addresses are this machine's: those of strangers are told as a proxy tells them.
    let world = started(world.with_own(1, "KEEPER_TRUSTED_PROXIES", "0.0.0.0/0"));
    let forged = |n: u32| format!("203.0.113.{} {}", n % 250, "0".repeat(64));
    let guess = |host: usize, address: &str, told: String| {
        let request =
            client().get(world.url(host, "/api/status")).bearer_auth("a-wrong-key-0123456789abcdef");
        let request = request.header("X-Forwarded-For", address).header("X-Keeper-Client", told);
        answer(&request).0
    };
    let until_limited = |host: usize, address: &str| {
        let guessed = (0..2_000).find(|n| guess(host, address, forged(*n)) == 429);
        println!("tried: {} wrong keys at host {host}", guessed.expect("a limit"));
    };
    // One more is allowed each second.
    let is_limited = |host: usize, address: &str| (0..5).any(|n| guess(host, address, forged(n)) == 429);
    until_limited(1, "203.0.113.7");
    assert!(!is_limited(1, "203.0.113.8"), "another client of the standby is not limited");
    assert!(is_limited(1, "203.0.113.7"), "what a client writes of itself is not passed on");
    assert_eq!(world.says(1, &["status", "--json"])["mode"], "live", "the right key is never slowed");
    until_limited(0, "203.0.113.9");
    assert!(is_limited(0, "203.0.113.10"), "a forged word changes nothing at the holder");
}

/// The key is entered at the address of the standby; a page of another site enters nothing.
#[test]
fn the_page_can_be_opened_at_a_standby() {
    let Some(world) = two() else { return };
    let unlock = |origin: &str, site: &str| {
        let request = client().post(world.url(1, "/unlock")).header("Origin", origin);
        let request = request.header("Sec-Fetch-Site", site).header("Accept", "text/html");
        let (status, .., said) = answer(&request.form(&[("key", KEY)]));
        (status, said)
    };
    let (status, said) = unlock(&world.url(1, ""), "same-origin");
    assert_eq!(status, 303, "{said}");
    for (origin, site) in [("http://evil.example", "cross-site"), ("http://evil.example", "same-origin")] {
        let (status, said) = unlock(origin, site);
        assert_eq!(status, 401, "{origin}: {said}");
        assert!(said.contains("must be entered on this page"), "{said}");
    }
}

/// What is resolved on the way is another path for the holder than the one that was asked for.
#[test]
fn a_path_that_can_be_read_in_two_ways_goes_no_further_than_the_standby() {
    let Some(world) = two() else { return };
    let order = order_of("odd").to_string();
    let said = |path: &str| {
        let rest = format!(
            "Host: standby\r\nAuthorization: bot:{KEY}\r\nContent-Type: application/json\r\nConnection: close"
        );
        let length = order.len();
        let request = format!("POST {path} HTTP/1.1\r\n{rest}\r\nContent-Length: {length}\r\n\r\n{order}");
        let (mut stream, mut answer) = (begun(&world, &request), String::new());
        let _cut_off = stream.read_to_string(&mut answer);
        answer
    };
    let odd = [
        "/api/v3/./orders/sync",
        "/api/v3/%2e/orders/sync",
        "/api/v3/x/%2E%2e/orders/sync",
        "/livez/../api/v3/orders/sync",
        "/../api/v3/orders/sync",
        "/api/v3/profile/../orders/sync",
        "/api/v3\\orders\\sync",
    ];
    for path in odd {
        let answer = said(path);
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
    assert_eq!(world.home.sim.state().orders.len(), 0);
    let plain = said("/api/v3/orders/sync");
    assert!(plain.contains("x-keeper-order-venue: fyers"), "{plain}");
}

/// What this user of the machine is told at a host's page with this cookie; `None` where nobody can be another user.
fn page_of(world: &World, user: u32, cookie: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let port = world.hosts[1].address.port();
    let request = format!("GET / HTTP/1.1\r\nhost: k\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf %s \"$REQUEST\" >&3; cat <&3");
    let mut bash = std::process::Command::new("bash");
    let told = bash.args(["-c", &script]).env("REQUEST", request).uid(user).gid(user).output().unwrap();
    Some(String::from_utf8_lossy(&told.stdout).into_owned())
}

/// A page session that is begun at this host; its cookie.
fn session_at(world: &World, host: usize) -> String {
    let origin = world.url(host, "");
    let request = client().post(world.url(host, "/unlock")).header("Origin", origin.trim_end_matches('/'));
    let request = request.header("Sec-Fetch-Site", "same-origin").form(&[("key", KEY)]);
    let unlocked = block_on(async { request.send().await.unwrap() });
    unlocked.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The holder sees the standby's connection: whose the one before it is, the standby tells.
#[test]
fn another_user_of_the_standbys_machine_gets_nothing_for_a_cookie() {
    let Some(world) = World::on_relays() else { return };
    let world = started(world);
    let cookie = session_at(&world, 1);
    let own = rustix::process::geteuid().as_raw();
    let (Some(same), Some(other)) = (page_of(&world, own, &cookie), page_of(&world, 65_534, &cookie)) else {
        return println!("SKIPPED: only root can be two users");
    };
    assert!(same.starts_with("HTTP/1.1 200"), "{same}");
    assert!(other.starts_with("HTTP/1.1 401"), "{other}");
    assert!(
        page_of(&world, own, &cookie).unwrap().starts_with("HTTP/1.1 200"),
        "the browser's session goes on"
    );
}

/// The first moments of a standby, held for as long as the test wants: it has not read what it would sign with, and cannot tell the
/// holder whose a connection is. The holder sees the standby's own, which is of this user.
#[test]
fn a_standby_that_cannot_name_the_user_yet_passes_no_cookie_on() {
    let Some(mut world) = World::on_relays() else { return };
    world.start(0);
    world.wait_acts(0);
    world.sql("UPDATE facts SET name = 'hidden' WHERE name = 'signing_secret'");
    world.start(1);
    world.wait_stands_by(1);
    let cookie = session_at(&world, 0);
    let asked = |request: reqwest::RequestBuilder| {
        let told = block_on(async { request.header("Cookie", &cookie).send().await.unwrap() });
        let again = told.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (told.status().as_u16(), again)
    };
    let later = (503, Some("2".to_owned()));
    assert_eq!(asked(client().get(world.url(1, "/"))), later, "a page");
    assert_eq!(asked(client().get(world.url(1, "/events"))), later, "an event stream");
    assert_eq!(asked(client().post(world.url(1, "/unlock")).form(&[("key", KEY)])), later, "a new session");
    assert_eq!(asked(client().get(world.url(1, "/fyers/login"))).0, 302, "a login needs no session");
    assert_eq!(world.order(1, "of a bot").unwrap(), "fyers", "nor does a bot");
    let own = rustix::process::geteuid().as_raw();
    for user in [own, 65_534] {
        let told = page_of(&world, user, &cookie);
        assert!(told.is_none_or(|told| told.starts_with("HTTP/1.1 503")), "user {user}");
    }
    world.sql("UPDATE facts SET name = 'signing_secret' WHERE name = 'hidden'");
    wait_for("the page", || (asked(client().get(world.url(1, "/"))).0 == 200).then_some(()));
    let other = page_of(&world, 65_534, &cookie);
    assert!(other.is_none_or(|told| told.starts_with("HTTP/1.1 401")), "named by now");
}

/// A socket of somebody who comes to the standby from this address, and has not shown a key yet.
fn unproven_socket(world: &World, address: &str) -> TcpStream {
    let socket = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    let head = format!("GET /feed HTTP/1.1\r\nHost: s\r\nX-Forwarded-For: {address}\r\n{socket}\r\n\r\n");
    let (mut stream, mut answer) = (begun(world, &head), [0; 12]);
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

/// A connection to the holder itself, from an address of its own, on which a health check was answered.
fn checked_from(world: &World, nth: u32) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let own = Ipv4Addr::from_bits(0x7f01_0001 + nth);
    socket.bind(&SocketAddr::from((own, 0)).into()).unwrap();
    socket.connect(&world.hosts[0].address.into()).unwrap();
    let (mut stream, mut answer) = (TcpStream::from(socket), [0; 12]);
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: k\r\n\r\n").unwrap();
    stream.read_exact(&mut answer).unwrap();
    stream
}

fn is_open(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    loop {
        match stream.read(&mut [0; 512]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// The holder is full, and most of its connections are the standby's: whoever has most of them behind it makes room, and not who
/// came there first.
#[test]
fn one_client_of_a_standby_takes_no_place_of_another() {
    /// A socket without a key is given ten seconds.
    const IN_TIME: Duration = Duration::from_secs(7);
    let Some(world) = World::on_relays() else { return };
    let world = started(world.with_own(1, "KEEPER_TRUSTED_PROXIES", "127.0.0.0/8"));
    let (lost, kept) = wait_for("a machine that is fast enough", || {
        let began = Instant::now();
        let first = unproven_socket(&world, "203.0.113.8");
        let many: Vec<_> = (0..120).map(|_| unproven_socket(&world, "203.0.113.7")).collect();
        let _others: Vec<_> = (0..170).map(|nth| checked_from(&world, nth)).collect();
        let lost = || many.iter().filter(|stream| !is_open(stream)).count();
        let seen = std::iter::repeat_with(lost).find(|lost| *lost > 20 || began.elapsed() > IN_TIME)?;
        let kept = is_open(&first);
        (began.elapsed() < IN_TIME).then_some((seen, kept))
    });
    println!("tried: 120 sockets of one client of a standby beside one of another; {lost} made room");
    assert!(lost > 20 && kept, "{lost} of many, the other one's is open: {kept}");
}
