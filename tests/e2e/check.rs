//! `check`: is the token good? It looks, and touches nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use simulator::{
    Account, App, Fault, FaultRule, Options, RefreshMode, Service, Simulator, TokenKind, endpoint,
};

use crate::support::{APP, Home};

/// A home whose access token works.
fn home() -> (Home, String) {
    let home = Home::with_app(RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    (home, token)
}

#[test]
fn a_good_token_is_good() {
    let (home, token) = home();
    let ran = home.run(&["check", "--json"]).exits(0);
    let answer = ran.json();
    assert_eq!((&answer["state"], &answer["reason"]), (&"valid".into(), &"verified".into()));
    assert_eq!(answer["account"], "XX00001");
    assert!(answer["expires_at"].as_str().unwrap().ends_with("+05:30"), "{answer}");
    assert_eq!(answer.as_object().unwrap().len(), 5, "{answer}");
    assert!(!ran.text().contains(&token));
    let for_people = home.run(&["check"]).exits(0);
    assert!(for_people.out.contains("FYERS accepts the token"), "{for_people:?}");
    assert!(!for_people.text().contains(&token));
}

#[test]
fn no_token_needs_a_login() {
    let home = Home::with_app(RefreshMode::Disabled);
    let ran = home.run(&["check", "--json"]).exits(77);
    assert_eq!(ran.json()["reason"], "never_logged_in");
    assert_eq!(home.sim.call_count(endpoint::PROFILE).total, 0);
}

#[test]
fn an_expired_token_needs_a_login_and_no_call() {
    let home = Home::with_app(RefreshMode::Disabled);
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - chrono::TimeDelta::days(3));
    home.append_env(&format!("FYERS_ACCESS_TOKEN={old}\n"));
    let ran = home.run(&["check", "--json"]).exits(77);
    assert_eq!(ran.json()["reason"], "token_expired");
    assert_eq!(home.sim.call_count(endpoint::PROFILE).total, 0, "its own end says enough");
}

#[test]
fn a_token_that_fyers_ended_early_needs_a_login() {
    let (home, token) = home();
    assert!(home.sim.kill(&token));
    let ran = home.run(&["check", "--json"]).exits(77);
    assert_eq!(ran.json()["reason"], "token_rejected");
}

#[test]
fn an_outage_says_nothing_about_the_token() {
    let (home, _) = home();
    home.sim.set_outage(Service::Fyers, true);
    let ran = home.run(&["check", "--json"]).exits(69);
    assert_eq!(ran.json()["reason"], "unreachable");
    home.sim.set_outage(Service::Fyers, false);
    home.sim.inject(FaultRule::once(endpoint::PROFILE, Fault::Html { status: 503 }));
    home.run(&["check", "--json"]).exits(69);
    home.sim.inject(FaultRule::once(endpoint::PROFILE, Fault::RateLimited { retry_after: 60 }));
    home.run(&["check", "--json"]).exits(75);
    home.run(&["check", "--json"]).exits(0);
}

#[test]
fn without_an_app_nothing_can_be_asked() {
    let home = Home::with_app(RefreshMode::Disabled);
    home.write_env("");
    let ran = home.run(&["check", "--json"]).exits(78);
    assert_eq!(ran.json()["reason"], "no_credentials");
}

#[test]
fn the_token_of_another_account_is_not_this_keepers() {
    let home = Home::with_app(RefreshMode::Enabled);
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    home.run(&["refresh"]).exits(0);

    let account = Account { fy_id: "YY00002".into(), ..Account::default() };
    let app = App { client_id: "ABCD1234EF-200".into(), ..App::default() };
    let other = Simulator::start(Options { account, app, ..Options::default() }).unwrap();
    // Newer than the one in the state folder, so that it is the one that is looked at.
    let token = other.mint_at(TokenKind::Access, other.now() + chrono::TimeDelta::seconds(5));
    home.write_env(&format!("{APP}FYERS_PIN=1234\nFYERS_ACCESS_TOKEN={token}\n"));
    let home = home.set("FYERS_API_URL", other.api_url()).set("FYERS_DATA_URL", other.data_url());
    let ran = home.run(&["check", "--json"]).exits(77);
    assert_eq!(ran.json()["reason"], "account_mismatch");
}

/// Contents and times of every file below a folder.
fn picture(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let changed = entry.metadata().unwrap().modified().unwrap();
        let name = entry.path().display().to_string();
        if entry.path().is_dir() {
            files.extend(picture(&entry.path()));
        } else {
            files.insert(name, (fs::read(entry.path()).unwrap(), changed));
        }
    }
    files
}

#[test]
fn looking_leaves_no_trace() {
    let (home, token) = home();
    home.run(&["check"]).exits(0);
    assert!(!home.path("state").exists(), "a check makes no state folder");

    let keeper = home.start_ready();
    keeper.wait_status("the first check", |status| status["session"]["state"] == "valid");
    assert!(keeper.stop().success());
    let before = picture(home.dir.path());
    assert!(before.len() > 3, "there must be something to leave alone: {:?}", before.keys());
    std::thread::sleep(Duration::from_millis(20)); // so that a write would show in the time of the file
    home.run(&["check"]).exits(0);
    home.sim.kill(&token);
    home.run(&["check"]).exits(77);
    let after = picture(home.dir.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    // SQLite's index of what is in its log: any reader makes it anew.
    let changed: Vec<_> = before
        .iter()
        .filter(|(name, file)| after[*name] != **file && !name.ends_with("-shm"))
        .map(|(n, _)| n)
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn a_check_beside_a_running_keeper_works() {
    let (home, _) = home();
    let keeper = home.start_ready();
    keeper.wait_status("the first check", |status| status["session"]["state"] == "valid");
    home.run(&["check", "--json"]).exits(0);
    assert_eq!(keeper.status()["session"]["state"], "valid");
}
