//! The one decision about a request: FYERS, the MockExchange, or refused with a reason.
//!
//! Everything that decides is in the [`Snapshot`]: the mode, a person's halt, the token, what is open at FYERS and in
//! the MockExchange, and what is on its way. Nobody else decides where an order goes.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use fyers_api::{model::Position, operation::Operation};

use super::{
    OnTokenLoss, Venue,
    exposure::reduces,
    live_positions::{Known, LivePositions},
    own::Own,
    request::{Leg, OrderCall, Reserved},
};
use crate::{
    keys::{BotName, LimitKind},
    mode::{Mode, ShownMode},
    reason::Reason,
    secret::AccessToken,
};

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
    /// The token in use.
    pub token: Option<Arc<AccessToken>>,
    /// Positions and waiting orders at FYERS.
    pub live: LivePositions,
    /// Whether they have been read since this program or its actor started.
    pub looked: bool,
    /// What was sent to FYERS and may not be in `live` yet.
    pub sent: Reserved,
    /// Open positions in the MockExchange.
    pub simulated: Vec<Position>,
    /// What waits in the MockExchange.
    pub simulated_waiting: Vec<Leg>,
    /// Orders the MockExchange took today (IST).
    pub simulated_today: u64,
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

    /// Simulated positions that are still open although orders go to FYERS now.
    pub fn leftovers(&self) -> &[Position] {
        if self.mode == Mode::Live { &self.simulated } else { &[] }
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

/// Why a request goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A person has halted trading, and this is no exit.
    #[error("Halted: entries are refused; orders that reduce an open position still go to FYERS")]
    Halted,
    /// An exit during a halt while another one may still fill.
    #[error(
        "Halted: an exit of this position is on its way already, and a second one could open a new position. \
         Cancel the first, or wait until it has filled"
    )]
    ExitOnItsWay,
    /// An exit during a halt before the positions have been read.
    #[error(
        "Halted: your live positions are not known at the moment, so the keeper cannot tell whether this order \
         only reduces one. Try again shortly, or close it in the FYERS app"
    )]
    HaltedUnknown,
    /// Simulating it could leave a real position open.
    #[error(
        "{0}, and FYERS cannot be used now: it is refused, not simulated; close the position in the FYERS app if \
         you must"
    )]
    Protected(String),
    /// `KEEPER_ON_TOKEN_LOSS=reject`.
    #[error(
        "there is no good FYERS token, and KEEPER_ON_TOKEN_LOSS=reject: orders are refused, not simulated"
    )]
    NoToken,
    /// The position that it would close was simulated.
    #[error(
        "your position of {net} {symbol} was simulated and does not exist at FYERS: sent there, this order would \
         open a new one. It is refused until the simulated position is closed, or a person clears it with /flat"
    )]
    SimulatedPosition {
        /// Its symbol.
        symbol: String,
        /// Its signed quantity.
        net: i64,
    },
    /// The bot's key is not there any more.
    #[error("this bot's key was removed or replaced: nothing was done")]
    KeyGone,
    /// The bot's key may only read.
    #[error("the key of bot {0} may only read: no order of it is sent or simulated")]
    ReadOnly(BotName),
    /// A limit of the bot's key.
    #[error("{words}")]
    Limit {
        /// Which.
        limit: LimitKind,
        /// What it is, what was asked for, and what still goes.
        words: String,
    },
    /// A limit of the bot's key cannot be checked for this request.
    #[error("the key of bot {bot} has limits, and {why}: nothing was done")]
    Unchecked {
        /// The bot.
        bot: BotName,
        /// What is not known.
        why: String,
    },
    /// What the keeper has read of it may not be what FYERS reads.
    #[error(
        "a field comes twice in this request, or not as FYERS writes it (`QTY` for `qty`): two programs could read it \
         in two ways. Nothing was done; send each field once"
    )]
    Ambiguous,
    /// Not in the keeper's list of calls.
    #[error("the keeper does not know this call, and passes on only what it knows or what only reads")]
    UnknownCall,
    /// The program ends.
    #[error("the keeper is stopping: nothing was done")]
    Stopping,
}

impl Refused {
    /// Whether the bot's key is the reason, and nothing of the market or of the session.
    pub fn is_of_key(&self) -> bool {
        matches!(self, Self::KeyGone | Self::ReadOnly(_) | Self::Limit { .. } | Self::Unchecked { .. })
    }
}

/// Where the request goes. The order of the checks: what a person said, then where the mode sends it, then what that
/// place must not be given.
pub fn route(now: &Snapshot, call: &OrderCall) -> Route {
    let venue = venue(now, call.operation);
    let checked = if call.operation.trades() { orders_may_go(now, call, venue) } else { Ok(()) };
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
    if call.is_ambiguous {
        return Err(Refused::Ambiguous);
    }
    if now.halted {
        exits_only(now, call, venue)?;
    }
    match venue {
        Venue::Fyers => no_exit_of_a_simulated_position(now, call),
        _ => may_be_simulated(now, call),
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
    use Operation::{Cancel, CancelGtt, CancelMany, ExitPositions, Place, PlaceMany};
    let real = venue == Venue::Fyers;
    match call.operation {
        Cancel | CancelMany | CancelGtt => return Ok(()),
        ExitPositions | Place | PlaceMany if real && !now.knows_the_books() => {
            return Err(Refused::HaltedUnknown);
        }
        ExitPositions | Place | PlaceMany => {}
        _ => return Err(Refused::Halted),
    }
    let positions = if real { &now.live.positions } else { &now.simulated };
    let waiting: Vec<&Leg> =
        if real { now.on_the_way().collect() } else { now.simulated_waiting.iter().collect() };
    if call.operation == ExitPositions {
        // An exit of all closes what is open then; one that also cancels what waits leaves only what is in flight.
        let ahead: Vec<&Leg> =
            if call.cancels_waiting { now.sent.legs.iter().filter(|_| real).collect() } else { waiting };
        let on_its_way = ahead.iter().any(|leg| positions.iter().any(|open| points_against(leg, open)));
        return if on_its_way { Err(Refused::ExitOnItsWay) } else { Ok(()) };
    }
    if real && call.legs.iter().any(|leg| now.live.unknown.iter().any(|symbol| leg.is_in(symbol))) {
        return Err(Refused::HaltedUnknown);
    }
    if !call.understood || call.has_extras {
        return Err(Refused::Halted);
    }
    match (reduces(&call.legs, positions, waiting), reduces(&call.legs, positions, [])) {
        (true, _) => Ok(()),
        (false, true) => Err(Refused::ExitOnItsWay),
        (false, false) => Err(Refused::Halted),
    }
}

/// Whether the order closes some of this position, whatever its size.
fn points_against(leg: &Leg, open: &Position) -> bool {
    leg.key() == Leg::closing(open).key() && leg.quantity.signum() == -open.net.signum() && open.net != 0
}

/// No exit becomes an entry: what a bot holds in the MockExchange does not exist at FYERS.
fn no_exit_of_a_simulated_position(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    let leftovers: Vec<&Position> = now.simulated.iter().filter(|position| position.net != 0).collect();
    let closes = |position: &&&Position| call.legs.iter().any(|leg| points_against(leg, position));
    let closed = leftovers.iter().find(closes).or_else(|| leftovers.first().filter(|_| !call.understood));
    match closed {
        Some(position)
            if !(call.understood && reduces(&call.legs, &now.live.positions, now.on_the_way())) =>
        {
            Err(Refused::SimulatedPosition { symbol: position.symbol.clone(), net: position.net })
        }
        _ => Ok(()),
    }
}

/// Whether the MockExchange may take an order that was meant for FYERS.
fn may_be_simulated(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    let meant_for_fyers = !now.sandbox;
    if !meant_for_fyers {
        return Ok(());
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
    if let Some(risk) = call.legs.iter().find_map(|leg| now.live.protects(leg, now.on_the_way())) {
        return Err(Refused::Protected(risk));
    }
    match now.on_token_loss {
        OnTokenLoss::Mock => Ok(()),
        OnTokenLoss::Reject => Err(Refused::NoToken),
    }
}

#[cfg(test)]
pub(crate) mod tests;
