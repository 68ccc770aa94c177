//! What a standby says itself, where it has no answer of the holder.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{CONTENT_TYPE, RETRY_AFTER},
    web,
};
use keeper_domain::text::{escaped, shown_lines};

use crate::{
    http::error,
    standby::holder::{Held, Holder},
};

/// Where FYERS' login ends.
const LOGIN: &str = "/fyers/callback";

/// The holder was asked, and its answer did not come: an order may be at FYERS. As the gateway itself answers then.
pub(super) fn not_known(request: &HttpRequest) -> HttpResponse {
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
pub(super) fn without_address(held: Option<&Held>) -> &'static str {
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

/// What a person can do who wants the page of the keeper that acts, or wants this one to act.
fn advice(held: Option<&Held>) -> Vec<String> {
    const HANDOVER: &str = "To have this keeper act in its place, run `fyers-keeper handover` on the other one's machine. If that \
                            machine is down, this keeper takes over by itself after about 15 seconds.";
    const ELSEWHERE: &str = "Open the page at the other keeper's own address. Once KEEPER_ADVERTISE_URL is set there, this address \
                             leads to it as well.";
    match held {
        None => vec![
            "The other keeper may act all the same: open the page at its own address. Here, `fyers-keeper doctor` says what is \
             wrong with the database."
                .to_owned(),
        ],
        Some(Held { acts: false, .. }) => {
            vec!["One of them acts within about 15 seconds: then this page opens.".to_owned()]
        }
        Some(Held { is_here: true, .. }) => vec![
            "After a restart this page opens within about 15 seconds. If another keeper acts, give each a KEEPER_ADVERTISE_URL of \
             its own."
                .to_owned(),
        ],
        Some(Held { address: None, .. }) => vec![ELSEWHERE.to_owned(), HANDOVER.to_owned()],
        Some(Held { address: Some(address), .. }) => {
            vec![format!("The keeper that acts is at {address}: open its page there."), HANDOVER.to_owned()]
        }
    }
}

/// The answer when nobody can be asked, as FYERS would write it: nothing was done.
pub(super) fn nobody(request: &HttpRequest, why: &str) -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, "2"));
    let held = request.app_data::<web::Data<Holder>>().and_then(|holder| holder.get());
    refused_with(response, request, &format!("{why}; nothing was done"), &advice(held.as_ref()))
}

pub(super) fn refused(response: HttpResponseBuilder, request: &HttpRequest, why: &str) -> HttpResponse {
    refused_with(response, request, why, &[])
}

fn refused_with(
    mut response: HttpResponseBuilder,
    request: &HttpRequest,
    why: &str,
    advice: &[String],
) -> HttpResponse {
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
        return as_page(&response.finish(), why, advice);
    }
    response.body(format!("{}\n", shown_lines(&message)))
}

/// The same for a person with a browser.
fn as_page(plain: &HttpResponse, why: &str, advice: &[String]) -> HttpResponse {
    let mut letters = why.chars();
    let begin = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let words = format!("{begin}{}.", letters.as_str());
    let mut page =
        error::page(plain.status().as_u16(), ("This keeper stands by", &words), advice, "Try again");
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

    /// A person who opens the standby's page learns where to go, and how this keeper would act.
    #[actix_web::test]
    async fn the_page_says_what_a_person_can_do() {
        let acting = |address: Option<&str>| Held {
            address: address.map(str::to_owned),
            acts: true,
            ..Held::default()
        };
        for (held, words) in [
            (None, vec!["fyers-keeper doctor"]),
            (Some(Held::default()), vec!["within about 15 seconds"]),
            (Some(Held { is_here: true, ..acting(None) }), vec!["a KEEPER_ADVERTISE_URL of its own"]),
            (Some(acting(None)), vec!["at the other keeper&#39;s own address", "fyers-keeper handover"]),
            (
                Some(acting(Some("http://10.0.0.1:8080"))),
                vec!["is at http://10.0.0.1:8080: open its page there", "fyers-keeper handover"],
            ),
        ] {
            let holder = Holder::default();
            held.into_iter().for_each(|held| holder.set(held));
            let request = TestRequest::get().insert_header(("accept", "text/html"));
            let request = request.app_data(web::Data::new(holder)).to_http_request();
            let body = to_bytes(nobody(&request, "this keeper stands by").into_body()).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(words.iter().all(|words| body.contains(words)), "{words:?}: {body}");
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
