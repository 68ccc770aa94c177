//! Stories of a person's login and logout.

use chrono::TimeDelta;
use serde_json::json;

use super::{tests::*, *};

fn code(app: &str) -> AuthCode {
    AuthCode::new(jwt::fake(&json!({"sub": "auth_code", "app_id": app})))
}

fn tokens() -> FreshTokens {
    FreshTokens { access: access(at("2026-11-24T06:00"), 7), refresh: Some(refresh(at("2026-12-08T06:00"))) }
}

/// A keeper at 08:46 on a Monday with refresh switched off.
fn locked_out() -> Desk {
    let mut desk = Desk::monday();
    desk.tick().refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(desk.state(), (StateName::LoginRequired, Reason::RefreshDisabled));
    desk.later(60);
    desk
}

fn ended(desk: &Desk) -> Option<Result<(), LoginFailure>> {
    desk.effects.iter().find_map(|effect| match effect {
        Effect::LoginEnded(_, outcome) => Some(*outcome),
        _ => None,
    })
}

fn refused(reason: Reason, code: Option<i64>) -> Option<Result<(), LoginFailure>> {
    Some(Err(LoginFailure::Refused { reason, code }))
}

#[test]
fn a_code_becomes_tokens_and_only_a_proven_token_is_used() {
    let mut desk = locked_out();
    desk.tell(Input::CodeCame(1, code("ABCD1234EF")));
    assert_eq!(desk.usable(), None);
    desk.login_says(Ok(tokens()));
    assert!(
        matches!(desk.effects.last(), Some(Effect::ProveToken(..))),
        "profile and funds, not profile alone"
    );
    assert_eq!((desk.usable(), ended(&desk)), (None, None));
    desk.profile_says(Ok(profile("XX00001")));
    assert_eq!(desk.state(), (StateName::Valid, Reason::LoggedIn));
    assert_eq!(desk.usable(), Some(tokens().access.fingerprint()));
    assert_eq!(ended(&desk), Some(Ok(())));
    assert_eq!(desk.machine.stored.refresh, tokens().refresh, "the refresh token that came along is kept");
    assert_eq!(desk.machine.view(desk.now).holder.as_deref(), Some("A B"));
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::Mirror(..))));
}

#[test]
fn another_persons_login_takes_nothing_away_at_any_hour() {
    for hour in ["2026-11-24T00:52", "2026-11-24T05:59", "2026-11-23T11:00", "2026-11-23T23:59"] {
        let mut desk = locked_out();
        desk.tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
        desk.profile_says(Ok(profile("XX00001")));
        desk.now = at(hour);
        let other = FreshTokens { access: access(at("2026-11-24T06:00"), 9), refresh: None };
        desk.tell(Input::CodeCame(2, code("ABCD1234EF"))).login_says(Ok(other));
        desk.profile_says(Ok(profile("YY00002")));
        assert_eq!(ended(&desk), refused(Reason::AccountMismatch, None), "{hour}");
        assert_eq!(desk.state(), (StateName::Valid, Reason::Verified), "{hour}");
        assert_eq!(desk.usable(), Some(tokens().access.fingerprint()), "{hour}");
    }
}

#[test]
fn another_persons_login_never_arms_trading() {
    let mut desk = locked_out();
    desk.tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
    desk.profile_says(Ok(profile("YY00002")));
    assert_eq!(desk.usable(), None);
    assert_eq!(ended(&desk), refused(Reason::AccountMismatch, None));
    assert_eq!(desk.machine.stored.account.as_deref(), Some("XX00001"));
}

#[test]
fn another_persons_login_does_not_hurt_a_good_token() {
    let mut desk = Desk::monday();
    desk.machine.stored.access = Some(access(at("2026-11-24T06:00"), 2));
    desk.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    let held = desk.usable();
    desk.tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
    desk.profile_says(Ok(profile("YY00002")));
    assert_eq!((desk.usable(), desk.state().0), (held, StateName::Valid));
    assert_eq!(ended(&desk), refused(Reason::AccountMismatch, None));
}

#[test]
fn a_code_for_another_app_is_not_even_spent() {
    let mut desk = locked_out();
    desk.tell(Input::CodeCame(1, code("OTHER12345")));
    assert_eq!(ended(&desk), refused(Reason::AppMismatch, None));
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::CallLogin(..))));
}

#[test]
fn a_refused_code_leaves_everything_as_it_was() {
    let mut desk = locked_out();
    let before = desk.state();
    desk.tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Err(no(-437, "invalid auth code")));
    assert_eq!(ended(&desk), refused(Reason::CodeRejected, Some(-437)));
    assert_eq!(desk.state(), before);
    desk.tell(Input::CodeCame(2, code("ABCD1234EF"))).login_says(Err(down()));
    assert_eq!(ended(&desk), refused(Reason::Unreachable, None));
    assert_eq!(desk.state(), before);
}

#[test]
fn one_login_at_a_time() {
    let mut desk = locked_out();
    desk.tell(Input::CodeCame(1, code("ABCD1234EF")));
    let first = desk.effects.clone();
    desk.tell(Input::CodeCame(2, code("ABCD1234EF")));
    assert_eq!(ended(&desk), Some(Err(LoginFailure::Busy)));
    desk.effects = first;
    desk.login_says(Ok(tokens())).profile_says(Ok(profile("XX00001")));
    assert_eq!(desk.state().0, StateName::Valid);
}

#[test]
fn a_clock_that_is_wrong_keeps_a_new_token_out() {
    for (skew, good) in [(29, true), (-29, true), (31, false), (-3_600, false)] {
        let mut desk = locked_out();
        desk.skew = Some(TimeDelta::seconds(skew));
        desk.tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
        desk.profile_says(Ok(profile("XX00001")));
        assert_eq!(desk.usable().is_some(), good, "{skew} s");
        let wanted = if good { Some(Ok(())) } else { refused(Reason::ClockSkew, None) };
        assert_eq!(ended(&desk), wanted);
    }
}

#[test]
fn trouble_in_the_proof_is_retried_and_the_tick_does_not_get_in_its_way() {
    let mut desk = Desk::monday();
    desk.until("2026-11-23T08:44").tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
    desk.profile_says(Err(down()));
    assert_eq!(ended(&desk), None, "still being tried");
    let waiting = desk.effects.clone();
    desk.tick();
    assert!(!desk.calls_refresh(), "the login is on its way");
    desk.effects = waiting;
    desk.wait_over();
    desk.profile_says(Ok(profile("XX00001")));
    assert_eq!((ended(&desk), desk.state().0), (Some(Ok(())), StateName::Valid));
    assert!(desk.machine.open_tick().is_none(), "it is the tick's outcome too");
}

#[test]
fn an_early_login_makes_the_tick_a_check_and_no_call_for_help() {
    let mut desk = Desk::monday();
    desk.until("2026-11-23T06:10").tell(Input::CodeCame(1, code("ABCD1234EF"))).login_says(Ok(tokens()));
    desk.profile_says(Ok(profile("XX00001")));
    desk.until("2026-11-23T08:45").tick().profile_says(Ok(profile("XX00001")));
    assert_eq!(desk.state().0, StateName::Valid);
    assert_eq!(desk.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
}

#[test]
fn logging_out_ends_the_session_here_and_at_the_broker() {
    let mut desk = Desk::monday();
    desk.tick().refresh_says(Ok(tokens())).profile_says(Ok(profile("XX00001")));
    desk.tell(Input::LogOut);
    assert_eq!((desk.usable(), desk.state()), (None, (StateName::NoToken, Reason::LoggedOut)));
    assert!(desk.effects.iter().any(|effect| matches!(effect, Effect::CallLogout(_))));
    desk.later(600).tell(Input::Watch).tell(Input::Verify);
    assert_eq!(desk.state().0, StateName::NoToken, "it does not come back by itself today");
    desk.effects.clear();
    desk.tell(Input::LogOut);
    assert!(desk.effects.is_empty(), "nothing to end");
}
