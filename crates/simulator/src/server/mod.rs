//! The HTTP servers.

mod fault_plan;
mod handler;
mod logged_call;
mod response;
mod run;
mod shared;
mod tcp;
mod waiting;

pub(crate) use run::Running;
pub(crate) use shared::Shared;
