//! A keeper that stops while another one stands by, and that one stops too: somebody must say so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use keeper_domain::{
    alert::Channel,
    farewell::Succession,
    ports::{Store, StoreError},
};

use crate::cli::{
    exit::Exit,
    setup::CliConfig,
    state_store::{self, StateStore},
};
use crate::{
    app::Keeper,
    store::postgres::{ConnectError, Contender, PostgresStore},
};

/// How often it is looked whether the other one acts.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Tells of the end of the keeper that has let the lease go, unless another one has it by now and tells.
pub(super) async fn tell_if_nobody_follows(config: &CliConfig, keeper: &Keeper, storage: &StateStore) {
    let Some(epoch) = storage.shared().map(|store| store.holding().epoch()) else { return };
    let Ok(Some(mut contender)) = state_store::contender(config, true) else { return };
    let told = match follow(&mut contender, epoch).await {
        Ok(true) => Ok(()),
        Ok(false) => tell(contender, keeper).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(problem) = told {
        tracing::warn!(event = "keeper.untold", "nobody was told of the end of this keeper: {problem}");
    }
}

/// Whether another keeper has taken its place, when that is clear.
async fn follow(contender: &mut Contender, epoch: i64) -> Result<bool, ConnectError> {
    let began = Instant::now();
    loop {
        let is_awaited = contender.awaiting().await?.is_there;
        // After that: whoever stands by no more may have taken it by now.
        let is_followed = contender.look().await?.epoch > epoch;
        match Succession::after(is_followed, is_awaited, began.elapsed()) {
            Succession::Taken => return Ok(true),
            Succession::Vacant => return Ok(false),
            Succession::Open => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// Once more in the name of the lease, for the last words alone.
async fn tell(mut contender: Contender, keeper: &Keeper) -> Result<(), String> {
    let taken = contender.try_take().await.map_err(|error| error.to_string())?;
    // Somebody else was faster, and tells.
    let Some(holding) = taken else { return Ok(()) };
    let lost = Arc::new(|| std::process::exit(Exit::TryLater as i32));
    let store = contender.into_store(holding, lost).map_err(|error| error.to_string())?;
    let outboxes = outboxes(&store, keeper.actors.webhook.is_some()).await.map_err(|error| error.to_string());
    if let Ok(outboxes) = &outboxes {
        keeper.tell_of_the_end(Arc::new(store.clone()), outboxes.clone()).await;
    }
    store.close().await;
    outboxes.map(drop)
}

/// Those of the chat and of the webhook, in the order of the keeper's messengers.
async fn outboxes(store: &PostgresStore, has_webhook: bool) -> Result<Vec<Arc<dyn Store>>, StoreError> {
    let mut outboxes: Vec<Arc<dyn Store>> = vec![Arc::new(store.clone())];
    if has_webhook {
        outboxes.push(Arc::new(store.with_channel(Channel::Webhook).await?));
    }
    Ok(outboxes)
}
