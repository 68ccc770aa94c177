//! Who sees what, and who may act.

use simulator::Options;

use crate::{
    browserless::{day, get, key, open, post, unlock},
    support::Home,
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
        for word in ["mock", "login", "session", "token", "0.1.0", "XX00001", "fyers_keeper_"] {
            assert!(!answer.body.to_lowercase().contains(word), "{path} tells {word}: {}", answer.body);
        }
    }
    let door = get(&keeper, "/", &[]).body;
    assert!(door.contains("action=\"/unlock\"") && door.matches("<form").count() == 1);
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Bearer "),
        ("cookie", "keeper_visit=99999999999.AAAAAAAAAAAAAAAAAAAAAA.AAAA"),
        ("cookie", "keeper_visit="),
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
fn the_key_opens_a_visit_that_a_new_key_ends() {
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
    assert!(keeper.stop().success());
    let keeper = home.start_ready();
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 200, "a visit outlives a restart");
    assert!(keeper.stop().success());
    std::fs::remove_file(home.path("state/gateway.key")).unwrap();
    let keeper = home.start_ready();
    assert_eq!(get(&keeper, "/", &[("cookie", &cookie)]).status, 401);
}

#[test]
fn the_cookie_is_for_https_where_the_address_is() {
    let home = open(Home::bare(Options::default())).set("KEEPER_PUBLIC_URL", "https://keeper.example");
    let keeper = home.start_ready();
    assert!(unlock(&keeper, &key(&home)).header("set-cookie").contains("Secure"));
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
        for host in ["127.0.0.1", "localhost:1", "[::1]:9"] {
            assert_eq!(get(&keeper, path, &[("host", host)]).status, 200, "{path} as {host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.7"] {
            assert_eq!(get(&keeper, path, &[("host", host)]).status, 401, "{path} as {host}");
            let with_key = get(&keeper, path, &[("host", host), ("authorization", &bearer)]);
            assert_eq!(with_key.status, 200, "the key is enough");
        }
        for proxied in ["x-forwarded-for", "forwarded", "via"] {
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
fn keys_cannot_be_tried_fast() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let answers: Vec<u16> = (0..40).map(|n| unlock(&keeper, &n.to_string()).status).collect();
    assert!(answers.contains(&429), "{answers:?}");
    assert!(answers[..5].iter().all(|status| *status == 401), "a person may mistype: {answers:?}");
}
