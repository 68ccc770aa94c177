//! The login card in the chat.

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::{
    ist,
    model::{Position, Product},
};
use keeper_domain::{
    chat::{
        card::model::{Card, CardAction, CardSession, InUse, Seen, Way},
        talk::{Bubble, Button},
    },
    clock::{closings::Closings, sessions::Segment},
    mode::Mode,
    reason::Reason,
    routing::live_positions::LivePositions,
    secret::AccessToken,
    session::Source,
};
use rust_decimal::Decimal;

fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    ist::instant("2026-11-23".parse().unwrap(), ist::at(hour, minute))
}

fn seen(now: DateTime<Utc>) -> Seen {
    Seen {
        chat: 42,
        now,
        hours: Some((at(9, 15), at(15, 40))),
        closings: Closings(vec![(Segment::Cash, at(15, 30)), (Segment::Fno, at(15, 40))]),
        tick_done: true,
        next_day: "2026-11-25".parse().unwrap(),
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

fn logged_in(now: DateTime<Utc>, mode: Mode) -> Seen {
    let session = CardSession::Good(InUse {
        fingerprint: AccessToken::new("token").fingerprint(),
        expires_at: Some(now + TimeDelta::hours(20)),
        source: Some(Source::Login),
        holder: "ASHA RAO".to_owned(),
        since: Some(now),
        mode,
        reads_only: false,
    });
    Seen { session, ..seen(now) }
}

fn holding() -> LivePositions {
    let position = Position {
        symbol: "NSE:SBIN-EQ".to_owned(),
        product: Product::Intraday,
        net: 10,
        average: Decimal::new(81_255, 2),
        realized: Decimal::ZERO,
        today: None,
    };
    let read_at = Some(at(8, 40));
    LivePositions { positions: vec![position], was_live: true, read_at, ..LivePositions::default() }
}

fn bubble_of(action: &CardAction) -> Option<&Bubble> {
    match action {
        CardAction::Open(bubble)
        | CardAction::Tell(bubble)
        | CardAction::Remind(bubble, ..)
        | CardAction::Refresh(_, bubble)
        | CardAction::Close(_, bubble) => Some(bubble),
        CardAction::Tidy(_) => None,
    }
}

/// What the chat is told by these moments, one after the other.
fn told(story: &[(&str, Seen)]) -> String {
    let (mut card, mut shown, mut number, mut sheet) = (Card::default(), None, 0, String::new());
    for (name, seen) in story {
        sheet.push_str(&format!("== {name}\n"));
        for _ in 0..20 {
            let (planned, action) = card.plan(seen, shown.as_ref());
            card = planned;
            let Some(action) = action else { break };
            number += 1;
            let said = matches!(action, CardAction::Open(_) | CardAction::Tell(_) | CardAction::Remind(..))
                .then_some(keeper_domain::chat::talk::MessageId(number));
            if let Some(bubble) = bubble_of(&action) {
                let label = |button: &Button| match button {
                    Button::Link { label, .. } | Button::Press { label, .. } => format!("[{label}]"),
                };
                let row = |row: &Vec<Button>| row.iter().map(label).collect::<Vec<_>>().join(" ");
                let buttons: Vec<String> = bubble.buttons.iter().map(row).collect();
                sheet.push_str(&format!("{}\n{}\n\n", bubble.text, buttons.join("\n")));
                if matches!(action, CardAction::Open(_) | CardAction::Refresh(..)) {
                    shown = Some(bubble.clone());
                }
            }
            card = card.after(&action, said, seen);
        }
    }
    sheet
}

#[test]
fn the_card() {
    let morning = [
        ("08:45, a login is needed", seen(at(8, 45))),
        ("09:05, it has not come", seen(at(9, 5))),
        ("09:14, the market opens in a minute", seen(at(9, 14))),
        ("09:20, logged in, live", logged_in(at(9, 20), Mode::Live)),
    ];
    let holds = [
        ("a position at FYERS", Seen { live: holding(), ..seen(at(9, 30)) }),
        (
            "a position at FYERS, refusing without a token",
            Seen { live: holding(), rejects: true, ..seen(at(9, 30)) },
        ),
        ("logged in, sandbox", Seen { sandbox: true, ..logged_in(at(9, 31), Mode::Sandbox) }),
    ];
    let halted = [
        ("a login is needed, under a halt", Seen { halted: true, ..seen(at(9, 30)) }),
        ("logged in under a halt", Seen { halted: true, ..logged_in(at(9, 31), Mode::Live) }),
    ];
    let pasted = [("no address for a browser", Seen { way: Way::Paste, ..seen(at(8, 45)) })];
    let over =
        [("08:45", seen(at(8, 45))), ("15:41, the day is over", Seen { hours: None, ..seen(at(15, 41)) })];
    let stories = [told(&morning), told(&holds), told(&halted), told(&pasted), told(&over)];
    crate::golden("card", &stories.join("\n#### another day\n\n"));
}
