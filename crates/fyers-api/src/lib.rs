#![doc = include_str!("../README.md")]

pub mod claims;
pub mod codes;
pub mod date;
pub mod envelope;
pub mod error;
pub mod hsm;
pub mod http;
pub mod ist;
pub mod model;
pub mod number;
pub mod operation;
pub mod order_socket;
pub mod request;
pub mod response;
pub mod symbol_master;
