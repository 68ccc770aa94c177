//! Merging, on values and on every sequence proptest can think of.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::alert::{Alert, Outgoing, Severity};
use crate::{
    alerts::coalesce::plan,
    event::{Event, Recorded},
};

/// What a made-up event is told as: topic, detail, text, severity.
type Told = (u8, u8, u8, Severity);

fn at(second: i64) -> DateTime<Utc> {
    "2026-11-23T04:32:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

fn key(topic: u8, detail: u8) -> String {
    if topic == 0 { String::new() } else { format!("t{topic}|{detail}") }
}

fn events(count: usize) -> Vec<Recorded> {
    (1..=count as i64)
        .map(|id| Recorded {
            id,
            at: at(id),
            event: Event::KeeperStopping { handed_over: false, stands_by: false },
        })
        .collect()
}

fn alert(id: i64, (topic, detail, text, severity): Told) -> Alert {
    let (key, text, item) = (key(topic, detail), format!("text {text}"), format!("item {id}"));
    Alert { event_id: id, event: "keeper.stopping".to_owned(), at: at(id), severity, key, text, item }
}

/// Runs the whole loop of plan and commit over a journal, with an outbox that only grows.
fn outbox_after(told: &[Option<Told>]) -> Vec<Outgoing> {
    let mut outbox: Vec<Outgoing> = Vec::new();
    let mut rest = &events(told.len())[..];
    while let Some(first) = rest.first() {
        let step = plan(&outbox, rest, |event| told[event.id as usize - 1].map(|told| alert(event.id, told)));
        assert!(step.read_to >= first.id, "every plan makes progress");
        for grown in step.merged {
            let old = outbox.iter_mut().find(|old| old.id == grown.id).unwrap();
            *old = grown;
        }
        for Alert { event_id, event, at, severity, key, text, item } in step.new {
            let (id, items) = (outbox.len() as i64 + 1, vec![item]);
            let (last_at, count, attempts) = (at, 1, 0);
            outbox.push(Outgoing {
                id,
                event_id,
                event,
                at,
                last_at,
                count,
                severity,
                key,
                text,
                items,
                attempts,
            });
        }
        rest = &rest[rest.iter().take_while(|event| event.id <= step.read_to).count()..];
    }
    outbox
}

fn counts(told: &[Told]) -> Vec<(String, u32)> {
    let told: Vec<_> = told.iter().copied().map(Some).collect();
    outbox_after(&told).into_iter().map(|alert| (alert.key, alert.count)).collect()
}

const INFO: Severity = Severity::Info;
const CRITICAL: Severity = Severity::Critical;

#[test]
fn repeats_become_one_with_the_latest_text_and_both_times() {
    let outbox = outbox_after(&[Some((1, 1, 1, INFO)), None, Some((1, 1, 2, INFO)), Some((1, 1, 3, INFO))]);
    assert_eq!(outbox.len(), 1);
    let merged = &outbox[0];
    assert_eq!((merged.count, merged.at, merged.last_at), (3, at(1), at(4)));
    assert_eq!(merged.text, "text 3");
    assert_eq!(merged.items, ["item 1", "item 3", "item 4"]);
}

#[test]
fn a_storm_keeps_the_first_items_and_counts_the_rest() {
    let outbox = outbox_after(&[Some((1, 1, 1, INFO)); 40]);
    assert_eq!((outbox.len(), outbox[0].count, outbox[0].items.len()), (1, 40, crate::alert::LISTED));
}

#[test]
fn down_up_down_stays_three_messages() {
    let (down, up) = ((1, 1, 1, INFO), (1, 2, 1, INFO));
    assert_eq!(counts(&[down, up, down]).len(), 3);
    assert_eq!(counts(&[down, down, up, up, down]).iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn topics_do_not_disturb_one_another() {
    let (one, two) = ((1, 1, 1, INFO), (2, 1, 1, INFO));
    assert_eq!(counts(&[one, two, one, two]), [("t1|1".into(), 2), ("t2|1".into(), 2)]);
}

#[test]
fn critical_alerts_merge_only_word_for_word() {
    let counts = counts(&[(1, 1, 1, CRITICAL), (1, 1, 1, CRITICAL), (1, 1, 2, CRITICAL)]);
    assert_eq!(counts.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn an_empty_key_never_merges() {
    assert_eq!(counts(&[(0, 0, 1, INFO), (0, 0, 1, INFO)]).len(), 2);
}

#[test]
fn a_clock_that_goes_back_keeps_the_later_time() {
    let first = Recorded {
        id: 1,
        at: at(500),
        event: Event::KeeperStopping { handed_over: false, stands_by: false },
    };
    let outbox = outbox_after(&[Some((1, 1, 1, INFO))]);
    let waiting = [Outgoing { last_at: at(500), ..outbox[0].clone() }];
    let merged = plan(&waiting, &[first], |_| Some(alert(1, (1, 1, 1, INFO)))).merged;
    assert_eq!(merged[0].last_at, at(500));
}

/// It said that another one acts in its place, and nobody did: then it said farewell.
#[test]
fn a_handover_to_nobody_is_not_told_beside_the_farewell() {
    let stopping = |id: i64, handed_over: bool| Recorded {
        id,
        at: at(id),
        event: Event::KeeperStopping { handed_over, stands_by: false },
    };
    let (version, commit, missing) = ("1".to_owned(), String::new(), vec![]);
    let (after_crash, after_loss, needs_login) = (false, false, false);
    let event = Event::KeeperStarted { version, commit, missing, after_crash, after_loss, needs_login };
    let started = Recorded { id: 2, at: at(2), event };
    let told = |events: &[Recorded]| -> Vec<i64> {
        let made = plan(&[], events, |event| Some(alert(event.id, (0, 0, 1, INFO))));
        assert_eq!(made.read_to, 3, "all of it is read");
        made.new.iter().map(|alert| alert.event_id).collect()
    };
    assert_eq!(told(&[stopping(1, true), stopping(3, false)]), [3]);
    assert_eq!(told(&[stopping(1, true), started.clone(), stopping(3, false)]), [1, 2, 3], "somebody did");
    assert_eq!(told(&[stopping(1, true), started, stopping(3, true)]), [1, 2, 3]);
}

/// It could not be sent before the end, and a keeper acts again: it says what was, and never that bots get no answer.
#[test]
fn a_farewell_that_comes_late_says_that_it_is_over() {
    let stopping =
        Recorded { id: 1, at: at(1), event: Event::KeeperStopping { handed_over: false, stands_by: false } };
    let (version, commit, missing) = ("1".to_owned(), String::new(), vec![]);
    let (after_crash, after_loss, needs_login) = (false, false, false);
    let event = Event::KeeperStarted { version, commit, missing, after_crash, after_loss, needs_login };
    let started = Recorded { id: 2, at: at(600), event };
    let context = super::context();
    let told = |waiting: &[Outgoing], events: &[Recorded]| {
        plan(waiting, events, |event| crate::alerts::texts::alert_for(event, &context))
    };
    const GONE: &str = "bots get no answer until it is back";
    const OVER: &str = "was stopped at Mon 23 Nov, 10:02, as it was asked to, and is back";
    let before = told(&[], std::slice::from_ref(&stopping));
    assert!(before.new[0].text.contains(GONE), "{before:?}");
    // Neither was read by the run before.
    let both = told(&[], &[stopping, started.clone()]);
    assert!(both.new[0].text.contains(OVER) && !both.new[0].text.contains(GONE), "{both:?}");
    // It was in the outbox.
    let Alert { event_id, event, at, severity, key, text, item } = before.new[0].clone();
    let (id, last_at, count, items, attempts) = (7, at, 1, vec![item], 2);
    let waiting = Outgoing { id, event_id, event, at, last_at, count, severity, key, text, items, attempts };
    let later = told(std::slice::from_ref(&waiting), std::slice::from_ref(&started));
    assert!(later.merged.len() == 1 && later.merged[0].text.contains(OVER), "{later:?}");
    assert_eq!((later.merged[0].id, later.new.len()), (7, 1), "and that it has started");
    // It stops once more before that was sent.
    let again = Recorded {
        id: 3,
        at: at + TimeDelta::hours(1),
        event: Event::KeeperStopping { handed_over: false, stands_by: false },
    };
    let again = told(&later.merged, &[again]);
    assert!(again.merged[0].text.contains(GONE) && again.merged[0].count == 2, "{again:?}");
    let at_the_end = |waiting| crate::alerts::delivery::at_the_end(waiting).map(|alert| alert.id);
    assert_eq!((at_the_end(&again.merged), at_the_end(&later.merged)), (Some(7), None));
}

fn told() -> impl Strategy<Value = Option<Told>> {
    let severity = prop_oneof![Just(INFO), Just(Severity::Warning), Just(CRITICAL)];
    proptest::option::weighted(0.9, (0..4_u8, 0..3_u8, 0..2_u8, severity))
}

proptest! {
    #[test]
    fn nothing_is_lost_mixed_up_or_reordered(told in proptest::collection::vec(told(), 0..60)) {
        let outbox = outbox_after(&told);
        // Nothing lost, nothing invented.
        let events: usize = told.iter().flatten().count();
        prop_assert_eq!(outbox.iter().map(|alert| alert.count as usize).sum::<usize>(), events);
        // The order of first events is kept.
        prop_assert!(outbox.windows(2).all(|pair| pair[0].at <= pair[1].at));
        for topic in 0..4_u8 {
            check_topic(topic, &told, &outbox)?;
        }
    }
}

/// Within a topic, the outbox is the sequence of what was told with only neighbours merged.
fn check_topic(topic: u8, told: &[Option<Told>], outbox: &[Outgoing]) -> Result<(), TestCaseError> {
    let mut expected: Vec<(String, Severity, String, u32)> = Vec::new();
    for &(_, detail, text, severity) in told.iter().flatten().filter(|told| told.0 == topic) {
        let (key, text) = (key(topic, detail), format!("text {text}"));
        match expected.last_mut() {
            Some(last)
                if topic != 0
                    && last.0 == key
                    && last.1 == severity
                    && (severity != CRITICAL || last.2 == text) =>
            {
                last.2 = text;
                last.3 += 1;
            }
            _ => expected.push((key, severity, text, 1)),
        }
    }
    let prefix = if topic == 0 { String::new() } else { format!("t{topic}|") };
    let found: Vec<_> = outbox
        .iter()
        .filter(|alert| if topic == 0 { alert.key.is_empty() } else { alert.key.starts_with(&prefix) })
        .map(|alert| (alert.key.clone(), alert.severity, alert.text.clone(), alert.count))
        .collect();
    prop_assert_eq!(found, expected);
    Ok(())
}
