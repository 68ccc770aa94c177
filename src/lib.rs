//! Placeholder until the modules land.

pub mod envfile;
