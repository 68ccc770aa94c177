//! The exchange behind FYERS' API: request bodies in, response bodies out.

pub mod book_pages;
pub mod gtt;
pub mod requests;
pub mod responses;
