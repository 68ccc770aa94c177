//! PINs that FYERS refuses: it locks the account after a few.

use super::{testing::*, *};
use crate::session_state::WRONG_PINS;

#[test]
fn each_wrong_pin_after_the_first_is_told_with_how_many_there_were() {
    let mut backend = Backend::monday();
    let told = |backend: &Backend| -> Vec<u32> {
        let pins = |event: &Event| match event {
            Event::LoginRequired { wrong_pins, .. } => Some(*wrong_pins),
            _ => None,
        };
        backend.events.iter().filter_map(pins).collect()
    };
    backend.tick().refresh_says(Err(no(-50, "Invalid PIN")));
    assert_eq!(told(&backend), [1]);
    for (pin, count) in [("second", 2), ("third", 3)] {
        // A restart with another PIN; what was refused before is on disk.
        let stored = backend.machine.stored.clone();
        let noted = backend.notes.iter().rev().find(|note| WRONG_PINS.is_in(note)).unwrap();
        let pins = serde_json::from_str(&noted.json).unwrap();
        let facts = Facts { credentials: pin.into(), ..facts() };
        backend.machine = Machine::new(facts, stored, backend.machine.tick).after_wrong_pins(pins);
        backend.later(60).tell(Input::Started);
        assert!(backend.calls_refresh(), "another PIN is worth a try");
        backend.refresh_says(Err(no(-50, "Invalid PIN"))).tell(Input::Watch);
        assert_eq!(told(&backend).last(), Some(&count), "the same day");
        assert_eq!(told(&backend).len() as u32, count, "each once");
    }
    // A token ends the count.
    backend.tell(Input::RefreshNow);
    backend.refresh_says(Ok(fresh())).profile_says(Ok(profile("XX00001")));
    assert_eq!(backend.machine.wrong_pins, 0);
}
