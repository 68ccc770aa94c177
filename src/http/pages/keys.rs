//! The page of keys: who may come in, how far, what they have done today, and the buttons to change it. It works without
//! scripts. A new token is shown once, by the page that follows the button.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HOST, LOCATION},
    web,
};
use askama::Template;
use keeper_domain::{
    keys::{BotName, KeyProblem},
    mode::Mode,
    money::rupees,
    text::and_more,
};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::{
    http::{
        access::Gate,
        backend::{Backend, Front},
        keys::rows,
        pages::{cleaned::filters, key_form::Wanted, notes::Notes, respond::show_with_forms, unlock},
        reply::unanswered,
    },
    keys::{Issued, KeyAdmin, KeyError, KeyRow},
};

/// Who a change was made by, as the journal has it.
const BY: &str = "the keys page";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/keys").get(page))
        .service(web::resource("/keys/add").post(add))
        .service(web::resource("/keys/{name}/{act}").post(act));
}

/// What a button brought.
pub(in crate::http) enum Outcome {
    /// A key with its token.
    Fresh(Issued),
    /// It is done.
    Done(String),
    /// It is not done. What was entered into the form, if it came from there, is shown again.
    Refused(String, Option<Wanted>),
}

#[derive(Template)]
#[template(path = "keys.html")]
struct Page<'a> {
    nonce: &'a str,
    cards: Vec<Card>,
    /// What the forms carry; `None` when this browser has not shown the key.
    token: Option<String>,
    fresh: Option<(String, &'a str)>,
    done: Option<&'a str>,
    refused: Option<&'a str>,
    form: Wanted,
    /// Where bots reach the keeper, by the way that this browser has come.
    base: String,
}

/// One key in words.
struct Card {
    name: String,
    is_owner: bool,
    halted: bool,
    /// Why its entries are refused for the rest of the day.
    reached: Vec<&'static str>,
    mode: &'static str,
    meaning: &'static str,
    facts: Vec<(&'static str, String)>,
}

impl Card {
    fn of(row: &KeyRow) -> Self {
        let limit = |limit: Option<Decimal>| limit.map_or_else(|| "no limit".to_owned(), rupees);
        let day = row.today.clone().unwrap_or_default();
        let orders = match row.max_orders_per_day {
            Some(most) => format!("{} of {most} today", day.orders),
            None => format!("{} today, no limit", day.orders),
        };
        let mut result = rupees(day.result);
        if !day.unpriced.is_empty() {
            result.push_str(" (no price for some positions)");
        }
        let held: Vec<String> =
            row.simulated.iter().flatten().map(|one| format!("{} {}", one.net, one.symbol)).collect();
        let mut facts = vec![
            ("Orders", orders),
            (
                if row.mode == Mode::Live {
                    "Result of the day, real and simulated"
                } else {
                    "Result of the day"
                },
                result,
            ),
            ("Largest loss a day", limit(row.max_loss)),
            ("Largest order", limit(row.max_order_value)),
        ];
        if !held.is_empty() {
            facts.push(("Simulated positions", and_more(&held, 160)));
        }
        let at = |at: chrono::DateTime<chrono::FixedOffset>| at.format("%d %b %Y, %H:%M IST").to_string();
        facts.extend(row.created_at.map(|created| ("Added", at(created))));
        facts.extend(row.rotated_at.map(|rotated| ("New token since", at(rotated))));
        let (mode, meaning) = match (row.read_only, row.mode) {
            (true, _) => ("read only", "It may read. No order of it is sent or simulated."),
            (false, Mode::Live) => ("live", "Its orders go to FYERS while the keeper is live: real money."),
            (false, Mode::Sandbox) => {
                ("sandbox", "Its orders are simulated at FYERS' prices, whatever the mode.")
            }
            (false, Mode::Mock) => ("mock", "Everything it is told is simulated."),
        };
        let is_owner = row.name == BotName::owner().as_str();
        let reached = row.limits_reached.iter().map(|limit| limit.reached_words()).collect();
        Self { name: row.name.clone(), is_owner, halted: row.halted, reached, mode, meaning, facts }
    }
}

/// The address of this page's keeper.
fn base(request: &HttpRequest, front: &Front) -> String {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let public = front.public_url.as_ref().filter(|url| url.authority() == host);
    let scheme = public.map_or("http", |url| url.scheme());
    format!("{scheme}://{host}")
}

async fn page(
    request: HttpRequest,
    gate: Gate,
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    outcomes: web::Data<Notes<Outcome>>,
) -> HttpResponse {
    if !gate.may_see_keys() {
        return unlock::ask_for_key(None);
    }
    let Some(admin) = &front.keys else { return unanswered() };
    let cards = rows(admin, backend.as_ref()).iter().map(Card::of).collect();
    let token = gate.token();
    let outcome = token.as_ref().and_then(|token| outcomes.take(token));
    let (mut fresh, mut done, mut refused, mut form) = (None, None, None, Wanted::default());
    match &outcome {
        Some(Outcome::Fresh(issued)) => fresh = Some((issued.name.to_string(), issued.token.expose_secret())),
        Some(Outcome::Done(words)) => done = Some(words.as_str()),
        Some(Outcome::Refused(words, entered)) => {
            refused = Some(words.as_str());
            form = entered.clone().unwrap_or_default();
        }
        None => {}
    }
    let base = base(&request, &front);
    show_with_forms(200, |nonce| Page { nonce, cards, token, fresh, done, refused, form, base }.render())
}

async fn add(
    gate: Gate,
    front: web::Data<Front>,
    outcomes: web::Data<Notes<Outcome>>,
    wanted: web::Form<Wanted>,
) -> HttpResponse {
    if !gate.may_act(&wanted.token) {
        return not_from_here();
    }
    let Some(admin) = &front.keys else { return unanswered() };
    let wanted = wanted.into_inner();
    let outcome = match added(admin, &wanted).await {
        Ok(issued) => Outcome::Fresh(issued),
        Err(problem) => Outcome::Refused(problem, Some(wanted.clone())),
    };
    outcomes.leave(&wanted.token, outcome);
    to_keys()
}

async fn added(admin: &KeyAdmin, wanted: &Wanted) -> Result<Issued, String> {
    let wish = wanted.wish()?.read().map_err(|problem| KeyProblem::from(problem).to_string())?;
    admin.add(wish, BY).await.map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Press {
    token: String,
}

async fn act(
    gate: Gate,
    front: web::Data<Front>,
    outcomes: web::Data<Notes<Outcome>>,
    path: web::Path<(String, String)>,
    press: web::Form<Press>,
) -> HttpResponse {
    if !gate.may_act(&press.token) {
        return not_from_here();
    }
    let Some(admin) = &front.keys else { return unanswered() };
    let (name, act) = path.into_inner();
    let Ok(name) = BotName::new(&name) else { return HttpResponse::NotFound().body("nothing here\n") };
    let outcome = match act.as_str() {
        "rotate" => of_issued(admin.rotate(&name, BY).await),
        "remove" => of_done(admin.remove(&name, BY).await, format!("The key of bot {name} is removed.")),
        "halt" => {
            let halted = admin.halt(&name, true, BY).await.map(|_| ());
            of_done(halted, format!("Bot {name} is halted."))
        }
        "resume" => match admin.halt(&name, false, BY).await {
            Ok(false) => Outcome::Done(format!("Bot {name} was not halted.")),
            resumed => of_done(resumed.map(|_| ()), format!("The halt of bot {name} is over.")),
        },
        _ => return HttpResponse::NotFound().body("nothing here\n"),
    };
    outcomes.leave(&press.token, outcome);
    to_keys()
}

fn of_issued(issued: Result<Issued, KeyError>) -> Outcome {
    issued.map_or_else(|error| Outcome::Refused(error.to_string(), None), Outcome::Fresh)
}

fn of_done(done: Result<(), KeyError>, words: String) -> Outcome {
    done.map_or_else(|error| Outcome::Refused(error.to_string(), None), |()| Outcome::Done(words))
}

fn not_from_here() -> HttpResponse {
    HttpResponse::Forbidden().body("this button is not from this page: open /keys and press it there\n")
}

/// So that a reload repeats nothing.
fn to_keys() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/keys")).finish()
}
