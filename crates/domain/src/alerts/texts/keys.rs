//! Keys of bots: who may come in, and what one may not do any more today.

use crate::{
    alert::Severity,
    alerts::{
        texts::draft::{Context, Draft},
        words::excerpt,
    },
    keys::{BotName, LimitKind},
    mode::Mode,
};

/// The longest name of a person that is shown.
const NAME: usize = 40;

pub(super) fn added(bot: &BotName, (ceiling, read_only): (Mode, bool), by: &str, context: &Context) -> Draft {
    let trading = match (read_only, ceiling) {
        (true, _) => "Trading: it may read, and no order of it is sent or simulated.".to_owned(),
        (false, Mode::Live) => {
            context.trading("its orders go to FYERS with real money while the keeper is live.")
        }
        (false, Mode::Sandbox) => "Trading: its orders are simulated, whatever the keeper's mode.".to_owned(),
        (false, Mode::Mock) => "Trading: everything it is told is simulated, prices too.".to_owned(),
    };
    Draft::new(Severity::Warning, format!("key|added {bot}"), format!("A key for bot {bot} was added"))
        .line(format!("By: {}", excerpt(by, NAME)))
        .line(trading)
        .line(format!("Next: nothing. If this was not you: fyers-keeper key remove {bot}"))
}

pub(super) fn rotated(bot: &BotName, by: &str) -> Draft {
    let title = format!("The key of bot {bot} has a new token");
    Draft::new(Severity::Warning, format!("key|rotated {bot}"), title)
        .line(format!("By: {}", excerpt(by, NAME)))
        .line("Trading: the old token opens nothing any more; the bot needs the new one.")
        .line("Next: nothing. If this was not you, look at the keys: fyers-keeper key list")
}

pub(super) fn removed(bot: &BotName, by: &str) -> Draft {
    Draft::new(Severity::Warning, format!("key|removed {bot}"), format!("The key of bot {bot} was removed"))
        .line(format!("By: {}", excerpt(by, NAME)))
        .line("Trading: this bot gets no answers any more. Its orders and positions stay.")
        .line("Next: look at what it has left open.")
}

pub(super) fn halted(bot: &BotName, halted: bool, by: &str, context: &Context) -> Draft {
    let by = excerpt(by, NAME);
    if halted {
        Draft::new(Severity::Warning, format!("key|halted {bot}"), format!("Bot {bot} is halted by {by}"))
            .line("Trading: its entries are refused; its exits and all other bots go on.")
            .line(format!("Next: /resume {bot} ends it."))
    } else {
        Draft::new(
            Severity::Info,
            format!("key|resumed {bot}"),
            format!("The halt of bot {bot} is ended by {by}"),
        )
        .line(context.trading("its orders go where the mode and its key say again."))
        .line("Next: nothing to do.")
    }
}

pub(super) fn limit_reached(bot: &BotName, limit: LimitKind, words: &str) -> Draft {
    let what = match limit {
        LimitKind::OrderValue => "an order was too large",
        LimitKind::OrdersPerDay => "its number of orders a day is reached",
        LimitKind::Loss => "its loss limit of the day is reached",
    };
    let key = format!("key|limit {} {bot}", limit.slug());
    Draft::new(Severity::Warning, key, format!("Bot {bot}: {what}"))
        .line(format!("Why: {}", excerpt(words, 180)))
        .line("Trading: nothing was sent. Exits pass. This is told once a day.")
        .line(format!("Next: /halt {bot} stops it; fyers-keeper key list shows its limits."))
}

/// The row that names a bot beside others; the owner's own orders need none.
pub(super) fn row(bot: Option<&BotName>) -> Option<String> {
    bot.filter(|bot| !bot.is_owner()).map(|bot| format!("Bot: {bot}"))
}
