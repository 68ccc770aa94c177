//! A name server that says nothing: the network is gone, or a firewall drops what it does not know.

use std::process::{Command, Stdio};

use simulator::Options;

use crate::support::{Home, wait_for};

/// Nobody is there, and what is sent is lost: a question takes 450 s to be given up, longer than anything is waited for.
const SERVERS: &str =
    "nameserver 192.0.2.1\nnameserver 192.0.2.3\nnameserver 192.0.2.4\noptions timeout:30 attempts:5\n";
/// The first of them with its port, as the kernel lists it.
const LISTED: &str = "010200C0:0035";
/// A network of its own where these servers would be.
const ALONE: &str = r#"ip link set lo up && ip link add silent type dummy && ip addr add 192.0.2.2/24 dev silent \
    && ip link set silent up && mount --bind "$NAMES" /etc/resolv.conf || exit 77
exec "$@""#;

/// The service where no name is known.
fn alone(home: &Home, args: &[&str]) -> Command {
    let names = home.path("resolv.conf");
    std::fs::write(&names, SERVERS).unwrap();
    let program = home.command(args);
    let mut alone = Command::new("unshare");
    alone
        .args(["--net", "--mount", "sh", "-c", ALONE, "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    alone
        .env_clear()
        .envs(home.settings())
        .env("NAMES", names)
        .current_dir(home.path(""))
        .stdin(Stdio::null());
    alone
}

fn may_make_networks() -> bool {
    let tried = Command::new("unshare")
        .args(["--net", "--mount", "ip", "link", "add", "silent", "type", "dummy"])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

#[test]
fn the_end_does_not_wait_for_a_name_server_that_says_nothing() {
    if !may_make_networks() {
        return println!("SKIPPED: a network of its own is not permitted here");
    }
    let home = Home::bare(Options::default())
        .set("TELEGRAM_API_URL", "https://telegram.test")
        .set("TELEGRAM_BOT_TOKEN", simulator::Telegram::default().bot_token)
        .set("TELEGRAM_CHAT_ID", "42");
    let mut command = alone(&home, &["run"]);
    let keeper = home.adopt({
        command.stdout(Stdio::null());
        command
    });
    let sockets = format!("/proc/{}/net/udp", keeper.pid());
    wait_for("a question to the name server", || {
        std::fs::read_to_string(&sockets).is_ok_and(|listed| listed.contains(LISTED)).then_some(())
    });
    assert!(keeper.stop().success());
}
