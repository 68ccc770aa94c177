//! Switches of the mode: where orders go from now on, and what stays open at FYERS.

use crate::alert::Severity;
use crate::alerts::texts::draft::{Context, Draft};
use crate::{
    alerts::words::{WIDTH, and_more},
    app_kind::READS_ONLY,
    mode::Mode,
    reason::Reason,
    reason_words::is_all_it_takes,
    text::going_on,
};

/// Switches that a person does not expect. The nightly way down and the morning's way up are routine.
pub(super) fn changed(
    (from, to, why): (Mode, Mode, Reason),
    open: Option<&[String]>,
    context: &Context,
) -> Option<Draft> {
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
        (Mode::Mock, _) if from == Mode::Live => Some(left_live(why, open, context)),
        (Mode::Mock, _) => Some(left_sandbox(why, context)),
        (Mode::Live, _) => Some(up_live(why, context)),
        (Mode::Sandbox, _) => Some(up_sandbox(why, context)),
    }
}

fn down(title: &str, why: Reason) -> Draft {
    let key = format!("session|mode.mock.{}", why.slug());
    Draft::new(Severity::Warning, key, format!("{title}: {}", why.words()))
}

fn left_live(why: Reason, open: Option<&[String]>, context: &Context) -> Draft {
    let draft = if context.live && context.halted {
        down("Orders are refused now", why).line(
            "Trading: it is halted, and no order reaches FYERS: exits of open positions are refused too.",
        )
    } else if context.reject_without_token {
        down("Orders are refused now", why).line("Trading: requests are refused until there is a good token.")
    } else {
        down("Orders are simulated now", why).line("Trading: from now on no order reaches FYERS.")
    };
    let (stays, instead) = stays_open(open);
    draft.line(stays).line(format!("{} {instead}", next(why, context)).trim_end().to_owned())
}

/// What is open at FYERS, and what a person can do about it.
fn stays_open(open: Option<&[String]>) -> (String, &'static str) {
    match open {
        None => ("Whether anything is open at FYERS is not known.".to_owned(), "Look in the FYERS app."),
        Some([]) => ("Nothing was open at FYERS when it was last read.".to_owned(), ""),
        Some(open) => (
            // The list comes last: where there is no room, it is what is cut.
            format!("The keeper cannot close what is open at FYERS, real money: {}", list(open)),
            "Or close it in the FYERS app.",
        ),
    }
}

/// A token that is lost while the state cannot be written: no switch of the mode and no card is told before that ends.
pub(super) fn lost_beside_disk(why: Reason, open: Option<&[String]>, is_sandbox: bool) -> Draft {
    let draft =
        Draft::new(Severity::Critical, "disk|no_token", "No token, and the keeper cannot write its state")
            .line(format!("Why: {}.", why.words()));
    let next = "Next: put the disk right first; then a login is asked for if one is needed.";
    if is_sandbox {
        return draft
            .line("Trading: orders are refused. No order was real before either (sandbox).")
            .line(next);
    }
    let (stays, instead) = stays_open(open);
    draft
        .line("Trading: no order reaches FYERS and none is simulated: all are refused, exits too.")
        .line(stays)
        .line(format!("{next} {instead}").trim_end().to_owned())
}

fn list(open: &[String]) -> String {
    and_more(open, WIDTH)
}

/// What brings the keeper back to FYERS.
fn next(why: Reason, context: &Context) -> String {
    match why {
        Reason::TokenDoubted
        | Reason::Unreachable
        | Reason::RateLimited
        | Reason::BrokerFault
        | Reason::BadAnswer => {
            format!("Next: the keeper asks FYERS again. If it stays so, {}", context.login_hint)
        }
        _ if is_all_it_takes(why) => format!("Next: {}", context.login_hint),
        _ => format!("Next: {}", going_on(why.remedy())),
    }
}

fn left_sandbox(why: Reason, context: &Context) -> Draft {
    let draft = if context.reject_without_token {
        down("Orders are refused now", why).line("Trading: requests are refused until there is a good token.")
    } else {
        down("Prices are simulated now", why).line("Trading: no order was real before either (sandbox).")
    };
    draft.line("Next: nothing. If a login is needed, another message says so.")
}

fn up_live(why: Reason, context: &Context) -> Draft {
    let draft = |severity| Draft::new(severity, "session|mode.live", format!("Live: {}", why.words()));
    if context.reads_only {
        return draft(Severity::Warning)
            .line(context.trading(format!("{READS_ONLY}. Prices and account are real.")))
            .line("Next: for orders, set up an app whose id ends in -200; else set FYERS_SANDBOX=true.");
    }
    draft(Severity::Info)
        .line(context.trading("from now on orders go to FYERS, with real money."))
        .line("Next: nothing to do. Simulated orders and positions stay simulated; if any are open, a message of its own names them.")
}

fn up_sandbox(why: Reason, context: &Context) -> Draft {
    Draft::new(Severity::Info, "session|mode.sandbox", format!("Sandbox: {}", why.words()))
        .line(context.trading("prices and account are real, orders are simulated."))
        .line("Next: nothing to do.")
}
