//! The simulator as a program: starts both services, prints where they are, and runs until a signal.

use std::net::IpAddr;

use clap::{Parser, ValueEnum};
use simulator::{App, Options, RefreshMode, Simulator};

/// A stand-in for FYERS and the Telegram Bot API, with faults on demand under /control.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port of the FYERS side and of /control; 0 means any
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the Telegram side; 0 means any
    #[arg(long, default_value_t = 0)]
    telegram_port: u16,
    /// Whether the refresh call works (FYERS switched it off in April 2026)
    #[arg(long, value_enum, default_value = "disabled")]
    refresh: Refresh,
    /// The app's registered redirect address, or "page" for the simulator's own page that shows the code
    #[arg(long, value_name = "URL")]
    redirect_uri: Option<String>,
    /// The app that FYERS knows: one that ends in -200 may place orders
    #[arg(long, value_name = "ID", default_value = "ABCD1234EF-100")]
    app_id: String,
    /// A file with the time that is shown; replace it to move the clock
    #[arg(long, value_name = "FILE")]
    clock_file: Option<std::path::PathBuf>,
    /// Redirect at once instead of showing the login pages
    #[arg(long)]
    instant_login: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Refresh {
    Enabled,
    Disabled,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let refresh = match args.refresh {
        Refresh::Enabled => RefreshMode::Enabled,
        Refresh::Disabled => RefreshMode::Disabled,
    };
    let (host, port, telegram_port) = (args.host, args.port, args.telegram_port);
    let instant_login = args.instant_login;
    let clock = args.clock_file.map_or_else(simulator::clock::system, simulator::clock::of_file);
    let app = App { client_id: args.app_id, ..App::default() };
    let options =
        Options { host, port, telegram_port, refresh, instant_login, clock, app, ..Options::default() };
    let stand_in = StandIn::of(&options);
    let simulator = Simulator::start(options)?;
    match args.redirect_uri.as_deref() {
        Some("page") => simulator.set_redirect_uri(&simulator.redirect_page_url()),
        Some(uri) => simulator.set_redirect_uri(uri),
        None => {}
    }
    println!(
        "api={} data={} telegram={} control={} login={} data_socket={} order_socket={}",
        simulator.api_url(),
        simulator.data_url(),
        simulator.telegram_url(),
        simulator.control_url(),
        simulator.login_url("sample_state"),
        simulator.data_socket_url(),
        simulator.order_socket_url()
    );
    // Apart from the line above, which programs read.
    eprintln!("{}", stand_in.words(&simulator));
    actix_rt::System::new().block_on(until_told_to_stop())
}

/// What a keeper and a person need to take this for FYERS and Telegram.
struct StandIn {
    app_id: String,
    secret: String,
    bot: String,
    person: String,
}

impl StandIn {
    fn of(options: &Options) -> Self {
        let person = format!(
            "client id {}, OTP {}, PIN {}",
            options.account.fy_id, options.login_otp, options.app.pin
        );
        Self {
            app_id: options.app.client_id.clone(),
            secret: options.app.secret.clone(),
            bot: options.telegram.bot_token.clone(),
            person,
        }
    }

    fn words(&self, at: &Simulator) -> String {
        format!(
            "A keeper takes it for FYERS and Telegram with\n\
             export FYERS_API_URL={} FYERS_DATA_URL={} TELEGRAM_API_URL={}\n\
             App {}, secret {}, bot token {}; log in with {}.",
            at.api_url(),
            at.data_url(),
            at.telegram_url(),
            self.app_id,
            self.secret,
            self.bot,
            self.person
        )
    }
}

/// Returns at ctrl-c or SIGTERM.
async fn until_told_to_stop() -> std::io::Result<()> {
    let mut terminate = actix_rt::signal::unix::signal(actix_rt::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = actix_rt::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}
