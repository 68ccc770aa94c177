//! The gate on tokio's paused clock: minutes pass in no time.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use fyers_api::http::{Method, Surface};

use super::*;

/// Notes when calls arrive, and answers what it was told to, else 200.
struct Fake {
    began: Instant,
    seen: Mutex<Vec<(Duration, Kind)>>,
    answers: Mutex<VecDeque<PipeAnswer>>,
}

#[async_trait]
impl Pipe for Fake {
    async fn send(&self, _: &AccessToken, call: &Call) -> Result<PipeAnswer, PipeError> {
        self.seen.lock().unwrap().push((self.began.elapsed(), Toll::of(call).kind));
        let answer = self.answers.lock().unwrap().pop_front();
        Ok(answer.unwrap_or(PipeAnswer { status: 200, ..PipeAnswer::default() }))
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

fn fixture() -> (Arc<Fake>, LimitedPipe) {
    let (seen, answers) = (Mutex::default(), Mutex::default());
    let fake = Arc::new(Fake { began: Instant::now(), seen, answers });
    let pipe = LimitedPipe::new(Arc::clone(&fake) as Arc<dyn Pipe>, Arc::new(Noon));
    (fake, pipe)
}

fn call(method: Method, path: &str) -> Call {
    let (query, body) = (String::new(), vec![]);
    Call { surface: Surface::Api, method, path: path.to_owned(), query, content_type: None, body }
}

async fn read(pipe: &LimitedPipe) -> PipeAnswer {
    pipe.send(&AccessToken::new("t"), &call(Method::Get, "/profile")).await.unwrap()
}

async fn order(pipe: &LimitedPipe) -> PipeAnswer {
    pipe.send(&AccessToken::new("t"), &call(Method::Post, "/orders/sync")).await.unwrap()
}

fn header(answer: &PipeAnswer, name: &str) -> String {
    let found = answer.headers.iter().find(|(own, _)| own == name).unwrap();
    String::from_utf8(found.1.clone()).unwrap()
}

fn busy(retry_after: Option<&str>) -> PipeAnswer {
    let headers = retry_after.map(|text| ("retry-after".to_owned(), text.as_bytes().to_vec()));
    PipeAnswer { status: 429, headers: headers.into_iter().collect(), body: b"busy".to_vec() }
}

#[tokio::test(start_paused = true)]
async fn a_rush_is_spread_and_the_rest_is_told_when_to_come_back() {
    let (fake, pipe) = fixture();
    let answers = join_all((0..30).map(|_| read(&pipe))).await;
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
    assert_eq!(read(&pipe).await.status, 200, "the time told is the time it takes");
}

#[tokio::test(start_paused = true)]
async fn an_order_overtakes_waiting_reads() {
    let (fake, pipe) = fixture();
    let reads = join_all((0..16).map(|_| read(&pipe)));
    let orders = async {
        sleep(Duration::from_millis(1)).await;
        join_all((0..3).map(|_| order(&pipe))).await
    };
    let (_, orders) = tokio::join!(reads, orders);
    assert!(orders.iter().all(|answer| answer.status == 200));
    let seen = fake.seen.lock().unwrap();
    let last_order = seen.iter().rposition(|(_, kind)| *kind == Kind::Order).unwrap();
    assert_eq!(last_order, 10, "behind the eight reads that had left: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn fyers_429_reaches_its_bot_and_holds_the_others() {
    let (fake, pipe) = fixture();
    fake.answers.lock().unwrap().push_back(busy(Some("30")));
    assert_eq!(read(&pipe).await, busy(Some("30")), "byte for byte");

    let refused = order(&pipe).await;
    assert_eq!(
        (header(&refused, "x-keeper-limit").as_str(), header(&refused, "retry-after")),
        ("fyers", "30".to_owned())
    );
    sleep(Duration::from_secs(28)).await;
    assert_eq!(order(&pipe).await.status, 200, "waits for the last two seconds");
    let seen: Vec<_> = fake.seen.lock().unwrap().iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(seen, [0, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_hangs_up_takes_no_room() {
    let (fake, pipe) = fixture();
    join_all((0..8).map(|_| read(&pipe))).await;
    let gone = tokio::time::timeout(Duration::from_millis(50), join_all((0..40).map(|_| order(&pipe)))).await;
    assert!(gone.is_err());
    assert_eq!(fake.seen.lock().unwrap().len(), 9);
    sleep(Duration::from_millis(1_100)).await;
    let before = Instant::now();
    assert!(join_all((0..9).map(|_| order(&pipe))).await.iter().all(|answer| answer.status == 200));
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_pressing_stays_below_the_limit_and_orders_get_through() {
    let (fake, pipe) = fixture();
    for _ in 0..600 {
        let _either = tokio::join!(read(&pipe), read(&pipe), read(&pipe));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(order(&pipe).await.status, 200);
    let seen: Vec<Duration> = fake.seen.lock().unwrap().iter().map(|(at, _)| *at).collect();
    let most = |span: Duration| {
        let after = |from: &Duration| seen.iter().filter(|at| *at >= from && **at < *from + span).count();
        seen.iter().map(after).max().unwrap()
    };
    assert!(most(Duration::from_secs(1)) <= 10 && most(Duration::from_secs(60)) <= 200);
    assert!(seen.len() > 150, "and yet it is used: {}", seen.len());
}
