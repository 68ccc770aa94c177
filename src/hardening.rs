//! What the program asks of the kernel before it touches a secret.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dumps, and no look into memory and environment for other processes of the same user. A kernel that
/// refuses is no reason not to start.
pub fn apply() {
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    crate::http::limits::descriptors::raise();
}
