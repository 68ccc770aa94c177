//! What can go wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::broker::ApiError;

/// One thing that goes wrong with one request, or with one WebSocket connection when it hits its handshake.
///
/// "Handled" below means that the request has its effect (a token is minted, a message reaches the phone) before
/// the response is changed; the other faults stop the request before it is handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Nothing goes wrong: an unaffected request in a script.
    Pass,
    /// The request is handled after this many real milliseconds.
    Latency {
        /// Real milliseconds, whatever the simulated clock does.
        ms: u64,
    },
    /// No answer at all; the connection stays open until the caller gives up. Not handled.
    Hang,
    /// The connection is reset (a TCP RST) before any answer. Not handled.
    Reset,
    /// The request is handled, then the connection is reset: the caller cannot know.
    LostAnswer,
    /// The request is handled, and its answer is held back; the connection stays open until the caller gives up.
    HeldAnswer,
    /// Handled, but the body stops half-way through what `Content-Length` promised.
    Truncated,
    /// A web page instead of JSON, as the edge in front of FYERS sends it. Not handled.
    Html {
        /// HTTP status, such as 403, 502 or 503.
        status: u16,
    },
    /// An answer without a body. Not handled.
    EmptyBody {
        /// HTTP status.
        status: u16,
    },
    /// Handled, but every field of the answer except the verdict has the wrong JSON type.
    WrongTypes,
    /// Handled, but this is the answer, whatever came of it.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body as it is sent.
        body: Value,
    },
    /// Handled, but the answer's code is 201: an order was sent and its fate is not known yet.
    Unacknowledged,
    /// A well-formed success whose message is padded to about this size. Not handled.
    Oversized {
        /// Size of the body in bytes.
        bytes: usize,
    },
    /// Any JSON with any status. Not handled.
    Json {
        /// HTTP status.
        status: u16,
        /// The body as it is sent.
        body: Value,
    },
    /// HTTP 429 with the headers and body the service uses for it. Not handled.
    RateLimited {
        /// Seconds the caller is asked to wait.
        retry_after: u64,
    },
    /// HTTP 302 to another place. Not handled.
    Redirect {
        /// Value of the `Location` header.
        location: String,
    },
    /// HTTP 200 whose body says `"s":"error"`. Not handled.
    ErrorWith200 {
        /// FYERS error code, negative.
        code: i64,
        /// FYERS error text.
        message: String,
    },
    /// One row of the FYERS error table. Not handled.
    Error {
        /// Which row.
        error: ApiError,
    },
    /// An error as the Telegram Bot API sends it. Not handled.
    TelegramError {
        /// HTTP status and `error_code`.
        status: u16,
        /// The description, such as `Forbidden: bot was blocked by the user`.
        description: String,
    },
    /// A WebSocket that is connected and acknowledges, but sends no ticks and no order events.
    Mute {
        /// Messages sent normally before the fault begins.
        #[serde(default)]
        after: u64,
    },
    /// A WebSocket on which nothing is sent or answered, as when the path in between is dead. TCP stays open.
    HalfOpen {
        /// Messages sent normally before the fault begins.
        #[serde(default)]
        after: u64,
    },
    /// Half of a WebSocket frame is sent, then the connection is reset.
    TornFrame {
        /// Messages sent normally before the fault begins.
        #[serde(default)]
        after: u64,
    },
    /// WebSocket messages arrive whole, but each holds only the first half of its payload.
    ShortFrame {
        /// Messages sent normally before the fault begins.
        #[serde(default)]
        after: u64,
    },
    /// Each WebSocket message is sent only after this wait.
    SlowFrames {
        /// Real milliseconds.
        ms: u64,
    },
    /// The connection ends, without a close frame, as soon as this many messages were sent.
    Disconnect {
        /// Messages sent before the end.
        after: u64,
    },
    /// The data socket takes this many topics and answers code 51001 for those beyond.
    SymbolLimit {
        /// Topics of one connection.
        limit: usize,
    },
}

impl Fault {
    /// Whether it applies to the messages of an established WebSocket; an HTTP request is not affected by it.
    pub fn is_for_frames(&self) -> bool {
        matches!(
            self,
            Self::Mute { .. }
                | Self::HalfOpen { .. }
                | Self::TornFrame { .. }
                | Self::ShortFrame { .. }
                | Self::SlowFrames { .. }
                | Self::Disconnect { .. }
                | Self::SymbolLimit { .. }
        )
    }

    /// HTTP 409 as a poller gets it when another one took its place.
    pub fn poll_conflict() -> Self {
        Self::TelegramError { status: 409, description: crate::phone::POLL_CONFLICT.into() }
    }
}
