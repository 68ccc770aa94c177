//! Who sees what, and who may act.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use simulator::Options;

use crate::{
    browserless::{day, get, key, open, post, unlock},
    pressure::StopAtTheEnd,
    support::{Home, wait_for},
};

const CLOSED: [&str; 4] = ["/", "/api/status", "/metrics", "/events"];

#[test]
fn a_stranger_sees_the_key_form_and_nothing_else() {
    let home = open(day());
    let keeper = home.start_ready();
    for path in CLOSED {
        let answer = get(&keeper, path, &[]);
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        for word in ["mock", "login required", "session", "token", "0.1.0", "XX00001", "fyers_keeper_"] {
            assert!(!answer.body.to_lowercase().contains(word), "{path} tells {word}: {}", answer.body);
        }
    }
    let door = get(&keeper, "/", &[]).body;
    assert!(door.contains("action=\"/unlock\"") && door.matches("<form").count() == 1);
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Bearer "),
        ("cookie", "keeper_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("cookie", "keeper_session="),
        ("host", "localhost"),
    ] {
        for path in CLOSED {
            assert_eq!(get(&keeper, path, &[(name, value)]).status, 401, "{path} for {name}: {value}");
        }
    }
    let bearer = format!("Bearer {}", key(&home));
    for path in ["/", "/api/status", "/metrics"] {
        assert_eq!(get(&keeper, path, &[("authorization", &bearer)]).status, 200, "{path}");
    }
}

#[test]
fn the_key_opens_a_session_that_ends_with_the_lock_and_with_the_run() {
    let home = open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    assert_eq!(unlock(&keeper, "wrong").status, 401);
    assert_eq!(unlock(&keeper, "").status, 401);
    assert!(unlock(&keeper, "wrong").header("set-cookie").is_empty());
    let elsewhere = post(&keeper, "/unlock", &[("sec-fetch-site", "cross-site")], &[("key", &key(&home))]);
    assert!(elsewhere.header("set-cookie").is_empty(), "not from another page");

    let opened = unlock(&keeper, &key(&home));
    assert_eq!((opened.status, opened.header("location")), (303, "/"));
    let cookie = opened.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "no {part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "there is no https here");
    assert!(!cookie.contains(&key(&home)));
    let cookie = opened.cookie();
    for path in ["/", "/api/status", "/metrics"] {
        assert_eq!(get(&keeper, path, &[("cookie", &cookie)]).status, 200, "{path}");
    }
    let other = unlock(&keeper, &key(&home)).cookie();
    let token = get(&keeper, "/", &[("cookie", &cookie)]).token();
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(post(&keeper, "/lock", &own, &[("token", &token)]).status, 303);
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 401, "a stolen cookie ends with the lock");
    assert_eq!(get(&keeper, "/", &[("cookie", &other)]).status, 200, "other sessions go on");
    assert!(keeper.stop().success());
    let keeper = home.start_ready();
    assert_eq!(get(&keeper, "/", &[("cookie", &other)]).status, 401, "sessions end with the run");
}

#[test]
fn another_key_in_the_file_ends_the_old_one_and_what_it_has_opened() {
    let home = open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    let old = key(&home);
    let cookie = unlock(&keeper, &old).cookie();
    let file = home.path("state/gateway.key");
    let status =
        |key: &str| get(&keeper, "/api/status", &[("authorization", &format!("Bearer {key}"))]).status;
    std::fs::write(&file, "8765").unwrap();
    wait_for("the refusal", || keeper.log().contains("the key from before stays good").then_some(()));
    assert_eq!((status(&old), status("8765")), (200, 401), "a weak key is not taken, and the old one stays");

    let new = "CANARY-another-key-0123456789";
    std::fs::write(&file, format!("{new}\n")).unwrap();
    keeper.wait_logged("keeper.key_replaced");
    assert_eq!((status(new), status(&old)), (200, 401));
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 401, "sessions of the old key have ended");
    let bot = |key: &str| get(&keeper, "/api/v3/profile", &[("authorization", &format!("X:{key}"))]).status;
    assert_eq!((bot(&old), bot(new)), (401, 200));
    let other = unlock(&keeper, new).cookie();
    assert_eq!(get(&keeper, "/", &[("cookie", &other)]).status, 200);
    assert!(!keeper.log().contains("CANARY") && !keeper.log().contains(&old));
}

#[test]
fn a_flood_of_wrong_keys_does_not_slow_a_right_one_from_the_same_address() {
    let home = open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    let bot = format!("X:{}", key(&home));
    let (stop, refused) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
                    let head = "GET /api/v3/profile HTTP/1.1\r\nhost: k\r\nauthorization: X:wrong\r\n\r\n";
                    let mut answer = [0; 12];
                    if stream.write_all(head.as_bytes()).is_ok() && stream.read_exact(&mut answer).is_ok() {
                        refused.fetch_add(u32::from(&answer == b"HTTP/1.1 429"), Ordering::Relaxed);
                    }
                }
            });
        }
        let stops = StopAtTheEnd(&stop);
        wait_for("the flood to be limited", || (refused.load(Ordering::Relaxed) > 50).then_some(()));
        for n in 0..100 {
            let answer = get(&keeper, "/api/v3/profile", &[("authorization", &bot)]);
            assert_eq!(answer.status, 200, "request {n}: {answer:?}");
        }
        assert_eq!(unlock(&keeper, &key(&home)).status, 303);
        drop(stops);
    });
}

/// A browser sends a cookie to every port of its host.
#[test]
fn two_keepers_on_one_machine_have_cookies_of_their_own() {
    let homes = [open(Home::bare(Options::default())), open(Home::bare(Options::default()))];
    let keepers = homes.each_ref().map(Home::start_ready);
    let cookies = [0, 1].map(|nth| unlock(&keepers[nth], &key(&homes[nth])).cookie());
    let (names, values): (Vec<_>, Vec<_>) =
        cookies.iter().map(|cookie| cookie.split_once('=').unwrap()).unzip();
    assert_ne!(names[0], names[1]);
    let both = cookies.join("; ");
    for keeper in &keepers {
        assert_eq!(get(keeper, "/", &[("cookie", &both)]).status, 200);
    }
    let others = format!("{}={}", names[1], values[0]);
    assert_eq!(
        get(&keepers[1], "/", &[("cookie", &others)]).status,
        401,
        "a session belongs to one listener"
    );
}

/// Shows a cookie as a program of this user; `None` where only root could become that user.
fn as_user(user: u32, port: u16, cookie: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let request = format!("GET / HTTP/1.1\r\nhost: k\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf %s \"$REQUEST\" >&3; cat <&3");
    let mut bash = Command::new("bash");
    let told = bash.args(["-c", &script]).env("REQUEST", request).uid(user).gid(user).output().unwrap();
    Some(String::from_utf8_lossy(&told.stdout).into_owned())
}

#[test]
fn another_user_of_the_machine_gets_nothing_for_a_cookie() {
    let home = open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    let cookie = unlock(&keeper, &key(&home)).cookie();
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 200);
    let own = rustix::process::geteuid().as_raw();
    let (Some(same), Some(other)) = (as_user(own, home.port, &cookie), as_user(65_534, home.port, &cookie))
    else {
        println!("SKIPPED: only root can be two users");
        return;
    };
    assert!(same.starts_with("HTTP/1.1 200"), "{same}");
    assert!(other.starts_with("HTTP/1.1 401"), "{other}");
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 200, "the browser's session goes on");
}

#[test]
fn the_cookie_is_for_https_where_the_address_is() {
    let home = open(Home::bare(Options::default())).set("KEEPER_PUBLIC_URL", "https://keeper.example");
    let keeper = home.start_ready();
    let cookie = unlock(&keeper, &key(&home)).header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-keeper_session=") && cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("Path=/") && !cookie.contains("Domain"), "or a browser refuses it: {cookie}");
    let form = [("key", &*key(&home))];
    // A proxy that writes a Host of its own: the public address counts too.
    let from = |origin| post(&keeper, "/unlock", &[("origin", origin)], &form).status;
    assert_eq!(from("https://keeper.example"), 303);
    assert_eq!(from("https://keeper.example.evil.example"), 401);
    assert_eq!(from("null"), 401);
}

#[test]
fn a_name_bent_to_this_machine_opens_nothing() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let bearer = format!("Bearer {}", key(&home));
    for path in ["/", "/api/status", "/metrics"] {
        let port = home.port;
        for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")] {
            assert_eq!(get(&keeper, path, &[("host", &host)]).status, 200, "{path} as {host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.7", "localhost", "localhost:1"] {
            assert_eq!(get(&keeper, path, &[("host", host)]).status, 401, "{path} as {host}");
            let with_key = get(&keeper, path, &[("host", host), ("authorization", &bearer)]);
            assert_eq!(with_key.status, 200, "the key is enough");
        }
        for proxied in ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"] {
            assert_eq!(get(&keeper, path, &[(proxied, "203.0.113.7")]).status, 401, "{path} by {proxied}");
        }
    }
    assert_eq!(get(&keeper, "/events", &[("host", "evil.example")]).status, 401);
    for open in ["/livez", "/readyz"] {
        assert_eq!(get(&keeper, open, &[("host", "evil.example")]).status, 200, "a platform's check");
    }
}

#[test]
fn no_other_page_can_press_a_button() {
    let home = day();
    let keeper = home.start_ready();
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let token = get(&keeper, "/", &[("cookie", &cookie)]).token();
    let other = unlock(&keeper, &key(&home)).cookie();
    let own = ("sec-fetch-site", "same-origin");
    let press = |headers: &[(&str, &str)], token: &str| {
        post(&keeper, "/act/halt", headers, &[("token", token)]).status
    };
    assert_eq!(press(&[own], &token), 403, "no cookie");
    assert_eq!(press(&[own, ("cookie", &cookie)], ""), 403, "no token");
    assert_eq!(press(&[own, ("cookie", &cookie)], "AAAA"), 403, "a made-up token");
    assert_eq!(press(&[own, ("cookie", &other)], &token), 403, "another visit's token");
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(press(&[("sec-fetch-site", site), ("cookie", &cookie)], &token), 403, "{site}");
    }
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(press(&[("origin", origin), ("cookie", &cookie)], &token), 403, "{origin}");
    }
    assert_eq!(press(&[("cookie", &cookie)], &token), 403, "a browser tells one or the other");
    assert_eq!(post(&keeper, "/act/halt", &[own, ("cookie", &cookie)], &[]).status, 400);
    assert_eq!(get(&keeper, "/act/halt", &[("cookie", &cookie)]).status, 405);
    assert_eq!(keeper.status()["halted"], false);

    let origin = keeper.url("");
    assert_eq!(press(&[("origin", &origin), ("cookie", &cookie)], &token), 303);
    assert_eq!(keeper.status()["halted"], true);
}

#[test]
fn wrong_keys_are_limited_counted_and_told_and_the_right_one_is_not_kept_out() {
    let home = day().with_telegram();
    let keeper = home.start_ready();
    let cross_site = |n: u32| {
        post(&keeper, "/unlock", &[("sec-fetch-site", "cross-site")], &[("key", &n.to_string())]).status
    };
    assert!((0..150).all(|n| cross_site(n) == 401), "another site's page spends nothing");
    let answers: Vec<u16> = (0..150).map(|n| unlock(&keeper, &n.to_string()).status).collect();
    assert!(answers[..5].iter().all(|status| *status == 401), "a person may mistype: {answers:?}");
    assert!(answers.contains(&429), "{answers:?}");
    let authorization = ("authorization", "X:wrong");
    assert_eq!(get(&keeper, "/api/v3/profile", &[authorization]).status, 429);
    assert_eq!(get(&keeper, "/api/status", &[("authorization", "Bearer wrong")]).status, 200, "this machine");
    let forwarded = [("x-forwarded-for", "203.0.113.9"), ("authorization", "Bearer wrong")];
    assert_eq!(get(&keeper, "/api/status", &forwarded).status, 429);

    assert_eq!(unlock(&keeper, &key(&home)).status, 303, "the owner gets in at any time");
    let bot = format!("X:{}", key(&home));
    assert_eq!(get(&keeper, "/api/v3/profile", &[("authorization", &bot)]).status, 200);
    let metrics = get(&keeper, "/metrics", &[]).body;
    let counted = |entrance: &str| {
        let name = format!("fyers_keeper_wrong_keys_total{{entrance=\"{entrance}\"}} ");
        metrics.lines().find_map(|row| row.strip_prefix(&name)?.parse::<u32>().ok())
    };
    assert_eq!((counted("page"), counted("gateway"), counted("api")), (Some(150), Some(1), Some(2)));
    home.wait_alert("20 requests with a wrong gateway key, the latest from 127.0.0.1");
    assert_eq!(home.alerts().iter().filter(|alert| alert.contains("wrong gateway key")).count(), 1);
}

#[test]
fn with_a_public_address_the_key_is_always_needed() {
    let home = Home::bare(Options::default()).set("KEEPER_PUBLIC_URL", "https://keeper.example");
    let keeper = home.start_ready();
    let host = format!("localhost:{}", home.port);
    for path in CLOSED {
        assert_eq!(get(&keeper, path, &[("host", &host)]).status, 401, "{path}");
    }
    home.run(&["status"]).exits(0);
}

#[test]
fn a_trusted_proxy_tells_clients_apart() {
    let home = Home::bare(Options::default()).set("KEEPER_TRUSTED_PROXIES", "127.0.0.1");
    let keeper = home.start_ready();
    let wrong = |client: &str| {
        get(&keeper, "/api/v3/profile", &[("authorization", "X:wrong"), ("x-forwarded-for", client)]).status
    };
    let spent = (0..150).fold(None, |_, _| Some(wrong("203.0.113.7")));
    assert_eq!(spent, Some(429));
    assert_eq!(wrong("203.0.113.8"), 401, "another client");
    assert_eq!(wrong("203.0.113.8, 203.0.113.7"), 429, "what a client writes in front counts for nothing");
    let bad = Home::bare(Options::default()).set("KEEPER_TRUSTED_PROXIES", "proxy.example");
    assert!(bad.run(&["config", "check"]).exits(78).err.contains("KEEPER_TRUSTED_PROXIES"));
}

#[test]
fn a_key_in_the_file_that_can_be_guessed_is_refused_at_the_start_too() {
    for key in ["123456789012345678901234567890", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let home = Home::bare(Options::default());
        drop(home.start_ready());
        std::fs::write(home.path("state/gateway.key"), key).unwrap();
        let ran = home.run(&["run"]).exits(78);
        assert!(ran.err.contains("gateway.key") && ran.err.contains("can be guessed"), "{ran:?}");
        assert!(!ran.text().contains(key), "{ran:?}");
    }
}

#[test]
fn a_key_that_can_be_guessed_is_refused_at_the_start() {
    for key in ["8765", "password", "123456789012345678901234567890"] {
        let ran = Home::bare(Options::default()).set("KEEPER_GATEWAY_KEY", key).run(&["run"]).exits(78);
        assert!(ran.err.contains("KEEPER_GATEWAY_KEY") && ran.err.contains("can be guessed"), "{ran:?}");
        assert!(!ran.text().contains(key), "{ran:?}");
    }
}

#[test]
fn errors_are_pages_for_people_and_text_for_programs() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let page = |path: &str| get(&keeper, path, &[("accept", "text/html,application/xhtml+xml")]);
    for (path, status, words) in [("/nowhere", 404, "Nothing here"), ("/unlock", 405, "Not a page")] {
        let page = page(path);
        assert_eq!(page.status, status, "{path}");
        assert!(page.body.contains(words) && page.body.contains("href=\"/\""), "{}", page.body);
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        let plain = get(&keeper, path, &[]);
        assert!(!plain.body.contains("<html"), "{}", plain.body);
    }
    assert_eq!(page("/unlock").header("allow"), "POST");
}
