//! `refresh`: a new token now, or a clear reason why not.

use std::time::Instant;

use simulator::{Fault, FaultRule, RefreshMode, Service, TokenKind, endpoint};

use crate::support::{APP, Home, Ran};

const REFRESH: &str = endpoint::VALIDATE_REFRESH_TOKEN;

/// A home with a refresh token that works, and an `.env` as people write them.
fn home(refresh: RefreshMode) -> Home {
    let home = Home::with_app(refresh);
    let (access, refresh) = (home.sim.mint(TokenKind::Access), home.sim.mint(TokenKind::Refresh));
    home.write_env(&format!(
        "# my keeper\n{APP}FYERS_PIN='1234'   # the PIN\n\nOTHER_PROGRAM=\"keeps its  spaces\"\n\
         FYERS_ACCESS_TOKEN={access}\nFYERS_REFRESH_TOKEN={refresh}\n# the end\n"
    ));
    home
}

/// No token and no other secret may be printed, whatever happens.
fn shows_no_secret(home: &Home, ran: &Ran) {
    for token in home.sim.state().tokens {
        assert!(!ran.text().contains(&token.token), "a token was printed: {ran:?}");
    }
    assert!(!ran.text().contains("SIMULATED1"), "the app secret was printed: {ran:?}");
}

#[test]
fn a_new_token_is_put_into_the_env_file_and_nothing_else_changes() {
    let home = home(RefreshMode::Enabled);
    let (before, old) = (home.env(), home.newest(TokenKind::Access));
    let ran = home.run(&["refresh", "--json"]).exits(0);

    let new = home.newest(TokenKind::Access);
    assert_ne!(new, old, "the simulator must have minted a token");
    assert_eq!(home.env(), before.replace(&old, &new), "only the access token may change");
    shows_no_secret(&home, &ran);

    let answer = ran.json();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 5, "{answer}");
    assert_eq!(answer["state"], "valid");
    assert_eq!(answer["reason"], "refreshed");
    assert_eq!(answer["account"], "XX00001");
    assert_eq!(answer["fingerprint"].as_str().unwrap().len(), 8);
    let end = chrono::DateTime::parse_from_rfc3339(answer["expires_at"].as_str().unwrap()).unwrap();
    assert_eq!(end.offset().local_minus_utc(), 19_800, "times are shown in IST");
    assert_eq!(home.refresh_calls(), 1);
}

#[test]
fn the_words_for_a_person_name_no_secret_either() {
    let home = home(RefreshMode::Enabled);
    let ran = home.run(&["refresh"]).exits(0);
    assert!(ran.out.contains("the token was refreshed"), "{ran:?}");
    shows_no_secret(&home, &ran);
}

#[test]
fn refresh_switched_off_by_regulation_needs_a_login() {
    let home = home(RefreshMode::Disabled);
    let before = home.env();
    let ran = home.run(&["refresh", "--json"]).exits(77);
    assert_eq!(ran.json()["reason"], "refresh_disabled");
    assert!(ran.err.contains("Log in"), "it must say what to do: {ran:?}");
    assert_eq!(home.refresh_calls(), 1, "asking again cannot help");
    assert_eq!(home.env(), before);
    shows_no_secret(&home, &ran);
}

#[test]
fn a_wrong_pin_is_tried_once_for_each_time_a_person_asks() {
    let home = home(RefreshMode::Enabled);
    home.write_env(&home.env().replace("'1234'", "'4321'"));
    let before = home.env();
    let ran = home.run(&["refresh", "--json"]).exits(78);
    assert_eq!(ran.json()["reason"], "pin_rejected");
    assert_eq!(home.refresh_calls(), 1);
    home.run(&["refresh", "--json"]).exits(78);
    assert_eq!(home.refresh_calls(), 2);
    assert_eq!(home.env(), before);
    shows_no_secret(&home, &ran);
}

#[test]
fn a_wrong_secret_is_a_bad_setting() {
    let home = home(RefreshMode::Enabled);
    home.write_env(&home.env().replace("SIMULATED1", "SOMETHING9"));
    let ran = home.run(&["refresh", "--json"]).exits(78);
    assert_eq!(ran.json()["reason"], "app_hash_rejected");
    assert_eq!(home.refresh_calls(), 1);
    assert!(!ran.text().contains("SOMETHING9"));
}

#[test]
fn an_outage_is_retried_for_a_while_and_then_reported() {
    let home = home(RefreshMode::Enabled);
    home.sim.set_outage(Service::Fyers, true);
    let begun = Instant::now();
    let ran = home.run(&["refresh", "--json"]).exits(69);
    let took = begun.elapsed();
    assert_eq!(ran.json()["reason"], "unreachable");
    assert!(home.refresh_calls() >= 2, "an outage may pass: {} calls", home.refresh_calls());
    assert!(took.as_secs() < 120, "it must give up: {took:?}");
}

#[test]
fn a_long_wait_asked_for_by_fyers_is_not_sat_out() {
    let home = home(RefreshMode::Enabled);
    home.sim.inject(FaultRule::forever(REFRESH, Fault::RateLimited { retry_after: 600 }));
    let ran = home.run(&["refresh", "--json"]).exits(75);
    assert_eq!(ran.json()["reason"], "rate_limited");
    assert_eq!(home.refresh_calls(), 1);
}

#[test]
fn two_flaky_answers_do_not_stop_it() {
    let home = home(RefreshMode::Enabled);
    home.sim.script(REFRESH, [Fault::Html { status: 502 }, Fault::Reset, Fault::Pass]);
    let ran = home.run(&["refresh", "--json"]).exits(0);
    assert_eq!(ran.json()["reason"], "refreshed");
    assert_eq!(home.refresh_calls(), 3);
    assert!(home.env().contains(&home.newest(TokenKind::Access)));
}

#[test]
fn without_an_app_there_is_nothing_to_refresh() {
    let home = home(RefreshMode::Enabled);
    home.write_env("");
    let ran = home.run(&["refresh", "--json"]).exits(78);
    assert!(ran.err.contains("FYERS_CLIENT_ID"), "{ran:?}");
    assert_eq!(home.refresh_calls(), 0);
}

#[test]
fn a_running_keeper_makes_the_call_itself() {
    let home = home(RefreshMode::Enabled).set("FYERS_SANDBOX", "false");
    let keeper = home.start_ready();
    keeper.wait_status("the first check", |status| status["session"]["usable"] == true);
    let before = home.refresh_calls();
    let ran = home.run(&["refresh", "--json"]).exits(0);
    assert_eq!(ran.json()["reason"], "refreshed");
    assert_eq!(home.refresh_calls(), before + 1);
    let status = keeper.status();
    assert_eq!(status["session"]["fingerprint"], ran.json()["fingerprint"], "the keeper uses the new token");
    home.wait_env(&home.newest(TokenKind::Access));
}

/// What the keeper knew before is no answer of FYERS'.
#[test]
fn a_refresh_that_reaches_nobody_says_nothing_in_the_name_of_fyers() {
    let home = home(RefreshMode::Enabled);
    home.write_env(&home.env().replace("FYERS_PIN='1234'", ""));
    let keeper = home.start_ready();
    keeper.wait_status("the first check", |status| status["session"]["usable"] == true);
    home.sim.set_outage(Service::Fyers, true);
    let ran = home.run(&["refresh"]).exits(78);
    assert!(ran.err.contains("no new token") && ran.out.starts_with("token "), "{ran:?}");
    assert!(!ran.text().contains("FYERS accepts"), "{ran:?}");
}
