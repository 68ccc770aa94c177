//! All keys, as one value: what the listener recognises bots by.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use crate::keys::{
    key::{BotKey, NewKey, StoredKey},
    limits::LimitProblem,
    name::{BotName, NameProblem},
    token::{self, Digest},
};

/// The most keys: each is compared with what is shown.
const MOST: usize = 64;

/// Why a change of the keys is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// The name.
    #[error("{0}")]
    Name(#[from] NameProblem),
    /// A limit.
    #[error("{0}")]
    Limit(#[from] LimitProblem),
    /// There is one.
    #[error("there is a key {0} already: rotate or remove it, or choose another name")]
    Taken(BotName),
    /// There is none.
    #[error("there is no key {0}")]
    Unknown(BotName),
    /// The first key stays.
    #[error("the key default cannot be removed: it is the owner's; rotate it instead")]
    Owner,
    /// Too many.
    #[error("there are {MOST} keys already: remove one first")]
    Full,
}

impl KeyProblem {
    /// Whether what was named is not there.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// All keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRing {
    keys: Vec<BotKey>,
}

impl Default for KeyRing {
    /// The owner alone, with a key that opens nothing.
    fn default() -> Self {
        let stored = StoredKey::owner(DateTime::UNIX_EPOCH);
        Self { keys: vec![BotKey { stored, tokens: vec![], hsm_key: None }] }
    }
}

impl KeyRing {
    /// The keys that are kept, and the first one as it is in the settings or in its file. Tokens that are not kept as
    /// digests open nothing.
    pub fn new(
        stored: Vec<StoredKey>,
        owner: &SecretString,
        signing: &SecretString,
        now: DateTime<Utc>,
    ) -> Self {
        let (mine, others): (Vec<_>, Vec<_>) = stored.into_iter().partition(|key| key.name.is_owner());
        let stored = mine.into_iter().next().unwrap_or_else(|| StoredKey::owner(now));
        let first = Self { keys: vec![owners(stored, owner, signing)] };
        others.into_iter().fold(first, |ring, stored| ring.with(stored))
    }

    /// All of them, the first one first, the others by name.
    pub fn all(&self) -> &[BotKey] {
        &self.keys
    }

    /// The key of this name.
    pub fn named(&self, name: &BotName) -> Option<&BotKey> {
        self.keys.iter().find(|key| key.name() == name)
    }

    /// Whose token this is. All keys are compared, whatever comes out.
    pub fn by_token(&self, shown: &str) -> Option<&BotKey> {
        self.by_digest(Digest::of(shown))
    }

    /// The same by the token's digest.
    pub fn by_digest(&self, shown: Digest) -> Option<&BotKey> {
        let fits = |key: &BotKey| key.tokens.iter().fold(false, |fits, token| fits | (*token == shown));
        self.keys.iter().fold(None, |found, key| if fits(key) { Some(key) } else { found })
    }

    /// Whose `hsm_key` this is: what a data socket shows in place of the token.
    pub fn by_hsm_key(&self, shown: &str) -> Option<&BotKey> {
        let shown = Digest::of(shown);
        let fits = |key: &BotKey| key.hsm_key.is_some_and(|hsm_key| hsm_key == shown);
        self.keys.iter().fold(None, |found, key| if fits(key) { Some(key) } else { found })
    }

    /// Whether a key may be added as asked for.
    ///
    /// # Errors
    /// The name is taken, a limit makes no sense, or there are too many.
    pub fn may_add(&self, wish: &NewKey) -> Result<(), KeyProblem> {
        wish.limits.checked()?;
        if self.named(&wish.name).is_some() {
            return Err(KeyProblem::Taken(wish.name.clone()));
        }
        if self.keys.len() >= MOST { Err(KeyProblem::Full) } else { Ok(()) }
    }

    /// The key of this name, to be changed.
    ///
    /// # Errors
    /// There is none.
    pub fn known(&self, name: &BotName) -> Result<&BotKey, KeyProblem> {
        self.named(name).ok_or_else(|| KeyProblem::Unknown(name.clone()))
    }

    /// Whether the key of this name may be removed.
    ///
    /// # Errors
    /// There is none, or it is the first one.
    pub fn may_remove(&self, name: &BotName) -> Result<(), KeyProblem> {
        self.known(name)?;
        if name.is_owner() { Err(KeyProblem::Owner) } else { Ok(()) }
    }

    /// The same with one key put in place of the one of its name.
    #[must_use]
    pub fn with(&self, stored: StoredKey) -> Self {
        let mut keys = self.keys.clone();
        match keys.iter_mut().find(|key| *key.name() == stored.name) {
            Some(key) if stored.name.is_owner() => key.stored = stored,
            Some(key) => *key = kept(stored),
            None => keys.push(kept(stored)),
        }
        keys.sort_by(|a, b| (!a.name().is_owner(), a.name()).cmp(&(!b.name().is_owner(), b.name())));
        Self { keys }
    }

    /// The same with another first key: the one before opens nothing any more.
    #[must_use]
    pub fn with_owner(&self, owner: &SecretString, signing: &SecretString) -> Self {
        let renewed = |key: &BotKey| match key.name().is_owner() {
            true => owners(key.stored.clone(), owner, signing),
            false => key.clone(),
        };
        Self { keys: self.keys.iter().map(renewed).collect() }
    }

    /// What tells one first key from the next, and is worth nothing to anybody.
    pub fn owners_mark(&self) -> Option<Digest> {
        self.named(&BotName::owner())?.tokens.first().copied()
    }

    /// The same without the key of this name.
    #[must_use]
    pub fn without(&self, name: &BotName) -> Self {
        Self { keys: self.keys.iter().filter(|key| key.name() != name).cloned().collect() }
    }
}

fn owners(stored: StoredKey, owner: &SecretString, signing: &SecretString) -> BotKey {
    let minted = token::of_owner(signing, owner);
    let tokens = [Digest::of(owner.expose_secret()), minted.digest()];
    // An empty key opens nothing.
    let tokens = if owner.expose_secret().is_empty() { vec![] } else { tokens.to_vec() };
    let hsm_key = (!tokens.is_empty()).then(|| minted.hsm_digest());
    BotKey { stored, tokens, hsm_key }
}

fn kept(stored: StoredKey) -> BotKey {
    BotKey { tokens: stored.token.into_iter().collect(), hsm_key: stored.hsm_key, stored }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::limits::KeyLimits, mode::Mode};

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn ring() -> KeyRing {
        KeyRing::new(vec![], &secret("old random key"), &secret("signing"), now())
    }

    fn wish(name: &str) -> NewKey {
        let name = BotName::new(name).unwrap();
        NewKey { name, ceiling: Mode::Sandbox, read_only: false, limits: KeyLimits::default() }
    }

    #[test]
    fn both_forms_of_the_first_key_are_the_owners() {
        let (ring, jwt) = (ring(), token::of_owner(&secret("signing"), &secret("old random key")));
        for shown in ["old random key", jwt.token.expose_secret()] {
            assert!(ring.by_token(shown).unwrap().name().is_owner());
        }
        assert!(ring.by_token("").is_none() && ring.by_token("old random ke").is_none());
        let without = KeyRing::new(vec![], &secret(""), &secret("signing"), now());
        assert!(without.by_token("").is_none(), "an empty key opens nothing");
    }

    #[test]
    fn a_key_is_known_by_token_and_hsm_key_until_it_is_rotated_or_removed() {
        let minted = token::mint(&secret("s"), &BotName::new("trial").unwrap(), now(), [1; 32]);
        let next = token::mint(&secret("s"), &BotName::new("trial").unwrap(), now(), [2; 32]);
        let stored = StoredKey::new(wish("trial"), &minted, now());
        let ring = ring().with(stored.clone());
        let name = |ring: &KeyRing, minted: &token::Minted| {
            ring.by_token(minted.token.expose_secret()).map(|key| key.name().to_string())
        };
        assert_eq!(name(&ring, &minted).as_deref(), Some("trial"));
        assert_eq!(ring.may_add(&wish("trial")), Err(KeyProblem::Taken(BotName::new("trial").unwrap())));
        let rotated = ring.with(stored.rotated(&next, now()));
        assert_eq!((name(&rotated, &minted), name(&rotated, &next).as_deref()), (None, Some("trial")));
        assert_eq!(rotated.all().len(), 2);
        let gone = rotated.without(&BotName::new("trial").unwrap());
        assert_eq!(name(&gone, &next), None);
        assert_eq!(gone.may_remove(&BotName::owner()), Err(KeyProblem::Owner));
        assert!(gone.known(&BotName::new("trial").unwrap()).unwrap_err().is_unknown());
    }

    #[test]
    fn there_is_an_end_to_keys() {
        let stored = |n: usize| {
            let wish = wish(&format!("bot-{n}"));
            let minted = token::mint(&secret("s"), &wish.name, now(), [n as u8; 32]);
            StoredKey::new(wish, &minted, now())
        };
        let ring = (1..MOST).fold(ring(), |ring, n| ring.with(stored(n)));
        assert_eq!(ring.may_add(&wish("one-more")), Err(KeyProblem::Full));
    }
}
