//! Orders and where they go.

use crate::alert::Severity;
use crate::alerts::texts::{
    draft::{Context, Draft},
    keys,
};
use crate::keys::BotName;
use crate::{
    alerts::words::{WIDTH, and_more, counted, day, excerpt, order, orders_were},
    mode::Mode,
    money::rupees,
    reason::Reason,
    routing::{Venue, real_positions::halt_leaves},
    trading_day::DaySummary,
};

/// Only worth a message when the settings promise real orders.
pub(super) fn simulated(
    bot: Option<&BotName>,
    (symbol, quantity): (&str, i64),
    (mode, why): (Mode, Option<Reason>),
    context: &Context,
) -> Option<Draft> {
    let because = match why {
        Some(why @ (Reason::TokenUnconfirmed | Reason::TokenDoubted)) => why.words(),
        _ => "there is no good token",
    };
    (context.live && mode == Mode::Mock).then(|| {
        Draft::new(Severity::Info, "simulated|", format!("Order simulated: {}", order(symbol, quantity)))
            .item(order(symbol, quantity))
            .lines(keys::row(bot))
            .line(format!("Trading: it did not reach FYERS, because {because}."))
            .line("Next: if it should be real, place it again once the keeper is live.")
    })
}

/// It may be in the market twice if somebody places it again.
pub(super) fn simulated_after_sending(
    bot: Option<&BotName>,
    (symbol, quantity): (&str, i64),
    mode: Mode,
    context: &Context,
) -> Option<Draft> {
    (context.live && mode == Mode::Mock).then(|| {
        let order = order(symbol, quantity);
        Draft::new(
            Severity::Critical,
            "simulated_after_sending|",
            format!("Order simulated, and may be at FYERS: {order}"),
        )
        .item(order)
        .lines(keys::row(bot))
        .line("Why: it was sent, and FYERS refused it with a token that had just died.")
        .line("Trading: the bot counts it as simulated. If FYERS took it, it is real.")
        .line("Next: look in the order book at FYERS before anybody places it again.")
    })
}

/// So that nobody believes in positions that never were.
pub(super) fn simulated_meanwhile(orders: u64, context: &Context) -> Draft {
    Draft::new(
        Severity::Warning,
        "simulated_meanwhile|",
        format!("{} simulated while no token could be used", orders_were(orders)),
    )
    .line("Nothing of this reached FYERS or will be sent there.")
    .line(context.trading("new orders go to FYERS."))
    .line("Next: compare what the bot believes it holds with FYERS; `fyers-keeper orders` lists them.")
}

pub(super) fn positions_unreadable(over: bool, context: &Context) -> Draft {
    if over {
        return Draft::new(Severity::Info, "positions|readable", "Your live positions can be read again")
            .line("Trading: as before.")
            .line("Next: nothing to do.");
    }
    let draft = Draft::new(Severity::Critical, "positions|unreadable", "Your live positions cannot be read");
    if context.halted {
        return draft
            .line("Trading: it is halted, and an exit goes out only when they have been read: exits are refused too.")
            .line("Next: look at your positions in the FYERS app, and close there what you want out of.");
    }
    draft
        .line("Trading: orders go on. Should the token die now, orders are refused, not simulated:")
        .line("any of them could be the exit of a position that nobody has read.")
        .line("Next: look at your positions in the FYERS app.")
}

pub(super) fn position_unknown(symbol: &str, context: &Context) -> Draft {
    let symbol = excerpt(symbol, 40);
    Draft::new(
        Severity::Warning,
        format!("positions|unknown {symbol}"),
        format!("FYERS' row about a position in {symbol} cannot be read"),
    )
    .line(match context.halted {
        true => "Trading: it is halted, and orders in this symbol are refused, exits too.",
        false => "Trading: live orders go on. Without a token, and under a halt, orders in this symbol are refused.",
    })
    .line("Next: watch this position in the FYERS app.")
}

/// The exits that a halt lets out cannot do this, unless FYERS takes one minutes after it was sent.
pub(super) fn position_turned(symbol: &str, from: i64, to: i64) -> Draft {
    let symbol = excerpt(symbol, 40);
    Draft::new(
        Severity::Critical,
        format!("positions|turned {symbol} {to}"),
        format!("A position has turned round under the halt: it was {from} {symbol}, and is {to}"),
    )
    .line("Trading: an exit that FYERS took late has filled behind another one, or a person has ordered in the FYERS app.")
    .line("Next: close it there, or let the bot send the exit: exits pass. Look for orders that still wait.")
}

/// An order that waited at FYERS when the halt began may still fill.
pub(super) fn position_grew(symbol: &str, from: i64, to: i64) -> Draft {
    let symbol = excerpt(symbol, 40);
    Draft::new(
        Severity::Critical,
        format!("positions|grew {symbol} {to}"),
        format!("A position has grown under the halt: it was {from} {symbol}, and is {to}"),
    )
    .line("Trading: an order has filled that was at FYERS before the halt, or a person has ordered in the FYERS app.")
    .line("Next: cancel what still waits there; to close the position, let the bot send the exit: exits pass.")
}

/// Only commodities join by themselves.
pub(super) fn mcx_joined(symbol: &str) -> Draft {
    let title = format!("You trade commodities: {}", excerpt(symbol, 40));
    Draft::new(Severity::Info, "segment|mcx", title)
        .line("Trading: as before. MCX is open until late in the evening, and needs a token until then.")
        .line("Next: nothing. A token that is lost in the evening is asked for from now on.")
        .line("KEEPER_SEGMENTS=cash,fno,mcx in the settings says the same from the start.")
}

/// Positions, orders that waited, or both.
pub(super) fn simulated_left(positions: &[String], cancelled: &[String], context: &Context) -> Draft {
    // One row each: a crowded alert has no more room for them.
    let list = |what: &str, all: &[String]| format!("{what}: {}", and_more(all, WIDTH - what.len() - 2));
    // Each has its own: of merged alerts one would be shown, and what was cancelled is told nowhere else.
    let key = format!("simulated_left|{}", cancelled.join(" "));
    let cancelled = (!cancelled.is_empty()).then(|| list("Cancelled, unfilled", cancelled));
    if positions.is_empty() {
        return Draft::new(Severity::Warning, key, "Simulated orders that waited are cancelled")
            .lines(cancelled)
            .line("FYERS never had them, and filled here they would be no real ones.")
            .line(context.trading("new orders go to FYERS."))
            .line("Next: have the bot place again what it still wants.");
    }
    Draft::new(Severity::Warning, key, "Simulated positions are still open")
        .line(list("These", positions))
        .lines(cancelled)
        .line("Trading: FYERS does not have them. Orders that would close them are refused, but for what is open there.")
        .line("Next: look at what the bot believes it holds. /flat or the page closes all simulated positions, sandbox bots' too.")
}

pub(super) fn simulated_cleared(by: &str, positions: u64) -> Draft {
    let what = if positions == 1 {
        "1 simulated position".to_owned()
    } else {
        format!("{positions} simulated positions")
    };
    Draft::new(Severity::Info, "simulated_cleared|", format!("{what} cleared by {}", excerpt(by, 40)))
        .line("Trading: no order is refused because of them any more; /mode shows where orders go.")
        .line("Next: nothing to do.")
}

/// After the close. What could not be read is said so.
pub(super) fn day_summary(summary: &DaySummary) -> Draft {
    let DaySummary { date, at_fyers, simulated, rejected, rejected_by_mock, refused, .. } = summary;
    let pnl = summary.pnl.as_deref().and_then(|pnl| pnl.parse().ok()).map(rupees);
    let result = match (pnl, summary.venue) {
        (Some(pnl), Venue::Fyers) => format!("Result: {pnl} at FYERS, before charges."),
        (Some(pnl), _) => format!("Result: {pnl}, simulated, before charges."),
        (None, _) => "Result: it could not be read; see the FYERS app.".to_owned(),
    };
    let token = if summary.token.is_empty() { "no change".to_owned() } else { summary.token.join(", ") };
    Draft::new(Severity::Info, format!("summary|{date}"), format!("Summary of {}", day(*date)))
        .line(format!(
            "Trading: FYERS took {}, rejected {rejected}; the MockExchange took {simulated}, rejected {rejected_by_mock}; \
             the keeper refused {refused}.",
            counted(*at_fyers, "order")
        ))
        .line(result)
        .line(format!("Token: {token}."))
        .line("Next: nothing to do. KEEPER_DAY_SUMMARY=off ends these messages.")
}

/// Two bots' alerts are never merged.
pub(super) fn topic(bot: Option<&BotName>) -> String {
    bot.filter(|bot| !bot.is_owner()).map(|bot| format!(" {bot}")).unwrap_or_default()
}

/// FYERS says the same for three different causes, so all three are named.
pub(super) fn not_allowed(app: &str, address: Option<&str>, expected: Option<&str>) -> Draft {
    let ending = match app.rsplit_once('-') {
        Some((_, "200")) => "1. the app id ends in -200, as it should".to_owned(),
        Some((_, ending)) => format!("1. the app id ends in -{ending}: orders need an app that ends in -200"),
        None => "1. the app id has no ending".to_owned(),
    };
    let ip = match (address, expected) {
        (Some(now), Some(then)) if now == then => format!("3. static IP: {now}, as expected"),
        (Some(now), Some(then)) => format!("3. static IP: this machine has {now}, you registered {then}"),
        (Some(now), None) => format!("3. static IP: is {now} registered with the app?"),
        (None, _) => "3. static IP: is this machine's address registered with the app?".to_owned(),
    };
    Draft::new(Severity::Critical, "order|not_allowed", "FYERS takes no orders from this app")
        .line("Trading: live orders are refused; prices and reads go on. One of three causes:")
        .line(ending)
        .line("2. the app's \"Order Placement\" permission is not ticked")
        .line(ip)
}

pub(super) fn halt_changed(halted: bool, by: &str, waiting: &[String], context: &Context) -> Draft {
    let by = excerpt(by, 40);
    if halted {
        Draft::new(Severity::Warning, "halt|on", format!("Trading is halted by {by}"))
            .line(match context.live {
                true => "Trading: entries are refused; exits still go to FYERS, as long as there is a token.",
                false => {
                    "Trading: entries are refused; exits are still simulated. No order is real (sandbox)."
                }
            })
            .line(halt_leaves(waiting))
            .line("Next: /resume ends the halt.")
    } else {
        let trading = match context.live {
            true => "Trading: new positions are taken again, with real money while there is a token.",
            false => "Trading: new positions are taken again, simulated (sandbox).",
        };
        Draft::new(Severity::Info, "halt|off", format!("The halt is over, ended by {by}"))
            .line(trading)
            .line("Next: nothing to do. /status shows the mode.")
    }
}

/// Whose halt has kept an order out.
#[derive(Clone, Copy)]
pub(super) enum Halted<'a> {
    /// Something else has.
    Nobody,
    /// This bot alone is halted.
    Bot(&'a BotName),
    /// Trading is.
    All,
}

pub(super) fn refused(
    bot: Option<&BotName>,
    (symbol, quantity): (&str, i64),
    why: &str,
    (halted, is_simulated): (Halted<'_>, bool),
) -> Draft {
    let order = order(symbol, quantity);
    // What would have closed something is urgent; an entry that a person has kept out is not.
    let (severity, kind) = match halted {
        Halted::Bot(_) | Halted::All => (Severity::Warning, "halted"),
        Halted::Nobody => (Severity::Critical, "refused"),
    };
    let stays = if is_simulated { "What was simulated" } else { "An open position" };
    let next = match (halted, is_simulated) {
        (Halted::All, _) => "Next: /resume ends the halt and takes entries again.".to_owned(),
        (Halted::Bot(bot), _) => format!("Next: /resume {bot} ends its halt. No other bot is halted by it."),
        (Halted::Nobody, false) => "Next: if you want out, close it in the FYERS app.".to_owned(),
        // Whoever "closes" there what is not there opens the opposite, with real money.
        (Halted::Nobody, true) => "Next: /flat or the page closes what was simulated. In the FYERS app this order could open a real position."
            .to_owned(),
    };
    Draft::new(severity, format!("{kind} {order}{}|", topic(bot)), format!("Order refused: {order}"))
        .item(order)
        .lines(keys::row(bot))
        .line(format!("Why: {}", excerpt(why, 220)))
        .line(format!("Trading: nothing was sent or simulated. {stays} stays as it is."))
        .line(next)
}
