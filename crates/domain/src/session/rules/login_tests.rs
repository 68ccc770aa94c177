//! Stories of a person's login and logout.

use chrono::TimeDelta;
use serde_json::json;

use super::{testing::*, *};
use crate::login_origin::LoginOrigin;

fn code(app: &str) -> AuthCode {
    AuthCode::new(jwt::fake(&json!({"sub": "auth_code", "app_id": app})))
}

fn tokens() -> FreshTokens {
    FreshTokens { access: access(at("2026-11-24T06:00"), 7), refresh: Some(refresh(at("2026-12-08T06:00"))) }
}

/// A keeper at 08:46 on a Monday with refresh switched off.
fn locked_out() -> Backend {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::RefreshDisabled));
    backend.later(60);
    backend
}

fn ended(backend: &Backend) -> Option<Result<(), LoginFailure>> {
    backend.effects.iter().find_map(|effect| match effect {
        Effect::LoginEnded(_, outcome) => Some(*outcome),
        _ => None,
    })
}

fn refused(reason: Reason, code: Option<i64>) -> Option<Result<(), LoginFailure>> {
    Some(Err(LoginFailure::Refused { reason, code }))
}

#[test]
fn a_code_becomes_tokens_and_only_a_proven_token_is_used() {
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page));
    assert_eq!(backend.usable(), None);
    backend.login_says(Ok(tokens()));
    assert!(matches!(backend.effects.last(), Some(Effect::ProveToken(..))), "a new token is proven");
    assert_eq!((backend.usable(), ended(&backend)), (None, None));
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state(), (StateName::Valid, Reason::LoggedIn));
    assert_eq!(backend.usable(), Some(tokens().access.fingerprint()));
    assert_eq!(ended(&backend), Some(Ok(())));
    assert_eq!(backend.machine.stored.refresh, tokens().refresh, "the refresh token that came along is kept");
    assert_eq!(backend.machine.view(backend.now).holder.as_deref(), Some("A B"));
    assert!(backend.effects.iter().any(|effect| matches!(effect, Effect::Mirror(..))));
}

/// There is no refresh on any day. That FYERS ended this token is the news of this loss.
#[test]
fn each_loss_of_a_day_has_its_own_reason_and_the_next_morning_the_usual_one() {
    let mut backend = locked_out();
    let lost = (StateName::LoginRequired, Reason::TokenRejected);
    for (loss, time) in (2..).zip(["2026-11-23T11:00", "2026-11-23T13:20", "2026-11-23T15:05"]) {
        backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
        backend.profile_says(Ok(profile("XX00001"))).until(time);
        backend.tell(Input::TokenRejected(tokens().access.fingerprint()));
        backend.profile_says(Err(no(-16, "Could not authenticate the user")));
        assert_eq!(backend.state(), lost);
        assert_eq!(backend.machine.view(backend.now).problem, Some(Reason::RefreshDisabled));
        let asked = |event: &Event| matches!(event, Event::LoginRequired { .. });
        assert_eq!(backend.count(asked), loss, "each loss asks for a login");
        backend.later(60).tell(Input::Started);
        assert_eq!((backend.state(), backend.count(asked)), (lost, loss), "after a restart as well");
    }
    backend.until("2026-11-25T08:45").tick().refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::RefreshDisabled));
    backend.machine.facts.has_pin = false;
    backend.machine.reason = Reason::TokenRejected;
    backend.until("2026-11-26T08:45").tick();
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::TokenExpired), "it would be over anyway");
}

#[test]
fn what_the_keeper_itself_holds_back_is_no_word_of_fyers() {
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Err(no(-437, "no")));
    assert_eq!(ended(&backend), refused(Reason::CodeRejected, Some(-437)));
    let wait = std::time::Duration::from_secs(179);
    backend.tell(Input::CodeCame(2, code("ABCD1234EF"), LoginOrigin::Page));
    backend.login_says(Err(BrokerError::LoginsHeld { wait }));
    let until = backend.now + TimeDelta::seconds(179);
    assert_eq!(ended(&backend), Some(Err(LoginFailure::Held { until })));
    let told = Event::LoginFailed { reason: Reason::LoginsHeld, code: None };
    assert_eq!(backend.count(|event| *event == told), 1);
    let failed = backend.machine.view(backend.now).failed_login;
    assert_eq!(failed, Some(Reason::CodeRejected), "what FYERS said stays");
}

#[test]
fn another_persons_login_takes_nothing_away_at_any_hour() {
    for hour in ["2026-11-24T00:52", "2026-11-24T05:59", "2026-11-23T11:00", "2026-11-23T23:59"] {
        let mut backend = locked_out();
        backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
        backend.profile_says(Ok(profile("XX00001")));
        backend.now = at(hour);
        let other = FreshTokens { access: access(at("2026-11-24T06:00"), 9), refresh: None };
        backend.tell(Input::CodeCame(2, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(other));
        backend.profile_says(Ok(profile("YY00002")));
        assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None), "{hour}");
        assert_eq!(backend.state(), (StateName::Valid, Reason::LoggedIn), "{hour}");
        assert_eq!(backend.usable(), Some(tokens().access.fingerprint()), "{hour}");
    }
}

#[test]
fn another_persons_login_never_arms_trading() {
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!(backend.usable(), None);
    assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None));
    assert_eq!(backend.machine.stored.account.as_deref(), Some("XX00001"));
}

#[test]
fn another_persons_login_does_not_hurt_a_good_token() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(access(at("2026-11-24T06:00"), 2));
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    let held = backend.usable();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!((backend.usable(), backend.state().0), (held, StateName::Valid));
    assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None));
}

#[test]
fn a_code_for_another_app_is_not_even_spent() {
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("OTHER12345"), LoginOrigin::Page));
    assert_eq!(ended(&backend), refused(Reason::AppMismatch, None));
    assert!(!backend.effects.iter().any(|effect| matches!(effect, Effect::CallLogin(..))));
}

#[test]
fn a_refused_code_leaves_everything_as_it_was() {
    let mut backend = locked_out();
    let before = backend.state();
    backend
        .tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page))
        .login_says(Err(no(-437, "invalid auth code")));
    assert_eq!(ended(&backend), refused(Reason::CodeRejected, Some(-437)));
    assert_eq!(backend.state(), before);
    backend.tell(Input::CodeCame(2, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Err(down()));
    assert_eq!(ended(&backend), refused(Reason::Unreachable, None));
    assert_eq!(backend.state(), before);
}

#[test]
fn one_call_at_a_time_and_nobodys_code_is_lost() {
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page));
    let first = backend.effects.clone();
    backend.tell(Input::CodeCame(2, code("ABCD1234EF"), LoginOrigin::Chat));
    assert_eq!((ended(&backend), backend.effects.len()), (None, 0), "it waits");
    backend.effects = first;
    backend.login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None));
    backend.login_says(Ok(tokens())).profile_says(Ok(profile("XX00001")));
    assert_eq!((ended(&backend), backend.state().0), (Some(Ok(())), StateName::Valid));
}

#[test]
fn a_strangers_login_neither_ends_nor_delays_the_pending_refresh() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Err(down()));
    let waiting = backend.effects.clone();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None));
    assert!(backend.machine.open_tick().is_some(), "the tick still waits for its outcome");
    backend.effects = waiting;
    backend.wait_over();
    assert!(backend.calls_refresh(), "the retry comes as planned");
    backend.refresh_says(Ok(tokens())).profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state().0, StateName::Valid);
}

#[test]
fn the_first_account_is_confirmed_by_the_owner() {
    let fresh = || {
        let facts = Facts { asks_owner: true, ..facts() };
        let mut backend = Backend::with(facts, StoredSession::default(), "2026-11-23T09:00");
        backend.tell(Input::Started);
        backend
    };
    let mut backend = fresh();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!(ended(&backend), refused(Reason::AccountUnconfirmed, None));
    assert_eq!((backend.usable(), backend.machine.stored.account.clone()), (None, None));
    backend.tell(Input::AccountConfirmed(2, "XX00001".into()));
    assert_eq!(ended(&backend), refused(Reason::AccountUnconfirmed, None), "nobody with it logged in");
    backend.tell(Input::AccountConfirmed(3, "yy00002".into())).profile_says(Ok(profile("YY00002")));
    assert_eq!(ended(&backend), Some(Ok(())));
    assert_eq!(backend.machine.stored.account.as_deref(), Some("YY00002"));

    let mut backend = fresh();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Chat)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(ended(&backend), Some(Ok(())), "who may command the keeper need not be asked");

    let mut backend = fresh();
    backend.machine.facts.account = Some("XX00001".into());
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("YY00002")));
    assert_eq!(ended(&backend), refused(Reason::AccountMismatch, None), "FYERS_ACCOUNT_ID decides");
}

#[test]
fn the_latest_login_that_failed_is_known_until_a_token_comes() {
    let failed = |backend: &Backend| backend.machine.view(backend.now).failed_login;
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page));
    backend.login_says(Err(no(-371, "?")));
    assert_eq!(failed(&backend), Some(Reason::AppHashRejected));
    backend.tell(Input::CodeCame(2, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(failed(&backend), None);
    backend.tell(Input::CodeCame(3, code("ABCD1234EF"), LoginOrigin::Page));
    backend.login_says(Err(no(-437, "?")));
    assert_eq!(failed(&backend), None, "a token works: there is nothing to explain");
}

/// The same keeper, started again at this time: what is on disk is what its steps have committed.
#[test]
fn the_login_that_failed_is_known_after_a_restart_until_a_token_comes_or_the_day_ends() {
    let failed = |backend: &Backend| backend.machine.view(backend.now).failed_login;
    let mut backend = locked_out();
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page));
    backend.login_says(Err(no(-371, "?")));
    let noted = backend.noted_failure();
    assert_eq!(noted.as_ref().map(|failed| failed.reason), Some(Reason::AppHashRejected));
    let again = |facts: Facts, noted: &Option<FailedLogin>, now: &str| {
        let mut backend = Backend::with(facts, StoredSession::default(), now);
        backend.machine = backend.machine.recalling(noted.clone());
        backend.tell(Input::Started);
        backend
    };
    let mut backend = again(facts(), &noted, "2026-11-23T23:59");
    assert_eq!(failed(&backend), Some(Reason::AppHashRejected));
    backend.later(120).tell(Input::Watch);
    assert_eq!(failed(&backend), None, "the day is over, while the keeper runs");
    assert_eq!(backend.noted_failure(), None);
    assert_eq!(failed(&again(facts(), &noted, "2026-11-24T00:01")), None, "and while it did not");
    let others = Facts { credentials: "second".into(), ..facts() };
    assert_eq!(failed(&again(others, &noted, "2026-11-23T12:00")), None, "the secret was corrected");

    let mut backend = again(facts(), &noted, "2026-11-23T12:00");
    backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!((failed(&backend), backend.noted_failure()), (None, None), "a token came");
}

#[test]
fn a_clock_that_is_wrong_keeps_a_new_token_out() {
    for (skew, good) in [(29, true), (-29, true), (31, false), (-3_600, false)] {
        let mut backend = locked_out();
        backend.skew = Some(TimeDelta::seconds(skew));
        backend.tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page)).login_says(Ok(tokens()));
        backend.profile_says(Ok(profile("XX00001")));
        assert_eq!(backend.usable().is_some(), good, "{skew} s");
        let wanted = if good { Some(Ok(())) } else { refused(Reason::ClockSkew, None) };
        assert_eq!(ended(&backend), wanted);
    }
}

#[test]
fn trouble_in_the_proof_is_retried_beside_the_tick() {
    let mut backend = Backend::monday();
    backend.until("2026-11-23T08:44").tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page));
    backend.login_says(Ok(tokens())).profile_says(Err(down()));
    assert_eq!(ended(&backend), None, "still being tried");
    let waiting = backend.effects.clone();
    backend.tick();
    assert!(backend.calls_refresh(), "the tick does not wait for a login that may be a stranger's");
    backend.effects = waiting;
    backend.wait_over();
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!((ended(&backend), backend.state().0), (Some(Ok(())), StateName::Valid));
    assert!(backend.machine.open_tick().is_none(), "it is the tick's outcome too");
}

#[test]
fn an_early_login_makes_the_tick_a_check_and_no_call_for_help() {
    let mut backend = Backend::monday();
    backend
        .until("2026-11-23T06:10")
        .tell(Input::CodeCame(1, code("ABCD1234EF"), LoginOrigin::Page))
        .login_says(Ok(tokens()));
    backend.profile_says(Ok(profile("XX00001")));
    backend.until("2026-11-23T08:45").tick().profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state().0, StateName::Valid);
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
}

#[test]
fn logging_out_ends_the_session_here_and_at_the_broker() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Ok(tokens())).profile_says(Ok(profile("XX00001")));
    backend.tell(Input::LogOut);
    assert_eq!((backend.usable(), backend.state()), (None, (StateName::NoToken, Reason::LoggedOut)));
    assert!(backend.effects.iter().any(|effect| matches!(effect, Effect::CallLogout(_))));
    backend.later(600).tell(Input::Watch).tell(Input::Verify);
    assert_eq!(backend.state().0, StateName::NoToken, "it does not come back by itself today");
    backend.effects.clear();
    backend.tell(Input::LogOut);
    assert!(backend.effects.is_empty(), "nothing to end");
}

#[test]
fn a_logout_forgets_the_refresh_token_too_and_no_copy_brings_it_back() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Ok(tokens())).profile_says(Ok(profile("XX00001"))).tell(Input::LogOut);
    assert_eq!((&backend.machine.stored.refresh, &backend.machine.stored.access), (&None, &None));
    let refresh = tokens().refresh.unwrap();
    assert!(backend.machine.bound.is_forgotten(&refresh.fingerprint()));
    backend.until("2026-11-25T08:45").tick();
    assert!(!backend.calls_refresh());
}

/// On the day it jumped to the token is over and a login is asked for. Back again, FYERS takes the token.
#[test]
fn a_clock_that_came_back_leads_to_another_check_also_when_a_login_was_asked_for() {
    let mut backend = Backend::monday();
    backend.machine.facts.has_pin = false;
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001")));
    backend.until("2026-11-25T08:45").tell(Input::Watch).tick();
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::TokenExpired));
    backend.until("2026-11-23T12:00").tell(Input::Watch);
    assert_eq!(backend.usable(), None, "asked first");
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!((backend.state().0, backend.usable()), (StateName::Valid, Some(tomorrow().fingerprint())));
    backend.tell(Input::TokenRejected(tomorrow().fingerprint()));
    backend.profile_says(Err(no(-16, "Could not authenticate the user"))).later(30).tell(Input::Watch);
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::TokenRejected), "FYERS has refused it");
    assert!(!backend.effects.iter().any(|effect| matches!(effect, Effect::CheckToken(..))));
}
