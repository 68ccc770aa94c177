//! Items by number: what is known of each and who follows it. What is done for each tick and each bot is a look into a list;
//! a name is looked up once for a tick, however many bots follow it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use mock_exchange::PriceOrigin;

use super::{directory::Item, door::ClientId, quote::FeedQuote};

/// Values that are remembered, followed or not.
const MOST_QUOTES: usize = 20_000;

/// What an item is called here, while it is followed or a value of it is known.
pub(super) type ItemNumber = u32;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) item: Item,
    pub(super) quote: Option<Arc<FeedQuote>>,
    pub(super) followers: BTreeSet<ClientId>,
    /// FYERS has told a price that the MockExchange has not been told.
    pub(super) is_unobserved: bool,
}

impl Entry {
    /// Its price is no longer FYERS' own of this moment.
    pub(super) fn age(&mut self) {
        if let Some(quote) = self.quote.as_mut().filter(|quote| quote.origin == PriceOrigin::Live) {
            Arc::make_mut(quote).set_origin(PriceOrigin::Last);
        }
    }

    fn is_unused(&self) -> bool {
        self.quote.is_none() && self.followers.is_empty()
    }
}

/// All items that are followed or known.
#[derive(Debug, Default)]
pub(super) struct Board {
    numbers: HashMap<Item, ItemNumber>,
    entries: Vec<Entry>,
    /// Numbers that nothing has any more.
    free: Vec<ItemNumber>,
    /// Entries with a value.
    known: usize,
}

impl Board {
    pub(super) fn find(&self, item: &Item) -> Option<ItemNumber> {
        self.numbers.get(item).copied()
    }

    /// Its number, a new one when it has none.
    pub(super) fn number(&mut self, item: &Item) -> ItemNumber {
        if let Some(number) = self.find(item) {
            return number;
        }
        let (item, followers) = (item.clone(), BTreeSet::new());
        let entry = Entry { item: item.clone(), quote: None, followers, is_unobserved: false };
        let number = match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as ItemNumber - 1
            }
        };
        self.numbers.insert(item, number);
        number
    }

    pub(super) fn get(&self, number: ItemNumber) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    pub(super) fn get_mut(&mut self, number: ItemNumber) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize)
    }

    pub(super) fn quote(&self, number: ItemNumber) -> Option<&Arc<FeedQuote>> {
        self.get(number)?.quote.as_ref()
    }

    /// Another value. One too many makes room for itself: values that nobody follows are forgotten.
    pub(super) fn set_quote(&mut self, number: ItemNumber, quote: FeedQuote) {
        if self.quote(number).is_none() {
            if self.known >= MOST_QUOTES {
                self.forget_unfollowed(number);
            }
            self.known += 1;
        }
        if let Some(entry) = self.get_mut(number) {
            entry.quote = Some(Arc::new(quote));
        }
    }

    fn forget_unfollowed(&mut self, but: ItemNumber) {
        for number in (0..self.entries.len() as ItemNumber).filter(|number| *number != but) {
            let Some(entry) = self.get_mut(number).filter(|entry| entry.followers.is_empty()) else {
                continue;
            };
            if entry.quote.take().is_some() {
                self.known -= 1;
                self.release(number);
            }
        }
    }

    /// The number is free once nothing is known of it and nobody follows it.
    pub(super) fn release(&mut self, number: ItemNumber) {
        let Some(entry) = self.entries.get(number as usize).filter(|entry| entry.is_unused()) else { return };
        if self.numbers.remove(&entry.item).is_some() {
            self.free.push(number);
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use fyers_api::hsm::FeedSnapshot;

    use super::*;

    fn item(n: usize) -> Item {
        Item::quote(&format!("NSE:S{n}-EQ"))
    }

    fn quote(item: &Item) -> FeedQuote {
        let snapshot = FeedSnapshot {
            topic: 0,
            name: String::new(),
            values: vec![1],
            multiplier: 1,
            precision: 2,
            exchange: String::new(),
            token: String::new(),
            symbol: String::new(),
        };
        FeedQuote::new(item.clone(), snapshot, PriceOrigin::Live, DateTime::default())
    }

    fn know(board: &mut Board, n: usize) -> ItemNumber {
        let number = board.number(&item(n));
        board.set_quote(number, quote(&item(n)));
        number
    }

    #[test]
    fn a_number_is_used_again_when_nothing_has_it() {
        let mut board = Board::default();
        let (first, second) = (board.number(&item(1)), know(&mut board, 2));
        assert_eq!(board.number(&item(1)), first);
        board.release(first);
        board.release(first);
        board.release(second);
        assert_eq!(
            (board.find(&item(1)), board.find(&item(2))),
            (None, Some(second)),
            "a value is known of it"
        );
        assert_eq!(board.number(&item(3)), first);
        assert_eq!(board.number(&item(1)), 2, "freed once");
    }

    #[test]
    fn values_that_nobody_follows_make_room() {
        let mut board = Board::default();
        let followed = know(&mut board, 0);
        board.get_mut(followed).unwrap().followers.insert(1);
        for n in 1..=MOST_QUOTES {
            know(&mut board, n);
        }
        let known: Vec<&Item> =
            board.entries().filter(|one| one.quote.is_some()).map(|one| &one.item).collect();
        assert_eq!(known, [&item(0), &item(MOST_QUOTES)]);
        assert_eq!((board.known, board.numbers.len(), board.free.len()), (2, 2, MOST_QUOTES - 1));
    }
}
