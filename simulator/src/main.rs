//! The simulator as a program: starts both services, prints where they are, and runs until it is told to stop.

use std::net::IpAddr;

use clap::{Parser, ValueEnum};
use simulator::{Options, RefreshMode, Simulator};

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
    let simulator = Simulator::start(Options { host, port, telegram_port, refresh, ..Options::default() })?;
    println!(
        "api={} data={} telegram={} control={}",
        simulator.api_url(),
        simulator.data_url(),
        simulator.telegram_url(),
        simulator.control_url()
    );
    actix_rt::System::new().block_on(until_told_to_stop())
}

/// Returns at ctrl-c or, where there is such a thing, SIGTERM.
async fn until_told_to_stop() -> std::io::Result<()> {
    let mut terminate = actix_rt::signal::unix::signal(actix_rt::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = actix_rt::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}
