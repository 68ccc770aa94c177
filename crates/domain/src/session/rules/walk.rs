//! Random histories: whatever happens in whatever order, the promises of the state machine hold.

use proptest::prelude::*;

use super::{testing::*, *};
use crate::login_origin::LoginOrigin;

/// One thing that may happen; answers go to whatever call is open, if any.
#[derive(Debug, Clone)]
enum Happening {
    Tell(u8),
    Tick,
    ProfileOk { stranger: bool },
    ProfileNo { dead: bool },
    RefreshOk { hours: i64 },
    RefreshNo(u8),
    LoginOk { hours: i64 },
    LoginNo(u8),
    WaitOver,
    Pass(i64),
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0u8..6).prop_map(Happening::Tell),
        Just(Happening::Tick),
        any::<bool>().prop_map(|stranger| Happening::ProfileOk { stranger }),
        any::<bool>().prop_map(|dead| Happening::ProfileNo { dead }),
        (-2i64..40).prop_map(|hours| Happening::RefreshOk { hours }),
        (0u8..4).prop_map(Happening::RefreshNo),
        (-2i64..40).prop_map(|hours| Happening::LoginOk { hours }),
        (0u8..4).prop_map(Happening::LoginNo),
        Just(Happening::WaitOver),
        (1i64..40_000).prop_map(Happening::Pass),
        Just(Happening::Restart),
    ]
}

/// What an observer of the walk knows.
#[derive(Default)]
struct Observer {
    /// Tokens for which the broker said yes, for the right account.
    proven: Vec<Fingerprint>,
    /// Open checks of the held token or a refreshed one, and of logins: a login is proven beside them.
    open_profiles: Vec<(CallId, Fingerprint)>,
    open_refresh: Option<CallId>,
    open_login: Option<CallId>,
    /// Logins begun, and of these, ended.
    logins: LoginId,
    ended: Vec<LoginId>,
    open_waits: Vec<CallId>,
    pin_refused: bool,
    disabled_on: Option<NaiveDate>,
    ticked: Vec<NaiveDate>,
    marks: u32,
}

fn refusal(kind: u8) -> BrokerError {
    let (code, message) = match kind {
        0 => return BrokerError::Transport(Transport::Timeout),
        1 => (-16, "Refresh token API is currently disabled to comply with SEBI regulations."),
        2 => (-50, "Invalid PIN"),
        _ => (-501, "Please provide valid refresh token"),
    };
    BrokerError::Refused { status: 400, code, message: message.into() }
}

fn input(backend: &Backend, seen: &mut Observer, happening: &Happening) -> Option<Input> {
    let profile_call = seen.open_profiles.last().cloned();
    let refresh_call = seen.open_refresh;
    Some(match happening {
        Happening::Tell(0) => Input::Watch,
        Happening::Tell(1) => Input::Verify,
        Happening::Tell(2) => {
            seen.pin_refused = false;
            seen.disabled_on = None;
            Input::RefreshNow
        }
        Happening::Tell(3) => Input::TokenRejected(backend.machine.view(backend.now).fingerprint?),
        Happening::Tell(5) => Input::LogOut,
        Happening::Tell(_) => {
            seen.logins += 1;
            Input::CodeCame(
                seen.logins,
                AuthCode::new(jwt::fake(&serde_json::json!({"app_id": "ABCD1234EF"}))),
                if seen.logins.is_multiple_of(2) { LoginOrigin::Chat } else { LoginOrigin::Page },
            )
        }
        Happening::Tick => Input::Tick { trade_date: ist::date(backend.now), late: false },
        Happening::ProfileOk { stranger } => {
            let (id, token) = profile_call?;
            if !stranger {
                seen.proven.push(token);
            }
            let fy_id = if *stranger { "YY00002" } else { "XX00001" };
            Input::Profiled(id, Ok(Profile { fy_id: fy_id.into(), name: String::new() }))
        }
        Happening::ProfileNo { dead } => {
            let (id, token) = profile_call?;
            if *dead {
                seen.proven.retain(|proven| *proven != token);
            }
            let error = BrokerError::Refused { status: 401, code: -16, message: String::new() };
            Input::Profiled(id, Err(if *dead { error } else { refusal(0) }))
        }
        Happening::LoginOk { hours } => {
            seen.marks += 1;
            let access = access(backend.now + chrono::TimeDelta::hours(*hours), seen.marks);
            Input::CodeRedeemed(seen.open_login?, Ok(FreshTokens { access, refresh: None }))
        }
        Happening::LoginNo(kind) => Input::CodeRedeemed(seen.open_login?, Err(refusal(*kind))),
        Happening::RefreshOk { hours } => {
            seen.marks += 1;
            let access = access(backend.now + chrono::TimeDelta::hours(*hours), seen.marks);
            Input::Refreshed(refresh_call?, Ok(FreshTokens { access, refresh: None }))
        }
        Happening::RefreshNo(kind) => {
            let id = refresh_call?;
            match kind {
                1 => seen.disabled_on = Some(ist::date(backend.now)),
                2 => seen.pin_refused = true,
                _ => {}
            }
            Input::Refreshed(id, Err(refusal(*kind)))
        }
        Happening::WaitOver => Input::Waited(seen.open_waits.pop()?),
        Happening::Pass(_) | Happening::Restart => return None,
    })
}

fn check(backend: &Backend, seen: &mut Observer, input: &Input) -> Result<(), TestCaseError> {
    match input {
        Input::Profiled(call, _) => seen.open_profiles.retain(|(open, _)| open != call),
        Input::Refreshed(..) => seen.open_refresh = None,
        Input::CodeRedeemed(..) => seen.open_login = None,
        _ => {}
    }
    for effect in &backend.effects {
        match effect {
            Effect::CallRefresh(id, _) => {
                prop_assert!(seen.open_refresh.is_none(), "two refresh calls at once");
                prop_assert!(!seen.pin_refused, "a refused PIN was tried again");
                prop_assert_ne!(
                    seen.disabled_on,
                    Some(ist::date(backend.now)),
                    "asked again on the same day"
                );
                seen.open_refresh = Some(*id);
            }
            Effect::CallLogin(id, _) => {
                prop_assert!(seen.open_login.is_none(), "two logins are redeemed at once");
                seen.open_login = Some(*id);
            }
            Effect::LoginEnded(login, outcome) => {
                prop_assert!(!seen.ended.contains(login), "a login ended twice");
                seen.ended.push(*login);
                let used = backend.machine.view(backend.now).usable.is_some();
                prop_assert!(outcome.is_err() || used, "a login that ended well, and no token in use");
            }
            Effect::CallLogout(token) => {
                let held = backend.machine.stored.access.as_ref();
                prop_assert!(held != Some(token), "logged out and still held");
            }
            Effect::CheckToken(id, token) | Effect::ProveToken(id, token) => {
                seen.open_profiles.push((*id, token.fingerprint()));
            }
            Effect::Wait(id, wait) => {
                prop_assert!(wait.as_secs() >= 1);
                seen.open_waits.push(*id);
            }
            Effect::Announce { view, .. } => prop_assert_eq!(view.state, backend.machine.state),
            Effect::NewerRefused(_) => {}
            Effect::Mirror(token, _) => {
                prop_assert!(seen.proven.contains(&token.fingerprint()), "an unproven token was written");
            }
        }
    }
    let view = backend.machine.view(backend.now);
    if let Some(token) = &view.usable {
        prop_assert!(seen.proven.contains(&token.fingerprint()), "an unproven token is in use");
        prop_assert!(view.expires_at.is_some_and(|end| backend.now < end), "a token past its end is in use");
    }
    if matches!(view.state, StateName::Checking | StateName::Refreshing) {
        prop_assert!(backend.machine.pending != Pending::Nothing, "stuck: {:?}", view.state);
    }
    Ok(())
}

fn walk(happenings: &[Happening]) -> Result<(), TestCaseError> {
    let stored = StoredSession {
        refresh: Some(refresh(at("2026-12-20T06:00"))),
        account: Some("XX00001".into()),
        ..StoredSession::default()
    };
    let mut backend = Backend {
        machine: Machine::new(facts(), stored, None),
        now: at("2026-11-23T08:40"),
        events: vec![],
        effects: vec![],
        trading_day: true,
        skew: None,
        notes: vec![],
    };
    let mut seen = Observer::default();
    backend.tell(Input::Started);
    check(&backend, &mut seen, &Input::Started)?;
    for happening in happenings {
        backend.events.clear();
        let input = match happening {
            Happening::Pass(seconds) => {
                backend.now += chrono::TimeDelta::seconds(*seconds);
                Some(Input::Watch)
            }
            Happening::Restart => {
                backend.machine = Machine::new(facts(), backend.machine.stored.clone(), backend.machine.tick);
                seen.marks += 1;
                let pasted = access(backend.now + chrono::TimeDelta::hours(12), seen.marks);
                backend.machine = backend.machine.with_newer((seen.marks % 2 == 0).then_some(pasted));
                seen.open_profiles.clear();
                seen.open_refresh = None;
                seen.open_waits.clear();
                seen.open_login = None;
                Some(Input::Started)
            }
            other => input(&backend, &mut seen, other),
        };
        let Some(input) = input else { continue };
        backend.tell(input.clone());
        check(&backend, &mut seen, &input)?;
        for event in &backend.events {
            if let Event::Ticked { trade_date, .. } = event {
                prop_assert!(!seen.ticked.contains(trade_date), "two ticks for {}", trade_date);
                seen.ticked.push(*trade_date);
            }
        }
    }
    // However it went: by the close of the day at the latest no tick is left without an outcome.
    for _ in 0..3 {
        backend.now += chrono::TimeDelta::days(1);
        // Calls end, by their time limit if by nothing else.
        for _ in 0..4 {
            let id = seen.open_profiles.pop().map(|(id, _)| Input::Profiled(id, Err(refusal(0))));
            let end = id.or_else(|| Some(Input::Refreshed(seen.open_refresh.take()?, Err(refusal(0)))));
            if let Some(end) = end {
                backend.tell(end.clone());
                check(&backend, &mut seen, &end)?;
            }
        }
        backend.tell(Input::Watch);
        check(&backend, &mut seen, &Input::Watch)?;
    }
    prop_assert!(backend.machine.open_tick().is_none(), "a tick without an outcome");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_promise(happenings in proptest::collection::vec(happening(), 1..80)) {
        walk(&happenings)?;
    }
}
