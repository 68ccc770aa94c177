//! What follows when FYERS or Telegram is a stand-in on this machine.

use super::{APP, with};

#[test]
fn only_stand_ins_make_a_test_world() {
    let fyers =
        [("FYERS_API_URL", "http://127.0.0.1:9/api/v3"), ("FYERS_DATA_URL", "http://127.0.0.1:9/data")];
    let bot = [("TELEGRAM_BOT_TOKEN", "123456:abcdefghijk"), ("TELEGRAM_CHAT_ID", "42")];
    let telegram = ("TELEGRAM_API_URL", "http://127.0.0.1:9");
    let of = |pairs: &[&[(&str, &str)]]| with(&pairs.concat()).talks_to_stand_ins();
    assert!(
        of(&[]) && of(&[&APP, &fyers]) && of(&[&APP, &fyers, &bot, &[telegram]]) && of(&[&bot, &[telegram]])
    );
    assert!(!of(&[&APP]) && !of(&[&APP, &fyers[..1]]) && !of(&[&APP, &fyers[1..]]));
    assert!(!of(&[&bot]) && !of(&[&APP, &fyers, &bot]) && !of(&[&APP, &bot, &[telegram]]));
}

#[test]
fn the_symbol_master_is_fetched_from_fyers_and_from_no_stand_in_that_nobody_named() {
    let local =
        [("FYERS_API_URL", "http://127.0.0.1:9/api/v3"), ("FYERS_DATA_URL", "http://127.0.0.1:9/data")];
    let public = ("FYERS_PUBLIC_URL", "http://127.0.0.1:9");
    let of = |pairs: &[&[(&str, &str)]]| {
        with(&pairs.concat()).fetches_symbols_from().map(|url| url.host_str().unwrap().to_owned())
    };
    assert_eq!(of(&[&APP]).as_deref(), Some("public.fyers.in"));
    assert_eq!(of(&[]), None, "without an app");
    assert_eq!(of(&[&APP, &local]), None);
    assert_eq!(of(&[&APP, &local, &[public]]).as_deref(), Some("127.0.0.1"));
    for other in ["off", "/x/NSE_CM.csv"] {
        assert_eq!(of(&[&APP, &[("KEEPER_SYMBOL_MASTER", other)]]), None, "{other}");
    }
}
