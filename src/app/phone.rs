//! The phone's actors: the login card, and whoever hears commands.

use std::sync::Arc;

use actix::Addr;
use keeper_actors::{
    chat::{
        card::{CardActor, CardDeps, LoginPath},
        inbox::{InboxActor, InboxDeps},
    },
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    supervisor::Tree,
};
use keeper_domain::{
    chat::{inbox::reaction::Policy, talk::Control},
    ports::{Change, StoreError},
    routing::OnTokenLoss,
    session::login::StateKey,
};

use crate::{
    app::{Actors, Parts},
    telegram::moves::NOTE,
};

/// Remembers where a group that moved is, and writes it down when it moves again.
pub(super) async fn follow_moves(parts: &Parts, tree: &Tree) -> Result<(), StoreError> {
    let Some(moves) = parts.phone.as_ref().and_then(|phone| phone.moves.clone()) else { return Ok(()) };
    // One that cannot be read is learnt again from Telegram.
    moves.recall(NOTE.read(parts.store.as_ref()).await?.readable());
    let store = Arc::clone(&parts.store);
    tree.spawn("moves", async move {
        loop {
            moves.learnt().await;
            let change = || Change { notes: moves.note().into_iter().collect(), ..Change::default() };
            while let Err(error) = store.commit(change()).await {
                tracing::error!(event = "store.failed", actor = "moves", "{error}");
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            }
        }
    });
    Ok(())
}

/// What of the phone must be known before the other actors: the card hears of every change of the session.
pub(super) struct Card {
    pub(super) addr: Addr<CardActor>,
    lines: CardLines,
}

#[derive(Clone, Default)]
struct CardLines {
    session: RecipientCell<keeper_actors::token::messages::GetSession>,
    begin: RecipientCell<keeper_actors::token::messages::BeginLogin>,
    mode: RecipientCell<keeper_actors::exchange::messages::GetMode>,
    positions: RecipientCell<keeper_actors::exchange::messages::GetLivePositions>,
}

impl Card {
    /// `None` without a chat, or without a way to log in.
    pub(super) fn start(parts: &Parts, tree: &Tree, journal: &RecipientCell<JournalGrew>) -> Option<Self> {
        let (phone, login) = (parts.phone.as_ref()?, parts.login.as_ref()?);
        let lines = CardLines::default();
        let path = match &login.page {
            // So signed, a login that was begun at the card is not limited like a stranger's.
            Some(page) => {
                let (page, key) = (page.clone(), parts.key.clone());
                LoginPath::Page(Arc::new(move || {
                    format!("{page}?card={}", StateKey::derive(&key.secret()).card_token())
                }))
            }
            None => LoginPath::Paste(Arc::clone(&login.authorize)),
        };
        let deps = CardDeps {
            chat: Arc::clone(&phone.chat),
            chat_id: phone.chat_id,
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            hours: Arc::clone(&parts.hours),
            path,
            rejects: parts.on_token_loss == OnTokenLoss::Reject,
            sandbox: parts.sandbox,
            reads_only: parts.texts.reads_only,
            session: lines.session.clone(),
            begin: lines.begin.clone(),
            mode: lines.mode.clone(),
            positions: lines.positions.clone(),
            journal: journal.clone(),
        };
        Some(Self { addr: tree.supervise("card", CardActor::new(deps)), lines })
    }

    /// Until then the card only waits.
    pub(super) fn connect(&self, actors: &Actors) {
        self.lines.session.connect(actors.token.clone().recipient());
        self.lines.begin.connect(actors.token.clone().recipient());
        self.lines.mode.connect(actors.exchange.clone().recipient());
        self.lines.positions.connect(actors.exchange.clone().recipient());
    }
}

/// Begins to hear commands.
pub(super) fn hear(parts: &Parts, tree: &Tree, control: &Arc<dyn Control>) -> Option<Addr<InboxActor>> {
    let phone = parts.phone.clone()?;
    let deps = InboxDeps {
        chat: phone.chat,
        control: Arc::clone(control),
        store: Arc::clone(&parts.store),
        time: Arc::clone(&parts.time),
        policy: Policy { chat_id: phone.chat_id, allowed_users: phone.allowed_users },
    };
    Some(tree.supervise("inbox", InboxActor::new(deps)))
}
