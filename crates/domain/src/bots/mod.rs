//! Bots beside each other on one account: what each has done and holds, and whether its key lets an order through.

pub mod admit;
pub mod books;
pub mod changed;
pub mod leftovers;
pub mod reached;
pub mod view;
