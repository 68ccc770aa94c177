//! What is left of simulation after a switch to Live, on the status page, and the button that closes it.

use crate::{
    phone::{Phone, VIEWS},
    status::{home, is_sound, key, log_in},
    support::block_on,
};

#[test]
fn leftovers_and_their_button_fit_a_phone_and_a_desktop_by_day_and_night() {
    let home = home().set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    block_on(async {
        for (symbol, quantity) in [
            ("NSE:SBIN-EQ", 10),
            ("NSE:INFY-EQ", 25),
            ("NSE:RELIANCE-EQ", 5),
            ("NSE:HDFCBANK-EQ", 15),
            ("NSE:TCS-EQ", 9_000_000),
        ] {
            let order = serde_json::json!({"symbol": symbol, "qty": quantity, "type": 2, "side": 1,
                "productType": "INTRADAY", "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0,
                "offlineOrder": false});
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client
                .post(keeper.url("/api/v3/orders/sync"))
                .bearer_auth(key(&home))
                .json(&order)
                .send()
                .await
                .unwrap();
        }
        log_in(&home, &keeper).await;
        for (name, size, dark) in VIEWS {
            let phone = Phone::start_sized(&format!("leftovers-{name}"), dark, size).await;
            phone.go(&keeper.url("/")).await;
            let text = phone.sees("Live").await;
            assert!(text.contains("4 taken, 1 rejected"), "{text}");
            phone.fill("#key", &key(&home)).await;
            phone.tap("#unlock").await;
            phone.tap("#flat").await;
            is_sound(&phone).await;
            phone.shoot_whole("1-leftovers").await;
            phone.end().await;
        }
        let phone = Phone::start("leftovers-closed", false).await;
        phone.go(&keeper.url("/")).await;
        phone.fill("#key", &key(&home)).await;
        phone.tap("#unlock").await;
        phone.tap("#flat").await;
        phone.tap("#flat-yes").await;
        assert!(phone.text("#note").await.contains("4 simulated positions closed"));
        assert_eq!(phone.run("return document.querySelectorAll('#flat').length").await, 0);
        phone.shoot_whole("1-closed").await;
        phone.end().await;
    });
}
