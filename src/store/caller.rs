//! Who waits for a change to be on disk, whichever database it is.

use keeper_domain::ports::{ChangeLine, StoreError, StoreErrorKind};
use tokio::sync::oneshot;

/// Who waits for an answer, what was asked, and what it builds on.
pub(super) struct Caller {
    pub(super) doing: &'static str,
    pub(super) line: Option<ChangeLine>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// The caller's end: what became of the change.
pub(super) type Heard = oneshot::Receiver<Result<(), StoreError>>;

impl Caller {
    /// One that does this, and its own end.
    pub(super) fn new(doing: &'static str, line: Option<ChangeLine>) -> (Self, Heard) {
        let (answer, heard) = oneshot::channel();
        (Self { doing, line, answer }, heard)
    }

    /// Its change is on disk.
    pub(super) fn made(self) {
        let _gone = self.answer.send(Ok(()));
    }

    /// Who does not wait any more needs no answer. Of its line nothing more is made.
    pub(super) fn refuse(self, error: StoreError) {
        if let Some(line) = &self.line {
            line.break_off(error.kind);
        }
        let _gone = self.answer.send(Err(StoreError { doing: self.doing, ..error }));
    }
}

/// Of the lines of these nothing more is made. They break before anybody hears of it: who hears of it may read what is
/// on disk at once.
pub(super) fn break_lines(waiting: &[Caller], kind: StoreErrorKind) {
    waiting.iter().filter_map(|caller| caller.line.as_ref()).for_each(|line| line.break_off(kind));
}

/// Refuses all of them with the same error.
pub(super) fn refuse_all(waiting: Vec<Caller>, error: &StoreError) {
    break_lines(&waiting, error.kind);
    for caller in waiting {
        caller.refuse(error.clone());
    }
}
