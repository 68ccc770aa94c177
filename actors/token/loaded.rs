//! What the TokenActor reads from the store before anything else.

use keeper_domain::{
    ports::{Change, Store, StoreError, TickRecord},
    session::{
        bound::{self, Bound},
        login::UsedStates,
        reconcile::{Seeds, reconcile},
    },
    session_state::StoredSession,
};

/// Where the used states are kept.
pub(super) const STATES: &str = "login_states";

/// All that is on disk.
pub struct Loaded {
    /// The session, with newer tokens of the settings in it.
    pub stored: StoredSession,
    /// What the credentials are bound to.
    pub bound: Bound,
    /// The newest tick.
    pub tick: Option<TickRecord>,
    /// The one-time states of logins that were finished.
    pub used_states: UsedStates,
}

impl Loaded {
    /// Reads, and lets go of the tokens of another app on disk before anything is done with them.
    pub async fn read(store: &dyn Store, app: Option<&str>, seeds: &Seeds) -> Result<Self, StoreError> {
        let mut stored = store.session().await?;
        let before = Bound::from_note(store.note(bound::NOTE).await?);
        let mut bound = before.clone();
        if bound.adopt(app, &mut stored) {
            tracing::warn!(
                event = "token.app_changed",
                actor = "token",
                "FYERS_CLIENT_ID names another app than before: the tokens of the old one are let go of"
            );
        }
        if bound != before {
            let (session, notes) = (Some(stored.clone()), vec![bound.note()]);
            store.commit(Change { session, notes, ..Change::default() }).await?;
        }
        let states = store.note(STATES).await?;
        Ok(Self {
            stored: reconcile(stored, &seeds.without(&bound)),
            bound,
            tick: store.last_tick().await?,
            used_states: states.and_then(|states| serde_json::from_value(states).ok()).unwrap_or_default(),
        })
    }
}
