//! A client that does by hand what a browser does by itself, and nothing more.

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use simulator::RefreshMode;

use crate::support::{Home, Keeper, block_on};

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"token\" value=\"").expect("a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }

    /// The visit's cookie as a browser would send it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

pub(crate) fn client() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

async fn read(answer: Response) -> Answer {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, body: answer.text().await.unwrap() }
}

pub(crate) fn send(change: impl FnOnce(Client) -> RequestBuilder) -> Answer {
    block_on(async { read(change(client()).send().await.unwrap()).await })
}

pub(crate) fn get(keeper: &Keeper, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(|client| with(client.get(keeper.url(path)), headers))
}

pub(crate) fn post(keeper: &Keeper, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    send(|client| with(client.post(keeper.url(path)), headers).form(form))
}

pub(crate) fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

pub(crate) fn key(home: &Home) -> String {
    std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned()
}

/// Enters the key as the form does.
pub(crate) fn unlock(keeper: &Keeper, key: &str) -> Answer {
    post(keeper, "/unlock", &[("sec-fetch-site", "same-origin")], &[("key", key)])
}

/// A trading day, before noon, with a way to log in and no token.
pub(crate) fn day() -> Home {
    let home = Home::at("2026-11-23T11:02:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    home
}

/// The same, heard by everybody.
pub(crate) fn open(home: Home) -> Home {
    let port = home.port;
    home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"))
}

/// A person logs in.
pub(crate) fn log_in(home: &Home, keeper: &Keeper) {
    let url = get(keeper, "/fyers/login", &[]).header("location").to_owned();
    let state = parameter(&url, "state");
    let code = parameter(&home.sim.callback_url(&state).unwrap(), "auth_code");
    let done = post(keeper, "/fyers/callback", &[], &[("auth_code", &code), ("state", &state)]);
    assert_eq!(done.status, 200, "{done:?}");
}

fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
}
