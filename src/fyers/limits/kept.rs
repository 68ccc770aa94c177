//! What has left for FYERS, in a file: FYERS goes on counting when the keeper is killed and started again.
//!
//! A ring of places of one size, one for each call, written before the call leaves and never synced: what is written
//! outlives the program at the cost of a copy in memory. Only when the machine itself ends may the last seconds be missing.
//! The times are the wall clock's: they mean the same after a start of the machine, and on another one.

use std::{fs::File, os::unix::fs::FileExt, path::Path, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;
use keeper_domain::shared_calls::RECENT;

use crate::{
    fyers::limits::logins::FREE,
    fyers::limits::window::{DayCounts, Sent},
    private_file::{self, PrivateFileError},
};

/// Bytes of a place: when, the call's weight, and the day's orders and other requests with it.
const PLACE: usize = 8 + 3 * 4;
/// More calls than leave in the longest span.
const PLACES: usize = 256;
/// Where the number of this file is, which tells its calls from those of other hosts.
const ORIGIN: u64 = (PLACE * PLACES) as u64;
/// Where it is until when FYERS wants no calls, in milliseconds since 1970.
const HOLD: u64 = ORIGIN + 4;
/// Where the newest failed logins are, each in milliseconds since 1970.
const LOGINS: u64 = HOLD + 8;
/// No call weighs more.
const HEAVIEST: u32 = 10;

/// The file, open.
#[derive(Debug)]
pub(super) struct KeptCalls {
    /// A number of this file's own.
    pub(super) origin: u32,
    file: File,
    next: usize,
}

/// The number of a file, made once.
fn origin(file: &File) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    if file.read_exact_at(&mut bytes, ORIGIN).is_err() {
        bytes = rand::random::<u32>().max(1).to_le_bytes();
        file.write_all_at(&bytes, ORIGIN)?;
    }
    Ok(u32::from_le_bytes(bytes))
}

/// For how long FYERS still wants no calls, as an earlier run has noted it.
fn held(file: &File, now: DateTime<Utc>) -> Duration {
    let mut bytes = [0; 8];
    let until = file
        .read_exact_at(&mut bytes, HOLD)
        .ok()
        .and_then(|()| DateTime::from_timestamp_millis(i64::from_le_bytes(bytes)));
    until.and_then(|until| (until - now).to_std().ok()).unwrap_or_default()
}

/// When the newest logins have failed; zero where none has.
fn failed_logins(file: &File) -> [i64; FREE] {
    let (mut bytes, mut all) = ([0; 8 * FREE], [0; FREE]);
    if file.read_exact_at(&mut bytes, LOGINS).is_ok() {
        for (at, bytes) in all.iter_mut().zip(bytes.chunks_exact(8)) {
            *at = i64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
    }
    all
}

/// One place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    at: DateTime<Utc>,
    weight: u32,
    day: DayCounts,
}

/// What the runs before have left.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recalled {
    /// Calls, oldest first.
    pub(super) sent: Vec<Sent>,
    /// The day's counts after the newest one, with its time.
    pub(super) day: Option<(DateTime<Utc>, DayCounts)>,
    /// For how long FYERS still wants no calls.
    pub(super) held: Duration,
    /// How long ago the newest logins have failed, oldest first.
    pub(super) failed_logins: Vec<Duration>,
}

impl KeptCalls {
    /// Opens the file, or makes it, and reads what it has.
    pub(super) fn open(path: &Path, now: DateTime<Utc>) -> Result<(Self, Recalled), PrivateFileError> {
        let file = private_file::open_or_create(path)?;
        let mut bytes = vec![0; PLACE * PLACES];
        let read = (|| {
            if file.metadata()?.len() < bytes.len() as u64 {
                // Written whole at once, so that a full disk stops no call later.
                file.write_all_at(&bytes, 0)?;
            }
            file.read_exact_at(&mut bytes, 0)?;
            origin(&file)
        })();
        let origin = read.map_err(|error| PrivateFileError::Io(error.kind()))?;
        let mut found: Vec<(usize, Entry)> = bytes
            .chunks_exact(PLACE)
            .map(Entry::read)
            .enumerate()
            .filter_map(|(at, e)| Some((at, e?)))
            .collect();
        found.sort_by_key(|(_, entry)| entry.at);
        let next = found.last().map_or(0, |(at, _)| (at + 1) % PLACES);
        let day = found.last().map(|(_, entry)| (entry.at, entry.day));
        let sent = |entry: &Entry| Sent { from: None, age: age(entry.at, now), weight: entry.weight };
        let sent = found.iter().map(|(_, entry)| sent(entry)).collect();
        let (held, mut failed) = (held(&file, now), failed_logins(&file));
        failed.sort_unstable();
        let failed = failed.into_iter().filter(|at| *at > 0).filter_map(DateTime::from_timestamp_millis);
        let failed_logins = failed.map(|at| age(at, now)).collect();
        Ok((Self { origin, file, next }, Recalled { sent, day, held, failed_logins }))
    }

    /// Notes until when FYERS wants no calls.
    pub(super) fn hold(&self, until: DateTime<Utc>) -> std::io::Result<()> {
        self.file.write_all_at(&until.timestamp_millis().to_le_bytes(), HOLD)
    }

    /// Notes that a login has failed, in the place of the oldest one.
    pub(super) fn login_failed(&self, at: DateTime<Utc>) -> std::io::Result<()> {
        let mut all = failed_logins(&self.file);
        if let Some(oldest) = all.iter_mut().min() {
            *oldest = at.timestamp_millis();
        }
        self.file.write_all_at(&all.map(i64::to_le_bytes).concat(), LOGINS)
    }

    /// Writes a call down that is about to leave.
    pub(super) fn keep(&mut self, at: DateTime<Utc>, weight: u32, day: DayCounts) -> std::io::Result<()> {
        let place = self.next * PLACE;
        self.next = (self.next + 1) % PLACES;
        self.file.write_all_at(&Entry { at, weight, day }.bytes(), place as u64)
    }

    /// Writes all of these down in the place of what is there, and what they make of that day. Nobody else writes here.
    pub(super) fn keep_all(
        &mut self,
        sent: &[Sent],
        now: DateTime<Utc>,
        (today, counts): (NaiveDate, DayCounts),
    ) -> std::io::Result<()> {
        // The day's counts stand with the newest call: where there is none, with one that counts no more.
        let oldest = Sent { from: None, age: RECENT, weight: 1 };
        let recent = sent.iter().filter(|sent| sent.age < RECENT).chain([&oldest]);
        let mut calls: Vec<_> =
            recent.flat_map(|sent| light(sent.weight).map(|weight| (now - sent.age, weight))).collect();
        calls.sort_by_key(|(at, _)| *at);
        let places = calls.split_off(calls.len().saturating_sub(PLACES)).into_iter().map(|(at, weight)| {
            let day = if ist::date(at) == today { counts } else { DayCounts::default() };
            Entry { at, weight, day }.bytes()
        });
        let mut bytes: Vec<u8> = places.flatten().collect();
        self.next = (bytes.len() / PLACE) % PLACES;
        bytes.resize(PLACE * PLACES, 0);
        self.file.write_all_at(&bytes, 0)
    }
}

/// In parts of which each has a place: of another keeper one knows what it sent in a second.
fn light(weight: u32) -> impl Iterator<Item = u32> {
    (0..weight).step_by(HEAVIEST as usize).map(move |before| (weight - before).min(HEAVIEST))
}

impl Entry {
    /// `None` where nothing is, or nothing that was written here.
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |from: usize| Some(u32::from_le_bytes(bytes.get(from..from + 4)?.try_into().ok()?));
        let at = i64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
        let (weight, day) = (number(8)?, DayCounts { orders: number(12)?, others: number(16)? });
        let at = DateTime::from_timestamp_millis(at)?;
        (1..=HEAVIEST).contains(&weight).then_some(Self { at, weight, day })
    }

    fn bytes(self) -> [u8; PLACE] {
        let mut bytes = [0; PLACE];
        bytes[..8].copy_from_slice(&self.at.timestamp_millis().to_le_bytes());
        for (place, number) in [self.weight, self.day.orders, self.day.others].into_iter().enumerate() {
            bytes[8 + 4 * place..12 + 4 * place].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

/// A clock that was set back makes it one of this moment.
fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - at).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn day(orders: u32, others: u32) -> DayCounts {
        DayCounts { orders, others }
    }

    #[test]
    fn what_was_written_is_read_by_the_next_run_whatever_ended_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, noon) = (folder.path().join("calls"), "2026-11-24T06:30:00Z".parse().unwrap());
        let (mut kept, recalled) = KeptCalls::open(&path, noon).unwrap();
        assert_eq!(recalled, Recalled::default());
        for second in 0..300 {
            kept.keep(noon + TimeDelta::seconds(second), 1, day(second as u32, 7)).unwrap();
        }
        kept.keep(noon + TimeDelta::seconds(300), 10, day(310, 7)).unwrap();
        let origin = kept.origin;
        // It was killed: nothing is said, and nothing closed in order.
        std::mem::forget(kept);
        let later = noon + TimeDelta::seconds(301);
        let (mut kept, recalled) = KeptCalls::open(&path, later).unwrap();
        assert_eq!(kept.origin, origin, "it is the same place");
        assert_eq!(recalled.sent.len(), PLACES, "the newest");
        let newest = recalled.sent.last().unwrap();
        assert_eq!((newest.age, newest.weight), (Duration::from_secs(1), 10));
        assert_eq!(recalled.sent[0].age, Duration::from_secs(256));
        assert_eq!(recalled.day.unwrap().1, day(310, 7));
        kept.keep(later, 2, day(312, 7)).unwrap();
        let back = KeptCalls::open(&path, noon).unwrap().1;
        assert_eq!(back.sent.last().unwrap().age, Duration::ZERO, "a clock that was set back");
        assert_eq!((back.sent.len(), back.day.unwrap().1), (PLACES, day(312, 7)));
    }

    #[test]
    fn what_is_brought_from_elsewhere_stands_there_like_the_own() {
        let folder = tempfile::tempdir().unwrap();
        let (path, noon) = (folder.path().join("calls"), "2026-11-24T06:30:00Z".parse().unwrap());
        let opened = || KeptCalls::open(&path, noon).unwrap();
        let weight = |recalled: &Recalled| {
            recalled.sent.iter().filter(|sent| sent.age < RECENT).map(|sent| sent.weight).sum::<u32>()
        };
        let call = |age, weight| Sent { from: Some(7), age: Duration::from_secs(age), weight };
        let (mut kept, _) = opened();
        let origin = kept.origin;
        kept.keep(noon - TimeDelta::hours(3), 1, day(3, 9)).unwrap();
        let today = ist::date(noon);
        kept.keep_all(&[call(3, 27), call(40, 5), call(600, 9)], noon, (today, day(40, 80))).unwrap();
        kept.keep(noon, 1, day(41, 80)).unwrap();
        let (mut kept, recalled) = opened();
        assert_eq!((kept.origin, weight(&recalled)), (origin, 33), "{recalled:?}");
        assert_eq!(recalled.day.unwrap().1, day(41, 80));
        // Nothing has left lately, and the day goes on.
        kept.keep_all(&[], noon, (today, day(41, 81))).unwrap();
        assert_eq!((weight(&opened().1), opened().1.day.unwrap().1), (0, day(41, 81)));
        kept.keep_all(&[call(1, 1)], noon, (today.pred_opt().unwrap(), day(5, 5))).unwrap();
        assert_eq!(opened().1.day.unwrap().1, day(0, 0), "another day's");
        let many: Vec<_> = (0..60).flat_map(|age| [call(age, 3); 6]).collect();
        kept.keep_all(&many, noon, (today, day(1, 1))).unwrap();
        assert_eq!((weight(&opened().1), kept.next), (3 * PLACES as u32, 0), "the newest");
    }

    #[test]
    fn what_fyers_has_said_outlives_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let (path, noon) = (folder.path().join("calls"), "2026-11-24T06:30:00Z".parse().unwrap());
        let (kept, recalled) = KeptCalls::open(&path, noon).unwrap();
        assert_eq!(recalled.held, Duration::ZERO);
        kept.hold(noon + TimeDelta::seconds(30)).unwrap();
        let held = |after| KeptCalls::open(&path, noon + TimeDelta::seconds(after)).unwrap().1.held;
        assert_eq!([held(0), held(12), held(31)].map(|held| held.as_secs()), [30, 18, 0]);
    }

    #[test]
    fn logins_that_failed_are_known_to_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (path, noon) = (folder.path().join("calls"), "2026-11-24T06:30:00Z".parse().unwrap());
        let failed = |second| {
            let kept = KeptCalls::open(&path, noon).unwrap().0;
            kept.login_failed(noon + TimeDelta::seconds(second)).unwrap();
        };
        (0..20).for_each(failed);
        let ages = KeptCalls::open(&path, noon + TimeDelta::seconds(30)).unwrap().1.failed_logins;
        let newest: Vec<_> = (11..27).rev().map(Duration::from_secs).collect();
        assert_eq!(ages, newest);
    }

    #[test]
    fn a_file_of_something_else_is_no_call_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let noon = "2026-11-24T06:30:00Z".parse().unwrap();
        let path = folder.path().join("calls");
        std::fs::write(&path, [0xff; PLACE * PLACES]).unwrap();
        assert_eq!(KeptCalls::open(&path, noon).unwrap().1, Recalled::default());
        std::fs::write(&path, "short").unwrap();
        assert_eq!(KeptCalls::open(&path, noon).unwrap().1, Recalled::default());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(KeptCalls::open(&link, noon).is_err());
    }
}
