//! Stories of the session, told in inputs and outcomes.

use super::{testing::*, *};

#[test]
fn a_normal_morning_brings_a_token_that_lasts_until_six_tomorrow() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Ok(fresh()));
    assert_eq!(backend.usable(), None, "a new token counts only after its profile call");
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state(), (StateName::Valid, Reason::Refreshed));
    assert_eq!(backend.usable(), Some(tomorrow().fingerprint()));
    assert!(matches!(backend.effects[0], Effect::Announce { to: StateName::Valid, .. }));
    assert!(matches!(backend.effects[1], Effect::Mirror(..)));
    assert!(backend.machine.open_tick().is_none());
    assert_eq!(backend.count(|event| matches!(event, Event::RefreshSucceeded { attempts: 1, .. })), 1);
}

#[test]
fn an_early_login_makes_the_tick_silent_but_for_a_check() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001"))).tick();
    assert!(!backend.calls_refresh());
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state(), (StateName::Valid, Reason::Verified));
    assert_eq!(backend.count(|event| matches!(event, Event::TokenGood { .. })), 1);
}

#[test]
fn refresh_disabled_is_asked_once_a_day_and_becomes_a_login() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::RefreshDisabled));
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { code: Some(-16), .. })), 1);
    backend.later(3600).tell(Input::Started);
    assert!(!backend.calls_refresh(), "remembered for the day");
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 1, "said once");
    backend.until("2026-11-25T08:45").tick();
    assert!(backend.calls_refresh(), "a new day is worth one new try");
}

#[test]
fn a_wrong_pin_costs_exactly_one_call_until_a_person_acts() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Err(no(-50, "Invalid PIN")));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::PinRejected));
    for date in ["2026-11-25T08:45", "2026-11-26T08:45"] {
        backend.until(date).tick().tell(Input::Watch);
        assert!(!backend.calls_refresh());
        backend.tell(Input::Started);
        assert!(!backend.calls_refresh());
    }
    backend.tell(Input::RefreshNow);
    assert!(backend.calls_refresh(), "a person asked");
    backend.refresh_says(Err(no(-50, "Invalid PIN"))).tell(Input::Started);
    assert!(!backend.calls_refresh());
    backend.machine.facts.credentials = "another pin".into();
    backend.tell(Input::Started);
    assert!(backend.calls_refresh(), "other credentials are worth a try");
}

#[test]
fn an_outage_is_retried_with_growing_waits_and_told_at_the_right_times() {
    let mut backend = Backend::monday();
    backend.tick();
    let mut waits = vec![];
    for _ in 0..8 {
        backend.refresh_says(Err(down()));
        waits.push(backend.wait_over().as_secs());
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
    let delays = |backend: &Backend| -> Vec<bool> {
        let urgent = |event: &Event| match event {
            Event::TokenDelayed { urgent, .. } => Some(*urgent),
            _ => None,
        };
        backend.events.iter().filter_map(urgent).collect()
    };
    assert!(delays(&backend).is_empty(), "told by Watch only");
    let call = backend.find(|effect| matches!(effect, Effect::CallRefresh(..)));
    for when in ["2026-11-23T08:50", "2026-11-23T08:51", "2026-11-23T09:00", "2026-11-23T09:09"] {
        backend.until(when).tell(Input::Watch);
    }
    assert_eq!(delays(&backend), [false, false]);
    for when in ["2026-11-23T09:10", "2026-11-23T09:11", "2026-11-23T11:00"] {
        backend.until(when).tell(Input::Watch);
    }
    assert_eq!(delays(&backend), [false, false, true]);
    backend.tell(Input::Refreshed(call, Ok(fresh()))).profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.state(), (StateName::Valid, Reason::Refreshed));
}

#[test]
fn retry_after_is_honoured() {
    let mut backend = Backend::monday();
    let asked = Some(Duration::from_secs(77));
    backend.tick().refresh_says(Err(BrokerError::RateLimited { retry_after: asked }));
    assert_eq!(backend.wait_over(), Duration::from_secs(77));
}

#[test]
fn a_network_error_never_spoils_a_good_token() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    for error in [down(), BrokerError::Garbled { status: 403, garble: Garble::NotJson }] {
        backend.tell(Input::Verify).profile_says(Err(error));
        assert_eq!(backend.usable(), Some(tomorrow().fingerprint()));
        backend.wait_over();
        backend.profile_says(Ok(profile("XX00001")));
    }
    assert_eq!(backend.state(), (StateName::Valid, Reason::Verified));
}

#[test]
fn a_rejected_token_is_out_of_use_at_once_and_for_good_if_the_broker_confirms() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001"))).until("2026-11-23T12:00");
    backend.tell(Input::TokenRejected(Fingerprint::of("yesterday's token")));
    assert!(backend.usable().is_some(), "a late word about another token means nothing");
    backend.tell(Input::TokenRejected(tomorrow().fingerprint()));
    assert_eq!(backend.usable(), None);
    backend.profile_says(Err(no(-16, "Could not authenticate the user")));
    assert!(backend.calls_refresh());
    backend.refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::TokenRejected));
    assert_eq!(backend.machine.stored.access, None);
}

#[test]
fn a_false_alarm_gives_the_token_back() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    backend.tell(Input::TokenRejected(tomorrow().fingerprint())).profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.usable(), Some(tomorrow().fingerprint()));
}

#[test]
fn another_persons_token_never_counts() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Ok(fresh())).profile_says(Ok(profile("YY00002")));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::AccountMismatch));
    assert_eq!(backend.usable(), None);
    assert_ne!(backend.machine.stored.access, Some(tomorrow()));
}

#[test]
fn a_failed_refresh_leaves_a_good_token_in_use() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    backend.tell(Input::RefreshNow).refresh_says(Err(no(-501, "Please provide valid refresh token")));
    assert_eq!(backend.state(), (StateName::Valid, Reason::Verified));
    let view = backend.machine.view(backend.now);
    assert_eq!(view.problem, Some(Reason::RefreshTokenRejected));
    assert!(view.usable.is_some());
    backend.tell(Input::Verify).profile_says(Ok(profile("XX00001")));
    let view = backend.machine.view(backend.now);
    assert_eq!(view.problem, Some(Reason::RefreshTokenRejected), "the next refresh would fail as well");
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
}

#[test]
fn a_problem_is_forgotten_when_the_token_is_proven_again() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    let unreachable = BrokerError::Transport(Transport::Connect);
    for doubt in [Input::Verify, Input::TokenRejected(tomorrow().fingerprint())] {
        backend.tell(doubt).profile_says(Err(unreachable.clone()));
        assert!(backend.machine.view(backend.now).problem.is_some());
        let waited = backend.find(|effect| matches!(effect, Effect::Wait(..)));
        backend.tell(Input::Waited(waited)).profile_says(Ok(profile("XX00001")));
        let view = backend.machine.view(backend.now);
        assert_eq!((view.state, view.problem), (StateName::Valid, None));
        assert!(view.usable.is_some());
    }
}

#[test]
fn one_refresh_at_a_time_whoever_asks() {
    let mut backend = Backend::monday();
    backend.tell(Input::RefreshNow);
    let first = backend.find(|effect| matches!(effect, Effect::CallRefresh(..)));
    for input in [Input::RefreshNow, Input::Verify, Input::Watch] {
        backend.tell(input);
        assert!(!backend.calls_refresh());
    }
    backend.tick();
    assert!(!backend.calls_refresh());
    backend.tell(Input::Refreshed(first, Ok(fresh()))).profile_says(Ok(profile("XX00001")));
    assert!(backend.machine.open_tick().is_none(), "its outcome is the tick's outcome");
}

#[test]
fn the_token_expires_at_six_and_nobody_is_woken() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001")));
    backend.until("2026-11-24T06:00").tell(Input::Watch);
    assert_eq!(backend.state(), (StateName::Expired, Reason::TokenExpired));
    assert!(!backend.calls_refresh());
    assert_eq!(backend.usable(), None);
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
}

#[test]
fn a_rotated_refresh_token_is_on_disk_before_the_access_token_is_tried() {
    let mut backend = Backend::monday();
    let old = backend.machine.stored.refresh.clone();
    let new = refresh(at("2026-12-08T06:00"));
    backend.tick();
    let id = backend.find(|effect| matches!(effect, Effect::CallRefresh(..)));
    let moment = Moment { now: backend.now, session: backend.session(), dice: 0.5, skew: None };
    let answer = FreshTokens { access: tomorrow(), refresh: Some(new.clone()) };
    let (machine, step) = backend.machine.clone().step(Input::Refreshed(id, Ok(answer)), moment);
    let session = step.change.and_then(|change| change.session).expect("must be committed in this step");
    assert_eq!(session.refresh, Some(new));
    assert_eq!(session.previous_refresh, old, "kept until the new one has worked");
    assert!(matches!(step.effects.last(), Some(Effect::ProveToken(..))));
    assert_ne!(machine.stored.access, Some(tomorrow()));
}

#[test]
fn the_end_of_the_refresh_token_is_announced_on_four_days_once_each() {
    let mut backend = Backend::monday();
    backend.machine.stored.refresh = Some(refresh(at("2026-12-03T18:00")));
    let mut told = vec![];
    for date in 23..=33 {
        let text = if date <= 30 { format!("2026-11-{date}") } else { format!("2026-12-0{}", date - 30) };
        for hour in ["03:00", "08:50", "13:00", "21:00"] {
            backend.until(&format!("{text}T{hour}"));
            backend.events.clear();
            backend.tell(Input::Watch);
            told.extend(backend.events.iter().filter_map(|event| match event {
                Event::RefreshTokenEnding { days_left, .. } => Some((hour, *days_left)),
                _ => None,
            }));
        }
    }
    assert_eq!(told, [("08:50", 5), ("08:50", 3), ("08:50", 1), ("08:50", 0)]);
}

#[test]
fn a_refresh_token_without_exp_counts_from_its_iat() {
    let mut backend = Backend::monday();
    let issued = at("2026-11-01T09:00").timestamp();
    backend.machine.stored.refresh = Some(RefreshToken::new(jwt::fake(&json!({"iat": issued}))));
    assert_eq!(backend.machine.refresh_until(), Some(at("2026-11-16T09:00")));
    backend.tick();
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::RefreshTokenExpired));
}

#[test]
fn without_an_app_there_is_nothing_to_nag_about() {
    let none = Facts { app_id: None, ..facts() };
    let mut backend = Backend::with(none, StoredSession::default(), "2026-11-23T08:45");
    backend.tell(Input::Started).tick();
    assert_eq!(backend.state(), (StateName::NoToken, Reason::NoCredentials));
    assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
    assert!(backend.machine.open_tick().is_none());
}

#[test]
fn without_any_token_the_reason_is_that_nobody_has_logged_in_yet() {
    let mut backend = Backend::new(StoredSession::default(), "2026-11-23T08:45");
    backend.tell(Input::Started);
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::NeverLoggedIn));
}

#[test]
fn a_day_without_any_token_ends_at_the_close_with_a_word() {
    let mut backend = Backend::monday();
    backend.tick().refresh_says(Err(down())).until("2026-11-23T15:30").tell(Input::Watch);
    assert_eq!(backend.state(), (StateName::Expired, Reason::Unreachable));
    assert_eq!(backend.count(|event| matches!(event, Event::DayGivenUp { .. })), 1);
    assert!(backend.machine.open_tick().is_none());
    backend.until("2026-11-25T08:45").tick();
    assert!(backend.calls_refresh());
}

#[test]
fn a_tick_that_was_cut_off_by_a_crash_goes_on_after_the_restart() {
    let mut backend = Backend::monday();
    backend.tick();
    let open = backend.machine.tick;
    backend.machine = Machine::new(facts(), backend.machine.stored.clone(), open);
    backend.later(5).tell(Input::Started);
    assert!(backend.calls_refresh());
    backend.refresh_says(Ok(fresh())).profile_says(Ok(profile("XX00001")));
    assert!(backend.machine.open_tick().is_none());
    backend.tell(Input::Tick { trade_date: day("2026-11-23"), late: true });
    assert_eq!(backend.count(|event| matches!(event, Event::Ticked { .. })), 1, "never twice for a date");
}

#[test]
fn a_token_already_past_its_end_means_that_a_clock_is_wrong() {
    let mut backend = Backend::monday();
    let stale = FreshTokens { access: access(at("2026-11-23T06:00"), 9), refresh: None };
    backend.tick().refresh_says(Ok(stale));
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::ClockSkew));
}

#[test]
fn a_crash_of_the_actor_alone_leaves_a_proven_token_in_use() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tell(Input::Started).profile_says(Ok(profile("XX00001")));
    let stored = backend.machine.stored.clone();

    backend.machine = Machine::new(facts(), stored.clone(), None).resumed();
    backend.tell(Input::Started);
    assert_eq!(backend.usable(), Some(tomorrow().fingerprint()), "nobody doubted it");

    backend.machine = Machine::new(facts(), stored.clone(), None);
    backend.tell(Input::Started);
    assert_eq!(backend.usable(), None, "a new process asks first");

    let doubted = StoredSession { state: StateName::Checking, ..stored };
    backend.machine = Machine::new(facts(), doubted, None).resumed();
    backend.tell(Input::Started);
    assert_eq!(backend.usable(), None, "a doubt survives the crash");
}

#[test]
fn a_person_is_asked_once_a_day_for_a_reason() {
    let mut backend = Backend::monday();
    backend.until("2026-11-23T10:00").tell(Input::Started).refresh_says(Err(no(-16, DISABLED)));
    backend.later(5).tick().later(60).tell(Input::Started).tell(Input::Watch);
    backend.later(60).tell(Input::RefreshNow).refresh_says(Err(no(-16, DISABLED)));
    let asked = |backend: &Backend| backend.count(|event| matches!(event, Event::LoginRequired { .. }));
    assert_eq!(asked(&backend), 1, "start, tick and restart are one matter");
    backend.until("2026-11-25T08:45").tick().refresh_says(Err(no(-16, DISABLED)));
    assert_eq!(asked(&backend), 2, "another day");
}

/// FYERS refuses it before the keeper has looked at its clock.
#[test]
fn a_token_that_is_refused_after_its_end_has_expired() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001"))).until("2026-11-24T06:00");
    backend.tell(Input::TokenRejected(tomorrow().fingerprint()));
    assert_eq!(backend.state(), (StateName::Expired, Reason::TokenExpired));
}

#[test]
fn without_a_pin_the_reason_is_the_daily_login_and_never_the_pin() {
    let none = Facts { has_pin: false, ..facts() };
    let stored = Backend::monday().machine.stored;
    let mut backend = Backend::with(none, stored, "2026-11-23T08:45");
    backend.tick();
    assert_eq!(backend.state(), (StateName::LoginRequired, Reason::TokenExpired));
    assert!(!backend.calls_refresh());
}

#[test]
fn a_clock_that_jumped_past_the_end_and_back_leads_to_another_check() {
    let mut backend = Backend::monday();
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001")));
    backend.until("2026-11-24T06:10").tell(Input::Watch);
    assert_eq!(backend.state(), (StateName::Expired, Reason::TokenExpired));
    backend.until("2026-11-23T12:00").tell(Input::Watch);
    assert_eq!(backend.usable(), None, "asked first");
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.usable(), Some(tomorrow().fingerprint()));
}

#[test]
fn every_loss_asks_again_the_same_day() {
    let mut backend = Backend::monday();
    backend.machine.facts.has_pin = false;
    backend.machine.stored.access = Some(tomorrow());
    backend.tick().profile_says(Ok(profile("XX00001"))).until("2026-11-23T11:00");
    for loss in 1..=10u32 {
        let held = backend.machine.stored.access.clone().unwrap();
        backend.tell(Input::TokenRejected(held.fingerprint()));
        backend.profile_says(Err(no(-16, "Could not authenticate the user")));
        assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), loss as usize);
        backend.machine.stored.access = Some(access(at("2026-11-24T06:00"), 10 + loss));
        backend.tell(Input::Started).profile_says(Ok(profile("XX00001"))).later(60);
    }
}

#[test]
fn a_call_that_takes_long_while_the_market_is_open_is_told_within_a_minute() {
    let mut backend = Backend::monday();
    backend.until("2026-11-23T10:00").tick();
    for _ in 0..2 {
        backend.later(30).tell(Input::Watch);
    }
    assert_eq!(backend.count(|event| matches!(event, Event::TokenDelayed { urgent: true, .. })), 1);
}
