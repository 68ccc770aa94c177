//! Changes that build on each other.

use std::sync::{Arc, OnceLock};

use crate::store_error::{StoreError, StoreErrorKind};

/// Changes of which each builds on those before it. Once one of them is not made, for whatever reason, none of them is
/// made any more: not those that wait behind it, and not those that are queued before its owner has heard of it. All
/// clones are the same line.
#[derive(Debug, Clone, Default)]
pub struct ChangeLine(Arc<OnceLock<StoreErrorKind>>);

impl ChangeLine {
    /// A change of it was not made. The first reason stays.
    pub fn break_off(&self, kind: StoreErrorKind) {
        let _earlier = self.0.set(kind);
    }

    /// Why nothing of it is made any more; `None` while all of it was.
    pub fn broken(&self) -> Option<StoreErrorKind> {
        self.0.get().copied()
    }

    /// What the owner of a later change of it is told.
    pub fn refusal(&self, doing: &'static str) -> Option<StoreError> {
        self.broken().map(|kind| Self::behind(kind, doing))
    }

    /// The same for a reason that is known.
    pub fn behind(kind: StoreErrorKind, doing: &'static str) -> StoreError {
        match kind {
            StoreErrorKind::Refused => {
                StoreError::refused(doing, "a change before it was refused, and it builds on that; try again")
            }
            kind => StoreError::of(kind, doing),
        }
    }
}
