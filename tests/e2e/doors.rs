//! What only tests need is shut beside real addresses, whatever key is shown.

use simulator::{Options, RefreshMode};

use crate::support::{APP, Home, post};

fn fault(home: &Home) -> u16 {
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    post(&keeper.url("/api/fault/exchange"), Some(key.trim())).unwrap().0
}

#[test]
fn faults_are_injected_only_while_everybody_is_a_stand_in() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    assert_eq!(fault(&home), 202);
    let real = [
        ("FYERS_API_URL", "https://api-t1.fyers.invalid/api/v3"),
        ("FYERS_DATA_URL", "https://api-t1.fyers.invalid/data"),
        ("TELEGRAM_API_URL", "https://api.telegram.invalid"),
    ];
    for (name, url) in real {
        let home = Home::with_app(RefreshMode::Disabled).with_telegram().set(name, url);
        assert_eq!(fault(&home), 404, "{name}");
    }
    let no_app = Home::bare(Options::default()).set(real[0].0, real[0].1);
    assert_eq!(fault(&no_app), 202, "nobody is asked anything without an app");
}

#[test]
fn the_clock_of_a_test_does_not_run_beside_real_addresses() {
    let year = |home: &Home| {
        let keeper = home.start_ready();
        keeper.status()["next_tick"].as_str().unwrap_or_default()[..4].to_owned()
    };
    let clock = ("KEEPER_DEMO_CLOCK", "2031-01-06T11:00:00+05:30");
    let home = Home::with_app(RefreshMode::Disabled).set(clock.0, clock.1);
    assert_eq!(year(&home), "2031");
    let home = Home::bare(Options::default()).set(clock.0, clock.1);
    home.write_env(APP);
    let home = home.set("FYERS_API_URL", "https://api-t1.fyers.invalid/api/v3");
    assert_ne!(year(&home), "2031");
}
