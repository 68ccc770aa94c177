//! Server-sent events: what is told, in which order, and that nothing is missed.

use std::collections::VecDeque;

use reqwest::Response;
use serde_json::Value;
use simulator::Options;
use tokio::time::timeout;

use crate::{
    browserless::{client, day, get, key, log_in, open, post, unlock, with},
    support::{DEADLINE, Home, Keeper},
};

/// One message.
#[derive(Debug, Clone)]
struct Told {
    id: i64,
    kind: String,
    data: Value,
}

/// Somebody who listens, on a runtime of its own.
struct Listener {
    runtime: tokio::runtime::Runtime,
    answer: Response,
    unread: String,
    told: VecDeque<Told>,
}

impl Listener {
    fn start(keeper: &Keeper, headers: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = with(client().get(keeper.url("/events")), headers);
        let answer = runtime.block_on(async { timeout(DEADLINE, request.send()).await.unwrap().unwrap() });
        Self { runtime, answer, unread: String::new(), told: VecDeque::new() }
    }

    fn status(&self) -> u16 {
        self.answer.status().as_u16()
    }

    /// The next message; `None` at a clean end.
    fn next(&mut self) -> Option<Told> {
        while self.told.is_empty() {
            let chunk = async { timeout(DEADLINE, self.answer.chunk()).await.unwrap().unwrap() };
            let chunk = self.runtime.block_on(chunk)?;
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((message, rest)) = self.unread.split_once("\n\n") {
                self.told.extend(read(message));
                self.unread = rest.to_owned();
            }
        }
        self.told.pop_front()
    }

    fn until(&mut self, wish: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut told = Vec::new();
        while told.last().is_none_or(|last| !wish(last)) {
            told.push(self.next().unwrap_or_else(|| panic!("it ended after {told:?}")));
        }
        told
    }
}

/// A message; `None` for a comment.
fn read(message: &str) -> Option<Told> {
    let field = |name: &str| {
        message.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
    };
    let data = serde_json::from_str(&field("data:")?).unwrap();
    Some(Told { id: field("id:")?.parse().unwrap(), kind: field("event:")?, data })
}

fn mode(name: &'static str) -> impl Fn(&Told) -> bool {
    move |told| told.kind == "mode" && told.data["mode"] == name
}

#[test]
fn who_comes_is_told_how_things_are_and_then_what_happens() {
    let home = day();
    let keeper = home.start_ready();
    let mut listener = Listener::start(&keeper, &[]);
    assert_eq!(listener.answer.headers()["content-type"], "text/event-stream");
    let first = (listener.next().unwrap(), listener.next().unwrap());
    assert_eq!((first.0.kind.as_str(), first.1.kind.as_str()), ("session", "mode"));
    assert_eq!(first.1.data["mode"], "mock");
    log_in(&home, &keeper);
    let told = listener.until(mode("live"));
    let valid = told.iter().find(|told| told.kind == "session" && told.data["state"] == "valid").unwrap();
    assert_eq!(valid.data["reason"], "logged_in");
    assert_eq!(valid.data["fingerprint"], keeper.status()["session"]["fingerprint"]);
    assert_eq!(told.last().unwrap().data["reason"], "logged_in");
    assert!(told.windows(2).all(|pair| pair[0].id < pair[1].id), "{told:?}");
}

#[test]
fn who_comes_back_has_missed_nothing_not_even_over_a_crash() {
    let home = day();
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    let mut listener = Listener::start(&keeper, &[]);
    let seen = listener.next().unwrap().id;
    drop(listener);
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let mut back = Listener::start(&keeper, &[("last-event-id", &seen.to_string())]);
    let told = back.until(mode("live"));
    let ids: Vec<i64> = told.iter().map(|told| told.id).collect();
    assert_eq!(ids, (seen + 1..=*ids.last().unwrap()).collect::<Vec<_>>(), "every entry once, in order");
    assert!(told.iter().any(|told| told.data["name"] == "login.completed"), "{told:?}");

    for nonsense in ["999999999", "-5", "x", ""] {
        let mut listener = Listener::start(&keeper, &[("last-event-id", nonsense)]);
        assert_eq!(listener.next().unwrap().kind, "session", "{nonsense:?}: told how things are");
    }
}

#[test]
fn who_listens_does_not_hold_up_a_stop() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let mut listeners: Vec<Listener> = (0..8).map(|_| Listener::start(&keeper, &[])).collect();
    assert!(keeper.stop().success());
    for listener in &mut listeners {
        let mut told = Vec::new();
        while let Some(next) = listener.next() {
            told.push(next);
        }
        assert_eq!(told.last().unwrap().data["name"], "keeper.stopping", "{told:?}");
    }
}

#[test]
fn a_stream_ends_with_the_session_that_opened_it() {
    let home = day();
    let keeper = home.start_ready();
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let token = get(&keeper, "/", &own).token();
    let mut stolen = Listener::start(&keeper, &own);
    let mut owner = Listener::start(&keeper, &[("authorization", &format!("Bearer {}", key(&home)))]);
    owner.until(mode("mock"));
    stolen.until(mode("mock"));
    assert_eq!(post(&keeper, "/lock", &own, &[("token", &token)]).status, 303);
    log_in(&home, &keeper);
    owner.until(mode("live"));
    assert!(stolen.next().is_none(), "nothing is told after the lock");
}

#[test]
fn one_client_cannot_take_all_seats() {
    let home = Home::bare(Options::default()).set("KEEPER_TRUSTED_PROXIES", "127.0.0.1");
    let keeper = home.start_ready();
    let bearer = format!("Bearer {}", key(&home));
    let listen = |client: &str| {
        let mut listener =
            Listener::start(&keeper, &[("x-forwarded-for", client), ("authorization", &bearer)]);
        assert_eq!(listener.status(), 200, "a newcomer always gets a seat");
        assert!(listener.next().is_some());
        listener
    };
    let mut owner = listen("203.0.113.1");
    let mut hogs: Vec<Listener> = (0..40).map(|_| listen("203.0.113.2")).collect();
    // The oldest one is told the mode as well, and then its stream ends: its seat was taken.
    let oldest = &mut hogs[0];
    while oldest.next().is_some() {}
    let open = crate::browserless::post(&keeper, "/api/refresh", &[("authorization", &bearer)], &[]);
    assert!(open.status < 500, "{open:?}");
    assert!(owner.next().is_some(), "the owner goes on");
}

#[test]
fn the_key_is_wanted_where_others_can_listen() {
    let home = open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    assert_eq!(Listener::start(&keeper, &[]).status(), 401);
    let bearer = format!("Bearer {}", key(&home));
    assert_eq!(Listener::start(&keeper, &[("authorization", &bearer)]).status(), 200);
}
