//! The gate on tokio's paused clock: minutes pass in no time.

use std::collections::VecDeque;

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use fyers_api::http::{Method, Surface};

use keeper_domain::ports::Time;
use tokio::time::{Instant, sleep};

use super::*;
use crate::fyers::limits::Kind;

/// Notes when calls arrive, and answers what it was told to, else 200.
struct Fake {
    began: Instant,
    seen: Mutex<Vec<(Duration, Kind)>>,
    answers: Mutex<VecDeque<ApiResponse>>,
}

#[async_trait]
impl BrokerProxy for Fake {
    async fn send(&self, _: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.seen.lock().unwrap().push((self.began.elapsed(), RequestCost::of(call, Caller::Bot).kind));
        let answer = self.answers.lock().unwrap().pop_front();
        Ok(answer.unwrap_or(ApiResponse { status: 200, ..ApiResponse::default() }))
    }
}

struct Noon;

#[async_trait]
impl Time for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-24T06:30:00Z".parse().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

fn fixture() -> (Arc<Fake>, LimitedProxy) {
    let (seen, answers) = (Mutex::default(), Mutex::default());
    let fake = Arc::new(Fake { began: Instant::now(), seen, answers });
    let proxy = LimitedProxy::new(Arc::clone(&fake) as Arc<dyn BrokerProxy>, Limiter::new(Arc::new(Noon)));
    (fake, proxy)
}

fn call(method: Method, path: &str) -> ApiRequest {
    let (query, body) = (String::new(), vec![]);
    ApiRequest { surface: Surface::Api, method, path: path.to_owned(), query, content_type: None, body }
}

async fn read(proxy: &LimitedProxy) -> ApiResponse {
    proxy.send(&AccessToken::new("t"), &call(Method::Get, "/profile")).await.unwrap()
}

async fn order(proxy: &LimitedProxy) -> ApiResponse {
    proxy.send(&AccessToken::new("t"), &call(Method::Post, "/orders/sync")).await.unwrap()
}

fn header(answer: &ApiResponse, name: &str) -> String {
    let found = answer.headers.iter().find(|(own, _)| own == name).unwrap();
    String::from_utf8(found.1.clone()).unwrap()
}

fn busy(retry_after: Option<&str>) -> ApiResponse {
    let headers = retry_after.map(|text| ("retry-after".to_owned(), text.as_bytes().to_vec()));
    ApiResponse { status: 429, headers: headers.into_iter().collect(), body: b"busy".to_vec() }
}

#[tokio::test(start_paused = true)]
async fn a_rush_is_spread_and_the_rest_is_told_when_to_come_back() {
    let (fake, proxy) = fixture();
    let answers = join_all((0..30).map(|_| read(&proxy))).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((good, fake.seen.lock().unwrap().len()), (16, 16), "two spans of eight within two seconds");

    let refused = answers.last().unwrap();
    assert_eq!((refused.status, header(refused, "x-keeper-limit").as_str()), (429, "second"));
    assert_eq!(header(refused, "retry-after"), "2");
    let millis: u64 = header(refused, "x-retry-after-ms").parse().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((&body["s"], &body["code"]), (&"error".into(), &(-429).into()));
    assert!(body["message"].as_str().unwrap().contains(&format!("{millis} ms")), "{body}");
    sleep(Duration::from_millis(millis)).await;
    assert_eq!(read(&proxy).await.status, 200, "the time told is the time it takes");
}

#[tokio::test(start_paused = true)]
async fn an_order_overtakes_waiting_reads() {
    let (fake, proxy) = fixture();
    let reads = join_all((0..16).map(|_| read(&proxy)));
    let orders = async {
        sleep(Duration::from_millis(1)).await;
        join_all((0..3).map(|_| order(&proxy))).await
    };
    let (_, orders) = tokio::join!(reads, orders);
    assert!(orders.iter().all(|answer| answer.status == 200));
    let seen = fake.seen.lock().unwrap();
    let last_order = seen.iter().rposition(|(_, kind)| *kind == Kind::Order).unwrap();
    assert_eq!(last_order, 10, "behind the eight reads that had left: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn fyers_429_reaches_its_bot_and_holds_the_others() {
    let (fake, proxy) = fixture();
    fake.answers.lock().unwrap().push_back(busy(Some("30")));
    assert_eq!(read(&proxy).await, busy(Some("30")), "byte for byte");

    let refused = order(&proxy).await;
    assert_eq!(
        (header(&refused, "x-keeper-limit").as_str(), header(&refused, "retry-after")),
        ("fyers", "30".to_owned())
    );
    sleep(Duration::from_secs(28)).await;
    assert_eq!(order(&proxy).await.status, 200, "waits for the last two seconds");
    let seen: Vec<_> = fake.seen.lock().unwrap().iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(seen, [0, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_hangs_up_takes_no_room() {
    let (fake, proxy) = fixture();
    join_all((0..8).map(|_| read(&proxy))).await;
    let gone =
        tokio::time::timeout(Duration::from_millis(50), join_all((0..40).map(|_| order(&proxy)))).await;
    assert!(gone.is_err());
    assert_eq!(fake.seen.lock().unwrap().len(), 9);
    sleep(Duration::from_millis(1_100)).await;
    let before = Instant::now();
    assert!(join_all((0..9).map(|_| order(&proxy))).await.iter().all(|answer| answer.status == 200));
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_pressing_stays_below_the_limit_and_orders_get_through() {
    let (fake, proxy) = fixture();
    for _ in 0..600 {
        let _either = tokio::join!(read(&proxy), read(&proxy), read(&proxy));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(order(&proxy).await.status, 200);
    let seen: Vec<Duration> = fake.seen.lock().unwrap().iter().map(|(at, _)| *at).collect();
    let most = |span: Duration| {
        let after = |from: &Duration| seen.iter().filter(|at| *at >= from && **at < *from + span).count();
        seen.iter().map(after).max().unwrap()
    };
    assert!(most(Duration::from_secs(1)) <= 10 && most(Duration::from_secs(60)) <= 200);
    assert!(seen.len() > 150, "and yet it is used: {}", seen.len());
}

/// A halt comes while orders wait for their turn: none of them leaves after it.
#[tokio::test(start_paused = true)]
async fn an_order_that_is_not_wanted_any_more_at_its_turn_does_not_leave() {
    let (fake, proxy) = fixture();
    let halted = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let order = call(Method::Post, "/orders/sync");
    let sent = join_all((0..14).map(|_| {
        let (halted, order, proxy) = (Arc::clone(&halted), &order, &proxy);
        let wanted = Arc::new(move || !halted.load(std::sync::atomic::Ordering::SeqCst));
        async move { proxy.send_while(&AccessToken::new("t"), order, wanted).await.unwrap() }
    }));
    let halt = async {
        sleep(Duration::from_millis(500)).await;
        halted.store(true, std::sync::atomic::Ordering::SeqCst);
        fake.seen.lock().unwrap().len()
    };
    let (answers, at_the_halt) = tokio::join!(sent, halt);
    let left = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..14).contains(&at_the_halt), "some waited: {at_the_halt}");
    assert_eq!(
        (left, fake.seen.lock().unwrap().len()),
        (at_the_halt, at_the_halt),
        "none left after the halt"
    );
    let refused = answers.iter().find(|answer| answer.status == 503).unwrap();
    assert!(refused.headers.iter().any(|(name, value)| name == "x-keeper-limit" && value == b"changed"));
}
