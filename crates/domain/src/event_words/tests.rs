use super::*;
use crate::alerts::tests::samples;

/// Of each kind at least one: those of the alerts, and what nobody is alerted of.
fn all() -> Vec<Event> {
    let silent = [
        Event::LoginStarted,
        Event::LoggedOut,
        Event::LoginReminder { urgent: true },
        Event::Ticked { trade_date: "2026-11-23".parse().unwrap(), late: false },
    ];
    samples::all_events().into_iter().chain(silent).collect()
}

#[test]
fn each_event_has_words_of_its_own() {
    for event in all() {
        assert_ne!(line(&event), event.name());
    }
}

#[test]
fn the_words() {
    let lines: Vec<String> = all().iter().map(line).collect();
    let mut settings = insta::Settings::clone_current();
    // With all other texts, for review in one place.
    settings.set_snapshot_path("../../../../tests/texts/golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("events", lines.join("\n")));
}
