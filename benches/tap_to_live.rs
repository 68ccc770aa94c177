//! From the tap on the page's button to live, without the broker's own time: `cargo bench --bench tap_to_live`.
//!
//! The real program logs in again and again while the simulated FYERS takes a known time for each call. What is left
//! after taking these away is the keeper's own: its page, its checks, its commits, the switch of the mode.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../tests/e2e/support.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;

use std::time::{Duration, Instant};

use simulator::{Fault, FaultRule, RefreshMode, endpoint};

use support::{Home, Keeper, block_on};

const LOGINS: usize = 30;
/// What each call takes at the broker.
const BROKER: Duration = Duration::from_millis(100);
/// A person does not log in three times a second, and FYERS' limits are not what is measured.
const PAUSE: Duration = Duration::from_secs(2);

fn main() {
    let home = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "false").with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let keeper = home.start_ready();
    let calls = [endpoint::VALIDATE_AUTHCODE, endpoint::PROFILE, endpoint::FUNDS];
    for call in calls {
        home.sim.inject(FaultRule::forever(call, Fault::Latency { ms: BROKER.as_millis() as u64 }));
    }
    let mut own: Vec<f64> = (0..LOGINS).map(|_| log_in(&home, &keeper, &calls)).collect();
    own.sort_by(f64::total_cmp);
    let at = |part: f64| own[((own.len() - 1) as f64 * part) as usize];
    println!(
        "tap to live, beyond the broker's calls, {LOGINS} logins: median {:.1} ms, p90 {:.1} ms, most {:.1} ms",
        at(0.5),
        at(0.9),
        at(1.0)
    );
}

/// One login; its own time in milliseconds.
fn log_in(home: &Home, keeper: &Keeper, calls: &[&str]) -> f64 {
    std::thread::sleep(PAUSE);
    let count = || calls.iter().map(|call| home.sim.call_count(call).total).sum::<u64>();
    block_on(async {
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = browser.get(keeper.url("/fyers/login")).send().await.unwrap();
        let page = answer.text().await.unwrap();
        let field = |name: &str| {
            let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let form = [("auth_code", field("auth_code")), ("state", field("state"))];
        let (before, begun) = (count(), Instant::now());
        let done = browser.post(keeper.url("/fyers/callback")).form(&form).send().await.unwrap();
        let took = begun.elapsed();
        assert!(done.text().await.unwrap().contains("real money"), "the page says live only when it is");
        (took.as_secs_f64() - (count() - before) as f64 * BROKER.as_secs_f64()) * 1e3
    })
}
