//! Orders and requests about orders at FYERS that were refused there, or whose answers are not known.

use crate::alert::Severity;
use crate::alerts::{
    texts::{draft::Draft, keys, trading::topic},
    words::{and_more, excerpt, order},
};
use crate::asked::Asked;
use crate::event::UnreadBook;
use crate::keys::BotName;
use crate::money::rupees;
use rust_decimal::Decimal;

/// Longest list of orders in an alert.
const LIST: usize = 170;

/// What the order book says of an order whose answer was lost.
pub(super) struct BookSays<'a> {
    pub(super) found: Option<&'a str>,
    pub(super) searched: bool,
    /// Its rows that are news.
    pub(super) rows: &'a [String],
    pub(super) token_refused: bool,
    pub(super) is_by_time: bool,
    pub(super) unread: Option<UnreadBook>,
}

/// An order whose answer is not known is never sent again by the keeper.
pub(super) fn outcome_unknown(
    (bot, asked): (Option<&BotName>, &Asked),
    (symbol, quantity, orders): (&str, i64, &[String]),
    book: &BookSays<'_>,
) -> Draft {
    let title = match (asked.words(), orders.len()) {
        (None, 0 | 1) if book.token_refused => {
            format!("Order refused with the token, and may be at FYERS: {}", what(symbol, quantity))
        }
        (Some(asked), _) => format!("Sent, answer lost: {asked}"),
        (None, 0 | 1) => format!("Order sent, answer lost: {}", what(symbol, quantity)),
        (None, many) if book.token_refused => {
            format!("{many} orders refused with the token, and may be at FYERS")
        }
        (None, many) => format!("{many} orders sent, answer lost"),
    };
    let draft = Draft::new(Severity::Critical, "order|unknown", title).lines(keys::row(bot));
    if let Some(why) = book.unread {
        return unread(draft, orders, why);
    }
    match (book.found, asked.words()) {
        (Some(id), _) if !book.searched => another(draft, id, book.rows),
        (Some(id), _) => found(draft, id, orders, book),
        (None, None) if !book.searched && !book.rows.is_empty() => may_be(draft, book.rows),
        (None, None) if orders.len() > 1 => several_unknown(draft, orders, book.searched),
        (None, None) if book.searched => draft
            .line("Trading: it is not in FYERS' order book. The keeper does not send it again.")
            .line("Next: look in the order book before it is sent again."),
        (None, None) => draft
            .line("Trading: it may be at FYERS or not; the order book does not tell.")
            .line("Next: look at orders and positions in the FYERS app yourself."),
        (None, Some(_)) => draft
            .line("Trading: FYERS may have done it or not. The keeper does not send it again.")
            .line("Next: look at orders and positions in the FYERS app yourself."),
    }
}

/// Nobody could look for it.
fn unread(draft: Draft, orders: &[String], why: UnreadBook) -> Draft {
    let these = if orders.is_empty() { String::new() } else { format!(" These: {}.", list(orders)) };
    match why {
        UnreadBook::Yet => draft
            .line("Trading: FYERS may have it or not; its order book cannot be read now. No exit is simulated.")
            .line(format!("Next: look in the FYERS app. The keeper looks too once it can, and tells.{these}")),
        UnreadBook::DayOver => draft
            .line("Trading: FYERS may have it or not. Its order book could not be read until trading was over.")
            .line(format!("Next: look at orders and positions in the FYERS app today; tomorrow's book shows others.{these}")),
    }
}

fn found(draft: Draft, id: &str, orders: &[String], book: &BookSays<'_>) -> Draft {
    let again = if orders.len() > 1 { "them" } else { "it" };
    let draft = match (orders.len() > 1, book.rows) {
        (true, []) => {
            draft.line(format!("Trading: FYERS' order book has all {}: {}.", orders.len(), list(orders)))
        }
        (true, rows) => {
            draft.line(format!("Trading: FYERS' order book has all {}: {}.", orders.len(), list(rows)))
        }
        (false, []) => draft.line(format!("Trading: FYERS' order book has it, as {}.", excerpt(id, 40))),
        (false, rows) => draft.line(format!("Trading: FYERS' order book has it: {}.", list(rows))),
    };
    if book.token_refused {
        return draft.line(
            "Next: the bot was not told of it, and it may have been simulated too: look at the positions.",
        );
    }
    let or_yours = if book.is_by_time {
        ", or you placed an equal one in that second: without a tag only its time tells"
    } else {
        ""
    };
    draft.line(format!("Next: nothing, unless the bot was told to send {again} again{or_yours}."))
}

/// Without a tag an equal order of a person's looks the same.
fn may_be(draft: Draft, rows: &[String]) -> Draft {
    draft
        .line(format!("Trading: it may be at FYERS or not; in the order book this may be it: {}.", list(rows)))
        .line("Next: look in the FYERS app whether that is it or one of your own. What turns up later is told too.")
}

fn another(draft: Draft, id: &str, rows: &[String]) -> Draft {
    draft
        .line(format!(
            "Trading: it was taken for {}, and the order book has one more that may be it: {}.",
            excerpt(id, 40),
            list(rows)
        ))
        .line("Next: if neither is your own, both may be the bot's: look at the positions in the FYERS app.")
}

fn several_unknown(draft: Draft, orders: &[String], searched: bool) -> Draft {
    if searched {
        return draft
            .line(format!("Trading: none of them is in FYERS' order book: {}.", list(orders)))
            .line("Next: look in the order book before they are sent again. The keeper does not.");
    }
    draft
        .line(format!("Trading: the order book does not tell whether FYERS has them: {}.", list(orders)))
        .line("Next: look at orders and positions in the FYERS app yourself.")
}

fn list(orders: &[String]) -> String {
    let orders: Vec<String> = orders.iter().map(|order| excerpt(order, 80)).collect();
    and_more(&orders, LIST)
}

fn what(symbol: &str, quantity: i64) -> String {
    if symbol.is_empty() { "a request about orders".to_owned() } else { order(symbol, quantity) }
}

/// Merged by reason: the same words for many orders are one alert, and numbers in them, as the money that is missing,
/// make no new reason. What is true afterwards of a cancel is not true of an order, so they are not merged.
pub(super) fn rejected(
    (bot, asked): (Option<&BotName>, &Asked),
    (symbol, quantity, price): (&str, i64, &str),
    code: i64,
    message: &str,
) -> Draft {
    let item = asked.words().unwrap_or_else(|| priced(symbol, quantity, price));
    let kind = asked.words().map(|_| format!(" {}", asked.what)).unwrap_or_default();
    let reason = reason(message);
    Draft::new(
        Severity::Warning,
        format!("rejected {code} {reason}{kind}{}|", topic(bot)),
        format!("FYERS rejected: {item}"),
    )
    .item(item)
    .lines(keys::row(bot))
    .line(format!("Why: {} (code {code})", excerpt(message, 180).trim_end_matches('.')))
    .line(format!("Trading: {} The bot has FYERS' own answer.", asked.after_refusal()))
    .line("Next: put right what FYERS names before the bot sends it again.")
}

/// The same of an order that FYERS had taken: its checks and the exchange come after its answer.
pub(super) fn rejected_later(
    (bot, asked): (Option<&BotName>, &Asked),
    (symbol, quantity, price): (&str, i64, &str),
    message: &str,
) -> Draft {
    let item = priced(symbol, quantity, price);
    let why = if message.is_empty() { "FYERS names no reason".to_owned() } else { excerpt(message, 180) };
    let is_exit = asked.what == "exit";
    let kind = if is_exit { " exit" } else { "" };
    let draft = Draft::new(
        Severity::Warning,
        format!("rejected later {}{kind}{}|", reason(message), topic(bot)),
        format!("FYERS rejected: {item}"),
    );
    let draft = draft.item(item).lines(keys::row(bot)).line(format!("Why: {why}"));
    match is_exit {
        true => draft
            .line("Trading: this exit has closed nothing, and the position is still open. The bot was not told that FYERS rejected it.")
            .line("Next: put right what FYERS names, and close the position in the FYERS app or let the bot do it."),
        false => draft
            .line("Trading: it is not in the market. FYERS had taken it first and rejected it later, which the bot was not told.")
            .line("Next: put right what FYERS names before the bot sends it again."),
    }
}

fn priced(symbol: &str, quantity: i64, price: &str) -> String {
    if symbol.is_empty() {
        return what("", 0);
    }
    let price = match price.parse::<Decimal>() {
        Ok(price) if price.is_zero() => "at market".to_owned(),
        Ok(price) => format!("at {}", rupees(price)),
        Err(_) => format!("at {}", excerpt(price, 20)),
    };
    format!("{} {price}", order(symbol, quantity))
}

/// Numbers in it make no new one.
fn reason(message: &str) -> String {
    excerpt(&message.replace(|c: char| c.is_ascii_digit() || ",.".contains(c), ""), 60)
}
