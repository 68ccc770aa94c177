//! When files are fetched, and who hears of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use chrono::{DateTime, FixedOffset, Utc};
use fyers_api::ist;
use keeper_domain::{event::Event, ports::Time};
use mock_exchange::Instruments;
use reqwest::Client;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::fyers::{
    config::SetupError,
    symbols::{
        cache::{self, Cached},
        download,
    },
};

/// FYERS has the day's files by then (IST).
const READY: chrono::NaiveTime = ist::at(7, 30);
/// Time between two looks at what is due, and after a failure.
const LOOK: Duration = Duration::from_secs(30 * 60);
const RETRY: Duration = Duration::from_secs(10 * 60);

/// What is known of the symbol master, for status and page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolsStatus {
    /// How many symbols there are; zero while none are loaded.
    pub count: usize,
    /// When the oldest of its files was fetched.
    pub as_of: Option<DateTime<FixedOffset>>,
    /// What went wrong with the latest try to renew it.
    pub problem: Option<String>,
}

/// The status as it is now.
pub type Watched = Arc<ArcSwap<SymbolsStatus>>;

/// Keeps the symbol master as new as FYERS has it.
pub struct Renewal {
    client: Client,
    base: Url,
    folder: PathBuf,
    status: Watched,
}

/// Who hears of news.
pub(crate) struct Ears {
    /// Gets the symbols.
    pub(crate) exchange: Box<dyn Fn(Instruments)>,
    /// Writes down what happened.
    pub(crate) journal: Box<dyn Fn(Event)>,
}

impl Renewal {
    /// From the public files below `base`, in this folder.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(base: Url, folder: PathBuf, proxy: Option<&SecretString>) -> Result<Self, SetupError> {
        Ok(Self { client: download::client(proxy)?, base, folder, status: Watched::default() })
    }

    /// Its status, from now on.
    pub fn status(&self) -> Watched {
        Arc::clone(&self.status)
    }

    /// Runs for as long as the program does.
    pub(crate) async fn run(self, time: Arc<dyn Time>, ears: Ears) {
        self.load(&ears).await;
        let mut told = None;
        loop {
            let problem = self.renew(&*time, &ears).await;
            self.note(problem.clone());
            let today = ist::date(time.now());
            let pause = if problem.is_some() { RETRY } else { LOOK };
            if let Some(why) = problem.filter(|_| told != Some(today)) {
                told = Some(today);
                let as_of = self.status.load().as_of.map(|at| at.with_timezone(&Utc));
                (ears.journal)(Event::SymbolsNotRenewed { why, as_of });
            }
            time.sleep(pause).await;
        }
    }

    /// Hands on what is in the folder.
    async fn load(&self, ears: &Ears) {
        let folder = self.folder.clone();
        let Ok(Cached { master, as_of }) = tokio::task::spawn_blocking(move || cache::load(&folder)).await
        else {
            return;
        };
        let Some(at) = as_of else { return };
        let symbols = master.len();
        self.status.store(Arc::new(SymbolsStatus {
            count: symbols,
            as_of: Some(ist::ist(at)),
            problem: None,
        }));
        (ears.exchange)(Instruments::listed(Arc::new(master)));
        (ears.journal)(Event::SymbolsLoaded { symbols: symbols as u64, as_of: at });
    }

    /// Fetches what is due; what went wrong, if anything did.
    async fn renew(&self, time: &dyn Time, ears: &Ears) -> Option<String> {
        let now = time.now();
        let due: Vec<_> =
            cache::look(&self.folder).into_iter().filter(|one| is_due(one.fetched, now)).collect();
        let (mut fetched, mut problems) = (0, vec![]);
        for one in due {
            match download::fetch(&self.client, &self.base, one.file, &self.folder, now).await {
                Ok(_) => fetched += 1,
                Err(error) => problems.push(format!("{}: {error}", one.file)),
            }
        }
        if fetched > 0 {
            self.load(ears).await;
        }
        (!problems.is_empty()).then(|| problems.join("; "))
    }

    fn note(&self, problem: Option<String>) {
        let now = self.status.load_full();
        self.status.store(Arc::new(SymbolsStatus { problem, ..(*now).clone() }));
    }
}

/// Whether a file that was fetched then is to be fetched again.
fn is_due(fetched: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let Some(fetched) = fetched else { return true };
    let today = ist::instant(ist::date(now), READY);
    let newest = if now >= today { today } else { today - chrono::TimeDelta::days(1) };
    fetched < newest || fetched > now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_fetched_once_a_day() {
        let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        let due = |fetched: Option<DateTime<Utc>>, now: &str| is_due(fetched, at(now).unwrap());
        assert!(due(None, "2026-11-23T01:00:00Z"));
        let morning = at("2026-11-23T02:05:00Z");
        assert!(!due(morning, "2026-11-23T12:00:00Z"));
        assert!(!due(morning, "2026-11-24T01:59:00Z"), "before half past seven in India");
        assert!(due(morning, "2026-11-24T02:01:00Z"));
        let early = at("2026-11-23T01:00:00Z");
        assert!(due(early, "2026-11-23T02:01:00Z"), "fetched before the day's files were there");
        assert!(due(at("2027-01-01T00:00:00Z"), "2026-11-23T02:01:00Z"), "a clock that was wrong");
    }
}
