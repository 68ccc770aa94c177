//! What must hold for every input from outside, one check for each reader. libFuzzer runs them for minutes
//! (`scripts/fuzz`); `tests/fuzz.rs` runs them over `fuzz/seeds` and over mutations of it in every test run.
//!
//! A check panics where a promise is broken. That none of them takes more memory than its input allows is measured
//! round each of them, by [`bounded`].

mod exchange;
mod fyers;
mod gateway;
mod people;

use peak_alloc::PeakAlloc;

/// Memory that any reader may take, however short its input: buffers, and the built-in calendar.
const FIXED: usize = 192 * 1024;

/// One reader's promises.
pub(crate) struct Check {
    /// Its name, that of its folder of seeds.
    pub(crate) name: &'static str,
    /// How many bytes of memory a byte of input may cost at the most.
    pub(crate) times: usize,
    /// Panics when a promise is broken.
    pub(crate) run: fn(&[u8]),
}

/// All of them. Frames keep to 16 times. A tree of JSON values takes 32 bytes for a value of two bytes and its lists grow
/// by doubling; a `.env` line of two bytes becomes an entry or a sentence about it. So these have bounds of their own, and
/// whoever calls them bounds the input: 1 MiB for a body, 256 KiB for a `.env` or calendar file.
pub(crate) const ALL: [Check; 8] = [
    Check { name: "request_line", times: 96, run: gateway::request_line },
    Check { name: "fyers_json", times: 96, run: fyers::json },
    Check { name: "hsm_frame", times: 16, run: fyers::hsm_frame },
    Check { name: "order_socket", times: 64, run: fyers::order_socket },
    Check { name: "env_file", times: 128, run: people::env_file },
    Check { name: "calendar", times: 128, run: exchange::calendar },
    Check { name: "symbol_master", times: 32, run: exchange::symbol_master },
    Check { name: "heard", times: 48, run: people::heard },
];

/// Runs the check of this name, and measures what it takes.
///
/// # Panics
/// When the check does, when it takes more memory than the input allows, and when there is none of this name.
pub(crate) fn bounded(memory: &PeakAlloc, name: &str, data: &[u8]) {
    let check = ALL.iter().find(|check| check.name == name).expect("a check of this name");
    memory.reset_peak_usage();
    let before = memory.current_usage();
    (check.run)(data);
    let taken = memory.peak_usage().saturating_sub(before);
    let allowed = FIXED + check.times * data.len();
    assert!(taken <= allowed, "{name}: {taken} bytes of memory for {} bytes of input", data.len());
}
