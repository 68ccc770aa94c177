//! The pages for a person with a browser.

mod error;
mod login;
mod logins;
mod notes;
mod orders;
mod respond;
mod status;
mod unlock;
mod view;
mod words;

use actix_web::web;

pub(super) use error::{for_people, nothing_here};

/// What the pages of one listener remember.
#[derive(Clone, Default)]
pub(super) struct State {
    notes: web::Data<notes::Notes>,
    logins: web::Data<logins::Logins>,
}

impl State {
    /// The routes, with what they remember.
    pub(super) fn configure(&self, config: &mut web::ServiceConfig) {
        config.app_data(self.notes.clone()).app_data(self.logins.clone());
        config.configure(status::routes).configure(unlock::routes).configure(login::routes);
    }
}
