//! Word that the journal has grown, for those who follow it while the keeper runs.

use std::sync::Arc;

use tokio::sync::watch;

/// What followers are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct News {
    /// How often the journal has grown since the start.
    pub grown: u64,
    /// The keeper is stopping: read the journal once more, and go.
    pub closing: bool,
}

/// Says when there is something new. Clones say it to the same followers.
#[derive(Debug, Clone, Default)]
pub struct JournalSignal {
    news: Arc<watch::Sender<News>>,
}

impl JournalSignal {
    /// The journal has grown.
    pub fn grew(&self) {
        self.news.send_modify(|news| news.grown += 1);
    }

    /// The journal has grown for the last time.
    pub fn close(&self) {
        self.news.send_modify(|news| *news = News { grown: news.grown + 1, closing: true });
    }

    /// Follows it from now on.
    pub fn follow(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }
}
