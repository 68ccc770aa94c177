//! Single checks with made-up settings; the whole is tried end to end.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;
use crate::config::{Sources, Values, read};
use chrono::TimeDelta;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let environment: Values =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read(&Sources { environment: &environment, env_file: &Values::new(), unread: &[] })
        .unwrap_or_else(|e| panic!("{e:?}"))
}

fn in_folder(folder: &Path) -> Settings {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    settings(&[("KEEPER_STATE_DIR", &path("state")), ("KEEPER_ENV_FILE", &path(".env"))])
}

/// Whoever complains says what to do, and nobody else does.
#[track_caller]
fn is(finding: &Finding, mark: Mark, words: &str) {
    assert_eq!(finding.mark, mark, "{finding:?}");
    assert!(finding.what.contains(words), "{finding:?}");
    assert_eq!(finding.advice.is_empty(), mark == Mark::Pass, "{finding:?}");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_clock_may_differ_by_thirty_seconds() {
    let at = |seconds| machine::clock(Some(TimeDelta::seconds(seconds)));
    for good in [-5, 0, 5] {
        is(&at(good), Mark::Pass, "within 5 s");
    }
    is(&at(-30), Mark::Warn, "30 s ahead of FYERS'");
    is(&at(6), Mark::Warn, "6 s behind");
    is(&at(31), Mark::Fail, "31 s behind");
    is(&at(-90_000), Mark::Fail, "25 h ahead of");
    is(&machine::clock(None), Mark::Warn, "cannot be compared");
}

#[test]
fn the_calendar_warns_of_a_year_it_does_not_know() {
    let on = |day: &str| {
        let now = DateTime::parse_from_rfc3339(&format!("{day}T12:00:00+05:30")).unwrap().to_utc();
        machine::calendar(&settings(&[]), now)
    };
    is(&on("2026-11-23"), Mark::Pass, "16 holidays of 2026");
    is(&on("2026-12-01"), Mark::Warn, "2027");
    is(&on("2031-05-01"), Mark::Warn, "2031");
    let wrong = settings(&[("KEEPER_CALENDAR_FILE", "/nowhere/calendar.toml")]);
    is(&machine::calendar(&wrong, Utc::now()), Mark::Fail, "KEEPER_CALENDAR_FILE");
    is(&machine::time_zone(Utc::now()), Mark::Pass, "IST");
}

#[test]
fn the_env_file_is_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_folder(folder.path());
    is(&files::env_file(&settings), Mark::Pass, "is not there");
    fs::write(&settings.env_file, "FYERS_PIN=1234\n").unwrap();
    mode(&settings.env_file, 0o600);
    is(&files::env_file(&settings), Mark::Pass, "for its owner only");
    for open in [0o640, 0o604, 0o664] {
        mode(&settings.env_file, open);
        is(&files::env_file(&settings), Mark::Warn, &format!("{open:04o}"));
    }
    mode(&settings.env_file, 0o666);
    is(&files::env_file(&settings), Mark::Fail, "can be written by every user");
    fs::remove_file(&settings.env_file).unwrap();
    fs::create_dir(&settings.env_file).unwrap();
    is(&files::env_file(&settings), Mark::Fail, "is no file");
}

#[tokio::test]
async fn the_state_folder_is_looked_at_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_folder(folder.path());
    is(&files::state_folder(&settings), Mark::Pass, "will be made");
    is(&files::database(&settings).await, Mark::Pass, "no database yet");
    assert_eq!(files::lock(&settings).await, files::Lock::Free);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes nothing");

    let state = crate::store::StateDir::open(&settings.state_dir).unwrap();
    assert_eq!(files::lock(&settings).await, files::Lock::Held(Some(std::process::id())));
    crate::store::SqliteStore::open(&state).await.unwrap().close().await;
    is(&files::state_folder(&settings), Mark::Pass, "for its owner only");
    is(&files::database(&settings).await, Mark::Pass, "whole: alerts 0");
    mode(&settings.state_dir, 0o755);
    is(&files::state_folder(&settings), Mark::Warn, "0755");
    fs::write(settings.state_dir.join("keeper.db"), "no database ".repeat(20)).unwrap();
    is(&files::database(&settings).await, Mark::Fail, "is no state of fyers-keeper");
    drop(state);
    assert_eq!(files::lock(&settings).await, files::Lock::Free);

    fs::write(folder.path().join("file"), "").unwrap();
    let odd = Settings { state_dir: folder.path().join("file"), ..settings.clone() };
    is(&files::state_folder(&odd), Mark::Fail, "is no folder");
    let nowhere = Settings { state_dir: folder.path().join("file/below"), ..settings };
    is(&files::state_folder(&nowhere), Mark::Fail, "cannot be made");
}

#[test]
fn the_app_is_told_by_its_ending() {
    let with = |id: &str, sandbox: &str| {
        broker::app(&settings(&[
            ("FYERS_CLIENT_ID", id),
            ("FYERS_SECRET_KEY", "ABCDEFGHIJ"),
            ("FYERS_SANDBOX", sandbox),
        ]))
    };
    is(&with("ABCD1234EF-200", "false"), Mark::Pass, "may place orders");
    is(&with("ABCD1234EF-100", "true"), Mark::Pass, "may read");
    is(&with("ABCD1234EF-100", "false"), Mark::Warn, "only reads");
    is(&with("ABCD1234EF-300", "true"), Mark::Warn, "not known here");
    is(&broker::app(&settings(&[])), Mark::Warn, "not set");
}

#[test]
fn a_login_must_find_its_way_back() {
    let app = [("FYERS_CLIENT_ID", "ABCD1234EF-200"), ("FYERS_SECRET_KEY", "ABCDEFGHIJ")];
    let with = |more: &[(&str, &str)]| {
        let settings = settings(&[&app[..], more].concat());
        broker::redirect(&settings, settings.redirect_uri.as_deref()).unwrap()
    };
    let public = ("KEEPER_PUBLIC_URL", "https://keeper.example.com/");
    let here = "https://keeper.example.com/fyers/callback";
    is(&with(&[public]), Mark::Pass, here);
    is(&with(&[public, ("FYERS_REDIRECT_URI", here)]), Mark::Pass, here);
    for other in ["https://keeper.example.com/fyers/callback/", "https://example.org/page"] {
        is(&with(&[public, ("FYERS_REDIRECT_URI", other)]), Mark::Warn, other);
    }
    is(&with(&[("FYERS_REDIRECT_URI", "https://example.org/page")]), Mark::Pass, "example.org");
    is(&with(&[]), Mark::Fail, "no address");
    assert_eq!(broker::redirect(&settings(&[]), None), None, "nobody logs in without an app");
}

#[tokio::test]
async fn the_outgoing_address_is_compared_with_the_registered_one() {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_string("203.0.113.7\n");
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let with = async |more: &[(&str, &str)]| {
        let url = server.uri();
        reach::egress(&settings(&[&[("KEEPER_IP_CHECK_URL", url.as_str())], more].concat())).await
    };
    is(&with(&[("KEEPER_EXPECTED_IP", "203.0.113.7")]).await, Mark::Pass, "as registered");
    is(&with(&[("KEEPER_EXPECTED_IP", "203.0.113.8")]).await, Mark::Fail, "203.0.113.8");
    is(&with(&[]).await, Mark::Warn, "203.0.113.7");
    is(&reach::egress(&settings(&[])).await, Mark::Pass, "not needed while orders are simulated");
    is(&reach::egress(&settings(&[("FYERS_SANDBOX", "false")])).await, Mark::Warn, "KEEPER_IP_CHECK_URL");
    is(
        &reach::egress(&settings(&[("KEEPER_IP_CHECK_URL", "http://127.0.0.1:1/")])).await,
        Mark::Warn,
        "does not answer",
    );
}
