//! Everything the HTTP libraries log, at the finest level, holds no secret either.
//!
//! A program of its own: what the libraries log is the same for the whole process, so another test beside it would
//! quieten or fill the tape.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

#[path = "fyers_client/support.rs"]
#[allow(dead_code, reason = "its rude servers are for the other test program")]
mod support;

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use keeper_domain::{ports::Broker, secret::AuthCode};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

use crate::support::{HASH, access, answering_json, client, refresh};

/// Keeps every field of every event and span.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<String>>);

impl Visit for Tape {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Tape {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        attributes.record(&mut self.clone());
    }
}

#[tokio::test]
async fn the_libraries_log_no_secret_at_trace() {
    tracing_log::LogTracer::init().unwrap();
    let tape = Tape::default();
    // For this thread only, on which the client's connections run too; the server has its own.
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(tape.clone()));

    let (_server, good) =
        answering_json(200, r#"{"s":"ok","code":1101,"id":"1","access_token":"CANARYnew"}"#).await;
    for client in [good, client("http://127.0.0.1:1")] {
        let _either = client.refresh(&refresh()).await;
        let _either = client.login(&AuthCode::new("CANARY-auth-code")).await;
        let _either = Broker::profile(&client, &access()).await;
    }

    let log = tape.0.lock().unwrap().clone();
    assert!(log.contains("connecting to 127.0.0.1"), "the tape runs: {log}");
    for canary in ["CANARY", HASH] {
        let line = log.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary} leaks");
    }
}
