//! Marks for calls and waits.

/// Marks a call or a wait, so that a late outcome of an abandoned one is recognised.
pub type CallId = u64;

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// The answer to a call.
    Call(CallId),
    /// The end of a pause.
    Wait(CallId),
}
