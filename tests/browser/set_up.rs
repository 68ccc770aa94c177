//! The first set-up, seen: from the link in the log to the first login, on a phone and on a desktop.

use simulator::{Options, Writing};

use crate::{
    phone::{DESKTOP, PHONE, Phone},
    support::{Home, block_on},
};

#[test]
fn a_person_sets_a_keeper_up_in_a_browser() {
    for (name, size, dark) in [("phone", PHONE, false), ("desktop-dark", DESKTOP, true)] {
        let home = Home::bare(Options::default());
        home.sim.set_instant_login(true);
        home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
        let telegram = home.sim.telegram_url();
        let home = home.set("TELEGRAM_API_URL", telegram);
        let mut keeper = home.start_ready();
        let lines = keeper.wait_logged("keeper.set_up");
        let line = lines.iter().find(|line| line["event"] == "keeper.set_up").unwrap();
        let line = line["message"].as_str().unwrap().to_owned();
        let link = line.split("open ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        block_on(async {
            let phone = Phone::start_sized(&format!("set-up-{name}"), dark, size).await;
            let fits = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            phone.go(&link).await;
            phone.sees("Set up this keeper").await;
            phone.shoot("1-open").await;
            phone.tap("#begin").await;
            phone.sees("Your app at FYERS").await;
            assert_eq!(phone.run(fits).await, 0);
            phone.shoot_whole("2-app").await;
            phone.fill("#id", "ZZZZ9999ZZ-200").await;
            phone.fill("#secret", "SIMULATED1").await;
            phone.tap("#save-app").await;
            assert!(phone.text("#problem").await.contains("FYERS begins no login"));
            phone.shoot_whole("3-unknown").await;
            phone.fill("#id", "ABCD1234EF-200").await;
            phone.fill("#secret", "SIMULATED1").await;
            phone.tap("#save-app").await;
            phone.sees("Telegram").await;
            let said = phone.text("#app-words").await;
            assert!(said.lines().count() == 4 && said.lines().all(|line| line.starts_with('✓')), "{said}");
            phone.shoot_whole("4-telegram").await;
            phone.fill("#bot", &simulator::Telegram::default().bot_token).await;
            phone.tap("#save-bot").await;
            let start = phone.text("#code").await;
            assert_eq!(phone.run(fits).await, 0);
            phone.shoot_whole("5-code").await;
            home.sim.write(Writing { from: 42, text: start, ..Writing::default() });
            phone.sees("Ready for the first login").await;
            phone.shoot_whole("6-ready").await;
            phone.tap("#finish").await;
            phone.sees("Saved. Now the first login").await;
            assert_eq!(phone.run(fits).await, 0);
            assert!(phone.text("#next-mode code").await.starts_with("FYERS_SANDBOX="));
            phone.shoot_whole("7-done").await;
            let complaints = phone.complaints().await;
            assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
            crate::status::outside(|| {
                crate::support::wait_for("the second start", || {
                    let started = |line: &&serde_json::Value| line["event"] == "keeper.started";
                    (keeper.lines().iter().filter(started).count() == 2).then_some(())
                });
                keeper.wait_ready();
            });
            phone.tap("#login").await;
            phone.sees("Logged in").await;
            phone.shoot("8-logged-in").await;
            phone.end().await;
        });
        keeper.wait_status("a good token", |status| status["mode"] == "sandbox");
    }
}
