//! What a standby serves: that it is alive, that it is not ready, and for everything else the way to the holder.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse,
    body::BodyStream,
    dev::Server,
    http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN},
    middleware::from_fn,
    web,
};
use keeper_domain::{
    keys::relayed_client::{CLIENT_HEADER, PASSED_ON_HEADER},
    text::shown_lines,
};
use tokio::sync::Semaphore;

use crate::{
    build_info,
    http::{
        door::{Door, bind, headers},
        relayed,
    },
    memory::Memory,
    standby::{
        answer::{copied, is_end_to_end},
        holder::{Held, Holder},
        page::{AtHolder, Page},
        reach::Reach,
        refusal::{nobody, not_known, refused, without_address},
        tunnel,
    },
    under_way::UnderWay,
};

/// How long a request that is passed on may take: longer than the holder itself waits for FYERS.
const LIMIT: Duration = Duration::from_secs(40);
/// How long the way to the holder may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// WebSockets at once, as many as the holder has.
const MOST_SOCKETS: usize = 256;
const STANDS_BY: &str = "this keeper stands by for another one";

/// Serves while it is polled, until it is stopped. Strangers have the same bounds as at the keeper that acts.
pub(super) fn serve(
    page: Page,
    holder: Holder,
    (reach, relays): (Reach, UnderWay),
) -> std::io::Result<Server> {
    let listener = bind(page.listen)?;
    let bound = listener.local_addr()?;
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(std::io::Error::other)?;
    let door = Door::new(relayed::connections(), page.trusted_proxies.clone());
    // A budget of its own, which ends with it: the keeper's listener comes after it.
    let memory = Memory::default();
    memory.relieved_by(door.relief());
    let data = (web::Data::new(holder), web::Data::new(client), web::Data::new(Semaphore::new(MOST_SOCKETS)));
    let (reach, relays) = (web::Data::new(reach), web::Data::new(relays));
    let (page, memory) = (web::Data::new(page), web::Data::new(memory));
    door.serve((listener, bound), move || {
        App::new()
            .wrap(from_fn(relayed::read_first))
            .wrap(headers())
            .app_data(data.0.clone())
            .app_data(data.1.clone())
            .app_data(data.2.clone())
            .app_data(reach.clone())
            .app_data(relays.clone())
            .app_data(page.clone())
            .app_data(memory.clone())
            .service(web::resource("/livez").to(async || HttpResponse::Ok().body("alive\n")))
            .service(web::resource("/readyz").to(readyz))
            .service(web::resource("/metrics").to(metrics))
            .default_service(web::to(pass_on))
    })
}

async fn readyz(holder: web::Data<Holder>, reach: web::Data<Reach>) -> HttpResponse {
    let state = match holder.get() {
        Some(Held { acts: true, .. }) => "standby",
        Some(Held { acts: false, .. }) => "standby\nno keeper acts at this moment; this one is about to",
        None => "the lease has not been read yet",
    };
    let database = holder.away().map_or_else(String::new, |why| format!("{}\n", of_the_database(&why)));
    let words = format!("{state}\n{database}{}\n", reach.words());
    HttpResponse::ServiceUnavailable().body(shown_lines(&words).into_owned())
}

fn of_the_database(why: &str) -> String {
    format!(
        "the database does not answer here, so that this keeper cannot act and does not know who does: {why}"
    )
}

/// This keeper's own numbers: whoever collects them asks the holder for its own.
async fn metrics(holder: web::Data<Holder>, reach: web::Data<Reach>) -> HttpResponse {
    let answers = i64::from(holder.away().is_none());
    let reaches = reach.answers().map_or(-1, i64::from);
    let epoch = holder.get().map_or(0, |held| held.epoch);
    let (version, commit) = (build_info::VERSION, build_info::COMMIT);
    let text = format!(
        "# TYPE fyers_keeper_build_info gauge\n\
         fyers_keeper_build_info{{version=\"{version}\",commit=\"{commit}\"}} 1\n\
         # TYPE fyers_keeper_lease_held gauge\nfyers_keeper_lease_held 0\n\
         # TYPE fyers_keeper_lease_epoch gauge\nfyers_keeper_lease_epoch {epoch}\n\
         # TYPE fyers_keeper_lease_database_answers gauge\nfyers_keeper_lease_database_answers {answers}\n\
         # TYPE fyers_keeper_lease_standby_reaches_fyers gauge\n\
         fyers_keeper_lease_standby_reaches_fyers {reaches}\n"
    );
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(text)
}

async fn pass_on(
    request: HttpRequest,
    payload: web::Payload,
    holder: web::Data<Holder>,
    client: web::Data<reqwest::Client>,
    (sockets, relays, page): (web::Data<Semaphore>, web::Data<UnderWay>, web::Data<Page>),
) -> HttpResponse {
    if relayed::is_socket(&request) {
        return passed_on(
            &request,
            Asks::ForSocket(payload, sockets.into_inner()),
            &holder,
            (&client, &relays, &page),
        )
        .await;
    }
    // Before anything is said: who sends it must not wait with the rest of it.
    match relayed::body(&request, payload).await {
        Ok(body) => passed_on(&request, Asks::With(body), &holder, (&client, &relays, &page)).await,
        Err((status, why)) => {
            let mut response = HttpResponse::build(status);
            response.force_close();
            refused(response, &request, &format!("{why}; nothing was done"))
        }
    }
}

/// What comes with a request.
enum Asks {
    /// Its body, whole.
    With(web::Bytes),
    /// It becomes a socket, if there is a seat for it.
    ForSocket(web::Payload, Arc<Semaphore>),
}

async fn passed_on(
    request: &HttpRequest,
    asks: Asks,
    holder: &Holder,
    (client, relays, page): (&reqwest::Client, &UnderWay, &Page),
) -> HttpResponse {
    let Some(_until_answered) = relays.begin() else {
        return nobody(request, "this keeper stands by no longer: ask again in a moment");
    };
    let address = match address(request, holder) {
        Ok(address) => address,
        Err(why) => return nobody(request, &why),
    };
    let origin = match page.at_holder(request, &address) {
        AtHolder::Unchanged => None,
        AtHolder::As(origin) => Some(origin),
        AtHolder::Elsewhere(page) => {
            let why = format!(
                "{STANDS_BY}, and its pages cannot be used at this address: open {page}; nothing was done"
            );
            return refused(HttpResponse::Forbidden(), request, &why);
        }
    };
    let Some(url) = asked(request, &address) else {
        let why = format!("{STANDS_BY}; the path can be read in two ways, so nothing was done");
        return refused(HttpResponse::BadRequest(), request, &why);
    };
    let told = holder.told_of(relayed::client(request, &page.trusted_proxies, page.listen.port()));
    if told.is_none() && relayed::is_of_a_user(request) {
        let why =
            format!("{STANDS_BY}, and it cannot tell that one yet whose page this is: ask again in a moment");
        return nobody(request, &why);
    }
    let Some(question) = question(request, (url, origin.as_deref(), told), client) else {
        return nobody(request, &format!("{STANDS_BY}, and the other one cannot be asked that"));
    };
    let _answering = relayed::answering(request);
    let passed = match asks {
        Asks::ForSocket(payload, sockets) => {
            let Ok(seat) = sockets.try_acquire_owned() else {
                return nobody(request, &format!("{STANDS_BY}, and too many sockets are open"));
            };
            tunnel::open(question, payload, (holder.clone(), seat)).await.ok_or(NoAnswer::NotSent)
        }
        Asks::With(body) => tokio::select! {
            biased;
            answered = ask(request, question.body(body)) => answered,
            () = relays.given_up() => Err(NoAnswer::NotKnown),
        },
    };
    match passed {
        Ok(answer) => {
            relayed::note_answer(request, answer.status());
            answer
        }
        Err(NoAnswer::NotSent) => nobody(request, &format!("{STANDS_BY}, and that one does not answer")),
        Err(NoAnswer::NotKnown) => not_known(request),
    }
}

/// Where the holder is, if it is to be asked.
///
/// # Errors
/// Why not, in words.
fn address(request: &HttpRequest, holder: &Holder) -> Result<String, String> {
    let (held, away) = (holder.get(), holder.away());
    if let Some(why) = away.as_ref().filter(|_| request.path() == "/api/status") {
        // Whoever asks how it is here is not told how it is elsewhere.
        return Err(format!("this keeper stands by, and {}", of_the_database(why)));
    }
    let Some(address) = held.as_ref().and_then(|held| held.address.clone()) else {
        let why = away.map_or_else(String::new, |why| format!("; {}", of_the_database(&why)));
        return Err(format!("{}{why}", without_address(held.as_ref())));
    };
    // Two of them never pass it to and fro.
    if request.headers().contains_key(PASSED_ON_HEADER) {
        return Err(format!("{STANDS_BY}, connect to {address} instead"));
    }
    Ok(address)
}

/// Why there is no answer of the holder.
enum NoAnswer {
    /// It has not heard the question.
    NotSent,
    /// It may have.
    NotKnown,
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() { Self::NotSent } else { Self::NotKnown }
    }
}

/// What is asked of the holder there; `None` for a path in which something would be resolved on the way: the holder judges
/// paths as they were written, and must see this one so.
fn asked(request: &HttpRequest, address: &str) -> Option<reqwest::Url> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let base = reqwest::Url::parse(address).ok()?;
    let url = reqwest::Url::parse(&format!("{}{path}", address.trim_end_matches('/'))).ok()?;
    let is_as_written = url.path() == format!("{}{}", base.path().trim_end_matches('/'), request.path());
    (is_as_written && url.origin() == base.origin()).then_some(url)
}

/// The same question to the holder, as far as it is not about this connection.
fn question(
    request: &HttpRequest,
    (url, origin, told): (reqwest::Url, Option<&str>, Option<String>),
    client: &reqwest::Client,
) -> Option<reqwest::RequestBuilder> {
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    let mut question = client.request(method, url);
    for (name, value) in request.headers() {
        match origin {
            // Of whom it is asked says this keeper alone.
            _ if !is_end_to_end(name) || name == HOST || name == CLIENT_HEADER => {}
            // A session is good for one user, who is not named.
            _ if name == COOKIE && told.is_none() => {}
            Some(origin) if name == ORIGIN => question = question.header(name.as_str(), origin),
            _ => question = question.header(name.as_str(), value.as_bytes()),
        }
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
    // Never believed as coming from the holder's own machine.
    question = question.header("x-forwarded-for", peer).header(PASSED_ON_HEADER, "1");
    Some(told.into_iter().fold(question, |question, told| question.header(CLIENT_HEADER, told)))
}

async fn ask(request: &HttpRequest, question: reqwest::RequestBuilder) -> Result<HttpResponse, NoAnswer> {
    let answer = question.send().await?;
    let mut response = copied(&answer).ok_or(NoAnswer::NotKnown)?;
    if request.method().is_safe() {
        return Ok(response.body(BodyStream::new(answer.bytes_stream())));
    }
    // What came of an order is known with the last byte of its answer, which is short.
    Ok(response.body(answer.bytes().await?))
}
