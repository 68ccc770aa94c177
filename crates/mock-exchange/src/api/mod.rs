//! The exchange behind FYERS' API: request bodies in, response bodies out.

pub mod book_pages;
pub mod chain;
pub mod events;
pub mod feed;
mod fields;
pub mod gtt;
pub mod history;
pub mod margin;
pub mod quotes;
pub mod requests;
pub mod responses;
mod values;
