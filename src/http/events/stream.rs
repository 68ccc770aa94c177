//! `/events`: session and mode as server-sent events, while they happen.
//!
//! Every message has the number of its journal entry as its id, so that a browser that comes back with
//! `Last-Event-ID` misses nothing. One that comes without, or with a number this journal does not know, is told
//! how things are. Everything else that is journalled comes as `journal` with its name only; a bot is not told what
//! happened to another one. While nothing happens, `alive` says that the keeper is there.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    web::{self, Bytes},
};
use futures_util::{Stream, stream};
use fyers_api::ist::ist;
use keeper_domain::{
    event::{Event, Recorded},
    keys::BotName,
    text::escaped,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    http::{
        access::Gate,
        backend::{Backend, Front},
        events::seats::{Seat, Seats},
        journal_signal::News,
        reply::unanswered,
    },
    status::Status,
};

/// Pause between two signs of life: a page that misses two of them says that it is cut off, within seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A sign of life: an event, because a browser shows its page no comment. Without an id, so it moves nothing.
const ALIVE: &[u8] = b"event: alive\ndata: {}\n\n";
/// Journal entries read at once.
const BATCH: u32 = 100;
/// Whoever has missed more than this is told how things are instead.
const MOST: i64 = 10_000;
/// How soon a browser comes back, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";

pub(in crate::http) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/events").get(events));
}

/// Somebody who listens; the seat is free again when the connection ends.
struct Listener {
    backend: Arc<dyn Backend>,
    news: watch::Receiver<News>,
    last: i64,
    unsent: VecDeque<Bytes>,
    seat: Seat,
    /// The bot that listens; `None` for a person.
    reader: Option<BotName>,
    /// Whether what opened the stream is still good.
    is_admitted: Box<dyn Fn() -> bool>,
}

async fn events(
    request: HttpRequest,
    gate: Gate,
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    seats: web::Data<Seats>,
) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let seat = seats.take(gate.client());
    // Followed before anything is read, so that nothing falls between the two.
    let news = front.feed.follow();
    let backend = backend.into_inner();
    let Some((last, first)) = begin(backend.as_ref(), last_seen(&request)).await else { return unanswered() };
    let unsent = VecDeque::from([Bytes::from_static(RETRY.as_bytes()), first]);
    let reader = gate.bot_reader().cloned();
    let is_admitted = Box::new(move || gate.may_still_read());
    let listener = Listener { backend, news, last, unsent, seat, reader, is_admitted };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(listener.stream())
}

fn last_seen(request: &HttpRequest) -> Option<i64> {
    request.headers().get("Last-Event-ID")?.to_str().ok()?.trim().parse().ok()
}

/// Where in the journal to begin, and what to say first: nothing to one who only lost the connection.
async fn begin(backend: &dyn Backend, seen: Option<i64>) -> Option<(i64, Bytes)> {
    let newest = backend.recent_events(1).await?.first().map_or(0, |recorded| recorded.id);
    if let Some(seen) = seen.filter(|seen| (0.max(newest - MOST)..=newest).contains(seen)) {
        return Some((seen, Bytes::from_static(b": welcome back\n\n")));
    }
    Some((newest, now(newest, &backend.status().await?)))
}

/// How things are.
fn now(id: i64, status: &Status) -> Bytes {
    let session = &status.session;
    let session = json!({
        "state": session.state, "reason": session.reason, "expires_at": session.expires_at,
        "fingerprint": session.fingerprint, "at": status.time,
    });
    let mode = json!({ "mode": status.mode, "reason": status.reason, "at": status.time });
    Bytes::from([message(id, "session", &session), message(id, "mode", &mode)].concat())
}

/// One journal entry.
fn told(recorded: &Recorded) -> Bytes {
    let at = ist(recorded.at);
    let (kind, data) = match &recorded.event {
        Event::SessionChanged { to, why, expires_at, fingerprint, .. } => {
            let until = expires_at.map(ist);
            let data = json!({
                "state": to, "reason": why, "expires_at": until, "fingerprint": fingerprint, "at": at,
            });
            ("session", data)
        }
        Event::ModeChanged { to, why, .. } => ("mode", json!({ "mode": to, "reason": why, "at": at })),
        other => ("journal", json!({ "name": other.name(), "at": at })),
    };
    Bytes::from(message(recorded.id, kind, &data))
}

/// JSON has no line breaks of its own, so one `data` line is all.
fn message(id: i64, kind: &str, data: &Value) -> String {
    format!("id: {id}\nevent: {kind}\ndata: {}\n\n", escaped(&data.to_string()))
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut listener| async {
            let next = listener.next().await?;
            Some((Ok(next), listener))
        })
    }

    /// The next bytes; `None` at the end, which comes when the keeper stops, the seat has to be left, the session or
    /// the key that opened it has ended, or the journal cannot be read: the browser then comes back by itself.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(unsent) = self.unsent.pop_front() {
                return Some(unsent);
            }
            if !(self.is_admitted)() {
                return None;
            }
            let closing = self.news.borrow_and_update().closing;
            let events = self.backend.events_after(self.last, BATCH).await?;
            if let Some(newest) = events.last() {
                self.last = newest.id;
                let reader = self.reader.as_ref();
                let is_for =
                    |recorded: &&Recorded| reader.is_none_or(|bot| recorded.event.may_be_told_to(bot));
                self.unsent.extend(events.iter().filter(is_for).map(told));
                continue;
            }
            if closing {
                return None;
            }
            tokio::select! {
                () = self.seat.must_leave() => return None,
                _news = self.news.changed() => {}
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(Bytes::from_static(ALIVE)),
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
