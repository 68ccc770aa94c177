//! The MockExchange's account over time: looks at it several times a minute, and keeps a point every few minutes.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use chrono::{DateTime, Utc};
use keeper_actors::exchange::{
    ExchangeActor,
    messages::{GetWorth, Worth},
};
use keeper_domain::{
    equity::{EquityCurve, EquityPoint},
    notes::EQUITY,
    ports::{Change, Store, StoreError, Time},
};

use crate::app::{Actors, Parts};

/// Longest wait for the exchange's answer.
const LIMIT: Duration = Duration::from_secs(2);
/// Time between two looks.
const LOOK: Duration = Duration::from_secs(15);

/// Writes the curve down.
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    exchange: Addr<ExchangeActor>,
}

impl Recorder {
    pub(super) fn new(parts: &Parts, actors: &Actors) -> Self {
        Self {
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            exchange: actors.exchange.clone(),
        }
    }

    /// As long as the keeper runs. A store that fails now is written to at the next look.
    pub(super) async fn run(self) {
        // What cannot be read begins anew.
        let mut curve = read(self.store.as_ref()).await.unwrap_or_default();
        let mut is_kept = true;
        loop {
            is_kept &= !self.look(&mut curve).await;
            if !is_kept {
                is_kept = self.keep(&curve).await.is_ok();
            }
            self.time.sleep(LOOK).await;
        }
    }

    /// True when there is something to be kept.
    async fn look(&self, curve: &mut EquityCurve) -> bool {
        let Ok(worth) = self.exchange.send(GetWorth).await else { return false };
        let now = self.time.now();
        begin(curve, worth, now);
        if !worth.has_traded && !curve.has_begun() {
            curve.begin(now, worth.value);
            return false;
        }
        curve.add(now, worth.value)
    }

    async fn keep(&self, curve: &EquityCurve) -> Result<(), StoreError> {
        let change = Change { notes: vec![EQUITY.set(curve)?], ..Change::default() };
        self.store.commit(change).await
    }
}

async fn read(store: &dyn Store) -> Option<EquityCurve> {
    EQUITY.read(store).await.ok()?.readable()
}

/// An account that is copied from FYERS has other money than what stood there before, and nobody has earned or lost that.
fn begin(curve: &mut EquityCurve, worth: Worth, now: DateTime<Utc>) {
    curve.leave_copied_out(worth.has_copied);
    if let Some(began) = worth.began.filter(|_| worth.has_traded) {
        curve.begin(now, began);
    }
}

/// The curve with what the account is worth now at its end, once it has begun; `None` when it cannot be read.
pub(super) async fn curve(
    store: &dyn Store,
    time: &dyn Time,
    exchange: &Addr<ExchangeActor>,
) -> Option<EquityCurve> {
    let mut curve = EQUITY.read(store).await.ok()?.readable().unwrap_or_default();
    let worth = tokio::time::timeout(LIMIT, exchange.send(GetWorth)).await.ok()?.ok()?;
    begin(&mut curve, worth, time.now());
    if worth.has_traded || curve.has_begun() {
        curve.points.push(EquityPoint { at: time.now(), value: worth.value.round_dp(2) });
    }
    Some(curve)
}
