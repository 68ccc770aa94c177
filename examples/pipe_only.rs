//! The gateway with nothing behind it but the pipe: no actors, no mode, no limits. For measuring what the HTTP
//! side costs (`scripts/load`), never for trading.
//!
//! ```text
//! cargo run --release --example pipe_only -- --upstream http://127.0.0.1:9000 --key KEY
//! ```

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use clap::Parser;
use fyers_keeper::{
    fyers::{FyersConfig, FyersPipe, Timeouts},
    login::LoginReport,
    status::{SessionStatus, Status},
    web::{Desk, listen},
};
use keeper_actors::{
    exchange::{
        gateway::{Call, Forwarded, Pipe},
        mode::Venue,
    },
    mode::Mode,
    reason::Reason,
    secret::{AccessToken, AuthCode},
};
use secrecy::SecretString;
use url::Url;

#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 means any
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What stands in for FYERS, without a path
    #[arg(long)]
    upstream: Url,
    /// What bots show
    #[arg(long)]
    key: String,
    /// What the upstream is shown
    #[arg(long, default_value = "token")]
    token: String,
}

struct PipeDesk {
    pipe: FyersPipe,
    token: AccessToken,
}

#[async_trait]
impl Desk for PipeDesk {
    fn is_live(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn status(&self) -> Option<Status> {
        None
    }

    async fn refresh(&self) -> Option<SessionStatus> {
        None
    }

    async fn begin_login(&self) -> Result<String, LoginReport> {
        Err(LoginReport::silent())
    }

    async fn finish_login(&self, _: AuthCode, _: Option<SecretString>) -> LoginReport {
        LoginReport::silent()
    }

    async fn forward(&self, call: Call) -> Option<Forwarded> {
        let answer = self.pipe.send(&self.token, &call).await.ok()?;
        Some(Forwarded { mode: Mode::Live, reason: Reason::Verified, venue: Venue::Fyers, answer })
    }

    async fn orders(&self, _: u32) -> Option<Vec<serde_json::Value>> {
        None
    }

    #[cfg(feature = "demo")]
    fn harm(&self, _: &str) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let pipe = FyersPipe::new(FyersConfig {
        api_url: args.upstream.join("/api/v3")?,
        data_url: args.upstream.join("/data")?,
        client_id: "ABCD1234EF-100".to_owned(),
        secret: SecretString::from("unused"),
        pin: None,
        timeouts: Timeouts::default(),
        proxy: None,
    })?;
    let desk = Arc::new(PipeDesk { pipe, token: AccessToken::new(args.token) });
    actix_rt::System::new().block_on(async move {
        let (server, addr) = listen(args.listen, SecretString::from(args.key), desk)?;
        println!("listening={addr}");
        Ok(server.await?)
    })
}
