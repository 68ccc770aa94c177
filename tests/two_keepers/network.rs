//! Each keeper in a network namespace of its own, where this machine lets us: a link to the database, one to the internet
//! (FYERS and Telegram), one to the bots and to the other keeper. A link that is cut tells nobody: packets are lost.
//!
//! The far ends have loopback addresses, because the program speaks to stand-ins without TLS on loopback alone; they are
//! routed over the links all the same.

use std::{
    fs::{File, TryLockError},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Command, Stdio},
};

/// Two namespaces with numbers of their own; another test program on this machine has others.
pub(crate) struct Network {
    number: u8,
    /// Held for as long as the numbers are in use; the system lets go of it, whatever becomes of this program.
    _claim: File,
}

/// What is between a keeper and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Database,
    Internet,
    Bots,
}

impl Link {
    fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Internet => "internet",
            Self::Bots => "bots",
        }
    }
}

/// Runs `ip`; whether it went well.
fn ip(words: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(words.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn must(words: &str) {
    assert!(ip(words), "ip {words}");
}

/// Lets loopback addresses travel over a device.
fn route_loopback(namespace: Option<&str>, device: &str) {
    let path = format!("/proc/sys/net/ipv4/conf/{device}/route_localnet");
    let mut command = Command::new("ip");
    if let Some(namespace) = namespace {
        command.args(["netns", "exec", namespace, "sh", "-c", &format!("echo 1 > {path}")]);
        assert!(command.status().unwrap().success(), "{path}");
    } else {
        std::fs::write(&path, "1").unwrap();
    }
}

impl Network {
    /// `None` where this machine does not allow it; then it is said.
    pub(crate) fn new() -> Option<Self> {
        let claimed = || (0..=250).find_map(Self::claim).expect("a number that nobody uses");
        let network = rustix::process::geteuid().is_root().then(claimed);
        let network = network.filter(|network| {
            // What a program that was killed has left.
            network.remove();
            ip(&format!("netns add {}", network.namespace(0)))
        });
        match &network {
            Some(network) => network.make(),
            None => println!("this machine gives no network namespaces: relays stand in for the network"),
        }
        network
    }

    fn claim(number: u8) -> Option<Self> {
        let path = Path::new("/run").join(format!("fyers-keeper-test-network-{number}"));
        let claim = File::create(path).ok()?;
        match claim.try_lock() {
            Ok(()) => Some(Self { number, _claim: claim }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => panic!("{error}"),
        }
    }

    fn make(&self) {
        let Self { number, .. } = self;
        must(&format!("link add {} type bridge", self.bridge()));
        must(&format!("addr add 10.79.{number}.254/24 dev {}", self.bridge()));
        must(&format!("link set {} up", self.bridge()));
        must(&format!("netns add {}", self.namespace(1)));
        for host in 0..2 {
            let namespace = self.namespace(host);
            // The one address, not the whole range: the others are beyond the links.
            must(&format!("-n {namespace} link set lo up"));
            must(&format!("-n {namespace} addr del 127.0.0.1/8 dev lo"));
            must(&format!("-n {namespace} addr add 127.0.0.1/32 dev lo"));
            self.lay(host, Link::Database);
            self.lay(host, Link::Internet);
            self.lay_to_bots(host);
        }
    }

    fn lay(&self, host: usize, link: Link) {
        let (here, there, namespace) = (self.device(host, link), link.name(), self.namespace(host));
        let (net, number) = (Self::net(host, link), self.number);
        must(&format!("link add {here} type veth peer name {there} netns {namespace}"));
        must(&format!("addr add 10.{net}.{number}.1/30 dev {here}"));
        // While the link is cut, nothing for it leaves by another way.
        must(&format!("route add blackhole 10.{net}.{number}.0/30 metric 9999"));
        must(&format!("link set {here} up"));
        must(&format!("-n {namespace} addr add 10.{net}.{number}.2/30 dev {there}"));
        must(&format!("-n {namespace} link set {there} up"));
        route_loopback(None, &here);
        route_loopback(Some(&namespace), there);
        let far = self.far_end(host, link);
        must(&format!("-n {namespace} route add {far}/32 via 10.{net}.{number}.1 src 10.{net}.{number}.2"));
    }

    fn lay_to_bots(&self, host: usize) {
        let (here, there) = (self.device(host, Link::Bots), Link::Bots.name());
        let namespace = self.namespace(host);
        must(&format!("link add {here} type veth peer name {there} netns {namespace}"));
        must(&format!("link set {here} master {}", self.bridge()));
        must(&format!("link set {here} up"));
        must(&format!("-n {namespace} addr add {}/24 dev {there}", self.keeper(host)));
        must(&format!("-n {namespace} link set {there} up"));
    }

    fn remove(&self) {
        for host in 0..2 {
            ip(&format!("netns del {}", self.namespace(host)));
            for link in [Link::Database, Link::Internet, Link::Bots] {
                ip(&format!("link del {}", self.device(host, link)));
            }
            for link in [Link::Database, Link::Internet] {
                ip(&format!("route del blackhole 10.{}.{}.0/30", Self::net(host, link), self.number));
            }
        }
        ip(&format!("link del {}", self.bridge()));
    }

    fn bridge(&self) -> String {
        format!("fkb{}", self.number)
    }

    fn namespace(&self, host: usize) -> String {
        format!("fk-{}-{host}", self.number)
    }

    fn device(&self, host: usize, link: Link) -> String {
        format!("fk{}{}x{host}", &link.name()[..1], self.number)
    }

    fn net(host: usize, link: Link) -> usize {
        64 + 2 * host + usize::from(link == Link::Internet)
    }

    /// Where a keeper finds what is behind a link.
    pub(crate) fn far_end(&self, host: usize, link: Link) -> IpAddr {
        Ipv4Addr::new(127, Self::net(host, link) as u8, self.number, 1).into()
    }

    /// Where bots and the other keeper find a keeper.
    pub(crate) fn keeper(&self, host: usize) -> IpAddr {
        Ipv4Addr::new(10, 79, self.number, 1 + host as u8).into()
    }

    /// Cuts a link, or mends it.
    pub(crate) fn cut(&self, host: usize, link: Link, is_cut: bool) {
        let state = if is_cut { "down" } else { "up" };
        must(&format!("link set {} {state}", self.device(host, link)));
    }

    /// The same program in the namespace of this host.
    pub(crate) fn inside(&self, host: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.namespace(host)]).arg(command.get_program());
        inside.args(command.get_args()).env_clear().stdin(Stdio::null());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.remove();
    }
}
