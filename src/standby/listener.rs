//! What a standby serves: that it is alive, that it is not ready, and for everything else the way to the holder.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    http::{
        StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, RETRY_AFTER, TRANSFER_ENCODING, UPGRADE},
    },
    web,
};

/// How long a request that is passed on may take: longer than the holder itself waits for FYERS.
const LIMIT: Duration = Duration::from_secs(40);
/// How long the way to the holder may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// The longest body that is passed on.
const LONGEST_BODY: usize = 1 << 20;
/// What tells a keeper that a request came through a standby, so that two of them never pass it to and fro.
const PASSED_ON: HeaderName = HeaderName::from_static("x-keeper-passed-on");

/// Where the holder is reached, as the lease says; nothing before the lease has been read.
#[derive(Debug, Clone, Default)]
pub struct Holder(Arc<Mutex<Option<Option<String>>>>);

impl Holder {
    /// What the lease says now.
    pub fn set(&self, address: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    fn get(&self) -> Option<Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves while it is polled, until it is stopped.
pub(super) fn serve(listen: SocketAddr, holder: Holder) -> std::io::Result<Server> {
    let listener = TcpListener::bind(listen)?;
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(std::io::Error::other)?;
    let data = (web::Data::new(holder), web::Data::new(client));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.0.clone())
            .app_data(data.1.clone())
            .app_data(web::PayloadConfig::new(LONGEST_BODY))
            .service(web::resource("/livez").to(async || HttpResponse::Ok().body("alive\n")))
            .service(web::resource("/readyz").to(readyz))
            .default_service(web::to(pass_on))
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

async fn readyz(holder: web::Data<Holder>) -> HttpResponse {
    let state = if holder.get().is_some() { "standby\n" } else { "the lease has not been read yet\n" };
    HttpResponse::ServiceUnavailable().body(state)
}

async fn pass_on(
    request: HttpRequest,
    body: web::Bytes,
    holder: web::Data<Holder>,
    client: web::Data<reqwest::Client>,
) -> HttpResponse {
    let Some(address) = holder.get().flatten() else {
        return nobody(&request, "and no other address is known here");
    };
    if request.headers().contains_key(UPGRADE) || request.headers().contains_key(PASSED_ON) {
        return nobody(&request, &format!("connect to {address} instead"));
    }
    match ask(&request, body, &address, &client).await {
        Some(answer) => answer,
        None => nobody(&request, "and the other one does not answer"),
    }
}

async fn ask(
    request: &HttpRequest,
    body: web::Bytes,
    address: &str,
    client: &reqwest::Client,
) -> Option<HttpResponse> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let url = reqwest::Url::parse(&format!("{}{path}", address.trim_end_matches('/'))).ok()?;
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    let mut question = client.request(method, url).body(body);
    for (name, value) in request.headers() {
        if is_end_to_end(name) && name != HOST {
            question = question.header(name.as_str(), value.as_bytes());
        }
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
    // Never believed as coming from the holder's own machine.
    question = question.header("x-forwarded-for", peer).header(PASSED_ON.as_str(), "1");
    let answer = question.send().await.ok()?;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status().as_u16()).ok()?);
    for (name, value) in answer.headers() {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        if is_end_to_end(&name) {
            response.append_header((name, value.as_bytes()));
        }
    }
    Some(response.streaming(answer.bytes_stream()))
}

fn is_end_to_end(name: &HeaderName) -> bool {
    let of_the_connection = ["keep-alive", "proxy-authorization", "te", "trailer"];
    ![CONNECTION, TRANSFER_ENCODING, UPGRADE, CONTENT_LENGTH].contains(name)
        && !of_the_connection.contains(&name.as_str())
}

/// The answer when nobody can be asked, as FYERS would write it: nothing was done.
fn nobody(request: &HttpRequest, more: &str) -> HttpResponse {
    let message = format!("fyers-keeper: this keeper stands by for another one, {more}; nothing was done");
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, "2"));
    response.insert_header(("X-Keeper-Mode", "standby")).insert_header(("X-Keeper-Order-Venue", "none"));
    let is_of_bots = ["/api/", "/data"].iter().any(|start| request.path().starts_with(start));
    if is_of_bots {
        return response.json(serde_json::json!({ "code": -503, "message": message, "s": "error" }));
    }
    response.body(format!("{message}\n"))
}
