//! The real program in an empty environment, against the simulated FYERS and Telegram on real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod backup;
mod bot;
mod bytes;
mod card;
mod chat;
mod check;
mod commodities;
mod config;
mod credentials;
mod demo;
mod doctor;
mod doors;
mod edges;
mod fault;
mod go_sdk;
mod group;
mod guide;
mod heartbeat;
mod kill9;
mod leaks;
mod leftovers;
mod live;
mod log_table;
mod login;
mod logs;
mod long_book;
mod market_data;
mod odd_answers;
mod orders;
mod refresh;
mod service;
mod small;
mod support;
mod transcript;
mod unread;
