//! What passes through the gateway: a bot's HTTP request without its credentials, and the answer to it.
//!
//! The words of HTTP are used here without any HTTP: a path, a query and a body are values like others.

/// Which of the broker's two addresses a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// `/api/v3/*`: the account, orders, positions, market status.
    Api,
    /// `/data/*`: quotes, depth, history, option chain.
    Data,
}

/// An HTTP method that the broker's interface knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Places, exits, converts.
    Post,
    /// Modifies (positions).
    Put,
    /// Modifies (orders).
    Patch,
    /// Cancels; FYERS' own programs send a body with it.
    Delete,
}

/// A bot's request, with its credentials taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// Which address.
    pub surface: Surface,
    /// The method.
    pub method: Method,
    /// Behind `/api/v3` or `/data`, beginning with a slash, percent forms as they came.
    pub path: String,
    /// Behind the first `?`, as it came; empty when there is none.
    pub query: String,
    /// The body's label, as it came. Bots label JSON as anything.
    pub content_type: Option<String>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl ApiRequest {
    /// A question about the account, without anything beside its path, as `/orders`.
    pub fn account(path: &str) -> Self {
        Self {
            surface: Surface::Api,
            method: Method::Get,
            path: path.to_owned(),
            query: String::new(),
            content_type: None,
            body: vec![],
        }
    }
}

/// The broker's answer, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiResponse {
    /// HTTP status.
    pub status: u16,
    /// The headers that mean something to a bot, in the order they came, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}
