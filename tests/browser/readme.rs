//! The pictures on the README's first page, made anew by each run: the login card, and the status page of a morning with
//! orders. To take them over: `cp target/tmp/screenshots/readme/*.png docs/images/`.

use std::fs;

use serde_json::json;
use simulator::{RefreshMode, TelegramMessage, TokenKind};

use crate::{
    phone::{Phone, Size},
    status::key,
    support::{Home, Keeper, block_on, wait_for},
};

/// As tall as the card.
const CHAT: Size = (390, 450, true);
/// As wide as a README shows it without making its letters too small.
const WINDOW: Size = (900, 690, false);

/// A chat as a phone shows it. The text and the buttons are the card's own.
fn chat(card: &TelegramMessage) -> String {
    let safe = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "<br>");
    let (first, rest) = card.text.split_once('\n').unwrap();
    let buttons: String =
        card.buttons().iter().map(|button| format!("<a>{}</a>", safe(&button.text))).collect();
    format!(
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>
        body {{ margin: 0; font: 17px/1.4 sans-serif; background: #cfe0ee; color: #111 }}
        header {{ background: #fff; padding: 14px 18px; border-bottom: 1px solid #bcd }}
        header small {{ display: block; color: #678 }}
        main {{ padding: 18px 14px }}
        p {{ margin: 0; padding: 12px 14px; background: #fff; border-radius: 16px 16px 4px 4px }}
        time {{ float: right; color: #789; font-size: 13px; margin-top: 6px }}
        a {{ display: block; margin-top: 3px; padding: 12px; text-align: center; color: #fff; background: #5b86a8; border-radius: 6px }}
        </style><header><b>My keeper</b><small>bot</small></header>
        <main><h1 hidden>Chat</h1><p><b>{}</b><br>{}<time>08:45</time><br></p>{buttons}</main>",
        safe(first),
        safe(rest),
    )
}

/// A keeper that has a good token at that time.
fn live(home: &Home, time: &str) -> Keeper {
    home.jump(time);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={}\n", home.sim.mint(TokenKind::Access)));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    keeper
}

async fn buy(home: &Home, keeper: &Keeper, symbol: &str) {
    let order = json!({"symbol": symbol, "qty": 10, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(keeper.url("/api/v3/orders/sync")).bearer_auth(key(home)).json(&order);
    let answer = request.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("\"ok\""), "{answer}");
}

#[test]
fn the_card_and_the_page_as_the_first_page_shows_them() {
    let home = Home::at("2026-11-20T14:00:00", RefreshMode::Disabled).with_telegram();
    let page = format!("http://127.0.0.1:{}", home.port);
    home.sim.set_redirect_uri(&format!("{page}/fyers/callback"));
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_PUBLIC_URL", page);
    assert!(live(&home, "2026-11-20T14:00:00").stop().success());
    // The Monday after: the token of Friday has ended.
    home.jump("2026-11-23T08:45:20");
    let keeper = home.start_ready();
    let card = wait_for("the login card", || {
        let is_card =
            |message: &TelegramMessage| message.text.contains("login needed") && message.buttons().len() == 3;
        home.sim.telegram_messages().into_iter().find(is_card)
    });
    assert!(keeper.stop().success());
    fs::write(home.path("card.html"), chat(&card)).unwrap();

    let keeper = live(&home, "2026-11-23T09:31:00");
    block_on(async {
        for (symbol, price) in [("NSE:SBIN-EQ", 801.5), ("NSE:INFY-EQ", 1502.4), ("NSE:TCS-EQ", 3051.0)] {
            home.sim.set_price(symbol, price);
            buy(&home, &keeper, symbol).await;
        }
        for (symbol, price) in [("NSE:SBIN-EQ", 806.2), ("NSE:INFY-EQ", 1497.1), ("NSE:TCS-EQ", 3068.0)] {
            home.sim.set_price(symbol, price);
        }
        let phone = Phone::start_sized("readme", false, CHAT).await;
        phone.go(&format!("file://{}", home.path("card.html").display())).await;
        phone.shoot("card").await;
        phone.end().await;
        let desktop = Phone::start_sized("readme", false, WINDOW).await;
        desktop.go(&keeper.url("/")).await;
        desktop.fill("#key", &key(&home)).await;
        desktop.tap("#unlock").await;
        desktop.reads("164.00").await;
        let text = desktop.sees("Live").await;
        assert!(text.contains("NSE:SBIN-EQ"), "{text}");
        desktop.run("document.documentElement.style.overflow = 'hidden'; return 0").await;
        desktop.shoot("page").await;
        desktop.end().await;
    });
}
