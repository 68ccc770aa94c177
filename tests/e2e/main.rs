//! The real program in an empty environment, against the simulated FYERS and Telegram on real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod backup;
mod bot;
mod bytes;
mod card;
mod chat;
mod check;
mod config;
mod demo;
mod doctor;
mod doors;
mod fault;
mod go_sdk;
mod guide;
mod heartbeat;
mod keys;
mod kill9;
mod leaks;
mod live;
mod log_table;
mod login;
mod logs;
mod long_book;
mod orders;
mod refresh;
mod service;
mod small;
mod support;
mod unread;
