//! fyers-keeper: how the decisions of `keeper-actors` reach the world.

pub mod telegram;
