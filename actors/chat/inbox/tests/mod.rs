//! The inbox as a whole, on doubles, in virtual time, and its rules.

mod acting;
mod commands;
mod control;
mod crashes;
mod denials;
mod doubles;
mod hearing;
mod histories;
mod logging;
mod polling;
mod room;
mod scene;
