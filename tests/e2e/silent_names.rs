//! A name server that hears every question and says nothing: the network is gone, or a firewall drops what it does not know.

use std::{
    net::UdpSocket,
    process::{Command, Stdio},
};

use simulator::Options;

use crate::support::{DEADLINE, Home};

/// Where the silent one listens; a question to it takes longer to be given up than anything is waited for.
const SERVER: &str = "127.0.53.53";
/// The program where that one is asked for every name.
const ALONE: &str = r#"mount --bind "$NAMES" /etc/resolv.conf || exit 77; exec "$@""#;

fn alone(home: &Home, args: &[&str]) -> Command {
    let names = home.path("resolv.conf");
    let server = format!("nameserver {SERVER}\n").repeat(3);
    std::fs::write(&names, format!("{server}options timeout:30 attempts:5\n")).unwrap();
    let program = home.command(args);
    let mut alone = Command::new("unshare");
    alone.args(["--mount", "sh", "-c", ALONE, "sh"]).arg(program.get_program()).args(program.get_args());
    alone.env_clear().envs(home.settings()).env("NAMES", names).current_dir(home.path(""));
    alone.stdin(Stdio::null()).stdout(Stdio::null());
    alone
}

fn may_mount() -> bool {
    Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success())
}

#[test]
fn the_end_does_not_wait_for_a_name_server_that_says_nothing() {
    let Some(server) = UdpSocket::bind((SERVER, 53)).ok().filter(|_| may_mount()) else {
        return println!("SKIPPED: a name server and a mount of one's own are not permitted here");
    };
    let home = Home::bare(Options::default())
        .set("TELEGRAM_API_URL", "https://telegram.test")
        .set("TELEGRAM_BOT_TOKEN", simulator::Telegram::default().bot_token)
        .set("TELEGRAM_CHAT_ID", "42");
    let keeper = home.adopt(alone(&home, &["run"]));
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    server.recv_from(&mut [0; 512]).expect("a question to the name server");
    assert!(keeper.stop().success());
}
