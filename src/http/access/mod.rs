//! Who may read the status and who may act.

mod gate;
mod origin;
mod page_session;

pub(super) use gate::Gate;
