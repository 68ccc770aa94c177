//! The keys of bots, changed: one at a time, on disk before it counts, and told to everybody who recognises bots.

mod day;
mod view;

use std::sync::Arc;

use actix::Recipient;
use keeper_actors::{
    exchange::{bots::SharedKeys, messages::BotGone},
    journal,
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
};
use keeper_domain::{
    event::Event,
    keys::{
        BotName, KeyProblem, KeyRing, NewKey, StoredKey,
        token::{self, Minted},
    },
    ports::{Change, KeyChange, Store, StoreError, Time},
};
use rand::Rng;
use secrecy::SecretString;
use tokio::sync::{Mutex, watch};

pub use day::KeyDay;
pub use view::{KeyRow, KeyWish, rows};

/// Makes a new first key in the place of the old one.
pub type RotateOwner = Arc<dyn Fn() -> std::io::Result<SecretString> + Send + Sync>;

/// Why a change of the keys did not happen.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The rules say no.
    #[error(transparent)]
    Problem(#[from] KeyProblem),
    /// The first key is a setting.
    #[error(
        "the key default is the setting KEEPER_GATEWAY_KEY: put another value there and restart the keeper"
    )]
    OwnerIsSetting,
    /// The first key's file cannot be replaced.
    #[error("the file of the key default cannot be replaced: {0}")]
    OwnerFile(std::io::ErrorKind),
    /// The store failed: nothing was changed.
    #[error("nothing was changed: {}", .0.problem)]
    Store(#[from] StoreError),
}

/// A key with its token, which is shown this once.
#[derive(Debug)]
pub struct Issued {
    /// The bot.
    pub name: BotName,
    /// What it shows.
    pub token: SecretString,
}

/// Changes the keys.
pub struct KeyAdmin {
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    keys: SharedKeys,
    signing: SecretString,
    rotate_owner: Option<RotateOwner>,
    journal: RecipientCell<JournalGrew>,
    gone: Option<Recipient<BotGone>>,
    changed: watch::Sender<u64>,
    turn: Mutex<()>,
}

impl KeyAdmin {
    /// Works on this store and tells `keys`; `rotate_owner` is `None` where the first key is a setting.
    pub fn new(
        store: Arc<dyn Store>,
        time: Arc<dyn Time>,
        keys: SharedKeys,
        signing: SecretString,
        rotate_owner: Option<RotateOwner>,
    ) -> Self {
        let (journal, gone, changed) = (RecipientCell::new(), None, watch::Sender::new(0));
        Self { store, time, keys, signing, rotate_owner, journal, gone, changed, turn: Mutex::new(()) }
    }

    /// The same in a running keeper: the Notifier and the ExchangeActor hear of changes.
    #[must_use]
    pub fn telling(self, journal: RecipientCell<JournalGrew>, gone: Recipient<BotGone>) -> Self {
        Self { journal, gone: Some(gone), ..self }
    }

    /// All keys now.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.keys.load_full()
    }

    /// The keys as they change.
    pub fn shared(&self) -> SharedKeys {
        Arc::clone(&self.keys)
    }

    /// What signs tokens: all keepers of a database have it alike.
    pub fn signing(&self) -> SecretString {
        self.signing.clone()
    }

    /// Moves whenever a key was added, changed or removed: connections that were opened with a key look whether it is
    /// still good.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Adds a key.
    ///
    /// # Errors
    /// The rules say no, or the store failed.
    pub async fn add(&self, wish: NewKey, by: &str) -> Result<Issued, KeyError> {
        let _turn = self.turn.lock().await;
        self.ring().may_add(&wish)?;
        let (name, now) = (wish.name.clone(), self.time.now());
        let minted = self.mint(&name);
        let by = by.to_owned();
        let event =
            Event::KeyAdded { bot: name.clone(), ceiling: wish.ceiling, read_only: wish.read_only, by };
        let stored = StoredKey::new(wish, &minted, now);
        self.commit(KeyChange::Put(stored.clone()), event).await?;
        self.publish(self.ring().with(stored));
        Ok(Issued { name, token: minted.token })
    }

    /// Gives a key a new token; the old one opens nothing from now on.
    ///
    /// # Errors
    /// There is no such key, it is a setting, or it could not be written down.
    pub async fn rotate(&self, name: &BotName, by: &str) -> Result<Issued, KeyError> {
        let _turn = self.turn.lock().await;
        let (ring, now) = (self.ring(), self.time.now());
        let stored = ring.known(name)?.stored.clone();
        let event = Event::KeyRotated { bot: name.clone(), by: by.to_owned() };
        if name.is_owner() {
            return self.rotate_owner(stored, event).await;
        }
        let minted = self.mint(name);
        let stored = stored.rotated(&minted, now);
        self.commit(KeyChange::Put(stored.clone()), event).await?;
        self.publish(ring.with(stored));
        Ok(Issued { name: name.clone(), token: minted.token })
    }

    async fn rotate_owner(&self, stored: StoredKey, event: Event) -> Result<Issued, KeyError> {
        let rotate = self.rotate_owner.as_ref().ok_or(KeyError::OwnerIsSetting)?;
        let stored = StoredKey { rotated_at: Some(self.time.now()), ..stored };
        self.commit(KeyChange::Put(stored.clone()), event).await?;
        let key = rotate().map_err(|error| KeyError::OwnerFile(error.kind()))?;
        self.publish(self.ring().with(stored).with_owner(&key, &self.signing));
        Ok(Issued { name: BotName::owner(), token: token::of_owner(&self.signing, &key).token })
    }

    /// The first key is another one: it was put into its file by hand.
    pub fn owner_is(&self, key: &SecretString) {
        self.publish(self.ring().with_owner(key, &self.signing));
    }

    /// Removes a key.
    ///
    /// # Errors
    /// There is none, it is the first one, or the store failed.
    pub async fn remove(&self, name: &BotName, by: &str) -> Result<(), KeyError> {
        let _turn = self.turn.lock().await;
        self.ring().may_remove(name)?;
        let event = Event::KeyRemoved { bot: name.clone(), by: by.to_owned() };
        self.commit(KeyChange::Remove(name.clone()), event).await?;
        self.publish(self.ring().without(name));
        if let Some(gone) = &self.gone {
            gone.do_send(BotGone(name.clone()));
        }
        Ok(())
    }

    /// Halts one bot, or ends its halt; whether that changed anything. A halt counts at once, on disk or not; it ends only when
    /// its end is on disk.
    ///
    /// # Errors
    /// There is no such key, or the store failed.
    pub async fn halt(&self, name: &BotName, halted: bool, by: &str) -> Result<bool, KeyError> {
        let _turn = self.turn.lock().await;
        let ring = self.ring();
        let stored = ring.known(name)?.stored.clone();
        if stored.halted == halted {
            return Ok(false);
        }
        let stored = StoredKey { halted, ..stored };
        if halted {
            self.publish(ring.with(stored.clone()));
        }
        let event = Event::KeyHalted { bot: name.clone(), halted, by: by.to_owned() };
        self.commit(KeyChange::Put(stored.clone()), event).await?;
        self.publish(ring.with(stored));
        Ok(true)
    }

    fn mint(&self, name: &BotName) -> Minted {
        token::mint(&self.signing, name, self.time.now(), rand::rng().random())
    }

    async fn commit(&self, key: KeyChange, event: Event) -> Result<(), StoreError> {
        let change = Change { keys: vec![key], events: vec![(self.time.now(), event)], ..Change::default() };
        journal::commit(self.store.as_ref(), change, "keys", &self.journal).await
    }

    fn publish(&self, ring: KeyRing) {
        self.keys.store(Arc::new(ring));
        self.changed.send_modify(|count| *count += 1);
    }
}
