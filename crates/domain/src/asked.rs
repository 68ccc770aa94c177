//! What a request about orders asked for.

use serde::{Deserialize, Serialize};

/// What was asked, and of which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// As in the order journal: `place`, `modify`, `cancel`; empty in entries of older versions.
    #[serde(default)]
    pub what: String,
    /// The ids that the request names.
    #[serde(default)]
    pub ids: Vec<String>,
}
