//! The one decision about a request: FYERS, the MockExchange, or refused with a reason.
//!
//! Everything that decides is in the [`Snapshot`]: the mode, a person's halt, the token, what is open at FYERS and in
//! the MockExchange, and what is on its way. Nobody else decides where an order goes.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use fyers_api::{model::Position, operation::Operation};

pub use super::refused::Refused;
use super::{
    OnTokenLoss, Venue,
    exposure::{reduces, room},
    live_positions::{Known, LivePositions},
    order_ids::is_simulated,
    own::Own,
    request::{Leg, OrderCall, Reserved},
};
use crate::{
    keys::BotName,
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

/// Where the request goes. The order of the checks: what a person said, then where the mode sends it, then what that
/// place must not be given.
pub fn route(now: &Snapshot, call: &OrderCall) -> Route {
    let venue = venue(now, call.operation);
    let checked = match call.operation.trades() {
        true => orders_may_go(now, call, venue),
        false => names_its_own(now, call, venue),
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
    if call.is_ambiguous {
        return Err(Refused::Ambiguous);
    }
    let halt = if now.halted { exits_only(now, call, venue) } else { Ok(()) };
    let checked = halt.and_then(|()| names_its_own(now, call, venue)).and_then(|()| match venue {
        Venue::Fyers => no_exit_of_a_simulated_position(now, call),
        _ => may_be_simulated(now, call),
    });
    checked.map_err(|why| if now.halted { with_the_halt(now, call, venue, why) } else { why })
}

/// Whether an exit must wait for a new reading of the positions before it may leave for FYERS, and be decided again
/// then. Under a halt nothing may turn a position round, and one that a person closed in the FYERS app is not known
/// before the next reading.
pub fn reads_first(now: &Snapshot, call: &OrderCall) -> bool {
    use Operation::{ExitPositions, Place, PlaceMany};
    let exits = matches!(call.operation, ExitPositions | Place | PlaceMany);
    exits && now.halted && venue(now, call.operation) == Venue::Fyers
}

/// Whether orders would go to FYERS if there were a token.
fn is_meant_for_fyers(now: &Snapshot) -> bool {
    !now.sandbox
}

/// Neither place can speak for the other's orders: what has an id of FYERS' is not simulated, and what has an id of the
/// MockExchange is not sent.
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
    let both = matches!(why, Refused::Halted | Refused::Protected(_));
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
            let real = room(&Leg::closing(position), &now.live.positions, now.on_the_way());
            let real = Some(real).filter(|_| now.knows_the_books());
            Err(Refused::SimulatedPosition { symbol: position.symbol.clone(), net: position.net, real })
        }
        _ => Ok(()),
    }
}

/// Whether the MockExchange may take an order that was meant for FYERS.
fn may_be_simulated(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    if !is_meant_for_fyers(now) {
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
        OnTokenLoss::Reject => Err(Refused::NoToken(now.reason)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
