//! The keys of bots for the `key` verb and for scripts: whoever holds the first key may change them.

use actix_web::{HttpResponse, http::StatusCode, web};
use keeper_domain::keys::{BotName, KeyProblem};
use secrecy::ExposeSecret;

use crate::{
    http::{
        access::Gate,
        backend::{Backend, Front},
        reply::{json, unanswered},
    },
    keys::{Issued, KeyAdmin, KeyDay, KeyError, KeyRow, KeyWish},
};

/// Who a change was made by, as the journal has it.
const BY: &str = "the command line";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/keys").get(list).post(add))
        .service(web::resource("/api/keys/{name}").delete(remove))
        .service(web::resource("/api/keys/{name}/{act}").post(act));
}

/// All keys with their bots' day, the first one first.
pub(super) fn rows(admin: &KeyAdmin, backend: &dyn Backend) -> Vec<KeyRow> {
    crate::keys::rows(&admin.ring(), &backend.owns())
}

/// The same of today, for whoever asks: a bot is told of its own key alone.
pub(super) fn days(gate: &Gate, front: &Front, backend: &dyn Backend) -> Vec<KeyDay> {
    let rows = front.keys.as_ref().map(|admin| rows(admin, backend)).unwrap_or_default();
    let reader = gate.bot_reader();
    let is_told = |row: &&KeyRow| reader.is_none_or(|bot| bot.as_str() == row.name);
    rows.iter().filter(is_told).map(KeyDay::from).collect()
}

async fn list(gate: Gate, backend: web::Data<dyn Backend>, front: web::Data<Front>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_bot() {
        return refusal;
    }
    let Some(admin) = &front.keys else { return unanswered() };
    json(HttpResponse::Ok(), &serde_json::json!({ "keys": rows(admin, backend.as_ref()) }))
}

async fn add(gate: Gate, front: web::Data<Front>, wish: web::Json<KeyWish>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    let Some(admin) = &front.keys else { return unanswered() };
    match wish.read() {
        Ok(wish) => answer(admin.add(wish, BY).await),
        Err(problem) => refused(&KeyProblem::from(problem).into()),
    }
}

async fn remove(gate: Gate, front: web::Data<Front>, name: web::Path<String>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    let Some(admin) = &front.keys else { return unanswered() };
    match named(&name) {
        Ok(name) => done(admin.remove(&name, BY).await),
        Err(error) => refused(&error),
    }
}

async fn act(gate: Gate, front: web::Data<Front>, path: web::Path<(String, String)>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    let Some(admin) = &front.keys else { return unanswered() };
    let (name, act) = path.into_inner();
    let name = match named(&name) {
        Ok(name) => name,
        Err(error) => return refused(&error),
    };
    match act.as_str() {
        "rotate" => answer(admin.rotate(&name, BY).await),
        "halt" => halted(admin.halt(&name, true, BY).await),
        "resume" => halted(admin.halt(&name, false, BY).await),
        _ => HttpResponse::NotFound().body("nothing here\n"),
    }
}

fn named(name: &str) -> Result<BotName, KeyError> {
    BotName::new(name).map_err(|problem| KeyProblem::from(problem).into())
}

fn answer(issued: Result<Issued, KeyError>) -> HttpResponse {
    match issued {
        Ok(Issued { name, token }) => {
            json(HttpResponse::Ok(), &serde_json::json!({ "name": name, "token": token.expose_secret() }))
        }
        Err(error) => refused(&error),
    }
}

fn done(outcome: Result<(), KeyError>) -> HttpResponse {
    match outcome {
        Ok(()) => json(HttpResponse::Ok(), &serde_json::json!({ "done": true })),
        Err(error) => refused(&error),
    }
}

fn halted(outcome: Result<bool, KeyError>) -> HttpResponse {
    match outcome {
        Ok(changed) => json(HttpResponse::Ok(), &serde_json::json!({ "done": true, "changed": changed })),
        Err(error) => refused(&error),
    }
}

fn refused(error: &KeyError) -> HttpResponse {
    let status = match error {
        KeyError::Problem(problem) if problem.is_unknown() => StatusCode::NOT_FOUND,
        KeyError::Problem(_) | KeyError::OwnerIsSetting => StatusCode::BAD_REQUEST,
        KeyError::OwnerFile(_) | KeyError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    json(HttpResponse::build(status), &serde_json::json!({ "error": error.to_string() }))
}
