//! Orders and where they go.

use crate::alert::Severity;
use crate::alerts::texts::{
    draft::{Context, Draft},
    keys,
};
use crate::keys::BotName;
use crate::{
    alerts::words::{day, excerpt, order},
    mode::Mode,
    reason::Reason,
    routing::Venue,
    trading_day::DaySummary,
};

/// Switches that a person does not expect. The nightly way down and the morning's way up are routine.
pub(super) fn mode_changed(from: Mode, to: Mode, why: Reason, context: &Context) -> Option<Draft> {
    match (to, why) {
        // Every night; the morning's alerts tell how it goes on.
        (Mode::Mock, Reason::TokenExpired) => None,
        // The start's own alert says it.
        (
            Mode::Mock,
            Reason::Starting | Reason::TokenUnconfirmed | Reason::NoCredentials | Reason::NeverLoggedIn,
        ) => None,
        // The alert of the refresh or the login says it.
        (Mode::Live | Mode::Sandbox, Reason::Refreshed | Reason::LoggedIn) => None,
        (Mode::Mock, _) => Some(down(from, why, context)),
        (Mode::Live, _) => Some(up_live(why)),
        (Mode::Sandbox, _) => Some(up_sandbox(why)),
    }
}

fn down(from: Mode, why: Reason, context: &Context) -> Draft {
    let draft = |title: &str| {
        Draft::new(
            Severity::Warning,
            format!("session|mode.mock.{}", why.slug()),
            format!("{title}: {}", why.words()),
        )
    };
    let draft = if context.reject_without_token {
        draft("Orders are refused now").line("Trading: requests are refused until there is a good token.")
    } else if from == Mode::Live {
        draft("Orders are simulated now").line("Trading: from now on no order reaches FYERS.")
    } else {
        draft("Prices are simulated now").line("Trading: no order was real before either (sandbox).")
    };
    if from == Mode::Live {
        draft
            .line("Positions that are open at FYERS stay open there.")
            .line("Next: watch them in the FYERS app. If a login is needed, another message says so.")
    } else {
        draft.line("Next: nothing. If a login is needed, another message says so.")
    }
}

fn up_live(why: Reason) -> Draft {
    Draft::new(Severity::Info, "session|mode.live", format!("Live: {}", why.words()))
        .line("Trading: from now on orders go to FYERS, with real money.")
        .line("Next: nothing to do. Simulated orders and positions were not carried over.")
}

fn up_sandbox(why: Reason) -> Draft {
    Draft::new(Severity::Info, "session|mode.sandbox", format!("Sandbox: {}", why.words()))
        .line("Trading: prices and account are real, orders are simulated.")
        .line("Next: nothing to do.")
}

/// Only worth a message when the settings promise real orders.
pub(super) fn simulated(
    bot: Option<&BotName>,
    (symbol, quantity): (&str, i64),
    (mode, why): (Mode, Option<Reason>),
    context: &Context,
) -> Option<Draft> {
    let because = match why {
        Some(why @ Reason::TokenUnconfirmed) => why.words(),
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

/// So that nobody believes in positions that never were.
pub(super) fn simulated_meanwhile(orders: u64) -> Draft {
    let what = if orders == 1 { "1 order was".to_owned() } else { format!("{orders} orders were") };
    Draft::new(
        Severity::Warning,
        "simulated_meanwhile|",
        format!("{what} simulated while no token could be used"),
    )
    .line("Trading: they never reached FYERS and will not be sent there. New orders are.")
    .line("Next: compare what the bot believes it holds with FYERS; `fyers-keeper orders` lists them.")
}

/// An order whose answer is not known is never sent again by the keeper.
pub(super) fn outcome_unknown(symbol: &str, quantity: i64, found: Option<&str>, searched: bool) -> Draft {
    let what = if symbol.is_empty() { "a request about orders".to_owned() } else { order(symbol, quantity) };
    let draft = Draft::new(Severity::Critical, "order|unknown", format!("Order sent, answer lost: {what}"));
    match found {
        Some(id) => draft
            .line(format!("Trading: FYERS' order book has it, as {}.", excerpt(id, 40)))
            .line("Next: nothing, unless the bot was told to send it again."),
        None if searched => draft
            .line("Trading: it is not in FYERS' order book. The keeper does not send it again.")
            .line("Next: look in the order book before it is sent again."),
        None => draft
            .line("Trading: it may be at FYERS or not; the order book does not tell.")
            .line("Next: look at orders and positions in the FYERS app yourself."),
    }
}

/// Merged by reason: the same words for many orders are one alert, and numbers in them, as the money that is missing,
/// make no new reason.
pub(super) fn rejected(
    bot: Option<&BotName>,
    (symbol, quantity, price): (&str, i64, &str),
    code: i64,
    message: &str,
) -> Draft {
    let price = if price == "0" { "at market".to_owned() } else { format!("at {}", excerpt(price, 20)) };
    let what = if symbol.is_empty() { "a request about orders".to_owned() } else { order(symbol, quantity) };
    let reason = excerpt(&message.replace(|c: char| c.is_ascii_digit() || ",.".contains(c), ""), 60);
    Draft::new(
        Severity::Warning,
        format!("rejected {code} {reason}{}|", topic(bot)),
        format!("FYERS refused: {what} {price}"),
    )
    .item(format!("{what} {price}"))
    .lines(keys::row(bot))
    .line(format!("Why: {} (code {code})", excerpt(message, 180)))
    .line("Trading: this order is not in the market. The bot has FYERS' own answer.")
    .line("Next: put right what FYERS names before the bot sends it again.")
}

pub(super) fn positions_unreadable(over: bool) -> Draft {
    if over {
        return Draft::new(Severity::Info, "positions|readable", "Your live positions can be read again")
            .line("Trading: as before.")
            .line("Next: nothing to do.");
    }
    Draft::new(Severity::Critical, "positions|unreadable", "Your live positions cannot be read")
        .line("Trading: orders go on. What was last known to be open stays protected:")
        .line("without a token no order that reduces it is simulated.")
        .line("Next: look at your positions in the FYERS app.")
}

pub(super) fn position_unknown(symbol: &str) -> Draft {
    let symbol = excerpt(symbol, 40);
    Draft::new(
        Severity::Warning,
        format!("positions|unknown {symbol}"),
        format!("FYERS' row about a position in {symbol} cannot be read"),
    )
    .line("Trading: no order in this symbol is simulated, and none passes a halt.")
    .line("Next: watch this position in the FYERS app.")
}

/// Only commodities join by themselves.
pub(super) fn mcx_joined(symbol: &str) -> Draft {
    let title = format!("You trade commodities: {}", excerpt(symbol, 40));
    Draft::new(Severity::Info, "segment|mcx", title)
        .line("Trading: as before. MCX is open until late in the evening, and needs a token until then.")
        .line("Next: nothing. A token that is lost in the evening is asked for from now on.")
        .line("KEEPER_SEGMENTS=cash,fno,mcx in the settings says the same from the start.")
}

pub(super) fn simulated_left(positions: &[String]) -> Draft {
    let list = excerpt(&positions.join(", "), 160);
    Draft::new(Severity::Warning, "simulated_left|", "Simulated positions are still open")
        .line(format!("These: {list}"))
        .line("Trading: they do not exist at FYERS. Orders that would close them are refused.")
        .line("Next: /flat clears them; look at what the bot believes it holds.")
}

pub(super) fn simulated_cleared(by: &str, positions: u64) -> Draft {
    let what = if positions == 1 {
        "1 simulated position".to_owned()
    } else {
        format!("{positions} simulated positions")
    };
    Draft::new(Severity::Info, "simulated_cleared|", format!("{what} cleared by {}", excerpt(by, 40)))
        .line("Trading: orders in these symbols are no longer refused; /mode shows where they go.")
        .line("Next: nothing to do.")
}

/// After the close. What could not be read is said so.
pub(super) fn day_summary(summary: &DaySummary) -> Draft {
    let DaySummary { date, at_fyers, simulated, rejected, refused, .. } = summary;
    let result = match (&summary.pnl, summary.venue) {
        (Some(pnl), Venue::Fyers) => format!("Result: {pnl} INR at FYERS, before charges."),
        (Some(pnl), _) => format!("Result: {pnl} INR, simulated, before charges."),
        (None, _) => "Result: it could not be read; see the FYERS app.".to_owned(),
    };
    let token = if summary.token.is_empty() { "no change".to_owned() } else { summary.token.join(", ") };
    Draft::new(Severity::Info, format!("summary|{date}"), format!("Summary of {}", day(*date)))
        .line(format!(
            "Trading: {at_fyers} orders at FYERS, {simulated} simulated, {rejected} rejected, {refused} refused by the keeper."
        ))
        .line(result)
        .line(format!("Token: {token}."))
        .line("Next: nothing to do. KEEPER_DAY_SUMMARY=off ends these messages.")
}

/// Two bots' alerts are never merged.
fn topic(bot: Option<&BotName>) -> String {
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

pub(super) fn halt_changed(halted: bool, by: &str) -> Draft {
    let by = excerpt(by, 40);
    if halted {
        Draft::new(Severity::Warning, "halt|on", format!("Trading is halted by {by}"))
            .line("Trading: entries are refused; orders that reduce an open position still go to FYERS.")
            .line("Next: /resume ends the halt.")
    } else {
        Draft::new(Severity::Info, "halt|off", format!("{by} ended the halt"))
            .line("Trading: new positions are taken again, in the mode the keeper is in.")
            .line("Next: nothing to do. /status shows the mode.")
    }
}

pub(super) fn refused(bot: Option<&BotName>, symbol: &str, quantity: i64, why: &str) -> Draft {
    let order = order(symbol, quantity);
    Draft::new(
        Severity::Critical,
        format!("refused {order}{}|", topic(bot)),
        format!("Order refused: {order}"),
    )
    .item(order)
    .lines(keys::row(bot))
    .line(format!("Why: {}", excerpt(why, 220)))
    .line("Trading: nothing was sent or simulated. An open position stays as it is.")
    .line("Next: if you want out, close it in the FYERS app.")
}
