//! A clock that jumps past the end of the token, and back.

use std::path::{Path, PathBuf};

use simulator::TokenKind;

use crate::{browserless::day, support::Home};

/// The program's clock is moved by a file, replaced as a whole.
fn show(clock: &Path, time: &str) {
    let next = clock.with_extension("next");
    std::fs::write(&next, format!("{time}+05:30")).unwrap();
    std::fs::rename(next, clock).unwrap();
}

fn clock(home: &Home) -> PathBuf {
    home.path("clock")
}

/// A machine that wakes up with a wrong clock, or is set wrong by hand and back: the token is good all the time, and the
/// keeper finds out by itself.
#[test]
fn a_clock_that_jumps_past_the_end_and_back_leaves_the_keeper_live() {
    let home = day();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    show(&clock(&home), "2026-11-23T11:02:00");
    let mut command = home.command(&["run"]);
    command.env("KEEPER_DEMO_CLOCK", format!("file:{}", clock(&home).display()));
    let mut keeper = home.adopt(command);
    keeper.wait_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");

    show(&clock(&home), "2026-11-24T06:30:00");
    keeper.wait_status("the token's end", |status| {
        status["session"]["usable"] == false && status["mode"] != "live"
    });

    let asked = home.sim.call_count(simulator::endpoint::PROFILE).total;
    show(&clock(&home), "2026-11-23T11:03:00");
    keeper.wait_status("live again", |status| status["mode"] == "live");
    let again = home.sim.call_count(simulator::endpoint::PROFILE).total;
    assert!(again > asked, "it was asked first: {again} after {asked}");
    assert!(keeper.stop().success());
}
