//! States that are good once, and what a person pastes.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_400_000 + seconds, 0).unwrap()
}

fn code() -> String {
    jwt::fake(&json!({"sub": "auth_code", "app_id": "ABCD1234EF"}))
}

fn key() -> StateKey {
    StateKey::derive(&SecretString::from("the gateway key"))
}

fn issue(mark: u8, now: DateTime<Utc>) -> String {
    key().issue(LoginOrigin::Page, now, [mark; 10]).unwrap()
}

#[test]
fn a_state_is_good_once_for_ten_minutes() {
    let mut used = UsedStates::default();
    let (first, second) = (issue(1, at(0)), issue(2, at(0)));
    assert_eq!(first.len(), 43, "32 bytes");
    assert_eq!(used.redeem(&key(), ("forged", 1), at(1)), Err(StateRefusal::Unknown));
    assert!(used.redeem(&key(), (&first, 1), at(599)).is_ok());
    assert_eq!(used.redeem(&key(), (&first, 1), at(599)), Err(StateRefusal::Unfinished), "nobody knows how");
    assert!(used.ended(1) && !used.ended(7), "now it is known");
    assert_eq!(used.redeem(&key(), (&first, 1), at(599)), Err(StateRefusal::Used));
    assert_eq!(used.redeem(&key(), (&first, 1), at(700)), Err(StateRefusal::Used), "and stays used");
    assert_eq!(used.redeem(&key(), (&second, 1), at(600)), Err(StateRefusal::Expired));
    assert_eq!(used.redeem(&key(), (&second, 1), at(-3_600)), Err(StateRefusal::Expired));
}

#[test]
fn a_state_tells_where_its_login_began_and_belongs_to_one_key() {
    for origin in [LoginOrigin::Page, LoginOrigin::Card, LoginOrigin::StatusPage] {
        let state = key().issue(origin, at(0), [3; 10]).unwrap();
        assert_eq!(key().read(&state, at(1)), Ok(origin));
        let other = StateKey::derive(&SecretString::from("another key"));
        assert_eq!(other.read(&state, at(1)), Err(StateRefusal::Unknown));
    }
    assert!(key().is_card_token(&key().card_token()) && !key().is_card_token(""));
    assert!(!key().is_card_token(&issue(1, at(0))), "a state is no link");
}

#[test]
fn what_is_stored_cannot_be_used_to_forge() {
    let mut used = UsedStates::default();
    let state = issue(7, at(0));
    used.redeem(&key(), (&state, 1), at(0)).unwrap();
    let stored = serde_json::to_string(&used).unwrap();
    assert!(!stored.contains(&state));
    let mut read_back: UsedStates = serde_json::from_str(&stored).unwrap();
    assert_eq!(read_back.redeem(&key(), (&state, 1), at(1)), Err(StateRefusal::Unfinished));
    assert!(!read_back.ended(1), "numbers of logins are each run's own");
    assert!(used.ended(1));
    let mut told: UsedStates = serde_json::from_str(&serde_json::to_string(&used).unwrap()).unwrap();
    assert_eq!(told.redeem(&key(), (&state, 1), at(1)), Err(StateRefusal::Used));
    let before: UsedStates = serde_json::from_str(r#"{"given_out":[]}"#).unwrap();
    assert_eq!(before, UsedStates::default(), "a note of an older version");
}

#[test]
fn beginning_costs_nothing_and_the_list_of_used_ones_does_not_grow_for_ever() {
    let mut used = UsedStates::default();
    for n in 0..10_000u32 {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        let state = key().issue(LoginOrigin::Page, at(0), random).unwrap();
        assert!(used.redeem(&key(), (&state, 1), at(0)).is_ok());
    }
    assert_eq!(used.used.len(), MOST);
    assert!(used.redeem(&key(), (&issue(9, at(5_000)), 1), at(5_000)).is_ok());
    assert_eq!(used.used.len(), 1, "what has expired is forgotten");
}

#[test]
fn every_form_of_a_paste_is_read() {
    let code = code();
    let forms = [
        code.clone(),
        format!("  {code}\n"),
        format!("https://127.0.0.1/cb?s=ok&code=200&auth_code={code}&state=xyz"),
        format!("<https://k.example/fyers/callback?auth_code={code}&s=ok&code=200#x>"),
        format!("s=ok&code=200&auth_code={code}&state=xyz"),
    ];
    for form in forms {
        let Some(Redirect::Code { code: read, .. }) = read_pasted(&form) else { panic!("{form}") };
        assert_eq!(read.expose(), code);
    }
    let refused = read_pasted("https://x/cb?s=error&code=-413&message=user+denied&state=1");
    assert!(matches!(refused, Some(Redirect::Refused { code: Some(-413), .. })), "{refused:?}");
}

#[test]
fn what_is_no_code_is_no_code() {
    let cut = format!("{}x", code().rsplit_once('.').unwrap().0);
    let texts = [
        "",
        "hello",
        "200",
        "eyJ.eyJ",
        "https://x/cb?code=200",
        "auth_code=short",
        "https://x/?auth_code=a.b.c",
        &cut,
    ];
    for text in texts {
        assert!(read_pasted(text).is_none(), "{text}");
    }
}

#[test]
fn a_code_for_another_app_is_noticed() {
    let code = AuthCode::new(code());
    assert!(!is_for_another_app(&code, "ABCD1234EF-100"));
    assert!(is_for_another_app(&code, "OTHER12345-100"));
    assert!(!is_for_another_app(&AuthCode::new("eyJ.x.y"), "ABCD1234EF-100"), "nothing is known of it");
}

proptest! {
    #[test]
    fn nothing_pasted_makes_it_panic(text in "\\PC{0,200}") {
        let _read = read_pasted(&text);
    }

    #[test]
    fn no_guess_is_ever_taken(guesses in prop::collection::vec("[A-Za-z0-9_-]{0,50}", 0..50)) {
        let mut used = UsedStates::default();
        for guess in guesses {
            prop_assert_eq!(used.redeem(&key(), (&guess, 1), at(1)), Err(StateRefusal::Unknown));
        }
    }

    #[test]
    fn no_changed_state_is_taken(at_letter in 0usize..43, letter in "[A-Za-z0-9_-]") {
        let state = issue(9, at(0));
        let changed = format!("{}{letter}{}", &state[..at_letter], &state[at_letter + 1..]);
        prop_assert_eq!(key().read(&changed, at(1)).is_ok(), changed == state);
    }
}
