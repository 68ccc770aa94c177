//! Page sessions: browsers in which a person has entered the gateway key.
//!
//! They live in this table only. The cookie is a random name for an entry, so a stolen one is worth nothing after
//! the person has locked the page, after the session's end, after a restart, and once another key is in use.

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
    token: String,
}

/// All sessions, by the digest of their cookie.
#[derive(Debug, Default)]
pub(super) struct PageSessions(Mutex<HashMap<[u8; 32], Entry>>);

impl PageSessions {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session at this Unix time from random bytes; returns the cookie's value.
    pub(super) fn begin(&self, now: i64, generation: u64, name: [u8; 32], token: [u8; 32]) -> String {
        let cookie = BASE64.encode(name);
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.is_good(now));
        if entries.len() >= MOST {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.began).map(|(digest, _)| *digest);
            oldest.map(|digest| entries.remove(&digest));
        }
        entries.insert(digest(&cookie), Entry { began: now, generation, token: BASE64.encode(token) });
        cookie
    }

    /// The session of a cookie; `None` for one that never was, has ended or was locked.
    pub(super) fn find(&self, now: i64, generation: u64, cookie: &str) -> Option<PageSession> {
        let entries = self.entries();
        let is_good = |entry: &&Entry| entry.is_good(now) && entry.generation == generation;
        let entry = entries.get(&digest(cookie)).filter(is_good)?;
        Some(PageSession { token: entry.token.clone() })
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

    #[test]
    fn a_session_is_known_until_its_end_or_until_it_is_locked() {
        let sessions = PageSessions::default();
        let cookie = sessions.begin(1_000, 0, [7; 32], [1; 32]);
        assert!(sessions.find(1_000, 0, &cookie).is_some());
        assert!(sessions.find(1_000 + LENGTH - 1, 0, &cookie).is_some());
        assert_eq!(sessions.find(1_000 + LENGTH, 0, &cookie), None);
        assert_eq!(sessions.find(1_000 - LENGTH - 1, 0, &cookie), None, "the clock was set back");
        assert_eq!(sessions.find(1_000, 1, &cookie), None, "another key");
        assert_eq!(sessions.find(1_000, 0, ""), None);
        assert_eq!(sessions.find(1_000, 0, &cookie[1..]), None);
        sessions.end(&cookie);
        assert_eq!(sessions.find(1_000, 0, &cookie), None, "a stolen cookie is worth nothing");
    }

    #[test]
    fn a_forms_token_belongs_to_one_session() {
        let sessions = PageSessions::default();
        let one = sessions.begin(1_000, 0, [7; 32], [1; 32]);
        let other = sessions.begin(1_000, 0, [8; 32], [2; 32]);
        let (one, other) = (sessions.find(1_000, 0, &one).unwrap(), sessions.find(1_000, 0, &other).unwrap());
        assert!(one.wrote(&one.token) && !one.wrote(&other.token) && !one.wrote(""));
    }

    #[test]
    fn the_oldest_makes_room_and_the_ended_are_forgotten() {
        let sessions = PageSessions::default();
        let cookies: Vec<String> =
            (0..=MOST).map(|n| sessions.begin(n as i64, 0, [n as u8; 32], [0; 32])).collect();
        assert_eq!(sessions.find(100, 0, &cookies[0]), None);
        assert!(cookies[1..].iter().all(|cookie| sessions.find(100, 0, cookie).is_some()));
        sessions.begin(10 * LENGTH, 0, [200; 32], [0; 32]);
        assert_eq!(sessions.entries().len(), 1);
    }
}
