#![no_main]
#[path = "../checks/mod.rs"]
mod checks;

use libfuzzer_sys::fuzz_target;

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fuzz_target!(|data: &[u8]| checks::bounded(&MEMORY, "calendar", data));
