//! `/logout` lets go of all tokens, and no copy of one brings the session back.

use simulator::{RefreshMode, TokenKind};

use crate::{
    card::{home, press_through, wait_card},
    chat::{OWNER, ask, press},
};

/// The refresh token would be good for two weeks, FYERS takes refreshes, and `.env` has a copy of both tokens.
#[test]
fn a_logout_forgets_the_refresh_token_too_and_the_copy_in_env_brings_nothing_back() {
    let home = home("2026-11-23T11:00:00");
    home.sim.set_refresh(RefreshMode::Enabled);
    let keeper = home.start_ready();
    press_through(&keeper.url("/fyers/login"));
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.wait_env(&home.newest(TokenKind::Access));
    home.wait_env(&home.newest(TokenKind::Refresh));
    let copy = home.env();

    press(&home, OWNER, &ask(&home, "/logout", "Log out at FYERS?"), "Yes");
    keeper.wait_status("logged out", |status| status["session"]["reason"] == "logged_out");
    assert!(keeper.stop().success());
    // Whatever has become of the copy: it is there again, as from a backup.
    home.write_env(&copy);
    let keeper = home.start_ready();
    let status = keeper.wait_status("still logged out", |status| status["session"]["reason"] == "logged_out");
    assert_eq!(status["mode"], "mock", "{status:#}");
    assert!(keeper.stop().success());

    home.jump("2026-11-25T08:44:55");
    let keeper = home.start_ready();
    keeper.wait_status("a login is asked for", |status| status["session"]["state"] == "login_required");
    wait_card(&home);
    assert_eq!(home.refresh_calls(), 0, "FYERS would have given a token for it");
    assert_eq!(keeper.status()["mode"], "mock");
}
