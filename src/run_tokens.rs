//! The tokens of FYERS' that came up in this run: what bots are told by FYERS tells none of them.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};

/// So many are remembered. A token lives for a day and a refresh token for fifteen; few of either come in that time.
const MOST: usize = 12;

/// Shared by all clones.
#[derive(Clone, Default)]
pub(crate) struct RunTokens(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    tokens: VecDeque<SecretString>,
    changes: u64,
}

impl fmt::Debug for RunTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunTokens(..)")
    }
}

impl RunTokens {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers one; the one that was seen longest ago goes when there are many.
    pub(crate) fn learn(&self, token: &str) {
        let mut known = self.known();
        let is_it = |known: &SecretString| known.expose_secret() == token;
        if known.tokens.back().is_some_and(is_it) {
            return;
        }
        let before = known.tokens.len();
        known.tokens.retain(|known| !is_it(known));
        known.changes += u64::from(known.tokens.len() == before);
        known.tokens.push_back(SecretString::from(token));
        if known.tokens.len() > MOST {
            known.tokens.pop_front();
        }
    }

    /// Those that are known, and how often that has changed.
    pub(crate) fn all(&self) -> (Vec<SecretString>, u64) {
        let known = self.known();
        (known.tokens.iter().cloned().collect(), known.changes)
    }

    /// How often one that was not known came.
    pub(crate) fn changes(&self) -> u64 {
        self.known().changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_and_what_is_known_is_no_change() {
        let tokens = RunTokens::default();
        let told = || tokens.all().0.iter().map(|token| token.expose_secret().to_owned()).collect::<Vec<_>>();
        ["a", "b", "b", "a"].into_iter().for_each(|token| tokens.learn(token));
        assert_eq!((told(), tokens.changes()), (vec!["b".to_owned(), "a".to_owned()], 2));
        (0..MOST).for_each(|number| tokens.learn(&number.to_string()));
        assert_eq!((told().len(), told().contains(&"a".to_owned())), (MOST, false));
    }
}
