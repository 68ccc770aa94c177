//! All texts as a phone shows them, and the merging of repeats.

mod coalescing;
pub(crate) mod samples;
mod without_token;
mod wording;

use chrono::NaiveTime;

use crate::alerts::texts::Context;

/// A live keeper that loses its token: everything is worth a message.
fn context() -> Context {
    Context {
        login_hint: "log in at https://keeper.example/fyers/login".to_owned() + ".",
        live: true,
        reads_only: false,
        reject_without_token: false,
        halted: false,
        tick_time: NaiveTime::from_hms_opt(8, 45, 0).unwrap(),
        card: None,
    }
}
