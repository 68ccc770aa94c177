//! The pages for a person with a browser.

mod cleaned;
mod equity;
pub(crate) mod error;
mod feeds;
mod key_form;
mod key_list;
mod keys;
mod login;
mod login_budget;
mod mornings;
mod notes;
mod orders;
mod positions;
mod respond;
mod set_up;
mod status;
mod unlock;
mod view;

use std::sync::Arc;

use actix_web::web;

use crate::http::shared::Shared;

pub(super) use error::{for_people, nothing_here};

/// What the pages of one listener remember.
#[derive(Clone, Default)]
pub(super) struct State {
    notes: web::Data<notes::Notes<String>>,
    key_outcomes: web::Data<notes::Notes<keys::Outcome>>,
    login_budget: web::Data<login_budget::LoginBudget>,
    positions: web::Data<positions::LatestPositions>,
    view: web::Data<Shared<Arc<view::View>>>,
}

impl State {
    /// The routes, with what they remember.
    pub(super) fn configure(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.notes.clone())
            .app_data(self.key_outcomes.clone())
            .app_data(self.login_budget.clone())
            .app_data(self.positions.clone())
            .app_data(self.view.clone());
        config
            .configure(status::routes)
            .configure(unlock::routes)
            .configure(login::routes)
            .configure(set_up::routes)
            .configure(keys::routes);
    }
}
