//! Page sessions: browsers in which a person has entered the gateway key.
//!
//! They live in this table only. The cookie is a random name for an entry, so a stolen one is worth nothing after
//! the person has locked the page, after the session's end, after a restart, and once another key is in use; nor is it
//! in the hands of another user of the machine that the browser runs on (`peer_user`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long a session lasts, in seconds: a working week and the weekend.
pub(super) const LENGTH: i64 = 7 * 24 * 60 * 60;
/// How many there may be. Only holders of the key can begin one; the oldest makes room.
const MOST: usize = 64;

/// A session that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageSession {
    /// What its forms carry, so that no other page can write them.
    pub(super) token: String,
}

impl PageSession {
    /// Whether a form is one of this session's.
    pub(super) fn wrote(&self, token: &str) -> bool {
        token.as_bytes().ct_eq(self.token.as_bytes()).into()
    }
}

#[derive(Debug)]
struct Entry {
    began: i64,
    /// The key that opened it.
    generation: u64,
    /// The user of this machine whose browser it is; `None` for one elsewhere.
    user: Option<u32>,
    token: String,
}

/// When and how a session is asked for, or begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The time, in Unix seconds.
    pub(super) now: i64,
    /// Which key is good.
    pub(super) generation: u64,
}

/// All sessions, by the digest of their cookie.
#[derive(Debug, Default)]
pub(super) struct PageSessions(Mutex<HashMap<[u8; 32], Entry>>);

impl PageSessions {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session at this Unix time from random bytes; returns the cookie's value.
    pub(super) fn begin(&self, at: Moment, user: Option<u32>, name: [u8; 32], token: [u8; 32]) -> String {
        let Moment { now, generation } = at;
        let cookie = BASE64.encode(name);
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.is_good(now));
        if entries.len() >= MOST {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.began).map(|(digest, _)| *digest);
            oldest.map(|digest| entries.remove(&digest));
        }
        entries.insert(digest(&cookie), Entry { began: now, generation, user, token: BASE64.encode(token) });
        cookie
    }

    /// The session of a cookie; `None` for one that never was, has ended or was locked, and for one that another user
    /// shows than began it. The user is asked for only when there is such a session.
    pub(super) fn find(
        &self,
        at: Moment,
        cookie: &str,
        user: impl FnOnce() -> Option<u32>,
    ) -> Option<PageSession> {
        let is_good = |entry: &&Entry| entry.is_good(at.now) && entry.generation == at.generation;
        let (began_by, token) = {
            let entries = self.entries();
            let entry = entries.get(&digest(cookie)).filter(is_good)?;
            (entry.user, entry.token.clone())
        };
        (user() == began_by).then_some(PageSession { token })
    }

    /// Ends the session of a cookie.
    pub(super) fn end(&self, cookie: &str) {
        self.entries().remove(&digest(cookie));
    }
}

impl Entry {
    /// A clock that went back must not make a session last longer.
    fn is_good(&self, now: i64) -> bool {
        (-LENGTH..LENGTH).contains(&(now - self.began))
    }
}

/// Looking up a digest tells nothing about a cookie by the time it takes.
fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: i64) -> Moment {
        Moment { now, generation: 0 }
    }

    fn find(sessions: &PageSessions, now: i64, cookie: &str) -> Option<PageSession> {
        sessions.find(at(now), cookie, || Some(1000))
    }

    fn begin(sessions: &PageSessions, now: i64, name: u8, token: u8) -> String {
        sessions.begin(at(now), Some(1000), [name; 32], [token; 32])
    }

    #[test]
    fn a_session_is_known_until_its_end_or_until_it_is_locked() {
        let sessions = PageSessions::default();
        let cookie = begin(&sessions, 1_000, 7, 1);
        assert!(find(&sessions, 1_000, &cookie).is_some());
        assert!(find(&sessions, 1_000 + LENGTH - 1, &cookie).is_some());
        assert_eq!(find(&sessions, 1_000 + LENGTH, &cookie), None);
        assert_eq!(find(&sessions, 1_000 - LENGTH - 1, &cookie), None, "the clock was set back");
        let other_key = Moment { now: 1_000, generation: 1 };
        assert_eq!(sessions.find(other_key, &cookie, || Some(1000)), None, "another key");
        assert_eq!(find(&sessions, 1_000, ""), None);
        assert_eq!(find(&sessions, 1_000, &cookie[1..]), None);
        sessions.end(&cookie);
        assert_eq!(find(&sessions, 1_000, &cookie), None, "a stolen cookie is worth nothing");
    }

    #[test]
    fn a_cookie_is_worth_nothing_to_another_user() {
        let sessions = PageSessions::default();
        let (local, remote) =
            (begin(&sessions, 1_000, 7, 1), sessions.begin(at(1_000), None, [8; 32], [2; 32]));
        let shown = |cookie: &str, user| sessions.find(at(1_000), cookie, || user).is_some();
        assert!(shown(&local, Some(1000)) && shown(&remote, None));
        for other in [Some(33), Some(0), None] {
            assert!(!shown(&local, other), "{other:?}");
        }
        assert!(!shown(&remote, Some(1000)), "a program on this machine has a cookie of a browser elsewhere");
        let unknown = || panic!("the table of connections is not read for a made-up cookie");
        assert_eq!(sessions.find(at(1_000), "AAAA", unknown), None);
    }

    #[test]
    fn a_forms_token_belongs_to_one_session() {
        let sessions = PageSessions::default();
        let (one, other) = (begin(&sessions, 1_000, 7, 1), begin(&sessions, 1_000, 8, 2));
        let (one, other) = (find(&sessions, 1_000, &one).unwrap(), find(&sessions, 1_000, &other).unwrap());
        assert!(one.wrote(&one.token) && !one.wrote(&other.token) && !one.wrote(""));
    }

    #[test]
    fn the_oldest_makes_room_and_the_ended_are_forgotten() {
        let sessions = PageSessions::default();
        let cookies: Vec<String> = (0..=MOST).map(|n| begin(&sessions, n as i64, n as u8, 0)).collect();
        assert_eq!(find(&sessions, 100, &cookies[0]), None);
        assert!(cookies[1..].iter().all(|cookie| find(&sessions, 100, cookie).is_some()));
        begin(&sessions, 10 * LENGTH, 200, 0);
        assert_eq!(sessions.entries().len(), 1);
    }
}
