//! What the credentials on disk are bound to: the app they were made with. Tokens of one app are never used, nor
//! sent with the PIN, under another; tokens that were let go of do not come back from an old copy.

use serde::{Deserialize, Serialize};

use crate::{
    note::{Note, NoteChange},
    reason::Reason,
    secret::{AccessToken, Fingerprint, RefreshToken},
    session_state::StoredSession,
};

/// Where it is kept.
pub const NOTE: Note<Bound> = Note::new("credentials");
/// How many tokens that were let go of are remembered. Each logout or change of the app adds up to three.
const MOST: usize = 24;

/// The app that the credentials belong to, and what must not come back. On disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bound {
    /// The configured app, as `ABCD1234EF-100`, when the credentials were last written.
    pub app: Option<String>,
    /// Tokens that were let go of.
    #[serde(default)]
    forgotten: Vec<Fingerprint>,
}

impl Bound {
    /// As it goes into the store.
    pub fn note(&self) -> Option<NoteChange> {
        NOTE.set(self).ok()
    }

    /// What stands for one that cannot be read: whose the tokens on disk are is not known, so they are let go of.
    pub fn unreadable() -> Self {
        Self { app: Some(String::new()), forgotten: vec![] }
    }

    /// Remembers that these tokens were let go of.
    pub fn forget(&mut self, tokens: impl IntoIterator<Item = Fingerprint>) {
        for token in tokens {
            self.forgotten.retain(|known| *known != token);
            self.forgotten.push(token);
        }
        let surplus = self.forgotten.len().saturating_sub(MOST);
        self.forgotten.drain(..surplus);
    }

    /// Whether the token was let go of.
    pub fn is_forgotten(&self, token: &Fingerprint) -> bool {
        self.forgotten.contains(token)
    }

    /// The session under the configured app. Credentials of another one are let go of; true when that happened.
    /// What was written before apps were noted is taken for this app's.
    pub fn adopt(&mut self, app: Option<&str>, stored: &mut StoredSession) -> bool {
        let changed = self.app.as_deref().zip(app).is_some_and(|(before, now)| before != now);
        if changed {
            self.forget(let_go(stored));
            stored.refresh_block = None;
            stored.ending_announced = None;
            stored.reason = Some(Reason::AppChanged);
        }
        if app.is_some() {
            self.app = app.map(str::to_owned);
        }
        changed
    }
}

/// Takes all tokens out of the session; gives what they are known by.
pub fn let_go(stored: &mut StoredSession) -> Vec<Fingerprint> {
    let access = stored.access.take().as_ref().map(AccessToken::fingerprint);
    let refresh = [stored.refresh.take(), stored.previous_refresh.take()];
    stored.source = None;
    stored.verified_at = None;
    access.into_iter().chain(refresh.iter().flatten().map(RefreshToken::fingerprint)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::reconcile::{Seeds, reconcile};

    fn stored() -> StoredSession {
        StoredSession {
            access: Some(AccessToken::new("access of A")),
            refresh: Some(RefreshToken::new("refresh of A")),
            account: Some("XX00001".into()),
            ..StoredSession::default()
        }
    }

    #[test]
    fn tokens_of_another_app_are_let_go_of_and_no_copy_brings_them_back() {
        let (mut bound, mut session) = (Bound::default(), stored());
        assert!(!bound.adopt(Some("A-100"), &mut session), "the first start with this version");
        assert!(session.access.is_some());
        assert!(bound.adopt(Some("B-200"), &mut session));
        assert_eq!((session.access.clone(), session.refresh.clone()), (None, None));
        assert_eq!(session.account.as_deref(), Some("XX00001"), "the person is the same");
        let seeds = Seeds {
            access: Some(AccessToken::new("access of A")),
            refresh: Some(RefreshToken::new("refresh of A")),
        };
        let session = reconcile(session, &seeds.without(&bound));
        assert_eq!((session.access, session.refresh), (None, None));
        assert!(!bound.adopt(Some("B-200"), &mut stored()), "said once");
    }

    #[test]
    fn tokens_of_nobody_knows_which_app_are_let_go_of() {
        let (mut bound, mut session) = (Bound::unreadable(), stored());
        assert!(bound.adopt(Some("A-100"), &mut session));
        assert_eq!((session.access, bound.app.as_deref()), (None, Some("A-100")));
    }

    #[test]
    fn no_app_for_a_while_changes_nothing() {
        let (mut bound, mut session) = (Bound::default(), stored());
        bound.adopt(Some("A-100"), &mut session);
        assert!(!bound.adopt(None, &mut session));
        assert!(!bound.adopt(Some("A-100"), &mut session));
        assert!(session.access.is_some());
    }

    #[test]
    fn the_list_does_not_grow_for_ever() {
        let mut bound = Bound::default();
        bound.forget((0..100).map(|n| Fingerprint::of(&n.to_string())));
        assert_eq!(bound.forgotten.len(), MOST);
        assert!(bound.is_forgotten(&Fingerprint::of("99")));
        let read: Bound = serde_json::from_str(&bound.note().unwrap().json).unwrap();
        assert_eq!(read, bound);
    }
}
