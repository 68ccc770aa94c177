//! Both headers are on every answer of the gateway, and what the keeper refused itself went nowhere.

use reqwest::{Method, RequestBuilder};
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::support::{DEADLINE, Home, Keeper, block_on};

fn live() -> (Home, Keeper, String) {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned();
    (home, keeper, key)
}

/// Status, mode and venue of the answer.
fn told(
    keeper: &Keeper,
    (method, path): (&str, &str),
    more: impl Fn(RequestBuilder) -> RequestBuilder,
) -> (u16, String) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = more(client.request(method, keeper.url(path))).send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
            value.to_str().unwrap().to_owned()
        };
        let (mode, venue) = (header("x-keeper-mode"), header("x-keeper-order-venue"));
        (answer.status().as_u16(), format!("{mode} {venue}"))
    })
}

#[test]
fn what_the_keeper_refuses_itself_names_the_mode_and_no_venue() {
    let (home, keeper, key) = live();
    let orders = ("POST", "/api/v3/orders/sync");
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
    let books = [endpoint::ORDERS, endpoint::POSITIONS];
    let sent: Vec<_> = home.sim.calls().into_iter().skip(before).collect();
    assert!(sent.iter().all(|call| books.contains(&call.path.as_str())), "{sent:?}");
    assert_eq!(told(&keeper, ("GET", "/api/v3/profile"), with), (200, "live fyers".to_owned()));

    // FYERS asks to wait: its own answer is its own, and what the keeper holds back after it goes nowhere.
    home.sim.inject(FaultRule::once(endpoint::FUNDS, Fault::RateLimited { retry_after: 600 }));
    assert_eq!(told(&keeper, ("GET", "/api/v3/funds"), with), (429, "live fyers".to_owned()));
    let calls = home.sim.calls().len();
    assert_eq!(told(&keeper, ("GET", "/api/v3/funds"), with), (429, "live none".to_owned()));
    let order = r#"{"symbol":"NSE:SBIN-EQ","qty":1,"type":2,"side":1,"productType":"INTRADAY"}"#;
    assert_eq!(told(&keeper, orders, |request| with(request).body(order)), (429, "live none".to_owned()));
    assert_eq!(home.sim.calls().len(), calls);
}
