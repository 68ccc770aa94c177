//! What alerts must know of the settings.

use std::sync::Arc;

use keeper_domain::{alerts::texts::Context, clock::token_hours::TokenHours};

use crate::{
    cli::setup::CliConfig,
    login_report::{LoginSetup, login_hint},
};

/// What the alerts say about logging in and about orders.
pub(super) fn texts(
    config: &CliConfig,
    phone: bool,
    login: Option<&LoginSetup>,
    hours: &Arc<TokenHours>,
) -> Context {
    Context {
        login_hint: login_hint(phone, login),
        live: !config.settings.sandbox,
        reads_only: config.app_reads_only(),
        reject_without_token: config.settings.on_token_loss == keeper_domain::routing::OnTokenLoss::Reject,
        halted: false,
        tick_time: config.settings.tick_time,
        card: (phone && login.is_some()).then(|| Arc::clone(hours)),
    }
}
