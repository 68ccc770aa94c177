//! The pages a person logs in through: client id, one-time password, pin, consent, and back to the app.
//!
//! FYERS does not document its own pages. Kept here are their order, the fields they have, and the redirect at the
//! end (docs/fyers-api.md, "Login"). They need no script and no cookie: the session id travels in the
//! address and in a hidden field, and everything else stays on the server.

mod pages;
mod redirect;
mod steps;

pub(crate) use redirect::{callback_url, callback_url_for, refusal_with, start_query};
pub(crate) use steps::{begin, handle, redirect_page};
