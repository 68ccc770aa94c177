//! The one decision about a request: FYERS, the MockExchange, or refused with a reason.
//!
//! Everything that decides is in the [`Snapshot`]: the mode, a person's halt, the token, what is open at FYERS and in
//! the MockExchange, and what is on its way. Nobody else decides where an order goes.

mod exits;
mod unread;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use fyers_api::{model::Position, operation::Operation, request::Spelling};

pub use super::refused::Refused;
use super::{
    OnTokenLoss, Venue,
    conditional::may_have_executed,
    exposure::{reduces, room},
    live_positions::{Known, LivePositions},
    no_exit::NoExit,
    order_ids::is_simulated,
    own::Own,
    request::{Leg, OrderCall, Reserved, normal},
    resting_exit::{still_reduces, touches_the_unknown},
};
use crate::{
    keys::BotName,
    mode::{Mode, ShownMode},
    reason::Reason,
    secret::AccessToken,
};
use exits::unseen_exits;
pub use exits::{closes_alone, only_reduces};
pub use unread::passes_unread;
use unread::{is_no_exit_of_the_unread, sells_no_real_shares};

/// All that decides where a request goes, at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where requests go.
    pub mode: Mode,
    /// Why.
    pub reason: Reason,
    /// A person has halted trading.
    pub halted: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// `KEEPER_ON_TOKEN_LOSS`.
    pub on_token_loss: OnTokenLoss,
    /// The keeper is stopping: no new orders.
    pub stopping: bool,
    /// Whether there is no word yet about a token that was stored before this start: it may be good.
    pub awaits_first_word: bool,
    /// The token in use.
    pub token: Option<Arc<AccessToken>>,
    /// Positions and waiting orders at FYERS.
    pub live: LivePositions,
    /// Whether they have been read since this program or its actor started.
    pub looked: bool,
    /// What was sent to FYERS and may not be in `live` yet.
    pub sent: Reserved,
    /// Of `sent`, what FYERS has answered and its books do not show yet.
    pub not_shown: Vec<Leg>,
    /// Of those, what counts of orders that the order book has: what is torn may be of them.
    pub listed: Vec<Leg>,
    /// Of `sent`, what got no answer and may still arrive.
    pub unanswered: Vec<Leg>,
    /// Symbols and products in which FYERS' order book shows fills that its positions do not, or the other way round.
    pub torn: Vec<((String, String), i64)>,
    /// Symbols in which both books may agree by chance (`shown_fills`).
    pub untold: Vec<String>,
    /// Open positions in the MockExchange.
    pub simulated: Vec<Position>,
    /// What waits in the MockExchange.
    pub simulated_waiting: Vec<Leg>,
    /// Orders the MockExchange took today (IST).
    pub simulated_today: u64,
    /// Orders that FYERS took today (IST) and has not rejected since.
    pub placed_today: u64,
    /// Orders that FYERS refused today (IST).
    pub rejected_today: u64,
    /// Which holder of the store this is; always 0 with one machine.
    pub epoch: u64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What is each bot's own of all this.
    pub own: Arc<BTreeMap<BotName, Own>>,
}

impl Snapshot {
    /// Mode and halt as they are shown.
    pub fn shown(&self) -> ShownMode {
        ShownMode::of(self.mode, self.halted)
    }

    /// Whether the token is being asked about: nothing may use it, and the mode has not changed yet.
    pub fn is_doubted(&self) -> bool {
        self.mode != Mode::Mock && self.token.is_none()
    }

    /// Whether the books at FYERS were read a short while ago, and nothing was sent since whose effect cannot be told.
    fn knows_the_books(&self) -> bool {
        self.has_read_the_books() && !self.sent.is_opaque
    }

    /// Whether the books at FYERS were read a short while ago.
    pub fn has_read_the_books(&self) -> bool {
        self.looked && self.live.known(self.at) == Known::Known
    }

    fn on_the_way(&self) -> impl Iterator<Item = &Leg> {
        self.live.waiting.iter().chain(&self.sent.legs)
    }
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To the broker, byte for byte.
    Fyers,
    /// To the MockExchange, marked as simulated.
    MockExchange,
    /// Nowhere.
    Refused(Refused),
}

/// Where the request goes. The order of the checks: what a person said, then where the mode sends it, then what that
/// place must not be given.
pub fn route(now: &Snapshot, call: &OrderCall) -> Route {
    let venue = venue(now, call.operation);
    let checked = match call.operation.trades() {
        true => orders_may_go(now, call, venue),
        false => names_its_own(now, call, venue).and_then(|()| shows_no_made_up_account(now, call, venue)),
    };
    match (checked, venue) {
        (Err(why), _) => Route::Refused(why),
        (Ok(()), Venue::Fyers) if call.operation == Operation::Unknown => {
            Route::Refused(Refused::UnknownCall)
        }
        (Ok(()), Venue::Fyers) => Route::Fyers,
        (Ok(()), _) => Route::MockExchange,
    }
}

fn orders_may_go(now: &Snapshot, call: &OrderCall, venue: Venue) -> Result<(), Refused> {
    if now.stopping {
        return Err(Refused::Stopping);
    }
    match call.spelling {
        Spelling::Plain => {}
        Spelling::Ambiguous => return Err(Refused::Ambiguous),
        Spelling::Unreadable => return Err(Refused::Unreadable),
        Spelling::Queried => return Err(Refused::Queried),
    }
    let of_its_path = |why: Refused| why.of_its_path(call.operation, venue);
    let halt = if now.halted { exits_only(now, call, venue).map_err(of_its_path) } else { Ok(()) };
    let checked = halt.and_then(|()| names_its_own(now, call, venue)).and_then(|()| match venue {
        Venue::Fyers => no_exit_of_a_simulated_position(now, call),
        _ => may_be_simulated(now, call),
    });
    checked.map_err(|why| if now.halted { with_the_halt(now, call, venue, why) } else { why })
}

/// A new reading of the positions that a decision waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadsFirst {
    /// It would leave.
    AtOnce,
    /// It would not, by what is known; what has filled since then may make an exit of it.
    InTurn,
}

/// Whether an order must wait for a new reading of the positions, and be decided again then. Under a halt nothing may turn
/// a position round, and one that a person closed in the FYERS app, or that an order has just opened, is not known before
/// the next reading.
pub fn reads_first(now: &Snapshot, call: &OrderCall, decided: &Route) -> Option<ReadsFirst> {
    use Operation::{ExitPositions, Modify, ModifyMany, Place, PlaceMany};
    let exits = matches!(call.operation, ExitPositions | Modify | ModifyMany | Place | PlaceMany);
    if !exits || !now.halted || venue(now, call.operation) != Venue::Fyers {
        return None;
    }
    let is_readable = call.understood && !call.has_extras;
    match decided {
        Route::Fyers | Route::Refused(Refused::ExitNotShown) => Some(ReadsFirst::AtOnce),
        Route::Refused(Refused::HaltedUnknown | Refused::ExitOnItsWay) => Some(ReadsFirst::InTurn),
        Route::Refused(Refused::Halted) if is_readable => Some(ReadsFirst::InTurn),
        Route::Refused(Refused::HaltedChange) if call.changes.is_some() => Some(ReadsFirst::InTurn),
        _ => None,
    }
}

/// Whether one more reading may let it out: FYERS' books show a little later what came of the order before it.
pub fn reads_again(now: &Snapshot, call: &OrderCall, decided: &Route) -> bool {
    match decided {
        Route::Refused(Refused::ExitNotShown) => true,
        Route::Refused(Refused::HaltedUnknown) => now.sent.is_opaque || is_fill_unseen(now, call),
        _ => false,
    }
}

/// Why a request is refused for which no reading could be had. By what was read before it may be an entry, and by now an
/// exit: nobody knows, and that is what is said.
pub fn without_known_positions(decided: &Route) -> Refused {
    match decided {
        Route::Refused(why @ (Refused::ExitOnItsWay | Refused::ExitNotShown | Refused::ExitUnanswered)) => {
            why.clone()
        }
        Route::Refused(why) if why.is_of_key() => why.clone(),
        _ => Refused::HaltedUnknown,
    }
}

/// Whether an order before this one may have opened what it closes, and FYERS' positions do not show it yet.
pub fn is_fill_unseen(now: &Snapshot, call: &OrderCall) -> bool {
    call.legs.iter().any(|leg| {
        let opens = |sent: &&Leg| {
            sent.key() == leg.key() && sent.quantity.signum() == -leg.quantity.signum() && leg.quantity != 0
        };
        now.torn.iter().any(|(key, _)| *key == leg.key()) || now.not_shown.iter().any(|sent| opens(&sent))
    })
}

/// Whether orders would go to FYERS if there were a token.
fn is_meant_for_fyers(now: &Snapshot) -> bool {
    !now.sandbox
}

/// Before FYERS' first word about a stored token the account is not made up: a bot that reads of no position would enter.
fn shows_no_made_up_account(now: &Snapshot, call: &OrderCall, venue: Venue) -> Result<(), Refused> {
    let is_early = venue != Venue::Fyers && is_meant_for_fyers(now) && now.awaits_first_word;
    if is_early && call.operation.reads_account() { Err(Refused::Unconfirmed) } else { Ok(()) }
}

/// What has an id of FYERS' is not simulated, and what has an id of the MockExchange is not sent.
fn names_its_own(now: &Snapshot, call: &OrderCall, venue: Venue) -> Result<(), Refused> {
    let foreign = call.ids.iter().find(|id| is_simulated(id) == (venue == Venue::Fyers));
    match foreign.cloned() {
        Some(id) if venue == Venue::Fyers => Err(Refused::SimulatedOrder(id)),
        Some(id) if is_meant_for_fyers(now) => Err(Refused::OrderAtFyers { id, why: now.reason }),
        _ => Ok(()),
    }
}

/// Where there is a halt and no token either, one alone would be half of the truth.
fn with_the_halt(now: &Snapshot, call: &OrderCall, venue: Venue, why: Refused) -> Refused {
    let both = matches!(why, Refused::Halted | Refused::HaltedInSandbox | Refused::Protected(_));
    if venue == Venue::Fyers || !is_meant_for_fyers(now) || !both {
        return why;
    }
    match may_be_simulated(now, call) {
        Err(Refused::Protected(risk)) => Refused::HaltedProtected { why: now.reason, risk },
        _ => Refused::HaltedWithoutToken(now.reason),
    }
}

/// Where the mode sends it. Orders and what comes of them, money and shares included, belong together, or a bot would
/// not see its own.
fn venue(now: &Snapshot, operation: Operation) -> Venue {
    use Operation::{Funds, Gtts, Holdings, Margin, Orders, Positions, Trades, Unknown};
    let own = operation.trades()
        || matches!(operation, Funds | Gtts | Holdings | Margin | Orders | Positions | Trades | Unknown);
    match now.mode {
        _ if now.token.is_none() => Venue::Mock,
        Mode::Live => Venue::Fyers,
        Mode::Sandbox if !own => Venue::Fyers,
        Mode::Sandbox | Mode::Mock => Venue::Mock,
    }
}

/// What a halt lets through: cancels, and exits that are at most what is open.
fn exits_only(now: &Snapshot, call: &OrderCall, venue: Venue) -> Result<(), Refused> {
    use Operation::{Cancel, CancelGtt, CancelMany, ExitPositions, Modify, ModifyMany, Place, PlaceMany};
    let real = venue == Venue::Fyers;
    match call.operation {
        Cancel | CancelMany | CancelGtt => Ok(()),
        Modify | ModifyMany if real && !now.knows_the_books() => Err(Refused::HaltedUnknown),
        Modify | ModifyMany if real => change_only_reduces(now, call),
        ExitPositions | Place | PlaceMany => {
            only_reduces(now, call, real).map_err(|why| under_a_halt(now, call, (why, real)))
        }
        _ if real => Err(Refused::Halted),
        _ => Err(Refused::HaltedInSandbox),
    }
}

/// The same in a halt's words.
fn under_a_halt(now: &Snapshot, call: &OrderCall, (why, real): (NoExit, bool)) -> Refused {
    let is_understood = call.understood && !call.has_extras;
    match why {
        NoExit::OnItsWay => Refused::ExitOnItsWay,
        NoExit::NotShown => Refused::ExitNotShown,
        NoExit::Unanswered => Refused::ExitUnanswered,
        NoExit::Unknown => Refused::HaltedUnknown,
        NoExit::Entry if real && is_understood && is_fill_unseen(now, call) => Refused::HaltedUnknown,
        NoExit::Entry if real => Refused::Halted,
        NoExit::Entry => Refused::HaltedInSandbox,
    }
}

fn change_only_reduces(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    let changes = call.changes.as_deref().unwrap_or_default();
    if touches_the_unknown(changes, &now.live) {
        return Err(Refused::HaltedUnknown);
    }
    let ahead: Vec<Leg> = now.sent.legs.iter().cloned().chain(unseen_exits(now)).collect();
    if still_reduces(changes, &now.live, &ahead) { Ok(()) } else { Err(Refused::HaltedChange) }
}

/// No exit becomes an entry: what a bot holds in the MockExchange does not exist at FYERS.
fn no_exit_of_a_simulated_position(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    let mut leftovers = now.simulated.iter().filter(|position| position.net != 0);
    let closed = leftovers.find(|position| may_close(call, position));
    let unseen = unseen_exits(now);
    let ahead = || now.on_the_way().chain(&unseen);
    match closed {
        Some(position) if !(call.understood && reduces(&call.legs, &now.live.positions, ahead())) => {
            let (symbol, net) = (position.symbol.clone(), position.net);
            if !call.understood && call.symbols.is_none() {
                return Err(Refused::SymbolUnread { symbol, net });
            }
            let real = room(&Leg::closing(position), &now.live.positions, ahead());
            let real = Some(real).filter(|_| now.knows_the_books());
            Err(Refused::SimulatedPosition { symbol, net, real })
        }
        _ => Ok(()),
    }
}

/// Of what cannot be read whole, any order in the position's symbol may close it, and so may one whose symbol is not known.
fn may_close(call: &OrderCall, position: &Position) -> bool {
    let is_in = |symbol: &String| normal(symbol) == normal(&position.symbol);
    let may_name = || call.symbols.as_ref().is_none_or(|symbols| symbols.iter().any(is_in));
    call.legs.iter().any(|leg| exits::may_close(leg, position)) || (!call.understood && may_name())
}

/// Whether the MockExchange may take an order that was meant for FYERS.
fn may_be_simulated(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    if !is_meant_for_fyers(now) {
        return Ok(());
    }
    if now.awaits_first_word && !names_what_is_simulated(call) {
        return Err(Refused::Unconfirmed);
    }
    let closes = matches!(call.operation, Operation::ExitPositions | Operation::ConvertPosition);
    if now.live.was_live && now.live.read_at.is_none() {
        return Err(Refused::Protected("your live positions are not known".to_owned()));
    }
    if now.sent.is_opaque {
        return Err(Refused::Protected("it is not known yet what your last order did at FYERS".to_owned()));
    }
    let is_open = now.live.is_open() || now.on_the_way().next().is_some();
    if is_open && (closes || !call.understood) {
        return Err(Refused::Protected("you have live positions, or orders at FYERS".to_owned()));
    }
    let risk = |leg| {
        now.live.protects(leg, now.on_the_way()).or_else(|| may_have_executed(&now.live.conditional, leg))
    };
    if let Some(risk) = call.legs.iter().find_map(risk) {
        return Err(Refused::Protected(risk));
    }
    is_no_exit_of_the_unread(now, call)?;
    sells_no_real_shares(now, call)?;
    match now.on_token_loss {
        OnTokenLoss::Mock => Ok(()),
        OnTokenLoss::Reject => Err(Refused::NoToken(now.reason)),
    }
}

fn names_what_is_simulated(call: &OrderCall) -> bool {
    !call.ids.is_empty() && call.ids.iter().all(|id| is_simulated(id))
}

#[cfg(test)]
pub(crate) mod tests;
