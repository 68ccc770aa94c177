use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::http::journal_signal::JournalSignal;

/// A journal of that many entries and nothing else.
#[derive(Default)]
struct Journal(Mutex<i64>);

impl Journal {
    /// Every tenth is another bot's.
    fn entries(&self, ids: impl Iterator<Item = i64>) -> Option<Vec<Recorded>> {
        let event = |id| match id % 10 {
            0 => Event::KeyRotated { bot: BotName::new("somebody").unwrap(), by: "me".to_owned() },
            _ => Event::LoginStarted,
        };
        let entry = |id| Recorded { id, at: chrono::DateTime::UNIX_EPOCH, event: event(id) };
        Some(ids.map(entry).collect())
    }

    fn newest(&self) -> i64 {
        *self.0.lock().unwrap()
    }
}

#[async_trait]
impl Backend for Journal {
    fn is_live(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn recent_events(&self, limit: u32) -> Option<Vec<Recorded>> {
        self.entries((1..=self.newest()).rev().take(limit as usize))
    }

    async fn events_after(&self, id: i64, limit: u32) -> Option<Vec<Recorded>> {
        self.entries((id + 1..=self.newest()).take(limit as usize))
    }
}

fn listener(journal: &Arc<Journal>, feed: &JournalSignal) -> Listener {
    let seat = Seats::default().take("127.0.0.1".parse().unwrap());
    let backend = Arc::clone(journal) as Arc<dyn Backend>;
    Listener {
        backend,
        news: feed.follow(),
        last: journal.newest(),
        unsent: VecDeque::new(),
        seat,
        reader: None,
        is_admitted: Box::new(|| true),
    }
}

async fn next(listener: &mut Listener) -> Option<String> {
    listener.next().await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_every_few_seconds_by_an_event_that_a_page_can_hear() {
    let (journal, feed) = (Arc::new(Journal::default()), JournalSignal::default());
    let mut listener = listener(&journal, &feed);
    let began = tokio::time::Instant::now();
    for nth in 1..4 {
        assert_eq!(next(&mut listener).await.as_deref(), Some("event: alive\ndata: {}\n\n"));
        assert_eq!(began.elapsed(), KEEP_ALIVE * nth);
    }
}

#[tokio::test(start_paused = true)]
async fn entries_come_once_and_in_order_and_the_last_ones_before_the_end() {
    let (journal, feed) = (Arc::new(Journal::default()), JournalSignal::default());
    let mut listener = listener(&journal, &feed);
    // More than is read at once, and told of once only.
    *journal.0.lock().unwrap() = 250;
    feed.grew();
    for id in 1..=250 {
        assert!(next(&mut listener).await.unwrap().starts_with(&format!("id: {id}\nevent: journal\n")));
    }
    *journal.0.lock().unwrap() = 251;
    feed.close();
    assert!(next(&mut listener).await.unwrap().starts_with("id: 251\n"));
    assert_eq!(next(&mut listener).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_bot_is_not_told_what_happened_to_another() {
    let (journal, feed) = (Arc::new(Journal::default()), JournalSignal::default());
    let mut listener = listener(&journal, &feed);
    listener.reader = Some(BotName::new("trial").unwrap());
    *journal.0.lock().unwrap() = 11;
    feed.close();
    let mut heard = Vec::new();
    while let Some(message) = next(&mut listener).await {
        heard.push(message.lines().next().unwrap().to_owned());
    }
    let want: Vec<String> = (1..=11).filter(|id| *id != 10).map(|id| format!("id: {id}")).collect();
    assert_eq!(heard, want);
}

#[tokio::test]
async fn who_comes_back_goes_on_where_it_was_unless_that_is_too_long_ago_or_unknown() {
    let journal = Journal(Mutex::new(MOST + 10));
    for (seen, goes_on) in [(MOST + 10, true), (10, true), (9, false), (MOST + 11, false), (-1, false)] {
        let begun = begin(&journal, Some(seen)).await;
        // This journal has no status to tell of.
        assert_eq!(begun.map(|(last, _)| last), goes_on.then_some(seen), "{seen}");
    }
    assert!(begin(&journal, None).await.is_none());
}
