//! A browser the size of a phone, driven by WebDriver.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{DEADLINE, free_port, wait_for};

/// A running browser; it ends with this value.
pub(crate) struct Phone {
    pub(crate) client: Client,
    driver: Child,
    _profile: TempDir,
    shots: PathBuf,
}

fn capabilities(profile: &TempDir, dark: bool) -> Map<String, Value> {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let mut arguments =
        vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
    if dark {
        arguments.push("--force-dark-mode");
    }
    let options = json!({
        "args": arguments,
        "mobileEmulation": {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true}},
    });
    let mut wanted = Map::new();
    wanted.insert("goog:chromeOptions".to_owned(), options);
    wanted
}

impl Phone {
    /// Starts the browser; `name` is the folder of its screenshots.
    pub(crate) async fn start(name: &str, dark: bool) -> Self {
        let port = free_port();
        let mut driver = Command::new("chromedriver");
        driver.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = driver.spawn().expect("chromedriver is missing: scripts/test installs it");
        wait_for("chromedriver", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        let profile = TempDir::new().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities(&profile, dark));
        let client = client.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        Self { client, driver, _profile: profile, shots: shots(name) }
    }

    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits for an element and types into it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
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
