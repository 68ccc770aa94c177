//! The label `outcome` of alerts.

/// What came of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertOutcome {
    /// It is in the outbox.
    Queued,
    /// It is delivered.
    Sent,
    /// A delivery failed; it is tried again where that makes sense.
    Failed,
}

impl AlertOutcome {
    /// The name used as the label.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}
