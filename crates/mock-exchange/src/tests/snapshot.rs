//! A snapshot and the records after it are the whole journal.

use proptest::prelude::*;

use super::*;
use crate::tests::game::{Game, config, moves};

/// As it comes back from the disk.
fn from_disk(snapshot: &ExchangeSnapshot) -> ExchangeSnapshot {
    serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).unwrap()
}

/// The numbers of the records that come after a day's opening.
fn openings(journal: &[Record]) -> Vec<usize> {
    let is_opening = |record: &Record| matches!(record, Record::DayOpened { .. });
    (1..=journal.len()).filter(|after| is_opening(&journal[after - 1])).collect()
}

proptest! {
    #[test]
    fn snapshot_and_tail_are_the_whole_replay(moves in moves(), charges: bool) {
        let mut game = Game::new(config(charges));
        moves.iter().for_each(|next| game.play(next));
        let (rules, instruments) = (game.engine.book.config, (*game.engine.book.instruments).clone());
        let whole = Engine::replay(rules, instruments.clone(), &game.journal);
        for after in openings(&game.journal) {
            let (head, tail) = game.journal.split_at(after);
            let head = Engine::replay(rules, instruments.clone(), head);
            let mut engine = Engine::resume(rules, instruments.clone(), from_disk(head.opening().unwrap()));
            prop_assert_eq!(&engine, &head);
            tail.iter().for_each(|record| engine.apply(record));
            prop_assert_eq!(&engine, &whole);
        }
        // The running engine's own, which knows more prices than its journal.
        let last = openings(&game.journal).pop().unwrap();
        let mut engine = Engine::resume(rules, instruments, from_disk(game.engine.opening().unwrap()));
        game.journal[last..].iter().for_each(|record| engine.apply(record));
        prop_assert_eq!(engine.ledger(), game.engine.ledger());
    }
}

/// A program that reads less than this has lost the books of those who used the ones before it.
#[test]
fn snapshots_keep_their_form() {
    let text = r#"{"day":"2026-11-24","capital":"100000","cash":"91999.50","realized":"-12.5","charges":"1.10",
        "positions":[{"symbol":"NSE:NIFTY26NOVFUT","product":"MARGIN","net":-75,"cost":"-1950000"}],
        "holdings":[{"symbol":"NSE:SBIN-EQ","quantity":10,"cost":"8000.5"}],
        "gtts":[{"id":"MOCK26112300000003","order":{"symbol":"NSE:SBIN-EQ","side":"sell","product":"CNC",
            "first":{"trigger":"900","limit":"899","quantity":10},"second":null,"tag":null},
            "above":true,"made_up":false,"placed_at":"2026-11-23T03:45:00Z"}],
        "prices":[{"symbol":"NSE:SBIN-EQ","last":"800.05","at":"2026-11-23T03:45:00Z","made_up":false,
            "day":{"date":"2026-11-23","open":"799","high":"801","low":"798.5","previous":"790"}}]}"#;
    let snapshot: ExchangeSnapshot = serde_json::from_str(text).unwrap();
    let again: serde_json::Value = serde_json::to_value(&snapshot).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).unwrap());
    let engine = Engine::resume(rich(), (*exchange(rich()).book.instruments).clone(), snapshot);
    assert_eq!(engine.gtts_due(SBIN), Vec::<String>::new());
    assert_eq!(engine.ledger().accounts.len(), 1);
}

#[test]
fn another_capital_in_the_settings_is_a_deposit() {
    let mut engine = exchange(rich());
    engine.say(Command::NewDay { date: day(24) }).unwrap();
    let snapshot = engine.opening().unwrap().clone();
    let more = Config { capital: rich().capital + inr(5_000_00), ..rich() };
    let resumed = Engine::resume(more, (*engine.book.instruments).clone(), snapshot);
    assert_eq!(resumed.ledger().cash, engine.ledger().cash + inr(5_000_00));
}
