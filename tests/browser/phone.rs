//! A browser the size of a phone, driven by WebDriver.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::Engine;
use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::Url;

use crate::support::{DEADLINE, free_port, wait_for};

/// A command that WebDriver itself does not have, but Chromium's does.
#[derive(Debug)]
struct Extra(&'static str, Value);

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.1.to_string()))
    }
}

/// A running browser; it ends with this value.
pub(crate) struct Phone {
    pub(crate) client: Client,
    driver: Child,
    _profile: TempDir,
    shots: PathBuf,
}

/// Width, height, and whether it is a phone.
pub(crate) type Size = (u32, u32, bool);
/// A phone in the hand.
pub(crate) const PHONE: Size = (390, 844, true);
/// A window on a backend.
pub(crate) const DESKTOP: Size = (1280, 900, false);
/// What every page is looked at in: a name, the size, and whether it is night.
pub(crate) const VIEWS: [(&str, Size, bool); 4] = [
    ("phone", PHONE, false),
    ("phone-dark", PHONE, true),
    ("desktop", DESKTOP, false),
    ("desktop-dark", DESKTOP, true),
];

fn capabilities(profile: &TempDir, dark: bool, (width, height, mobile): Size) -> Map<String, Value> {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let mut arguments =
        vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
    if dark {
        arguments.push("--force-dark-mode");
    }
    let options = json!({
        "args": arguments,
        "mobileEmulation": {"deviceMetrics": {
            "width": width, "height": height, "pixelRatio": if mobile { 2.0 } else { 1.0 }, "mobile": mobile,
        }},
    });
    let mut wanted = Map::new();
    wanted.insert("goog:chromeOptions".to_owned(), options);
    wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    wanted
}

impl Phone {
    /// Starts the browser; `name` is the folder of its screenshots.
    pub(crate) async fn start(name: &str, dark: bool) -> Self {
        Self::start_sized(name, dark, PHONE).await
    }

    /// Starts it with another size.
    pub(crate) async fn start_sized(name: &str, dark: bool, size: Size) -> Self {
        let port = free_port();
        let mut driver = Command::new("chromedriver");
        driver.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = driver.spawn().expect("chromedriver is missing: scripts/test installs it");
        wait_for("chromedriver", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        let profile = TempDir::new().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(&profile, dark, size));
        let client = client.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        Self { client, driver, _profile: profile, shots: shots(name) }
    }

    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits for an element and types into it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits for an element and taps it.
    pub(crate) async fn tap(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Waits for an element and reads it.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let wait = self.client.wait().at_most(DEADLINE).every(Duration::from_millis(50));
        wait.for_element(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Waits until the page's headline has these words, and returns the page's text.
    pub(crate) async fn sees(&self, headline: &str) -> String {
        let path = format!("//h1[contains(., '{headline}')]");
        let wait = self.client.wait().at_most(DEADLINE).every(Duration::from_millis(50));
        if wait.for_element(Locator::XPath(&path)).await.is_err() {
            panic!("no \"{headline}\" on {}", self.client.source().await.unwrap());
        }
        self.find("body").await.text().await.unwrap()
    }

    /// Waits until these words are anywhere on the page.
    pub(crate) async fn reads(&self, words: &str) {
        let path = format!("//body//*[contains(text(), '{words}')]");
        let wait = self.client.wait().at_most(DEADLINE).every(Duration::from_millis(50));
        if wait.for_element(Locator::XPath(&path)).await.is_err() {
            panic!("no \"{words}\" on {}", self.client.source().await.unwrap());
        }
    }

    /// Runs a script in the page and gives what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn waits_for(&self, expression: &str) {
        let script = format!("return Boolean({expression})");
        let end = std::time::Instant::now() + DEADLINE;
        while self.run(&script).await != true {
            assert!(std::time::Instant::now() < end, "{expression}: {}", self.client.source().await.unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the browser complains of in this page: blocked styles, scripts and requests, script errors.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Extra("se/log", json!({ "type": "browser" }))).await.unwrap();
        let of_the_page = |entry: &&Value| {
            let message = entry["message"].as_str().unwrap();
            !message.contains("favicon.ico") && !message.contains("401 (Unauthorized)")
        };
        log.as_array().unwrap().iter().filter(of_the_page).map(ToString::to_string).collect()
    }

    /// Takes a picture of the whole page, also of what is below the screen's edge.
    pub(crate) async fn shoot_whole(&self, name: &str) {
        let wish = json!({
            "cmd": "Page.captureScreenshot", "params": { "format": "png", "captureBeyondViewport": true },
        });
        let shot = self.client.issue_cmd(Extra("goog/cdp/execute", wish)).await.unwrap();
        let shot = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        fs::write(self.shots.join(format!("{name}.png")), shot).unwrap();
    }

    /// Closes the browser.
    pub(crate) async fn end(self) {
        self.client.clone().close().await.unwrap();
    }

    /// Takes a picture, for people to look at.
    pub(crate) async fn shoot(&self, name: &str) {
        fs::write(self.shots.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }
}

/// The folder for the pictures of one test.
fn shots(name: &str) -> PathBuf {
    let shots = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots").join(name);
    fs::create_dir_all(&shots).unwrap();
    shots
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ended = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}
