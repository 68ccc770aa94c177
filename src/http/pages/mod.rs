//! The pages for a person with a browser.

mod login;
mod notes;
mod respond;
mod status;
mod unlock;
mod view;
mod words;

use actix_web::web;

pub(super) use login::Limits;
pub(super) use notes::Notes;
pub(super) use unlock::Attempts;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.configure(status::routes).configure(unlock::routes).configure(login::routes);
}
