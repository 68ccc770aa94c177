//! The status page: everything at one glance, for a person with a browser. It works without scripts; with them it
//! follows `/events` and replaces what has changed.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use keeper_domain::{
    chat::{
        inbox::commands::FLAT_MEANS,
        talk::{Action, Person},
    },
    keys::BotName,
};
use serde::Deserialize;

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    keys::rows,
    pages::{
        cleaned::filters,
        equity,
        key_list::KeyLine,
        mornings::Strip,
        notes::Notes,
        orders::{self, LOOKED_AT, OrderRow},
        positions::LatestPositions,
        respond::{show_with_forms, to_status_page},
        unlock,
        view::{First, SHOWN, View},
    },
    reply::unanswered,
    shared::Shared,
};

/// For how long the mute button takes the sound away.
const MUTED: u32 = 60;
/// How many events are looked at: of equal ones in a row the page shows one.
const EVENTS: u32 = 200;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/").get(page)).service(web::resource("/act/{action}").post(act));
}

#[derive(Template)]
#[template(path = "status.html")]
struct Page<'a> {
    nonce: &'a str,
    /// With style and script: a script that looks for changes needs neither.
    whole: bool,
    view: Arc<View>,
    /// The bot that looks: it is shown no other one's orders and events. `None`: a person.
    reader: Option<BotName>,
    /// Whether it may see which keys there are.
    shows_keys: bool,
    /// What the forms carry; `None` when this browser has not shown the key.
    token: Option<String>,
    /// Where the login button of such a browser leads.
    login: String,
    note: Option<String>,
}

impl Page<'_> {
    /// Today's orders that the reader may see.
    fn orders(&self) -> Option<Vec<&OrderRow>> {
        let is_for = |order: &&OrderRow| self.reader.as_ref().is_none_or(|bot| order.bot == bot.as_str());
        self.view.orders.as_ref().map(|orders| orders.iter().filter(is_for).collect())
    }

    /// How many there are beyond those on the page.
    fn before_these(&self) -> usize {
        orders::count(self.orders().into_iter().flatten().skip(SHOWN))
    }
}

async fn page(
    request: HttpRequest,
    gate: Gate,
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    (latest, shared): (web::Data<LatestPositions>, web::Data<Shared<Arc<View>>>),
) -> HttpResponse {
    if !gate.may_read() {
        return unlock::ask_for_key(None);
    }
    let read = view(backend.as_ref(), &front, &latest);
    let Some(view) = shared.read(read).await else { return unanswered() };
    let login = backend.vouched_link();
    let token = gate.token();
    let whole = request.query_string().is_empty();
    // A script that only looks for changes must not take the answer to a button away.
    let note = token.as_ref().filter(|_| whole).and_then(|token| notes.take(token));
    let (shows_keys, reader) = (gate.may_see_keys(), gate.bot_reader().cloned());
    show_with_forms(200, |nonce| Page { nonce, whole, view, reader, shows_keys, token, login, note }.render())
}

/// What those who may read are shown, whoever asks; of other bots' orders and events the page leaves out what is not the
/// reader's.
async fn view(backend: &dyn Backend, front: &Front, latest: &LatestPositions) -> Option<Arc<View>> {
    let (status, day) = (backend.status().await?, backend.day()?);
    let events = backend.recent_events(EVENTS).await?;
    let orders = backend.orders(LOOKED_AT as u32, None).await;
    let positions = latest.read(backend, status.mode.slug(), status.time).await;
    let mornings = backend.mornings().await.as_deref().and_then(Strip::of);
    let equity = backend.equity().await.as_ref().and_then(equity::Line::of);
    let rows = front.keys.as_ref().map(|admin| rows(admin, backend)).unwrap_or_default();
    let keys = rows.iter().map(KeyLine::of).collect();
    let view = View::of(&status, &day, &events, orders.as_deref());
    Some(Arc::new(View { positions, mornings, equity, keys, ..view }))
}

#[derive(Deserialize)]
struct Press {
    token: String,
}

/// A button was pressed. The answer is shown by the page that follows, so that reloading it repeats nothing.
async fn act(
    gate: Gate,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    action: web::Path<String>,
    press: web::Form<Press>,
) -> HttpResponse {
    let token = press.into_inner().token;
    if !gate.may_act(&token) {
        return HttpResponse::Forbidden()
            .body("this button is not from this page: open / and press it there\n");
    }
    let action = match action.as_str() {
        "refresh" => Action::Refresh,
        "halt" => Action::Halt { bot: None },
        "resume" => Action::Resume { bot: None },
        "mute" => Action::Mute { minutes: MUTED },
        "unmute" => Action::Unmute,
        "test" => Action::Test,
        "flat" => Action::Flat,
        _ => return HttpResponse::NotFound().body("nothing here\n"),
    };
    let Some(control) = &front.control else { return unanswered() };
    let by = Person { id: 0, name: "the status page".to_owned() };
    notes.leave(&token, control.act(action, &by).await);
    to_status_page()
}
