//! What happens on a day, drawn from the seed.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;
use rand::{Rng, rngs::StdRng};

use crate::{broker::Outage, phone::Deafness};

/// The parts of the keeper that may panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Token,
    Clock,
    Exchange,
    Notifier,
    Card,
    Inbox,
    Feeds,
}

const PARTS: [Part; 7] =
    [Part::Token, Part::Clock, Part::Exchange, Part::Notifier, Part::Card, Part::Inbox, Part::Feeds];

/// How a person logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Good,
    /// With a code that FYERS does not take.
    Refused,
    /// The redirect is loaded twice.
    Twice,
}

/// How a run of the keeper ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    InGoodOrder,
    Killed,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Happening {
    LogIn(Login),
    /// All tokens end, as by a login elsewhere.
    TokensEnd,
    FyersFails(Outage, TimeDelta),
    TelegramFails(Deafness, TimeDelta),
    /// The wall clock is wrong from now on by so much.
    ClockSet(TimeDelta),
    Suspend(TimeDelta),
    Restart(Ending, TimeDelta),
    Panic(Part),
}

/// What happens when.
pub(crate) type Plan = Vec<(DateTime<Utc>, Happening)>;

/// The plan of a day, in order.
pub(crate) fn plan(date: NaiveDate, dice: &mut StdRng) -> Plan {
    let mut plan = Plan::new();
    logins(date, dice, &mut plan);
    if dice.random_bool(0.8) {
        for _ in 0..dice.random_range(1..7) {
            let at = moment(date, dice);
            let happening = some(dice);
            if let Happening::ClockSet(_) = happening {
                let minutes = TimeDelta::seconds(dice.random_range(20..5_400));
                plan.push((at + minutes, Happening::ClockSet(TimeDelta::zero())));
            }
            plan.push((at, happening));
        }
    }
    plan.sort_by_key(|(at, _)| *at);
    plan
}

fn at(date: NaiveDate, second: u32) -> DateTime<Utc> {
    ist::instant(date, ist::at(0, 0)) + TimeDelta::seconds(second.into())
}

fn clock(hour: u32, minute: u32) -> u32 {
    (hour * 60 + minute) * 60
}

/// Most of it where it may do harm.
fn moment(date: NaiveDate, dice: &mut StdRng) -> DateTime<Utc> {
    let second = match dice.random_range(0..10) {
        0..3 => dice.random_range(clock(8, 40)..clock(8, 50)),
        3..5 => dice.random_range(clock(8, 30)..clock(9, 45)),
        5..8 => dice.random_range(clock(9, 0)..clock(15, 45)),
        _ => dice.random_range(clock(5, 30)..clock(24, 0)),
    };
    at(date, second)
}

/// Early, in time, late or never; some fail first.
fn logins(date: NaiveDate, dice: &mut StdRng, plan: &mut Plan) {
    let second = match dice.random_range(0..20) {
        0..4 => return,
        4..8 => dice.random_range(clock(6, 1)..clock(8, 45)),
        8..15 => dice.random_range(clock(8, 46)..clock(9, 15)),
        _ => dice.random_range(clock(9, 15)..clock(15, 30)),
    };
    let login = if dice.random_bool(0.1) { Login::Twice } else { Login::Good };
    plan.push((at(date, second), Happening::LogIn(login)));
    if dice.random_bool(0.1) {
        let before = dice.random_range(120..400);
        plan.push((at(date, second - before), Happening::LogIn(Login::Refused)));
    }
    if dice.random_bool(0.2) {
        plan.push((moment(date, dice), Happening::LogIn(Login::Good)));
    }
}

fn some(dice: &mut StdRng) -> Happening {
    match dice.random_range(0..20) {
        0..2 => Happening::TokensEnd,
        2..6 => Happening::FyersFails(outage(dice), long(dice)),
        6..9 => Happening::TelegramFails(deafness(dice), long(dice)),
        9..11 => Happening::ClockSet(step(dice)),
        11..13 => Happening::Suspend(TimeDelta::seconds(dice.random_range(5..20_000))),
        13..15 => Happening::Restart(Ending::InGoodOrder, down(dice)),
        15..17 => Happening::Restart(Ending::Killed, down(dice)),
        _ => Happening::Panic(PARTS[dice.random_range(0..PARTS.len())]),
    }
}

fn outage(dice: &mut StdRng) -> Outage {
    match dice.random_range(0..6) {
        0 => Outage::Unreachable,
        1 => Outage::Silent,
        2 => Outage::Broken,
        3 => Outage::Garbled,
        4 => Outage::Busy,
        _ => Outage::Slow(Duration::from_secs(dice.random_range(1..9))),
    }
}

fn deafness(dice: &mut StdRng) -> Deafness {
    match dice.random_range(0..3) {
        0 => Deafness::Unreachable,
        1 => Deafness::Silent,
        _ => Deafness::Flood(Duration::from_secs(dice.random_range(3..60))),
    }
}

/// Seconds to hours.
fn long(dice: &mut StdRng) -> TimeDelta {
    let most = [60, 600, 3_600, 14_400][dice.random_range(0..4)];
    TimeDelta::seconds(dice.random_range(5..most))
}

/// How long no keeper runs.
fn down(dice: &mut StdRng) -> TimeDelta {
    let most = [10, 120, 3_600, 10_800][dice.random_range(0..4)];
    TimeDelta::seconds(dice.random_range(1..most))
}

/// Seconds to days, forwards and backwards.
fn step(dice: &mut StdRng) -> TimeDelta {
    let most = [20, 300, 7_200, 100_000][dice.random_range(0..4)];
    TimeDelta::seconds(dice.random_range(-most..most))
}
