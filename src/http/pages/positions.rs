//! Open positions and the day's result, as the gateway answers them to bots: from FYERS while live, from the
//! MockExchange otherwise.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset};
use keeper_domain::keys::BotName;

use crate::{
    account::{amount, rupees},
    http::{account, backend::Backend},
};

/// How long an answer is shown again, with the time at which it came. A page that follows the events asks often; FYERS
/// must not be asked as often.
const FRESH: Duration = Duration::from_secs(10);

/// One position, in words. What could not be read is said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PositionRow {
    pub(super) symbol: String,
    pub(super) quantity: String,
    pub(super) average: String,
    pub(super) last: String,
    pub(super) result: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Positions {
    pub(super) rows: Vec<PositionRow>,
    /// Profit and loss of the day, in INR.
    pub(super) total: String,
    pub(super) is_real: bool,
    /// When they were read, IST.
    pub(super) at: String,
}

/// The latest answer and when it came.
#[derive(Default)]
pub(super) struct LatestPositions(Mutex<Option<(Instant, &'static str, Option<Positions>)>>);

impl LatestPositions {
    /// The positions, at most [`FRESH`] old and of the present mode; `None` when they could not be read.
    pub(super) async fn read(
        &self,
        backend: &dyn Backend,
        mode: &'static str,
        now: DateTime<FixedOffset>,
    ) -> Option<Positions> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, of, positions)) = latest
            && of == mode
            && at.elapsed() < FRESH
        {
            return positions;
        }
        let positions = ask(backend, now).await;
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Some((Instant::now(), mode, positions.clone()));
        positions
    }
}

async fn ask(backend: &dyn Backend, now: DateTime<FixedOffset>) -> Option<Positions> {
    let read = account::positions(backend, BotName::owner()).await.ok()?;
    Some(Positions {
        is_real: read.is_real(),
        total: rupees(read.part.pnl),
        at: now.format("%H:%M:%S").to_string(),
        rows: read.part.positions.iter().map(PositionRow::of).collect(),
    })
}

impl PositionRow {
    fn of(row: &crate::account::PositionRow) -> Self {
        Self {
            symbol: row.symbol.clone(),
            quantity: row.quantity_words(),
            average: amount(row.average),
            last: amount(row.last),
            result: amount(row.pnl),
        }
    }
}
