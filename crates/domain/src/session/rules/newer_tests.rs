//! A token of the settings that is newer than the stored one.

use super::{testing::*, *};

/// A copy of a token in the settings of a keeper that takes over: it is newer, and dead.
#[test]
fn a_newer_token_of_the_settings_is_proven_before_it_takes_the_place_of_one_that_was() {
    let newer = access(at("2026-11-24T06:00"), 7);
    let begun = || {
        let mut backend = Backend::monday();
        backend.machine.stored.access = Some(tomorrow());
        backend.machine = backend.machine.with_newer(Some(newer.clone()));
        backend.tell(Input::Started);
        assert_eq!(
            (backend.state(), backend.usable()),
            ((StateName::Checking, Reason::TokenUnconfirmed), None)
        );
        backend
    };
    for refusal in [Err(no(-16, "Could not authenticate the user")), Ok(profile("YY00002"))] {
        let mut backend = begun();
        backend.profile_says(refusal);
        assert!(backend.effects.iter().any(|effect| matches!(effect, Effect::NewerRefused(_))));
        backend.profile_says(Ok(profile("XX00001")));
        assert_eq!(backend.usable(), Some(tomorrow().fingerprint()));
        assert_eq!(backend.count(|event| matches!(event, Event::RefreshFailed { .. })), 0);
        assert_eq!(backend.count(|event| matches!(event, Event::LoginRequired { .. })), 0);
    }
    let mut backend = begun();
    backend.profile_says(Err(down()));
    assert_eq!(backend.machine.stored.access, Some(tomorrow()), "on disk until the other one is proven");
    backend.wait_over();
    backend.profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.usable(), Some(newer.fingerprint()));
    assert_eq!(backend.machine.stored.source, Some(Source::Settings));
    assert_eq!(
        backend.count(|event| matches!(event, Event::LoginSucceeded { .. })),
        0,
        "nobody has logged in"
    );
}
