//! Which connection makes room for another one: pure rules.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use keeper_domain::{address::Network, places::Shares};

/// How long a new connection counts as one on which something was answered: a bot that comes while a stranger behind
/// the same address floods the listener must get the time to show its key.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Of so many connections one more may come in where all others are being answered or have just come.
const RESERVE: usize = 8;

/// Whose answer is not taken for so long is stuck. That is 8 KiB in a second at least: whoever takes so little of a long
/// answer would need minutes for it.
const STUCK: Duration = Duration::from_secs(1);

/// Where a place in so many is held by answers that are not taken, nobody is given that time.
const CROWD: usize = 4;

/// What is known of an open connection when one has to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Merit {
    /// Somebody waits for the answer to a request that was read whole.
    pub(super) is_busy: bool,
    /// The right key was shown on it.
    pub(super) is_trusted: bool,
    /// It has come a moment ago, and nothing has come on it yet.
    pub(super) is_newcomer: bool,
    /// Something was answered on it, or it is new.
    pub(super) has_answered: bool,
    /// The last answer, or else its beginning.
    pub(super) last_use: Duration,
    /// An answer of which the network takes no more, since then: the client does not take it.
    pub(super) untaken_since: Option<Duration>,
    /// So it is for too long.
    pub(super) is_stuck: bool,
    /// What is waited for on it changes nothing.
    pub(super) only_reads: bool,
    /// Tells apart with which keys connections were trusted.
    pub(super) key: Option<u64>,
}

impl Merit {
    /// Of a connection that has just come.
    pub(super) const NEW: Self = Self {
        is_busy: false,
        is_trusted: false,
        is_newcomer: true,
        has_answered: false,
        last_use: Duration::ZERO,
        untaken_since: None,
        is_stuck: false,
        only_reads: false,
        key: None,
    };

    pub(super) fn as_of(self, now: Duration) -> Self {
        let is_new = now.saturating_sub(self.last_use) < GRACE;
        let is_newcomer = self.is_newcomer && is_new;
        let is_stuck = self.untaken_since.is_some_and(|since| now.saturating_sub(since) >= STUCK);
        Self { has_answered: self.has_answered || is_new, is_newcomer, is_stuck, ..self }
    }
}

impl Merit {
    /// As long as there is a reserve.
    fn may_stay(self) -> bool {
        (self.is_newcomer || self.is_busy) && self.untaken_since.is_none()
    }
}

/// An open connection: its number, its client, its merit.
pub(super) type Known = (u64, Option<Network>, Merit);

/// The connection whose answer is taken least, with the key or without: it goes before all others, whoever they are,
/// those without the key first and the one that has waited longest. A holder of the key has a second to take some; not
/// where a crowd (of at most so many connections) takes nothing, as no network is that slow for all of them.
pub(super) fn stuck(open: &[Known], most: usize) -> Option<&Known> {
    let untaken = || open.iter().filter(|(_, _, merit)| merit.untaken_since.is_some());
    let is_crowd = untaken().count() * CROWD > most;
    let stuck = untaken().filter(|(_, _, merit)| is_crowd || merit.is_stuck);
    stuck.min_by_key(|(_, _, merit)| (merit.is_trusted, merit.untaken_since))
}

/// Of the connections of a key that has more than its share of so many: one whose answer is not taken, or else one on which
/// nothing is waited for, or else a read; of those the one that was used longest ago. An order is never cut off.
fn over_share(open: &[Known], most: usize) -> Option<&Known> {
    let mut of_key: BTreeMap<u64, usize> = BTreeMap::new();
    open.iter().filter_map(|(.., merit)| merit.key).for_each(|key| *of_key.entry(key).or_default() += 1);
    let (key, count) = of_key.into_iter().max_by_key(|(_, count)| *count)?;
    let of_it = open.iter().filter(|(.., merit)| merit.key == Some(key));
    let may_go = of_it.filter(|(.., merit)| !merit.is_busy || merit.only_reads);
    let goes =
        may_go.min_by_key(|(.., merit)| (merit.untaken_since.is_none(), merit.is_busy, merit.last_use));
    goes.filter(|_| count > Shares::of(most).of_one())
}

/// Those that make room before there is a reserve for anybody: the one that is stuck, or whose key has too many.
pub(super) fn out_of_turn(open: &[Known], most: usize) -> Option<&Known> {
    stuck(open, most).or_else(|| over_share(open, most))
}

/// Of the client that has most connections the one with the least merit. Where everybody waits for an answer, one that only
/// reads and can ask again: of those without the key the one that has waited least, as a login waits longest; where all have
/// it, one whose answer is not taken. `None` when all hold the key and have ordered something.
/// Of connections through a trusted proxy, which have no client here, each counts by itself: many people come through
/// one, and others must not push them out as if they were one.
pub(super) fn least(open: &[Known]) -> Option<&Known> {
    let mut of_client: BTreeMap<Network, usize> = BTreeMap::new();
    let clients = open.iter().filter_map(|(_, client, _)| *client);
    clients.for_each(|client| *of_client.entry(client).or_default() += 1);
    let fewest = |client: &Option<Network>| usize::MAX - client.map_or(1, |client| of_client[&client]);
    let idle = open.iter().filter(|(_, _, merit)| !merit.is_busy);
    let idle = idle.min_by_key(|(_, client, merit)| (fewest(client), *merit));
    let strangers = || open.iter().filter(|(_, _, merit)| !merit.is_trusted);
    let newest = |(_, client, merit): &&Known| (fewest(client), Reverse(merit.last_use));
    let reader = || strangers().filter(|(_, _, merit)| merit.only_reads).min_by_key(newest);
    // Many who hold the key and ask and ask keep nobody out.
    let readers = || open.iter().filter(|(_, _, merit)| merit.only_reads);
    let keyed_reader = || {
        let untaken_first = |merit: &Merit| merit.untaken_since.is_none();
        readers().min_by_key(|(_, client, merit)| (untaken_first(merit), fewest(client), merit.last_use))
    };
    let idle = idle.or_else(reader).or_else(keyed_reader);
    idle.or_else(|| strangers().min_by_key(newest))
}

/// What is done before one more comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Nothing: there is room.
    Free,
    /// This one is closed.
    Close(u64),
    /// It is not taken: all others have the key and wait for what they have ordered.
    None,
}

pub(super) fn room(open: &[Known], most: usize) -> Room {
    let has_reserve = open.len() < most + (most / RESERVE).max(1);
    if open.len() < most {
        return Room::Free;
    }
    if let Some((id, ..)) = out_of_turn(open, most) {
        return Room::Close(*id);
    }
    match least(open) {
        Some((_, _, merit)) if merit.may_stay() && has_reserve => Room::Free,
        Some((id, ..)) => Room::Close(*id),
        None if has_reserve => Room::Free,
        None => Room::None,
    }
}
