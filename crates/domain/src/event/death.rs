//! How an actor died.

use serde::{Deserialize, Serialize};

/// How an actor died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// A panic in the actor itself or in one of its futures.
    Panic,
    /// A panic in a task that the actor had spawned.
    TaskPanic,
    /// The actor stopped although nobody asked it to.
    Stop,
    /// An await that never ended.
    Hang,
}

impl Death {
    /// The name used in logs and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::TaskPanic => "task_panic",
            Self::Stop => "stop",
            Self::Hang => "hang",
        }
    }
}
