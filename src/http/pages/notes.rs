//! What a button's press brought, until the page that follows has shown it.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// How many may wait; a browser that never comes back leaves its note to the next one's.
const MOST: usize = 16;

/// Notes by the page session's token.
pub(in crate::http) struct Notes<T>(Mutex<VecDeque<(String, T)>>);

impl<T> Default for Notes<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Notes<T> {
    /// Leaves a note for a session.
    pub(super) fn leave(&self, token: &str, text: T) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push_back((token.to_owned(), text));
        while notes.len() > MOST {
            notes.pop_front();
        }
    }

    /// The session's oldest note, once.
    pub(super) fn take(&self, token: &str) -> Option<T> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = notes.iter().position(|(of, _)| of == token)?;
        notes.remove(at).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_shown_once_to_its_session_and_few_are_kept() {
        let notes: Notes<String> = Notes::default();
        notes.leave("a", "one".into());
        assert_eq!(notes.take("b"), None);
        assert_eq!(notes.take("a").as_deref(), Some("one"));
        assert_eq!(notes.take("a"), None);
        (0..100).for_each(|n| notes.leave(&n.to_string(), "x".into()));
        assert_eq!((notes.take("83"), notes.take("84").as_deref()), (None, Some("x")));
    }
}
