//! The exchange behind FYERS' API: request bodies in, response bodies out.

pub mod gtt;
pub mod requests;
pub mod responses;
