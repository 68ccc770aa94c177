//! The HTTP servers.

mod fault_plan;
mod frame_plan;
mod handler;
mod logged_call;
mod message_stream;
mod response;
mod run;
mod shared;
mod tcp;
mod waiting;
mod websocket;

pub(crate) use run::Running;
pub(crate) use shared::Shared;
