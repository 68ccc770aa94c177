//! Whether FYERS answers where this keeper stands by. It may have to send orders from here at any moment.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::fyers::{ContactLog, FyersWay};

/// How often it is looked. Nothing is asked: the 200 calls that FYERS allows in a minute are the holder's alone.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The way to FYERS from here.
#[derive(Clone)]
pub struct Reach {
    /// `None` when no app is configured.
    way: Option<Arc<FyersWay>>,
    log: Arc<ContactLog>,
}

impl Reach {
    /// The log is the one in which it is noted how looks end.
    pub fn new(way: Option<FyersWay>, log: Arc<ContactLog>) -> Self {
        Self { way: way.map(Arc::new), log }
    }

    /// Looks for as long as it is polled.
    pub(super) async fn look(&self) -> Infallible {
        let Some(way) = &self.way else { return std::future::pending().await };
        let mut before = None;
        loop {
            way.look().await;
            let now = self.answers();
            match now {
                Some(false) if before != now => {
                    tracing::warn!(event = "lease.cut_off", "this keeper stands by, and {}", self.words());
                }
                Some(true) if before == Some(false) => {
                    tracing::info!(event = "lease.reaches_fyers", "FYERS answers here again");
                }
                _ => {}
            }
            before = now;
            sleep(LOOK_EVERY).await;
        }
    }

    /// Whether FYERS answers here; `None` before anybody has looked.
    pub(super) fn answers(&self) -> Option<bool> {
        self.log.now().0.answers()
    }

    /// The same for a person.
    pub(super) fn words(&self) -> String {
        let contact = self.log.now().0;
        match (&self.way, contact.failing, contact.answers()) {
            (None, ..) => "no FYERS app is configured here".to_owned(),
            (_, Some((_, fault)), _) => format!("FYERS cannot be reached from here: {}", fault.words()),
            (_, None, Some(_)) => "FYERS answers here".to_owned(),
            (_, None, None) => "whether FYERS answers here is not known yet".to_owned(),
        }
    }
}
