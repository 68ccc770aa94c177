//! The broker's words for what was done (docs/fyers-api.md, "Place" and "Convert").

use crate::{book::Book, command::Command, new_order::NewOrder, price::PriceOrigin, record::Record};
use fyers_api::{error::ApiError, ist, model::OrderType};

/// A success: what the HTTP answer will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The broker's code.
    pub code: i64,
    /// The broker's text.
    pub message: String,
    /// The order, when it is about one.
    pub id: Option<String>,
}

impl Reply {
    fn new(code: i64, message: impl Into<String>, id: Option<&str>) -> Self {
        Self { code, message: message.into(), id: id.map(str::to_owned) }
    }
}

/// What to answer to a command that led to these records. Works before and after they are applied.
///
/// # Errors
/// The refusal of an order that is in the book as rejected.
pub(crate) fn reply(book: &Book, command: &Command, records: &[Record]) -> Result<Reply, ApiError> {
    Ok(match command {
        Command::Place { order, .. } => match records.first() {
            Some(Record::OrderRejected { refusal, .. }) => return Err(refusal.clone()),
            Some(Record::OrderAccepted { id, order: taken, .. }) => {
                let mut reply = assumed(book, &taken.request.symbol, placed(id));
                reply.message.extend(slipped(book, order, records));
                reply
            }
            _ => placed(&book.placed_before(order).unwrap_or_default()),
        },
        Command::PlaceGtt { .. } => match records.first() {
            Some(Record::GttAccepted { id, .. }) => Reply::new(1101, "Successfully placed order", Some(id)),
            _ => Reply::new(1101, "", None),
        },
        Command::ModifyGtt { change, .. } => {
            Reply::new(1102, "Successfully modified order", Some(&change.id))
        }
        Command::CancelGtt { id, .. } => Reply::new(1103, "Successfully cancelled order", Some(id)),
        Command::Modify { change, .. } => Reply::new(1102, "Successfully modified order", Some(&change.id)),
        Command::Cancel { id, .. } => Reply::new(1103, "Successfully cancelled order", Some(id)),
        Command::ExitPosition { .. } if exits_done(records) => {
            Reply::new(200, "The position is closed.", None)
        }
        Command::ExitPosition { .. } => Reply::new(201, "Counter order placed.", None),
        Command::ConvertPosition { .. } => Reply::new(200, "Position Converted Successfully!!", None),
        Command::Quote(_)
        | Command::SeedAccount { .. }
        | Command::TriggerGtt { .. }
        | Command::Withdraw { .. }
        | Command::SquareOff { .. }
        | Command::EndSession { .. }
        | Command::NewDay { .. } => Reply::new(200, "", None),
    })
}

/// What is to be said of a market order that traded beyond the last price.
fn slipped(book: &Book, order: &NewOrder, records: &[Record]) -> Option<String> {
    let request = &order.request;
    let traded = records.iter().any(|record| matches!(record, Record::Traded { .. }));
    let top = book.market.top(&request.symbol)?;
    let slips =
        book.config.slippage && request.order_type == OrderType::Market && top.is_last_only(request.side);
    (traded && slips).then(|| {
        let at = ist::ist(top.at).format("%d %b %H:%M:%S");
        match top.origin {
            PriceOrigin::Walk => format!(". It traded one tick beyond a made-up price (walk), of {at} IST"),
            PriceOrigin::Last | PriceOrigin::Live => {
                format!(". It traded one tick beyond the last price, of {at} IST: bid and ask are not known")
            }
        }
    })
}

fn placed(id: &str) -> Reply {
    Reply::new(1101, format!("Order submitted successfully. Your Order Ref. No.{id}"), Some(id))
}

/// Says when nothing but the name of the order's symbol is known.
fn assumed(book: &Book, symbol: &str, reply: Reply) -> Reply {
    if book.instrument(symbol, None).is_ok_and(|instrument| !instrument.assumed) {
        return reply;
    }
    let message = format!("{} ({symbol} is assumed: no symbol master lists its market)", reply.message);
    Reply { message, ..reply }
}

/// Whether every counter order traded in full. No records: counter orders from before still wait.
fn exits_done(records: &[Record]) -> bool {
    let sum = |pick: fn(&Record) -> i64| records.iter().map(pick).sum::<i64>();
    let sent = sum(|record| match record {
        Record::OrderAccepted { order, .. } => order.request.quantity,
        _ => 0,
    });
    let traded = sum(|record| match record {
        Record::Traded { quantity, .. } => *quantity,
        _ => 0,
    });
    !records.is_empty() && sent == traded
}
