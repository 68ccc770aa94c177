//! What a standby serves: that it is alive, that it is not ready, and for everything else the way to the holder.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    dev::Server,
    http::header::{CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER, UPGRADE},
    web,
};
use keeper_domain::text::{escaped, shown_lines};
use tokio::sync::Semaphore;

use crate::{
    build_info,
    http::error,
    standby::{
        answer::{copied, is_end_to_end},
        holder::{Held, Holder},
        reach::Reach,
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
/// The longest body that is passed on.
const LONGEST_BODY: usize = 1 << 20;
/// Where FYERS' login ends.
const LOGIN: &str = "/fyers/callback";
const STANDS_BY: &str = "this keeper stands by for another one";
/// What tells a keeper that a request came through a standby, so that two of them never pass it to and fro.
const PASSED_ON: HeaderName = HeaderName::from_static("x-keeper-passed-on");

/// Serves while it is polled, until it is stopped.
pub(super) fn serve(
    listen: SocketAddr,
    holder: Holder,
    (reach, relays): (Reach, UnderWay),
) -> std::io::Result<Server> {
    let listener = TcpListener::bind(listen)?;
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(std::io::Error::other)?;
    let data = (web::Data::new(holder), web::Data::new(client), web::Data::new(Semaphore::new(MOST_SOCKETS)));
    let (reach, relays) = (web::Data::new(reach), web::Data::new(relays));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.0.clone())
            .app_data(data.1.clone())
            .app_data(data.2.clone())
            .app_data(reach.clone())
            .app_data(relays.clone())
            .service(web::resource("/livez").to(async || HttpResponse::Ok().body("alive\n")))
            .service(web::resource("/readyz").to(readyz))
            .service(web::resource("/metrics").to(metrics))
            .default_service(web::to(pass_on))
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
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
    (sockets, relays): (web::Data<Semaphore>, web::Data<UnderWay>),
) -> HttpResponse {
    let Some(_until_answered) = relays.begin() else {
        return nobody(&request, "this keeper stands by no longer: ask again in a moment");
    };
    let (held, away) = (holder.get(), holder.away());
    if let Some(why) = away.as_ref().filter(|_| request.path() == "/api/status") {
        // Whoever asks how it is here is not told how it is elsewhere.
        return nobody(&request, &format!("this keeper stands by, and {}", of_the_database(why)));
    }
    let Some(address) = held.as_ref().and_then(|held| held.address.clone()) else {
        let why = away.map_or_else(String::new, |why| format!("; {}", of_the_database(&why)));
        return nobody(&request, &format!("{}{why}", without_address(held.as_ref())));
    };
    if request.headers().contains_key(PASSED_ON) {
        return nobody(&request, &format!("{STANDS_BY}, connect to {address} instead"));
    }
    let passed = if request.headers().contains_key(UPGRADE) {
        let Ok(seat) = sockets.into_inner().try_acquire_owned() else {
            return nobody(&request, &format!("{STANDS_BY}, and too many sockets are open"));
        };
        let Some(question) = question(&request, &address, &client) else {
            return nobody(&request, &format!("{STANDS_BY}, and the other one cannot be asked that"));
        };
        let opened = tunnel::open(question, payload, (holder.get_ref().clone(), seat)).await;
        opened.ok_or(NoAnswer::NotSent)
    } else {
        let Ok(Ok(body)) = payload.to_bytes_limited(LONGEST_BODY).await else {
            return HttpResponse::PayloadTooLarge().finish();
        };
        tokio::select! {
            biased;
            answered = ask(&request, body, &address, &client) => answered,
            () = relays.given_up() => Err(NoAnswer::NotKnown),
        }
    };
    passed.unwrap_or_else(|why| match why {
        NoAnswer::NotSent => nobody(&request, &format!("{STANDS_BY}, and that one does not answer")),
        NoAnswer::NotKnown => not_known(&request),
    })
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

/// The holder was asked, and its answer did not come: an order may be at FYERS. As the gateway itself answers then.
fn not_known(request: &HttpRequest) -> HttpResponse {
    const SILENT: &str = "the keeper that acts did not answer";
    if request.method().is_safe() {
        let why = format!("{SILENT}; nothing was changed");
        return refused(HttpResponse::GatewayTimeout(), request, &why);
    }
    if request.path() == LOGIN {
        return changed_hands(request);
    }
    // Beside the orders of bots there are the keeper's own: keys and refresh.
    if !request.path().starts_with("/api/v3") {
        let why = format!("{SILENT}: whether it was done is not known");
        return refused(HttpResponse::GatewayTimeout(), request, &why);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Keeper-Mode", "standby"));
    let message = "fyers-keeper: the order was passed on to the keeper that acts, and its outcome is not known. Look in the \
                   order book before sending it again.";
    response.insert_header(("X-Keeper-Order-Venue", "fyers"));
    response.json(serde_json::json!({ "s": "ok", "code": 201, "message": message, "id": "" }))
}

/// A code works once: whether it has become a token shows with the keeper that acts now.
fn changed_hands(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, "5"));
    let why = "the keeper changed hands in this moment, and what came of the login is not known yet: open the status page \
               (or send /status to the bot); if it still asks for a login, log in again";
    refused(response, request, why)
}

/// Why nobody can be asked.
fn without_address(held: Option<&Held>) -> &'static str {
    match held {
        None => "this keeper stands by, and who acts is not known: the database has not answered yet",
        Some(Held { acts: false, .. }) => "no keeper acts at this moment; this one stands by and is about to",
        Some(Held { is_here: true, .. }) => {
            "this keeper waits for the end of the lease of the run before here; if another keeper acts, it has the same \
             KEEPER_ADVERTISE_URL as this one"
        }
        Some(_) => {
            "this keeper stands by for another one, and that one does not say where it is reached (KEEPER_ADVERTISE_URL)"
        }
    }
}

/// The same question to the holder, as far as it is not about this connection.
fn question(
    request: &HttpRequest,
    address: &str,
    client: &reqwest::Client,
) -> Option<reqwest::RequestBuilder> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let url = reqwest::Url::parse(&format!("{}{path}", address.trim_end_matches('/'))).ok()?;
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    let mut question = client.request(method, url);
    for (name, value) in request.headers() {
        if is_end_to_end(name) && name != HOST {
            question = question.header(name.as_str(), value.as_bytes());
        }
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
    // Never believed as coming from the holder's own machine.
    Some(question.header("x-forwarded-for", peer).header(PASSED_ON.as_str(), "1"))
}

async fn ask(
    request: &HttpRequest,
    body: web::Bytes,
    address: &str,
    client: &reqwest::Client,
) -> Result<HttpResponse, NoAnswer> {
    let question = question(request, address, client).ok_or(NoAnswer::NotSent)?;
    let answer = question.body(body).send().await?;
    let mut response = copied(&answer).ok_or(NoAnswer::NotKnown)?;
    if request.method().is_safe() {
        return Ok(response.streaming(answer.bytes_stream()));
    }
    // What came of an order is known with the last byte of its answer, which is short.
    Ok(response.body(answer.bytes().await?))
}

/// The answer when nobody can be asked, as FYERS would write it: nothing was done.
fn nobody(request: &HttpRequest, why: &str) -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, "2"));
    refused(response, request, &format!("{why}; nothing was done"))
}

fn refused(mut response: HttpResponseBuilder, request: &HttpRequest, why: &str) -> HttpResponse {
    let message = format!("fyers-keeper: {why}");
    response.insert_header(("X-Keeper-Mode", "standby")).insert_header(("X-Keeper-Order-Venue", "none"));
    let is_of_bots = ["/api/", "/data"].iter().any(|start| request.path().starts_with(start));
    if is_of_bots {
        let object = serde_json::json!({ "code": -503, "message": message, "s": "error" }).to_string();
        return response
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(escaped(&object).into_owned());
    }
    if error::accepts_pages(request) {
        return as_page(&response.finish(), why);
    }
    response.body(format!("{}\n", shown_lines(&message)))
}

/// The same for a person with a browser.
fn as_page(plain: &HttpResponse, why: &str) -> HttpResponse {
    let mut letters = why.chars();
    let begin = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let words = format!("{begin}{}.", letters.as_str());
    let mut page = error::page(plain.status().as_u16(), "This keeper stands by", &words, "Try again");
    for (name, value) in plain.headers() {
        page.headers_mut().insert(name.clone(), value.clone());
    }
    page
}

#[cfg(test)]
mod tests {
    use actix_web::{body::to_bytes, test::TestRequest};

    use super::*;

    #[actix_web::test]
    async fn a_browser_sees_a_page_and_a_bot_fyers_json() {
        let why = "this keeper stands by, and that is <all>";
        let asked = |path: &str, accept: &str| {
            let request = TestRequest::with_uri(path).insert_header(("accept", accept)).to_http_request();
            nobody(&request, why)
        };
        for (path, accept, kind, words) in [
            (
                "/",
                "text/html,*/*",
                "text/html",
                "<p>This keeper stands by, and that is &#60;all&#62;; nothing was done.</p>",
            ),
            ("/", "*/*", "", "fyers-keeper: this keeper stands by, and that is <all>; nothing was done"),
            ("/api/v3/orders", "text/html", "application/json", "\"code\":-503"),
        ] {
            let answer = asked(path, accept);
            let header = |name: &str| {
                answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
            };
            assert_eq!(answer.status().as_u16(), 503);
            assert!(header("content-type").starts_with(kind), "{path}: {}", header("content-type"));
            assert_eq!(
                (header("retry-after"), header("x-keeper-mode")),
                ("2".to_owned(), "standby".to_owned())
            );
            let body = to_bytes(answer.into_body()).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains(words), "{path} {accept}: {body}");
        }
    }

    /// Of an order alone it is said that it may be at FYERS; no request of the keeper's own is told as done.
    #[actix_web::test]
    async fn without_an_answer_only_an_order_has_an_unknown_outcome() {
        for (method, path, status, words) in [
            ("POST", "/api/v3/orders/sync", 200, "its outcome is not known"),
            ("DELETE", "/api/v3/positions", 200, "its outcome is not known"),
            ("GET", "/api/v3/orders", 504, "nothing was changed"),
            ("POST", "/api/keys", 504, "whether it was done is not known"),
            ("POST", "/act/halt", 504, "whether it was done is not known"),
            ("POST", "/fyers/callback", 503, "if it still asks for a login, log in again"),
        ] {
            let request = TestRequest::with_uri(path).method(method.parse().unwrap()).to_http_request();
            let answer = not_known(&request);
            assert_eq!(answer.status().as_u16(), status, "{method} {path}");
            let body = to_bytes(answer.into_body()).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains(words), "{method} {path}: {body}");
            assert_eq!(body.contains(r#""code":201"#), status == 200, "{body}");
        }
    }
}
