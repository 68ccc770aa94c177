//! What the TokenActor reads from the store before anything else.

use keeper_domain::{
    notes::{CREDENTIALS, FAILED_LOGIN, LOGIN_STATES, WRONG_PINS},
    ports::{Change, Store, StoreError, TickRecord},
    secret::AccessToken,
    session::{
        bound::Bound,
        login::UsedStates,
        reconcile::{Seeds, reconcile_proven},
    },
    session_state::{FailedLogin, StoredSession},
};

/// All that is on disk.
pub struct Loaded {
    /// The session, with newer tokens of the settings in it.
    pub stored: StoredSession,
    /// A newer token of the settings that is to be proven first.
    pub newer: Option<AccessToken>,
    /// What the credentials are bound to.
    pub bound: Bound,
    /// The newest tick.
    pub tick: Option<TickRecord>,
    /// The one-time states of logins that were finished.
    pub used_states: UsedStates,
    /// The login that failed and explains why there is no token.
    pub failed_login: Option<FailedLogin>,
    /// How many PINs FYERS has refused since it last gave a token.
    pub wrong_pins: u32,
}

impl Loaded {
    /// Reads, and lets go of the tokens of another app on disk before anything is done with them.
    pub async fn read(store: &dyn Store, app: Option<&str>, seeds: &Seeds) -> Result<Self, StoreError> {
        let mut stored = store.session().await?;
        let before = CREDENTIALS.read(store).await?.or_unreadable(Bound::unreadable()).unwrap_or_default();
        let mut bound = before.clone();
        if bound.adopt(app, &mut stored) {
            tracing::warn!(
                event = "token.app_changed",
                actor = "token",
                "FYERS_CLIENT_ID names another app than before: the tokens of the old one are let go of"
            );
        }
        if bound != before {
            let (session, notes) = (Some(stored.clone()), vec![CREDENTIALS.set(&bound)?]);
            store.commit(Change { session, notes, ..Change::default() }).await?;
        }
        // A used state that is forgotten is still spent at FYERS, and is over in ten minutes.
        let used_states = LOGIN_STATES.read(store).await?.readable().unwrap_or_default();
        let (stored, newer) = reconcile_proven(stored, &seeds.without(&bound));
        Ok(Self {
            stored,
            newer,
            bound,
            tick: store.last_tick().await?,
            used_states,
            failed_login: FAILED_LOGIN.read(store).await?.readable().flatten(),
            wrong_pins: WRONG_PINS.read(store).await?.readable().unwrap_or_default(),
        })
    }
}
