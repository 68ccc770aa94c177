//! Controlling logins.

use super::handle::Simulator;
use crate::broker::{ApiError, TokenKind};
use crate::endpoint;
use crate::login::{callback_url, callback_url_for, start_query};

impl Simulator {
    /// The page that shows an auth code as text, to be registered with [`Self::set_redirect_uri`]:
    /// `http://127.0.0.1:PORT/redirect`.
    pub fn redirect_page_url(&self) -> String {
        format!("http://{}{}", self.fyers, endpoint::REDIRECT_PAGE)
    }

    /// Where a person's browser starts a login for the registered app.
    pub fn login_url(&self, state: &str) -> String {
        let world = self.world.lock();
        let query = start_query(&world.app.client_id, &world.app.redirect_uri, state);
        format!("http://{}{}?{query}", self.fyers, endpoint::GENERATE_AUTHCODE)
    }

    /// Registers another redirect address for the app, for a keeper whose port was not known at the start.
    pub fn set_redirect_uri(&self, uri: &str) {
        self.world.lock().app.redirect_uri = uri.to_owned();
    }

    /// Lets a person log in without a browser: the address they end up at, with a fresh auth code. `None` when the
    /// registered redirect address is no URL.
    pub fn callback_url(&self, state: &str) -> Option<String> {
        callback_url(&mut self.world.lock(), state)
    }

    /// The same for another known client id; `None` also when there is no such account.
    pub fn callback_url_for(&self, fy_id: &str, state: &str) -> Option<String> {
        callback_url_for(&mut self.world.lock(), fy_id, state)
    }

    /// Mints a token for any known client id, issued now; `None` when there is no such account.
    pub fn mint_for(&self, fy_id: &str, kind: TokenKind) -> Option<String> {
        self.world.lock().mint_for(fy_id, kind)
    }

    /// Whether `generate-authcode` redirects at once instead of showing the login pages.
    pub fn set_instant_login(&self, on: bool) {
        self.world.lock().instant_login = on;
    }

    /// Changes the one-time password that logins expect.
    pub fn set_login_otp(&self, otp: &str) {
        self.world.lock().login_otp = otp.to_owned();
    }

    /// Makes the next login through the pages end with this error redirect, whatever the person answers at its end.
    pub fn refuse_next_login(&self, error: ApiError) {
        self.world.lock().next_login_refusal = Some(error);
    }

    /// Lets every login under way on the pages expire now.
    pub fn expire_logins(&self) {
        let mut world = self.world.lock();
        let now = world.now();
        world.logins.expire_all(now);
    }
}
