//! The login card against a chat that shows what it is told.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::chat::card::model::{Card, CardAction, CardRequest, CardSession, InUse, Seen, Way};
use crate::{
    chat::talk::{Bubble, Button, MessageId},
    clock::closings::Closings,
    mode::Mode,
    reason::Reason,
    routing::live_positions::LivePositions,
    secret::AccessToken,
    session::Source,
};
use fyers_api::{
    ist,
    model::{Position, Product},
};

mod joined;
mod phone;

use phone::Phone;

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn at(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    ist::instant(date(day), ist::at(hour, minute))
}

fn needed(now: DateTime<Utc>) -> Seen {
    let today = ist::date(now);
    Seen {
        chat: 42,
        now,
        hours: Some((ist::instant(today, ist::at(9, 15)), ist::instant(today, ist::at(15, 30)))),
        closings: Closings::default(),
        tick_done: true,
        next_day: today.succ_opt().unwrap(),
        session: CardSession::Needed(Reason::RefreshDisabled),
        live: LivePositions::default(),
        link: "https://keeper.example/fyers/login".to_owned(),
        way: Way::Browser,
        rejects: false,
        halted: false,
        sandbox: false,
        muted: false,
    }
}

fn logged_in(now: DateTime<Utc>, token: &str) -> Seen {
    let session = CardSession::Good(InUse {
        fingerprint: AccessToken::new(token).fingerprint(),
        expires_at: Some(now + TimeDelta::hours(20)),
        source: Some(Source::Login),
        holder: "AXXX B".to_owned(),
        since: Some(now),
        mode: Mode::Live,
        reads_only: false,
    });
    Seen { session, ..needed(now) }
}

/// A morning with a card in the chat.
fn morning() -> (Phone, Card) {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    phone.settle(&mut card, &needed(at(23, 8, 46)));
    (phone, card)
}

#[test]
fn the_card_comes_with_the_tick_and_ends_as_a_receipt() {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    let before = Seen { tick_done: false, ..needed(at(23, 8, 44)) };
    phone.settle(&mut card, &before);
    assert!(phone.said.is_empty(), "nothing before the tick has found out");

    phone.settle(&mut card, &needed(at(23, 8, 46)));
    assert_eq!((phone.said.len(), phone.links()), (1, 1));
    assert!(phone.said[0].loud && phone.said[0].protected && phone.said[0].buttons.is_empty());
    let text = phone.texts()[0].to_owned();
    assert!(text.starts_with("🔑 FYERS login needed today\n"), "{text}");
    assert!(text.contains("simulated") && text.contains("opens at 09:15 IST"), "{text}");

    phone.settle(&mut card, &logged_in(at(23, 8, 47), "t1"));
    assert_eq!(phone.said.len(), 1, "it was edited in place");
    assert_eq!(phone.links(), 0);
    let receipt = phone.texts()[0];
    let first = "✅ Live until 04:47 tomorrow (Tue 24 Nov), logged in 08:47 by AXXX B";
    assert_eq!(receipt.lines().next(), Some(first));
    phone.settle(&mut card, &logged_in(at(23, 12, 0), "t1"));
    assert_eq!(phone.said.len(), 1);
}

/// Whether its card was open or not: no promise of orders under a halt.
#[test]
fn a_receipt_under_a_halt_names_it_and_promises_no_order() {
    let halted = Seen { halted: true, ..logged_in(at(23, 8, 47), "t1") };
    let (mut open, mut card) = morning();
    open.settle(&mut card, &halted);
    let mut none = Phone::default();
    none.settle(&mut Card::default(), &halted);
    for told in [open.texts()[0], none.texts()[0]] {
        assert!(told.starts_with("✅ Good until 04:47 tomorrow"), "{told}");
        assert!(
            told.contains("halted") && told.contains("/resume") && !told.contains("real money"),
            "{told}"
        );
    }
    let (_, answer) = card.request(CardRequest::Open, &halted);
    assert!(answer.contains("Trading is halted") && !answer.contains("Live"), "{answer}");
}

#[test]
fn a_login_without_a_card_is_told_once() {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    phone.settle(&mut card, &logged_in(at(23, 6, 5), "t1"));
    phone.settle(&mut card, &logged_in(at(23, 9, 0), "t1"));
    assert_eq!(phone.texts().len(), 1);
    phone.settle(&mut card, &logged_in(at(24, 6, 5), "t2"));
    assert_eq!(phone.texts().len(), 2, "the next day's is told again");
}

#[test]
fn nothing_on_holidays_and_after_the_close() {
    for seen in [
        Seen { hours: None, ..needed(at(24, 10, 0)) },
        needed(at(23, 15, 30)),
        Seen { session: CardSession::Unsettled, ..needed(at(23, 9, 0)) },
    ] {
        let (mut phone, mut card) = (Phone::default(), Card::default());
        phone.settle(&mut card, &seen);
        assert!(phone.said.is_empty(), "{seen:?}");
    }
}

#[test]
fn a_whole_day_without_a_login_is_one_card_and_one_reminder_at_a_time() {
    let (mut phone, mut card) = morning();
    for minute in 0..500 {
        phone.settle(&mut card, &needed(at(23, 8, 46) + TimeDelta::minutes(minute)));
        assert!(phone.texts().len() <= 2, "a pile: {:?}", phone.texts());
    }
    assert_eq!(phone.said.len(), 1 + 15);
    let loud: Vec<bool> = phone.said[1..5].iter().map(|bubble| bubble.loud).collect();
    assert_eq!(loud, [false, true, true, true]);
    assert!(phone.said[2].text.contains("opens in 5 minutes"), "{}", phone.said[2].text);
    assert!(phone.said[3].text.starts_with("🚨"));
    assert!(phone.said[1..].iter().all(|bubble| bubble.reply_to == Some(MessageId(1))));
    assert_eq!(
        phone.texts(),
        [
            "⌛ No login came before trading ended\nNo order goes to FYERS until a login. The next card comes on Tue 24 Nov, \
          or with /login."
        ]
    );
}

#[test]
fn after_a_night_of_sleep_the_card_of_yesterday_names_the_one_of_today() {
    let (mut phone, mut card) = morning();
    phone.settle(&mut card, &Seen { tick_done: false, ..needed(at(24, 8, 10)) });
    assert!(phone.texts()[0].contains("The next card comes on Tue 24 Nov"), "{:?}", phone.texts());
    phone.settle(&mut card, &needed(at(24, 8, 46)));
    assert_eq!(phone.links(), 1, "and it comes");
}

#[test]
fn snooze_and_mock_today_silence_the_reminders_and_keep_the_link() {
    let (mut phone, mut card) = morning();
    let (snoozed, answer) = card.request(CardRequest::Snooze(15), &needed(at(23, 8, 58)));
    assert_eq!(answer, "No reminders until 09:13 IST.");
    card = snoozed;
    let shorter = card.request(CardRequest::Snooze(5), &needed(at(23, 8, 59)));
    assert_eq!(
        (&shorter.0, shorter.1.as_str()),
        (&card, "No reminders until 09:13 IST."),
        "the later end stays"
    );
    phone.settle(&mut card, &needed(at(23, 9, 1)));
    assert_eq!(phone.said.len(), 1);
    assert!(phone.texts()[0].contains("rest until 09:13"));
    phone.settle(&mut card, &needed(at(23, 9, 13)));
    assert_eq!(phone.said.len(), 2);

    (card, _) = card.request(CardRequest::MockToday, &needed(at(23, 9, 13)));
    for minute in 0..300 {
        phone.settle(&mut card, &needed(at(23, 9, 14) + TimeDelta::minutes(minute)));
    }
    assert_eq!((phone.said.len(), phone.links()), (2, 1));
    phone.settle(&mut card, &needed(at(24, 8, 46)));
    assert!(phone.said.len() > 2, "the next day is another day");
}

#[test]
fn muted_means_no_sound_but_for_the_last_call() {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    for minute in 0..60 {
        let seen = Seen { muted: true, ..needed(at(23, 8, 46) + TimeDelta::minutes(minute)) };
        phone.settle(&mut card, &seen);
    }
    assert_eq!(phone.said.iter().map(|b| b.loud).collect::<Vec<_>>(), [false, false, false, true, false]);
}

#[test]
fn asking_for_the_card_moves_it_down_and_never_leaves_two() {
    let (mut phone, mut card) = morning();
    (card, _) = card.request(CardRequest::Open, &needed(at(23, 9, 30)));
    phone.settle(&mut card, &needed(at(23, 9, 30)));
    assert_eq!((phone.links(), phone.said.len()), (1, 2));
    assert!(phone.texts()[0].contains("further down"));
    let (same, answer) = card.request(CardRequest::Open, &logged_in(at(23, 9, 31), "t1"));
    assert_eq!(same, card);
    assert!(answer.starts_with("Already logged in: Live"), "{answer}");
}

#[test]
fn asking_twice_before_anything_happened_forgets_no_card() {
    let (mut phone, mut card) = morning();
    (card, _) = card.request(CardRequest::Open, &needed(at(23, 9, 30)));
    (card, _) = card.request(CardRequest::Open, &needed(at(23, 9, 30)));
    phone.settle(&mut card, &needed(at(23, 9, 30)));
    assert_eq!((phone.links(), phone.said.len()), (1, 2));
}

#[test]
fn a_card_asked_for_on_sunday_makes_room_for_mondays() {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    let sunday = Seen { hours: None, tick_done: false, ..needed(at(22, 22, 0)) };
    (card, _) = card.request(CardRequest::Open, &sunday);
    phone.settle(&mut card, &sunday);
    assert_eq!(phone.links(), 1);
    phone.settle(&mut card, &needed(at(23, 8, 46)));
    assert_eq!((phone.links(), phone.said.len()), (1, 2), "Monday's card rings");
}

#[test]
fn a_death_at_noon_lists_what_is_open() {
    let (mut phone, mut card) = (Phone::default(), Card::default());
    phone.settle(&mut card, &logged_in(at(23, 8, 47), "t1"));
    let position = |symbol: &str, net| Position {
        symbol: symbol.into(),
        product: Product::Intraday,
        net,
        average: Decimal::ONE,
        realized: Decimal::ZERO,
        today: None,
    };
    let positions = vec![position("NSE:SBIN-EQ", 10), position("NSE:INFY-EQ", -5), position("NSE:TCS-EQ", 0)];
    let session = CardSession::Needed(Reason::TokenRejected);
    let live = LivePositions {
        positions,
        was_live: true,
        read_at: Some(at(23, 11, 59)),
        ..LivePositions::default()
    };
    phone.settle(&mut card, &Seen { live: live.clone(), session, ..needed(at(23, 12, 0)) });
    let text = *phone.texts().last().unwrap();
    assert!(text.contains("+10 NSE:SBIN-EQ, -5 NSE:INFY-EQ.") && !text.contains("TCS"), "{text}");
    assert!(text.contains("open until 15:30 IST"), "{text}");
    let exits = "Until then orders that could close what is open at FYERS are refused, all others simulated.";
    assert!(text.contains(exits), "{text}");

    // What was read yesterday is not what is open now, and what could not be read is not nothing.
    let told = |live: LivePositions| {
        let (mut phone, mut card) = (Phone::default(), Card::default());
        phone.settle(&mut card, &Seen { live, ..needed(at(24, 9, 20)) });
        (*phone.texts().last().unwrap()).to_owned()
    };
    let old = told(live.clone());
    assert!(old.contains("Open at FYERS when last read, Mon 23 Nov, 11:59: +10 NSE:SBIN-EQ"), "{old}");
    let odd = told(LivePositions { unknown: vec!["NSE:TCS-EQ".into()], ..live });
    assert!(odd.contains("-5 NSE:INFY-EQ, NSE:TCS-EQ (a row that cannot be read)."), "{odd}");
    let unread = told(LivePositions::not_known());
    assert!(unread.contains("What is open at FYERS is not known."), "{unread}");
    assert!(unread.contains("Until then orders are refused: what is open"), "{unread}");
    assert!(!told(LivePositions::default()).contains("at FYERS is not known"), "it was never Live");
}

#[test]
fn a_card_that_a_person_deleted_is_not_forced_on_them() {
    let (mut phone, mut card) = morning();
    let step = CardAction::Refresh(MessageId(1), Bubble::default());
    card = card.lost(&step);
    phone.settle(&mut card, &needed(at(23, 10, 0)));
    assert_eq!(phone.said.len(), 1);
}

proptest! {
    /// Deaths between any two of: writing the plan down, the step in the chat, writing its outcome down.
    #[test]
    fn whatever_dies_when_there_is_never_a_second_link(
        script in prop::collection::vec((0u8..6, 0u8..4), 1..80),
    ) {
        let (mut phone, mut disk) = (Phone::default(), Card::default());
        let (mut now, mut token, mut used) = (at(23, 8, 40), 0, BTreeSet::new());
        for (what, death) in script {
            now += TimeDelta::minutes(7);
            let mut seen = needed(now);
            match what {
                0 => disk = disk.request(CardRequest::Open, &seen).0,
                1 => {
                    token += 1;
                    used.insert(token);
                    seen = logged_in(now, &token.to_string());
                }
                2 => seen.session = CardSession::Unsettled,
                3 => disk = disk.request(CardRequest::Snooze(15), &seen).0,
                _ => {}
            }
            for _ in 0..3 {
                let (planned, step) = disk.plan(&seen, phone.shown.as_ref());
                if death == 1 { phone.shown = None; break; }
                disk = planned.clone();
                let Some(step) = step else { break };
                if death == 2 { phone.shown = None; break; }
                let said = phone.carry_out(&step);
                prop_assert!(phone.links() <= 1, "{:?}", phone.messages);
                if death == 3 { phone.shown = None; break; }
                phone.learn(&step);
                disk = disk.after(&step, said, &seen);
            }
        }
        // In the end the user is logged in or sees one open card.
        let seen = needed(at(24, 9, 30));
        phone.settle(&mut disk, &seen);
        prop_assert_eq!(phone.links(), 1);
        phone.settle(&mut disk, &logged_in(at(24, 9, 31), "last"));
        prop_assert_eq!(phone.links(), 0);
    }
}

#[test]
fn every_loss_of_a_day_has_a_card_of_its_own_with_a_sound() {
    let (mut phone, mut card) = morning();
    for loss in 1..=10 {
        let now = at(23, 9, 30) + TimeDelta::minutes(20 * loss);
        phone.settle(&mut card, &logged_in(now, &format!("t{loss}")));
        assert_eq!(phone.links(), 0);
        let cards = phone.said.len();
        let lost = Seen {
            session: CardSession::Needed(Reason::TokenRejected),
            ..needed(now + TimeDelta::minutes(5))
        };
        phone.settle(&mut card, &lost);
        assert_eq!((phone.links(), phone.said.len()), (1, cards + 1), "loss {loss}");
        assert!(phone.said.last().unwrap().loud, "loss {loss}");
        // A restart in between: all it knows is on disk.
        card = serde_json::from_value(serde_json::to_value(&card).unwrap()).unwrap();
        phone.shown = None;
    }
}

#[test]
fn a_reminder_has_a_login_button_of_its_own() {
    for (way, label) in [(Way::Browser, "🔓 Log in to FYERS"), (Way::Paste, "🔓 Show the login card")] {
        let (mut phone, mut card) = (Phone::default(), Card::default());
        for minute in [46, 61] {
            phone.settle(&mut card, &Seen { way, ..needed(at(23, 8, 0) + TimeDelta::minutes(minute)) });
        }
        let reminder = phone.said.last().unwrap();
        assert!(reminder.reply_to.is_some(), "{reminder:?}");
        let labels: Vec<&str> = reminder
            .buttons
            .iter()
            .flatten()
            .map(|button| match button {
                Button::Link { label, .. } | Button::Press { label, .. } => label.as_str(),
            })
            .collect();
        assert_eq!(labels, [label, "😴 Snooze 15 min", "🟡 Mock today"]);
    }
}

#[test]
fn a_group_that_moved_gets_its_card_anew_and_the_old_one_is_left_alone() {
    let (mut phone, mut card) = morning();
    let moved = Seen { chat: -1_002_001, ..needed(at(23, 9, 20)) };
    let (planned, step) = card.plan(&moved, phone.shown.as_ref());
    assert!(matches!(step, Some(CardAction::Open(_))), "{step:?}");
    // What stayed behind cannot be changed, so the new chat begins empty.
    (card, phone) = (planned, Phone::default());
    phone.settle(&mut card, &moved);
    assert_eq!(phone.links(), 1);
}
