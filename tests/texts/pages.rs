//! Pages and answers of the listener, as text.

use serde_json::json;
use simulator::{Options, TokenKind};

use crate::{
    browserless::{self, Answer, day, get, key, post, unlock},
    golden, steady,
    support::{Home, Keeper},
};

/// The text between the tags, a line for each block.
fn text(html: &str) -> String {
    let replace = |text: &str, pattern: &str, instead: &str| {
        regex::Regex::new(pattern).unwrap().replace_all(text, instead).into_owned()
    };
    let text = replace(html, "(?s)<style.*?</style>|<script.*?</script>|<svg.*?</svg>", "");
    let text = replace(
        &text,
        r"(?s)</?(?:p|h1|h2|li|dt|dd|section|button|summary|tr|div|form|title|label|option|ol|ul|dl|table)(?:\s[^>]*)?>",
        "\n",
    );
    let text = replace(&text, "(?s)<[^>]*>", " ");
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn page(name: &str, answer: &Answer) -> String {
    let is_page = answer.header("content-type").starts_with("text/html");
    let body = if is_page { text(&answer.body) } else { answer.body.trim().to_owned() };
    format!("== {name}: HTTP {}\n{body}\n", answer.status)
}

const BROWSER: (&str, &str) = ("accept", "text/html");

fn told(keeper: &Keeper) {
    keeper.wait_status("alerts are told", |status| status["outbox"]["waiting"] == 0);
}

fn status_pages(home: &Home) -> Vec<String> {
    let keeper = home.start_ready();
    told(&keeper);
    let mut sheets = vec![page("a login is needed", &get(&keeper, "/", &[BROWSER]))];
    browserless::log_in(home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    told(&keeper);
    let cookie = unlock(&keeper, &key(home)).cookie();
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin"), BROWSER];
    let live = get(&keeper, "/", &own);
    sheets.push(page("live, with the key", &live));
    post(&keeper, "/act/halt", &own, &[("token", &live.token())]);
    told(&keeper);
    sheets.push(page("halted", &get(&keeper, "/", &own)));
    sheets.push(page("keys", &get(&keeper, "/keys", &own)));
    for (name, answer) in [
        ("another host", get(&keeper, "/", &[("host", "evil.example"), BROWSER])),
        ("no such page", get(&keeper, "/nothing", &[BROWSER])),
        ("not like this", get(&keeper, "/unlock", &[BROWSER])),
        ("a button of another page", post(&keeper, "/act/halt", &[BROWSER], &[("token", "x")])),
        ("a form that is not whole", post(&keeper, "/act/halt", &[BROWSER], &[])),
        ("a callback that is none", get(&keeper, "/fyers/callback?x=1", &[BROWSER])),
        (
            "a callback of a stranger",
            get(&keeper, "/fyers/callback?s=ok&auth_code=eyJ.a.b&state=x", &[BROWSER]),
        ),
        ("a script without the key", get(&keeper, "/api/status", &[("host", "evil.example")])),
        (
            "a wrong key",
            post(&keeper, "/unlock", &[("sec-fetch-site", "same-origin"), BROWSER], &[("key", "no")]),
        ),
    ] {
        sheets.push(page(name, &answer));
    }
    sheets
}

#[test]
fn pages_of_the_status() {
    let home = day();
    golden("pages", &steady(&status_pages(&home).join("\n"), &home));
}

#[test]
fn pages_of_the_set_up() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let lines = keeper.wait_logged("keeper.set_up");
    let line = lines.iter().find(|line| line["event"] == "keeper.set_up").unwrap();
    let line = line["message"].as_str().unwrap().to_owned();
    let code = line.split("once=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let own = [("sec-fetch-site", "same-origin"), BROWSER];
    let mut sheets = vec![
        format!("== the log\n{line}\n"),
        page("the link", &get(&keeper, &format!("/setup?once={code}"), &[BROWSER])),
        page("without it", &get(&keeper, "/setup", &[BROWSER])),
        page("where others can read", &get(&keeper, "/setup", &[("host", "keeper.example"), BROWSER])),
    ];
    let cookie = post(&keeper, "/setup/begin", &own, &[("once", &code)]).cookie();
    sheets.push(page("the app", &get(&keeper, "/setup", &[("cookie", &cookie), BROWSER])));
    golden("set_up", &steady(&sheets.join("\n"), &home));
}

/// What a bot is told when the keeper or the MockExchange says no.
#[test]
fn refusals_for_bots() {
    let home = day();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\nFYERS_SANDBOX=true\n"));
    let keeper = home.set("FYERS_SANDBOX", "true");
    let home = keeper;
    let keeper = home.start_ready();
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let good = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let with = |name: &str, value: serde_json::Value| {
        let mut order = good.clone();
        order[name] = value;
        order.to_string()
    };
    let send = |path: &str, key: &str, body: String| {
        let request = |client: reqwest::Client| {
            client.post(keeper.url(path)).header("authorization", format!("BOT:{key}"))
        };
        browserless::send(|client| request(client).header("content-type", "application/json").body(body))
    };
    let key = key(&home);
    let order = |body: String| send("/api/v3/orders/sync", &key, body);
    let mut sheets = vec![];
    for (name, answer) in [
        ("no key", send("/api/v3/orders/sync", "", good.to_string())),
        ("a wrong key", send("/api/v3/orders/sync", "wrong", good.to_string())),
        ("no JSON", order("buy!".to_owned())),
        ("no symbol", order(json!({"qty": 1}).to_string())),
        ("no such symbol", order(with("symbol", json!("SBIN")))),
        ("no quantity", order(with("qty", json!(0)))),
        ("a side that there is not", order(with("side", json!(3)))),
        ("a product that there is not", order(with("productType", json!("MAGIC")))),
        ("an iceberg", order(with("disclosedQty", json!(1)))),
        ("IOC", order(with("validity", json!("IOC")))),
        ("a stop that is not there", order(with("type", json!(3)))),
        ("more than the money", order(with("qty", json!(100_000_000)))),
        ("a path that FYERS does not have", send("/api/v3/nothing", &key, String::new())),
    ] {
        sheets.push(page(name, &answer));
    }
    golden("bots", &steady(&sheets.join("\n"), &home));
}
