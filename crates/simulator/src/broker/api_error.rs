//! The FYERS error table, one variant per row (docs/fyers-api.md, "Auth errors" and "Refresh" and "Order bans" and "Order validation").

use serde::{Deserialize, Serialize};

use crate::http::Response;

/// One row of the error table. Where the contract knows no HTTP status, 400 is assumed; where it knows no text, a
/// plain one is used, and the variant says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// 401, -8: the token is past its `exp`.
    TokenExpired,
    /// 400, -14: a refresh token was rejected; one third party lists it, the text is ours.
    RefreshRejected,
    /// 401, -15: bad token on a data endpoint.
    DataTokenInvalid,
    /// 401, -16: bad token on an account or order endpoint.
    NotAuthenticated,
    /// 401, -16: bad token on logout.
    LogoutTokenInvalid,
    /// 400, -16: the refresh call is switched off by regulation.
    RefreshDisabled,
    /// 401, -17: bad token on older endpoints.
    NotAuthenticatedOld,
    /// 400, -50: malformed request.
    InvalidInput,
    /// 400, -50: wrong pin. The contract knows no code for it; this one is the simulator's choice.
    InvalidPin,
    /// 400, -51: unknown order id; the text is ours.
    UnknownOrder,
    /// 400, -96: something unexpected.
    Unexpected,
    /// 400, -99: an invalid request on the login page.
    InvalidRequest,
    /// 400, -300: unknown symbol on a data endpoint.
    InvalidSymbol,
    /// 400, -352: unknown app id; the text is ours.
    InvalidAppId,
    /// 400, -371: the hash does not match app id and secret.
    AppIdHashMismatch,
    /// 403, -373: the app lacks a permission.
    NoPermission,
    /// 400, -374: no authorization code.
    AuthCodeMissing,
    /// 400, -413: seen on a login redirect only; the text is ours.
    LoginRefused,
    /// 429, -429: too many requests.
    RateLimited,
    /// 400, -437: the authorization code is used, expired or garbled.
    InvalidAuthCode,
    /// 400, -441: wrong or missing grant type.
    InvalidGrantType,
    /// 400, -501: the refresh token is garbled, dead or expired.
    InvalidRefreshToken,
    /// 401, -1025: the web login wants a captcha; the text is ours.
    CaptchaRequired,
}

impl ApiError {
    /// Every row, for tests that walk the table.
    pub const ALL: [Self; 23] = [
        Self::TokenExpired,
        Self::RefreshRejected,
        Self::DataTokenInvalid,
        Self::NotAuthenticated,
        Self::LogoutTokenInvalid,
        Self::RefreshDisabled,
        Self::NotAuthenticatedOld,
        Self::InvalidInput,
        Self::InvalidPin,
        Self::UnknownOrder,
        Self::Unexpected,
        Self::InvalidRequest,
        Self::InvalidSymbol,
        Self::InvalidAppId,
        Self::AppIdHashMismatch,
        Self::NoPermission,
        Self::AuthCodeMissing,
        Self::LoginRefused,
        Self::RateLimited,
        Self::InvalidAuthCode,
        Self::InvalidGrantType,
        Self::InvalidRefreshToken,
        Self::CaptchaRequired,
    ];

    /// HTTP status, FYERS code and text.
    pub fn parts(self) -> (u16, i64, &'static str) {
        match self {
            Self::TokenExpired => (401, -8, "Your token has expired. Please generate a token"),
            Self::RefreshRejected => (400, -14, "Please provide valid refresh token"),
            Self::DataTokenInvalid => (401, -15, "Please provide valid token"),
            Self::NotAuthenticated => (401, -16, "Could not authenticate the user"),
            Self::LogoutTokenInvalid => (401, -16, "Token is Invalid or Expired"),
            Self::RefreshDisabled => {
                (400, -16, "Refresh token API is currently disabled to comply with SEBI regulations.")
            }
            Self::NotAuthenticatedOld => (401, -17, "Could not authenticate the user"),
            Self::InvalidInput => (400, -50, "Invalid input"),
            Self::InvalidPin => (400, -50, "Invalid PIN"),
            Self::UnknownOrder => (400, -51, "Please provide a valid order id"),
            Self::Unexpected => (400, -96, "An unexpected error occurred. Please contact support."),
            Self::InvalidRequest => (400, -99, "invalid request"),
            Self::InvalidSymbol => (400, -300, "Invalid symbol provided"),
            Self::InvalidAppId => (400, -352, "Please provide valid app id"),
            Self::AppIdHashMismatch => (400, -371, "Please provide sha256 hash of appId and app secret"),
            Self::NoPermission => (403, -373, "please provide valid permission"),
            Self::AuthCodeMissing => (400, -374, "Please provide authorization code."),
            Self::LoginRefused => (400, -413, "login refused"),
            Self::RateLimited => (429, -429, "Request limit reached"),
            Self::InvalidAuthCode => (400, -437, "invalid auth code"),
            Self::InvalidGrantType => (400, -441, "invalid grant type"),
            Self::InvalidRefreshToken => (400, -501, "Please provide valid refresh token"),
            Self::CaptchaRequired => (401, -1025, "captcha required"),
        }
    }

    /// The answer FYERS sends for this row.
    pub(crate) fn response(self) -> Response {
        let (status, code, message) = self.parts();
        Response::error(status, code, message)
    }
}

/// The answer to an order from an app that may not place any (section 2.4).
pub(crate) fn order_restricted(app_id: &str) -> Response {
    let text = format!(
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app {app_id}"
    );
    Response::error(400, -50, &text)
}
