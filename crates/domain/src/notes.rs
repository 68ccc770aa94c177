//! The notes that there are, each with what it holds. A name is never used for something else again.

use chrono::{DateTime, NaiveDate, Utc};
use mock_exchange::{CandleSeries, MOST_SERIES, sessions::Segment};

use crate::{
    bots::{books::BotBooks, changed::SentChanges},
    chat::{card::model::Card, inbox::memory::InboxMemory},
    equity::EquityCurve,
    moments::PutBackHalt,
    note::Note,
    routing::conditional::Conditional,
    session::login::UsedStates,
};

/// Which app the credentials belong to. Owned by the TokenActor.
pub use crate::session::bound::NOTE as CREDENTIALS;
/// Why the latest login failed, while that explains anything. Owned by the TokenActor.
pub use crate::session_state::FAILED_LOGIN;
/// PINs that FYERS has refused. Owned by the TokenActor.
pub use crate::session_state::WRONG_PINS;

/// Orders that were meant for FYERS and simulated since the mode was last Live. Owned by the ExchangeActor.
pub const SIMULATED_IN_GAP: Note<u64> = Note::new("simulated_in_gap");

/// Simulated positions that were still open when orders went to FYERS, as a person was last told. Owned by the ExchangeActor.
pub const SIMULATED_TOLD: Note<Vec<String>> = Note::new("simulated_told");

/// A keeper has seen that the database is at an earlier moment than it was, and none has halted for it yet.
pub const PUT_BACK: Note<bool> = Note::new("put_back");

/// Who has halted for that, so that whoever has seen it too need not halt again. None is ever removed.
pub const PUT_BACK_HALTS: Note<Vec<PutBackHalt>> = Note::new("put_back_halts");

/// A keeper has halted for that, and nobody has resumed since.
pub const HALTED_FOR_PUT_BACK: Note<bool> = Note::new("halted_for_put_back");

/// GTT and smart orders that FYERS has taken and that are not known to be over. Owned by the ExchangeActor.
pub const CONDITIONAL_ORDERS: Note<Vec<Conditional>> = Note::new("conditional_orders");

/// Candles that FYERS told, a series each. Owned by the ExchangeActor.
pub const CANDLES: [Note<CandleSeries>; MOST_SERIES] = [
    Note::new("candles_00"),
    Note::new("candles_01"),
    Note::new("candles_02"),
    Note::new("candles_03"),
    Note::new("candles_04"),
    Note::new("candles_05"),
    Note::new("candles_06"),
    Note::new("candles_07"),
    Note::new("candles_08"),
    Note::new("candles_09"),
    Note::new("candles_10"),
    Note::new("candles_11"),
    Note::new("candles_12"),
    Note::new("candles_13"),
    Note::new("candles_14"),
    Note::new("candles_15"),
    Note::new("candles_16"),
    Note::new("candles_17"),
    Note::new("candles_18"),
    Note::new("candles_19"),
    Note::new("candles_20"),
    Note::new("candles_21"),
    Note::new("candles_22"),
    Note::new("candles_23"),
    Note::new("candles_24"),
    Note::new("candles_25"),
    Note::new("candles_26"),
    Note::new("candles_27"),
    Note::new("candles_28"),
    Note::new("candles_29"),
    Note::new("candles_30"),
    Note::new("candles_31"),
];

/// Until when a person wants no sound, but for what is critical. Written by Control, read by the Notifier.
pub const MUTED_UNTIL: Note<DateTime<Utc>> = Note::new("muted_until");

/// The last day whose summary was told.
pub const SUMMARY_TOLD: Note<NaiveDate> = Note::new("summary_told");

/// What the MockExchange's account was worth over time. Written by its recorder.
pub const EQUITY: Note<EquityCurve> = Note::new("equity");

/// The login card in the chat. Owned by the CardActor.
pub const LOGIN_CARD: Note<Card> = Note::new("login_card");

/// Which updates of the chat have been heard. Owned by the InboxActor.
pub const INBOX: Note<InboxMemory> = Note::new("inbox_cursor");

/// One-time states of logins that were finished. Owned by the TokenActor.
pub const LOGIN_STATES: Note<UsedStates> = Note::new("login_states");

/// What each bot holds in the MockExchange, and what of its day is nowhere else. Owned by the ExchangeActor.
pub const BOT_BOOKS: Note<BotBooks> = Note::new("bot_books");

/// How orders at FYERS were changed today. Owned by the ExchangeActor.
pub const CHANGED_ORDERS: Note<SentChanges> = Note::new("changed_orders");

/// When a disk that fails was tried last: written to see whether it can be.
pub const DISK_TRIED: Note<DateTime<Utc>> = Note::new("disk_tried");

/// Segments whose sessions need a token because the account trades in them, beside the configured ones. Written by the
/// ExchangeActor.
pub const SEGMENTS_JOINED: Note<Vec<Segment>> = Note::new("segments_joined");
