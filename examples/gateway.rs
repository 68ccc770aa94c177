//! The gateway as the keeper has it: listener, ExchangeActor and proxy, with a real store, but without FYERS' limits
//! and without the rest of the keeper. For measuring (`scripts/load`), never for trading.
//!
//! ```text
//! cargo run --release --example gateway -- --upstream http://127.0.0.1:9000 --key KEY [--switch-every MS]
//! ```

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix::{Actor, Addr};
use async_trait::async_trait;
use clap::Parser;
use fyers_api::http::ApiRequest;
use fyers_keeper::{
    fyers::{FyersConfig, FyersProxy, Timeouts},
    http::{Backend, listen},
    store::{SqliteStore, StateDir},
    wall_clock::WallClock,
};
use keeper_actors::{
    exchange::{
        ExchangeActor, ExchangeDeps,
        bots::SharedKeys,
        conditional::ConditionalOrders,
        execution::{FaultPoint, InFlight, Tasks},
        market::MockMarket,
        messages::Forwarded,
        nothing_known,
        read_turns::ReadTurns,
        reads::Router,
        watched::WatchedProxy,
    },
    hub::Hub,
    recipient_cell::RecipientCell,
    token::messages::SessionChanged,
};
use keeper_domain::{
    clock::{calendar::Calendar, token_hours::TokenHours},
    keys::BotName,
    ports::BrokerProxy,
    reason::Reason,
    routing::OnTokenLoss,
    secret::AccessToken,
    session::{SessionView, StateName},
};
use mock_exchange::{Config, Instruments};
use rust_decimal::Decimal;
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
    /// Milliseconds between a token's death and the next login, again and again
    #[arg(long)]
    switch_every: Option<u64>,
}

struct BareBackend {
    router: Router,
}

#[async_trait]
impl Backend for BareBackend {
    fn is_live(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn forward(&self, call: ApiRequest, bot: BotName) -> Option<Forwarded> {
        self.router.forward(call, bot).await
    }
}

fn proxy(args: &Args) -> Result<FyersProxy, Box<dyn std::error::Error>> {
    Ok(FyersProxy::new(FyersConfig {
        api_url: args.upstream.join("/api/v3")?,
        data_url: args.upstream.join("/data")?,
        data_socket_url: args.upstream.join("/hsm/v1-5/prod")?,
        order_socket_url: args.upstream.join("/trade/v3")?,
        client_id: "ABCD1234EF-100".to_owned(),
        secret: SecretString::from("unused"),
        pin: None,
        timeouts: Timeouts::default(),
        proxy: None,
    })?)
}

fn session(token: Option<String>) -> SessionChanged {
    let (to, reason) = match &token {
        Some(_) => (StateName::Valid, Reason::Verified),
        None => (StateName::LoginRequired, Reason::RefreshDisabled),
    };
    let usable = token.map(|token| Arc::new(AccessToken::new(token)));
    let view = SessionView { state: to, reason, usable, ..SessionView::default() };
    SessionChanged { from: StateName::Checking, to, why: reason, view }
}

/// The token dies, and a person logs in, as often as asked.
async fn switch(exchange: Addr<ExchangeActor>, token: String, pause: Duration) {
    let mut switches = 0_u64;
    loop {
        for token in [None, Some(token.clone())] {
            tokio::time::sleep(pause).await;
            exchange.do_send(session(token));
            switches += 1;
            println!("switches={switches}");
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let proxy = proxy(&args)?;
    let state = tempfile::tempdir()?;
    actix_rt::System::new().block_on(async move {
        let store = SqliteStore::open(&StateDir::open(state.path())?).await?;
        let keys = SharedKeys::default();
        let snapshot = nothing_known(false, OnTokenLoss::Mock);
        let died = RecipientCell::new();
        let proxy: Arc<dyn BrokerProxy> =
            Arc::new(WatchedProxy { inner: Arc::new(proxy), died: died.clone() });
        let exchange = ExchangeActor::new(ExchangeDeps {
            epoch: 0,
            app: "ABCD1234EF-100".to_owned(),
            outgoing: None,
            proxy: Some(Arc::clone(&proxy)),
            store: Arc::new(store),
            time: Arc::new(WallClock),
            sandbox: false,
            on_token_loss: OnTokenLoss::Mock,
            rules: Config { around_the_clock: true, ..Config::new(Decimal::from(1_000_000_000_000_i64)) },
            market: MockMarket::walking(Arc::new(Calendar::embedded())),
            instruments: Instruments::default(),
            session: RecipientCell::new(),
            rejected: RecipientCell::new(),
            died,
            journal: RecipientCell::new(),
            tasks: Tasks::new(|task| {
                #[allow(clippy::disallowed_methods, reason = "there is no supervisor here")]
                actix_rt::spawn(task);
            }),
            in_flight: InFlight::default(),
            conditional: ConditionalOrders::default(),
            keys: Arc::clone(&keys),
            snapshot: Arc::clone(&snapshot),
            hours: Arc::new(TokenHours::usual(Arc::new(Calendar::embedded()))),
            fault: FaultPoint::default(),
            hub: Hub::default(),
        })
        .start();
        let router = Router {
            snapshot,
            proxy: Some(proxy),
            keys,
            exchange: exchange.clone(),
            turns: ReadTurns::default(),
        };
        exchange.send(session(Some(args.token.clone()))).await?;
        if let Some(pause) = args.switch_every {
            #[allow(clippy::disallowed_methods, reason = "there is no supervisor here")]
            actix_rt::spawn(switch(exchange.clone(), args.token, Duration::from_millis(pause)));
        }
        let backend = Arc::new(BareBackend { router });
        let (server, addr) = listen(args.listen, SecretString::from(args.key), backend)?;
        println!("listening={addr}");
        Ok(server.await?)
    })
}
