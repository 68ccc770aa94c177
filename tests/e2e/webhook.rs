//! The second channel for alerts, seen from its receiver: a small HTTP server on this machine.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use simulator::{RefreshMode, Service};

use crate::support::{Home, Keeper, get_with_key, post, wait_for};

/// What a receiver noted of one request, and how it answered.
#[derive(Clone, Debug)]
struct Heard {
    head: String,
    body: Value,
    status: u16,
}

/// Answers each request as it is told: the planned statuses first, then 200.
struct Receiver {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    plan: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    fn start(plan: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook/CANARY-7777-8888", listener.local_addr().unwrap());
        let (heard, plan) = (Arc::default(), Arc::new(Mutex::new(plan.to_vec())));
        let receiver = Self { url, heard: Arc::clone(&heard), plan: Arc::clone(&plan) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, plan) = (Arc::clone(&heard), Arc::clone(&plan));
                std::thread::spawn(move || while hear(&stream, &heard, &plan).is_some() {});
            }
        });
        receiver
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What counts as delivered, each alert once, in the order of the first delivery.
    fn delivered(&self) -> Vec<Value> {
        let mut bodies: Vec<Value> = Vec::new();
        for heard in self.heard().into_iter().filter(|heard| heard.status == 200) {
            if bodies.iter().all(|body| body["id"] != heard.body["id"]) {
                bodies.push(heard.body);
            }
        }
        bodies
    }

    fn wait_title(&self, words: &str) -> Value {
        let has = |body: &Value| body["title"].as_str().unwrap().contains(words);
        wait_for(&format!("{words:?} at the receiver"), || self.delivered().into_iter().find(has))
    }
}

/// One request, if there is one.
fn hear(mut stream: &TcpStream, heard: &Mutex<Vec<Heard>>, plan: &Mutex<Vec<u16>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let status = if head.starts_with("HEAD") { 405 } else { plan.lock().unwrap().pop().unwrap_or(200) };
    if head.starts_with("POST") {
        let body = serde_json::from_slice(&body).unwrap();
        heard.lock().unwrap().push(Heard { head, body, status });
    }
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok()
}

fn home(receiver: &Receiver) -> Home {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    home.set("KEEPER_WEBHOOK_URL", &receiver.url).set("KEEPER_WEBHOOK_SECRET", "CANARY-of-the-webhook")
}

/// Three alerts in a row, one of each severity.
fn test_alerts(home: &Home, keeper: &Keeper) {
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let answer = post(&keeper.url("/api/alerts/test"), Some(key.trim())).unwrap();
    assert_eq!(answer.0, 200, "{answer:?}");
}

fn severities(bodies: &[Value]) -> Vec<&str> {
    let tests = bodies.iter().filter(|body| body["event"] == "alert.test");
    tests.map(|body| body["severity"].as_str().unwrap()).collect()
}

#[test]
fn the_urgent_alerts_arrive_first_and_all_are_sent_again_until_they_are_taken() {
    // Taken from the end: trouble twice, a pause that is asked for, then all is well.
    let receiver = Receiver::start(&[429, 503, 500]);
    let home = home(&receiver);
    let keeper = home.start_ready();
    let started = receiver.wait_title("has started");
    test_alerts(&home, &keeper);
    wait_for("all test alerts", || (severities(&receiver.delivered()).len() == 3).then_some(()));
    assert_eq!(severities(&receiver.delivered()), ["critical", "warning", "info"]);

    let first: Vec<_> = receiver.heard().into_iter().take(4).collect();
    assert_eq!(first.iter().map(|heard| heard.status).collect::<Vec<_>>(), [500, 503, 429, 200]);
    assert!(first.iter().all(|heard| heard.body["id"] == started["id"]), "the next one waits: {first:#?}");
    let head = first[3].head.to_lowercase();
    assert!(head.contains("webhook-signature: v1,") && head.contains("webhook-id: k-"), "{head}");
    for severity in ["critical", "warning", "info"] {
        let mut all = receiver.delivered();
        all.retain(|body| body["severity"] == severity);
        let ids: Vec<_> = all.iter().map(|body| body["event_id"].as_i64().unwrap()).collect();
        assert!(ids.is_sorted(), "{severity}: {ids:?}");
    }

    // Everybody heard the same, and the address is known to nobody.
    home.wait_alert("marked \"critical\"");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let metrics = get_with_key(&keeper.url("/metrics"), key.trim()).unwrap().1;
    let line = "alerts_total{channel=\"webhook\",outcome=\"failed\",severity=\"info\"} 3";
    assert!(metrics.contains(line), "{metrics}");
    let status = keeper.wait_status("an empty outbox", |status| status["webhook"]["waiting"] == 0);
    assert_eq!(status["webhook"]["delivered"], status["webhook"]["queued"]);
    let check = home.run(&["config", "check"]).exits(0);
    let doctor = home.run(&["doctor"]);
    assert!(doctor.out.contains("webhook"), "{doctor:?}");
    let printed = format!("{}{}{}{}{status}", keeper.log(), keeper.err(), check.text(), doctor.text());
    assert!(!printed.contains("CANARY"), "{printed}");
    assert!(keeper.stop().success());
}

#[test]
fn the_outage_of_one_channel_does_not_hold_up_the_other() {
    let receiver = Receiver::start(&[]);
    let home = home(&receiver);
    home.sim.set_outage(Service::Telegram, true);
    let keeper = home.start_ready();
    test_alerts(&home, &keeper);
    wait_for("all test alerts", || (severities(&receiver.delivered()).len() == 3).then_some(()));
    assert!(home.alerts().is_empty());
    let status = keeper.status();
    assert!(status["outbox"]["waiting"].as_u64().unwrap() >= 3, "{status:#}");

    // And the other way round: the receiver is gone, the phone goes on, and nothing is lost.
    keeper.kill9();
    home.sim.set_outage(Service::Telegram, false);
    let before = receiver.delivered().len();
    receiver.plan.lock().unwrap().extend([500; 2]);
    let keeper = home.start_ready();
    home.wait_alert("marked \"critical\"");
    wait_for("the news of the new start", || (receiver.delivered().len() > before).then_some(()));
    let last = receiver.delivered().pop().unwrap();
    assert!(last["text"].as_str().unwrap().contains("ended without notice"), "{last}");
    assert!(keeper.stop().success());
}

#[test]
fn what_waits_survives_a_kill_and_old_news_is_not_told_to_a_new_receiver() {
    let receiver = Receiver::start(&[]);
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let keeper = home.start_ready();
    test_alerts(&home, &keeper);
    home.wait_alert("marked \"critical\"");
    keeper.kill9();

    // The receiver is down while the alerts are made, and the keeper is killed over them.
    let home = home.set("KEEPER_WEBHOOK_URL", "http://127.0.0.1:9/CANARY-1111-2222");
    let keeper = home.start_ready();
    test_alerts(&home, &keeper);
    keeper.wait_status("alerts that wait", |status| status["webhook"]["waiting"].as_u64() >= Some(4));
    keeper.kill9();

    let home = home.set("KEEPER_WEBHOOK_URL", &receiver.url);
    let keeper = home.start_ready();
    wait_for("all test alerts", || (severities(&receiver.delivered()).len() == 3).then_some(()));
    assert_eq!(
        severities(&receiver.delivered()),
        ["critical", "warning", "info"],
        "only those since it was set"
    );
    assert!(keeper.stop().success());
}
