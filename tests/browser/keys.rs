//! The page of keys, seen: a key is added, shown once, halted, given a new token and removed.

use serde_json::Value;
use simulator::TokenKind;

use crate::{
    phone::{Phone, VIEWS},
    status::{home, is_sound, key, outside},
    support::block_on,
};

#[test]
fn keys_are_added_shown_once_halted_rotated_and_removed() {
    for (name, size, dark) in VIEWS {
        let home = home();
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        block_on(async {
            let phone = Phone::start_sized(&format!("keys-{name}"), dark, size).await;
            phone.go(&keeper.url("/keys")).await;
            phone.sees("Keys of bots").await;
            assert_eq!(
                phone.run("return document.querySelectorAll('.acts').length").await,
                0,
                "no buttons yet"
            );
            let narrowest =
                "return Math.min(...[...document.querySelectorAll('dd')].map(dd => dd.clientWidth))";
            let width = phone.run(narrowest).await.as_f64().unwrap();
            assert!(width > 120.0, "values have room beside their labels: {width} px");
            phone.fill("#key", &key(&home)).await;
            phone.tap("#unlock").await;
            phone.sees("Live").await;
            phone.go(&keeper.url("/keys")).await;
            phone.fill("#name", "trial").await;
            phone.fill("#max_loss", "5,000").await;
            phone.fill("#max_orders_per_day", "200").await;
            phone.shoot_whole("1-form").await;
            phone.tap("#add").await;
            let shown = phone.text("#fresh").await;
            assert_eq!(shown.split('.').count(), 3, "{shown}");
            is_sound(&phone).await;
            phone.shoot_whole("2-added").await;
            phone.client.refresh().await.unwrap();
            phone.text("#bot-trial").await;
            assert_eq!(phone.run("return document.querySelectorAll('#fresh').length").await, 0, "shown once");
            let works = |token: String| {
                let url = keeper.url("/api/v3/profile");
                outside(move || crate::support::get_with_key(&url, &token).unwrap().0)
            };
            assert_eq!(works(shown.clone()), 200);

            phone.fill("#name", "trial").await;
            phone.tap("#add").await;
            assert!(phone.text("#refused").await.contains("there is a key trial already"));
            phone.shoot_whole("3-refused").await;
            phone.tap("#halt-trial").await;
            phone.reads("Bot trial is halted.").await;
            is_sound(&phone).await;
            phone.shoot_whole("4-halted").await;
            phone.tap("#resume-trial").await;
            phone.reads("The halt of bot trial is over.").await;

            phone.tap("#rotate-trial").await;
            phone.tap("#rotate-trial-yes").await;
            let next = phone.text("#fresh").await;
            assert_eq!((works(shown), works(next.clone())), (401, 200));
            phone.tap("#remove-trial").await;
            phone.shoot_whole("5-remove").await;
            phone.tap("#remove-trial-yes").await;
            phone.reads("The key of bot trial is removed.").await;
            assert_eq!(works(next), 401);
            phone.end().await;
        });
        assert_eq!(keeper.status()["mode"], Value::from("live"));
    }
}
