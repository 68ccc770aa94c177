//! All texts, as a phone shows them, and the rules they keep.

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{context, samples::*};
use crate::alert::Outgoing;
use crate::{
    alerts::{
        render::plain,
        texts::{Context, alert_for, disk_fails, disk_works, lost_beside_disk},
        words::{ROWS, WIDTH},
    },
    event::{Event, Recorded},
    mode::Mode,
    reason::Reason,
};

/// Live and sandbox, simulating and refusing.
fn contexts() -> Vec<(&'static str, Context)> {
    let hint = "get an access token by the FYERS login, put it in FYERS_ACCESS_TOKEN in .env and restart.";
    let without_page = |live, reject_without_token| Context {
        login_hint: hint.to_owned(),
        live,
        reject_without_token,
        ..context()
    };
    vec![
        ("live", context()),
        ("live, without a login page", without_page(true, false)),
        ("live, refusing without a token", without_page(true, true)),
        ("live, with an app that only reads", Context { reads_only: true, ..context() }),
        ("sandbox", without_page(false, false)),
        ("sandbox, refusing without a token", without_page(false, true)),
    ]
}

/// The message as it is sent.
fn message(event: &Event, context: &Context) -> Option<Outgoing> {
    let recorded = Recorded { id: 7, at: t("2026-11-23T04:32:00Z"), event: event.clone() };
    alert_for(&recorded, context).map(|alert| Outgoing {
        id: 7,
        event_id: alert.event_id,
        event: alert.event,
        at: alert.at,
        last_at: alert.at,
        count: 1,
        severity: alert.severity,
        key: alert.key,
        text: alert.text,
        items: vec![alert.item],
        attempts: 0,
    })
}

/// What a person sees for each event; `told` holds the messages already shown.
fn shown(context: &Context, told: &mut Vec<String>) -> String {
    let mut sheet = String::new();
    for event in all_events() {
        let heading = format!("{event:?}").chars().take(96).collect::<String>();
        let text = match message(&event, context) {
            None => "(no message)".to_owned(),
            Some(alert) => format!("[{}] [{}]\n{}", alert.severity.slug(), alert.key, plain(&alert)),
        };
        if !told.contains(&text) || text == "(no message)" && told.is_empty() {
            sheet.push_str(&format!("-- {heading}\n{text}\n\n"));
        }
        told.push(text);
    }
    sheet
}

#[test]
fn every_text_as_a_person_reads_it() {
    let mut told = Vec::new();
    let mut settings = insta::Settings::clone_current();
    // With all other texts, for review in one place.
    settings.set_snapshot_path("../../../../../tests/texts/golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, context) in contexts() {
        let name = format!("alerts_{}", name.replace([' ', ','], "_"));
        settings.bind(|| insta::assert_snapshot!(name, shown(&context, &mut told)));
    }
}

fn check(event: &Event, context: &Context) {
    let Some(alert) = message(event, context) else { return };
    let text = plain(&alert);
    let rows = |line: &str| line.chars().count().div_ceil(WIDTH + 4);
    assert!(text.lines().map(rows).sum::<usize>() <= ROWS + 1, "too many rows:\n{text}");
    assert!(text.encode_utf16().count() <= 4096);
    assert!(text.ends_with("#K-20261123-7"), "{text}");
    assert!(["ℹ️ ", "⚠️ ", "🚨 "].iter().any(|sign| text.starts_with(sign)), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn every_text_keeps_the_rules() {
    for (_, context) in contexts() {
        all_events().iter().for_each(|event| check(event, &context));
    }
}

#[test]
fn every_loud_text_says_what_it_means_for_trading() {
    for (_, context) in contexts() {
        for event in all_events() {
            let Some(alert) = message(&event, &context) else { continue };
            assert!(alert.text.contains("\nTrading: ") || alert.text.contains("\nNot set"), "{}", alert.text);
            // A holiday wants nothing; three causes are three things to look at.
            let tells_else = matches!(event, Event::TickSkipped { .. } | Event::OrdersNotAllowed { .. });
            assert!(tells_else || alert.text.contains("\nNext: "), "{}", alert.text);
        }
    }
}

#[test]
fn a_login_hint_is_whole_wherever_a_login_helps() {
    let helpless = [Reason::AppHashRejected, Reason::AppUnknown, Reason::NoCredentials];
    for (_, context) in contexts() {
        for reason in LOGIN_REASONS.into_iter().filter(|reason| !helpless.contains(reason)) {
            let event = Event::LoginRequired { reason, code: Some(-1), wrong_pins: 1 };
            let text = message(&event, &context).unwrap().text;
            assert!(text.replace('\n', " ").contains(&context.login_hint), "{text}");
        }
    }
}

#[test]
fn a_person_is_never_shown_an_internal_name() {
    let setting = |word: &str| {
        ["FYERS_", "TELEGRAM_"].iter().any(|own| word.starts_with(own)) || word.starts_with("KEEPER_")
    };
    for (_, context) in contexts() {
        for event in all_events() {
            let Some(alert) = message(&event, &context) else { continue };
            for word in alert.text.split_whitespace().filter(|word| !setting(word)) {
                let internal = ["_", "Actor", "panic", "None", "Some("].iter().find(|it| word.contains(**it));
                assert_eq!(internal, None, "{}", alert.text);
            }
        }
    }
}

/// Under a halt nothing is promised to go to FYERS but exits, whatever has just become well; and each message that would
/// have promised it names the halt.
#[test]
fn under_a_halt_no_text_says_that_orders_go_to_fyers() {
    let promises = |text: &str| {
        let text = text.replace('\n', " ");
        let said = [
            "rders go to FYERS",
            "send orders to FYERS",
            "with real money",
            "orders go on",
            "orders go where",
        ];
        said.iter().any(|words| text.contains(words))
    };
    let mut promised = 0;
    for (name, context) in contexts() {
        let halted = Context { halted: true, ..context.clone() };
        // Its own end is told as it was; that there is another one by now has a message behind it.
        for event in all_events().iter().filter(|it| !matches!(it, Event::HaltChanged { .. })) {
            let Some((usual, told)) = message(event, &context).zip(message(event, &halted)) else { continue };
            check(event, &halted);
            assert!(!promises(&told.text), "{name}: {}", told.text);
            if promises(&usual.text) {
                promised += 1;
                assert!(told.text.contains("halted"), "{name}: {}", told.text);
            }
        }
    }
    assert!(promised >= 10, "the words are still those of the texts: {promised}");
}

/// What would open a real position is no way out of a simulated one.
#[test]
fn nobody_is_sent_to_fyers_with_what_was_simulated() {
    let why = "your position of 10 NSE:SBIN-EQ was simulated and does not exist at FYERS".to_owned();
    let refused = |is_simulated| Event::OrderRefused {
        bot: None,
        symbol: "NSE:SBIN-EQ".into(),
        quantity: -10,
        why: why.clone(),
        is_halted_entry: false,
        is_bots_halt: false,
        is_simulated,
    };
    let text = |is_simulated| message(&refused(is_simulated), &context()).unwrap().text;
    let (simulated, real) = (text(true), text(false));
    assert!(simulated.contains("/flat") && !simulated.contains("close it in the FYERS app"), "{simulated}");
    assert!(real.contains("close it in the FYERS app"), "{real}");
}

/// These are in no outbox.
#[test]
fn what_is_told_past_the_outbox_keeps_the_rules_too() {
    let open: Vec<String> = (10..60).map(|number| format!("+{number} NSE:SYMBOL{number}-EQ")).collect();
    let mut told = vec![disk_fails(&"the disk is full. ".repeat(20)), disk_works()];
    for why in [Reason::TokenDoubted, Reason::TokenRejected] {
        for open in [None, Some(&[][..]), Some(&open[..1]), Some(&open[..])] {
            told.push(lost_beside_disk(why, open, false));
        }
        told.push(lost_beside_disk(why, Some(&open), true));
    }
    for (_, text) in &told {
        let rows = |line: &str| line.chars().count().div_ceil(WIDTH + 4);
        assert!(text.lines().map(rows).sum::<usize>() <= ROWS, "too many rows:\n{text}");
        assert!(text.contains("\nTrading: ") && text.contains("\nNext: "), "{text}");
    }
    let lost = lost_beside_disk(Reason::TokenDoubted, Some(&open[..1]), false).1;
    assert!(lost.contains("FYERS has refused the access token once"), "{lost}");
    assert!(lost.contains("+10 NSE:SYMBOL10-EQ") && lost.contains("close it in the FYERS app"), "{lost}");
}

proptest! {
    #[test]
    fn no_hostile_string_breaks_a_text(hostile in any::<String>(), number in any::<i64>(), year in any::<i32>()) {
        let (symbol, quantity) = (hostile.clone(), number);
        let long = hostile.repeat(40);
        for event in [
            Event::KeeperStarted { version: long.clone(), commit: long.clone(), missing: vec![long.clone(), hostile.clone()], after_crash: true, after_loss: false, needs_login: true },
            Event::TickSkipped { date: "2026-11-24".parse().unwrap(), holiday: long.clone() },
            Event::CalendarUncovered { year },
            Event::ClockStepped { seconds: number },
            Event::EnvFileFailed { problem: long.clone() },
            Event::SymbolsNotRenewed { why: long.clone(), as_of: None },
            Event::OrderRefused { bot: None, symbol: symbol.clone(), quantity, why: long.clone(), is_halted_entry: false,
        is_bots_halt: false, is_simulated: false },
            Event::OrderSimulated { bot: None, id: long.clone(), symbol, quantity, mode: Mode::Mock, why: None, sent: false },
            Event::ActorRestarted { actor: long.clone(), restarts: 1 },
            Event::ActorGaveUp { actor: long },
            Event::RefreshTokenEnding { days_left: number, ends_at: DateTime::<Utc>::MAX_UTC },
        ] {
            check(&event, &context());
        }
    }
}

/// However many there are: the list ends with their number, and what to do stays.
#[test]
fn crowded_leftovers_end_with_how_many_more_there_are() {
    let many = |side: &str| (10..40).map(|number| format!("{side}{number} NSE:SYMBOL{number}-EQ")).collect();
    let event = Event::SimulatedLeft { positions: many(""), cancelled: many("buy ") };
    let text = message(&event, &context()).unwrap().text;
    assert_eq!(text.matches(" more").count(), 2, "{text}");
    assert!(text.contains("10 NSE:SYMBOL10-EQ") && !text.contains('…'), "{text}");
    assert!(text.contains("\nNext: ") && text.contains("/flat"), "{text}");
}

/// Where the words would need a row more than there is, each line would be cut to one.
#[test]
fn what_waits_at_a_halt_is_told_in_whole_symbols() {
    for (orders, length) in (1..12).flat_map(|orders| (3..24).map(move |length| (orders, length))) {
        let symbol = "X".repeat(length);
        let waiting = vec![format!("-10 NSE:{symbol}-EQ (sent, not read yet)"); orders];
        let event = Event::HaltChanged { halted: true, by: "A B".into(), waiting };
        let text = message(&event, &context()).unwrap().text;
        assert!(!text.contains('…') && text.contains("let the bot do it.\nNext: "), "{text}");
    }
}
