//! One file of the symbol master, from FYERS to the state folder.

use std::{
    io::{self, Read},
    path::Path,
    time::Duration,
};

use chrono::{DateTime, Utc};
use fyers_api::symbol_master::{CSV_ENDING, Counted, FOLDER, JSON_ENDING, MasterError};
use reqwest::{Client, NoProxy, Response, redirect};
use secrecy::SecretString;
use tokio::sync::mpsc;
use url::Url;

use crate::fyers::{
    config::SetupError,
    credentials,
    symbols::cache::{self, DiskError, Form},
};

/// The longest file, in bytes: the largest real one has 84 MB.
const LONGEST: usize = 512 * 1024 * 1024;
/// How long a whole file may take, and how long nothing may come.
const WHOLE: Duration = Duration::from_secs(15 * 60);
const SILENCE: Duration = Duration::from_secs(60);
/// Pieces on their way from the wire to the disk.
const PIECES: usize = 4;

/// Why a file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It did not come, or not whole.
    #[error("the connection failed")]
    Connection,
    /// Not 200.
    #[error("HTTP {0}")]
    Status(u16),
    /// More than any real one has.
    #[error("it is longer than 512 MiB")]
    TooLong,
    /// It came, but is none.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// It came, but cannot be kept.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// The client for public files: it knows no secret and follows no redirect.
pub(super) fn client(proxy: Option<&SecretString>) -> Result<Client, SetupError> {
    let mut builder = Client::builder()
        .user_agent(concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(SILENCE)
        .timeout(WHOLE)
        .no_proxy();
    if let Some(address) = proxy {
        let outside = NoProxy::from_string("localhost,127.0.0.0/8,::1");
        builder = builder.proxy(credentials::proxy(address)?.no_proxy(outside));
    }
    builder.build().map_err(|_| SetupError::Http)
}

/// Fetches a file: the JSON form, which knows more, or the CSV form when that one is not to be had.
pub(super) async fn fetch(
    client: &Client,
    base: &Url,
    file: &'static str,
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Counted, FetchError> {
    match one(client, address(base, file, JSON_ENDING), (file, Form::Json), folder, now).await {
        Err(FetchError::Status(_) | FetchError::Master(MasterError::Form | MasterError::Empty)) => {
            one(client, address(base, file, CSV_ENDING), (file, Form::Csv), folder, now).await
        }
        fetched => fetched,
    }
}

fn address(base: &Url, file: &str, ending: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(FOLDER).push(&format!("{file}{ending}"));
    }
    url
}

async fn one(
    client: &Client,
    url: Url,
    (file, form): (&'static str, Form),
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Counted, FetchError> {
    let response = client.get(url).send().await.map_err(|_| FetchError::Connection)?;
    if response.status() != 200 {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let (pieces, source) = mpsc::channel(PIECES);
    let folder = folder.to_owned();
    let source = Pieces { source, now: vec![], at: 0 };
    let written = tokio::task::spawn_blocking(move || cache::write(&folder, file, (form, source), now));
    let came = pass_on(response, pieces).await;
    let written = written.await.map_err(|_| FetchError::Connection)?;
    came.and_then(|()| Ok(written??))
}

/// Hands the body on as it comes. The receiver hears of a body that broke off.
async fn pass_on(
    mut response: Response,
    pieces: mpsc::Sender<io::Result<Vec<u8>>>,
) -> Result<(), FetchError> {
    let mut length = 0;
    loop {
        let piece = match response.chunk().await {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(()),
            Err(_) => {
                let _gone = pieces.send(Err(io::ErrorKind::ConnectionReset.into())).await;
                return Err(FetchError::Connection);
            }
        };
        length += piece.len();
        if length > LONGEST {
            let _gone = pieces.send(Err(io::ErrorKind::FileTooLarge.into())).await;
            return Err(FetchError::TooLong);
        }
        if pieces.send(Ok(piece.to_vec())).await.is_err() {
            // The reader has seen enough to know that it is no master.
            return Ok(());
        }
    }
}

/// The body as a file, for the thread that reads it.
struct Pieces {
    source: mpsc::Receiver<io::Result<Vec<u8>>>,
    now: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.now.len() {
            match self.source.blocking_recv() {
                None => return Ok(0),
                Some(piece) => (self.now, self.at) = (piece?, 0),
            }
        }
        let left = self.now.get(self.at..).unwrap_or_default();
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}
