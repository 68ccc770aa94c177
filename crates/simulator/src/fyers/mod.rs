//! The FYERS REST API.

mod account;
mod alerts;
mod auth;
mod chain;
mod gtt;
mod history;
mod market;
mod multi_leg;
mod multi_order;
mod orders;
mod prices;
mod reports;
mod requests;
mod routes;
mod smart_orders;
mod symbol_master;
mod symbol_token;

pub(crate) use auth::{account_of_authorization, account_of_hsm_key};
pub(crate) use prices::set_prices;
pub(crate) use routes::handle;
