//! Paths as scopes, counts and the call log name them.

/// The start of a login.
pub const GENERATE_AUTHCODE: &str = "/api/v3/generate-authcode";
/// The page a login is at; it posts to the four paths below it.
pub const LOGIN: &str = "/login";
/// Posts the client id.
pub const LOGIN_CLIENT_ID: &str = "/login/client-id";
/// Posts the one-time password.
pub const LOGIN_OTP: &str = "/login/otp";
/// Posts the pin.
pub const LOGIN_PIN: &str = "/login/pin";
/// Posts the consent.
pub const LOGIN_CONSENT: &str = "/login/consent";
/// The page that shows an auth code to copy, for apps without a public address.
pub const REDIRECT_PAGE: &str = "/redirect";
/// An auth code for a pair of tokens.
pub const VALIDATE_AUTHCODE: &str = "/api/v3/validate-authcode";
/// A refresh token for an access token.
pub const VALIDATE_REFRESH_TOKEN: &str = "/api/v3/validate-refresh-token";
/// Who the token belongs to.
pub const PROFILE: &str = "/api/v3/profile";
/// Cash.
pub const FUNDS: &str = "/api/v3/funds";
/// The order book; as a scope it covers `ORDERS_SYNC` too, unless made exact.
pub const ORDERS: &str = "/api/v3/orders";
/// Placing, changing and cancelling an order.
pub const ORDERS_SYNC: &str = "/api/v3/orders/sync";
/// Open and closed positions of the day.
pub const POSITIONS: &str = "/api/v3/positions";
/// Shares held.
pub const HOLDINGS: &str = "/api/v3/holdings";
/// Fills of the day.
pub const TRADEBOOK: &str = "/api/v3/tradebook";
/// The end of a token.
pub const LOGOUT: &str = "/api/v3/logout";
/// Last prices.
pub const QUOTES: &str = "/data/quotes";
/// Five levels of the market's book.
pub const DEPTH: &str = "/data/depth";
/// Whether the exchanges are open.
pub const MARKET_STATUS: &str = "/data/marketStatus";
/// Symbols for their FYERS tokens.
pub const SYMBOL_TOKEN: &str = "/data/symbol-token";
/// The handshake of the data socket (HSM).
pub const DATA_SOCKET: &str = "/hsm/v1-5/prod";
/// The handshake of the order socket.
pub const ORDER_SOCKET: &str = "/trade/v3";
/// Index names on the data socket, a public file.
pub const INDEX_MAPPING: &str = "/sym_details/index_hsm_mapping.json";
/// The folder of the symbol master, whose files are public.
pub const SYMBOL_MASTER: &str = "/sym_details/";
/// Every Bot API method.
pub const TELEGRAM: &str = "/telegram";
/// A new message.
pub const SEND_MESSAGE: &str = "/telegram/sendMessage";
/// A changed message.
pub const EDIT_MESSAGE_TEXT: &str = "/telegram/editMessageText";
/// What people did.
pub const GET_UPDATES: &str = "/telegram/getUpdates";
