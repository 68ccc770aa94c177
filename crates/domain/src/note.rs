//! Small things remembered by name: what a name stands for, and what was found under it.

use std::{fmt, marker::PhantomData};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use crate::store_error::StoreError;

/// A name in the store and the type of what is kept under it.
pub struct Note<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

/// What the store has under a name. "Cannot be read" is not "nothing": whoever reads decides what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered<T> {
    /// Nothing was ever written.
    Nothing,
    /// There is something that this program cannot read.
    Unreadable,
    /// This.
    Value(T),
}

/// A note on its way to the disk, in a [`Change`](crate::ports::Change).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteChange {
    /// Its name.
    pub name: &'static str,
    /// Its value as JSON.
    pub json: String,
}

/// Where notes are kept.
#[async_trait]
pub trait NoteStore: Send + Sync {
    /// The JSON text under this name; `None` when there is none. Use [`Note::read`].
    ///
    /// # Errors
    /// The store cannot be read now.
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError>;
    /// Hears that the text of this note means nothing here, to tell whoever looks after the store.
    fn note_is_unreadable(&self, _name: &'static str) {}
}

impl<T> Note<T> {
    /// A note of this name. Names are used once, so they are all constants.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }
}

impl<T> Note<T> {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is this note that changes.
    pub fn is_in(&self, change: &NoteChange) -> bool {
        change.name == self.name
    }
}

impl<T: Serialize> Note<T> {
    /// What a change must hold so that this value is remembered in place of the one before.
    ///
    /// # Errors
    /// The value has no JSON form; nothing is changed then.
    pub fn set(&self, value: &T) -> Result<NoteChange, StoreError> {
        let json = serde_json::to_string(value);
        // Not serde's message, which may quote a value.
        let json = json.map_err(|_| StoreError::refused("wrote a note", "the value has no JSON form"))?;
        Ok(NoteChange { name: self.name, json })
    }
}

impl<T: DeserializeOwned> Note<T> {
    /// What was last remembered.
    ///
    /// # Errors
    /// The store cannot be read now.
    pub async fn read<S: NoteStore + ?Sized>(&self, store: &S) -> Result<Remembered<T>, StoreError> {
        let Some(text) = store.note_text(self.name).await? else { return Ok(Remembered::Nothing) };
        match serde_json::from_str(&text) {
            Ok(value) => Ok(Remembered::Value(value)),
            Err(_) => {
                store.note_is_unreadable(self.name);
                Ok(Remembered::Unreadable)
            }
        }
    }
}

impl<T> fmt::Debug for Note<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Note({})", self.name)
    }
}

impl<T> Remembered<T> {
    /// The value; for notes without which it is safe to go on, whether there is none or it cannot be read.
    pub fn readable(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Unreadable => None,
        }
    }

    /// The value, `None` when nothing was written, and this in place of what cannot be read.
    pub fn or_unreadable(self, instead: T) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing => None,
            Self::Unreadable => Some(instead),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    const COUNT: Note<u64> = Note::new("count");

    /// Has this text under every name.
    struct Shelf(Option<&'static str>);

    #[async_trait]
    impl NoteStore for Shelf {
        async fn note_text(&self, _: &'static str) -> Result<Option<String>, StoreError> {
            Ok(self.0.map(str::to_owned))
        }
    }

    fn read(text: Option<&'static str>) -> Remembered<u64> {
        let shelf = Shelf(text);
        let Poll::Ready(read) = pin!(COUNT.read(&shelf)).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing to wait for")
        };
        read.unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        assert_eq!(read(None), Remembered::Nothing);
        assert_eq!(read(Some("7")), Remembered::Value(7));
        for text in ["\"seven\"", "-7", "", "{"] {
            assert_eq!(read(Some(text)), Remembered::Unreadable, "{text}");
        }
        assert_eq!(Remembered::<u64>::Unreadable.or_unreadable(1), Some(1));
        assert_eq!(Remembered::<u64>::Nothing.or_unreadable(1), None);
    }

    #[test]
    fn what_is_set_is_read() {
        let change = COUNT.set(&7).unwrap();
        assert_eq!((change.name, change.json.as_str()), ("count", "7"));
    }
}
