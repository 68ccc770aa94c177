//! Two hosts, the database between them, and the broker.

use std::{
    fs::File,
    net::{IpAddr, SocketAddr},
    process::{Child, Command, Stdio},
};

use chrono::{DateTime, TimeDelta};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use serde_json::Value;
use simulator::{RefreshMode, TokenKind};
use tempfile::TempDir;

use crate::{
    network::{Link, Network},
    relay::Relay,
    server::Server,
    support::{Home, free_port, get, wait_for},
};

pub(crate) const KEY: &str = "the-key-of-both-keepers-0123456789abcdef";

pub(crate) struct Host {
    pub(crate) dir: TempDir,
    /// Where bots and the other keeper find it.
    pub(crate) address: SocketAddr,
    database: Relay,
    pub(crate) fyers: Relay,
    telegram: Relay,
    child: Option<Child>,
    runs: u32,
}

pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) server: Server,
    pub(crate) database: String,
    pub(crate) hosts: [Host; 2],
    /// Namespaces of their own; `None` where the machine has no right to make them.
    network: Option<Network>,
    pub(crate) token: String,
    /// Tags of orders that were acknowledged as sent to FYERS.
    pub(crate) acknowledged: Vec<String>,
    pub(crate) tags: u32,
    has_addresses: bool,
    has_key: bool,
    /// What is set otherwise on one host.
    own: Vec<(usize, &'static str, &'static str)>,
    /// How far the keepers' clocks are from the true time.
    clocks: [TimeDelta; 2],
}

fn database_of(url: &str) -> String {
    url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned()
}

impl Host {
    fn new(host: usize, network: Option<&Network>, home: &Home, database: &str) -> Self {
        let here = IpAddr::from([127, 0, 0, 1]);
        let far = |link: Link| network.map_or(here, |network| network.far_end(host, link));
        let target = |address: &str| {
            let place = address.split("://").nth(1).unwrap().split('/').next().unwrap();
            place.rsplit('@').next().unwrap().parse().unwrap()
        };
        let address = network.map_or(here, |network| network.keeper(host));
        Self {
            dir: TempDir::new().unwrap(),
            address: SocketAddr::new(address, free_port()),
            database: Relay::to(target(database), far(Link::Database)),
            fyers: Relay::to(target(&home.sim.api_url()), far(Link::Internet)),
            telegram: Relay::to(target(&home.sim.telegram_url()), far(Link::Internet)),
            child: None,
            runs: 0,
        }
    }
}

impl World {
    /// `None` where there is no PostgreSQL.
    pub(crate) fn new() -> Option<Self> {
        Self::on(Network::new())
    }

    /// Without a network between them: what is sent while it is cut arrives later.
    pub(crate) fn on_relays() -> Option<Self> {
        Self::on(None)
    }

    fn on(network: Option<Network>) -> Option<Self> {
        let Some(server) = Server::start() else {
            println!("PostgreSQL is not installed here: this test is not run");
            return None;
        };
        let url = server.database().expose_secret().to_owned();
        let database = database_of(&url);
        let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled);
        let token = home.sim.mint(TokenKind::Access);
        let home = home
            .set("FYERS_CLIENT_ID", "ABCD1234EF-200")
            .set("FYERS_SECRET_KEY", "SIMULATED1")
            .set("FYERS_SANDBOX", "false")
            .set("FYERS_ACCESS_TOKEN", &token)
            .set("KEEPER_GATEWAY_KEY", KEY)
            .set("KEEPER_PUBLIC_URL", "http://127.0.0.1:9")
            .with_telegram();
        let hosts = [0, 1].map(|host| Host::new(host, network.as_ref(), &home, &url));
        let clocks = [TimeDelta::zero(); 2];
        let (acknowledged, tags, has_addresses, has_key, own) = (vec![], 0, true, true, vec![]);
        Some(Self {
            home,
            server,
            database,
            hosts,
            network,
            token,
            acknowledged,
            tags,
            has_addresses,
            has_key,
            own,
            clocks,
        })
    }

    /// One keeper's clock is ten minutes ahead, the other one's ten minutes behind.
    pub(crate) fn with_clocks_apart(mut self) -> Self {
        self.clocks = [TimeDelta::minutes(10), TimeDelta::minutes(-10)];
        self
    }

    pub(crate) fn command(&self, host: usize, args: &[&str]) -> Command {
        let Host { dir, address, fyers, telegram, .. } = &self.hosts[host];
        let through = |url: String, relay: &Relay| {
            let (before, rest) = url.split_once("://").unwrap();
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            format!("{before}://{}/{path}", relay.address)
        };
        let mut command = self.home.command(args);
        let shown =
            command.get_envs().find_map(|(name, shown)| shown.filter(|_| name == "KEEPER_DEMO_CLOCK"));
        let shown = DateTime::parse_from_rfc3339(shown.unwrap().to_str().unwrap()).unwrap();
        command
            .current_dir(dir.path())
            .env("FYERS_API_URL", through(self.home.sim.api_url(), fyers))
            .env("FYERS_DATA_URL", through(self.home.sim.data_url(), fyers))
            .env("TELEGRAM_API_URL", through(self.home.sim.telegram_url(), telegram))
            .env("KEEPER_HTTP_ADDR", address.to_string())
            .env("KEEPER_DEMO_CLOCK", (shown + self.clocks[host]).to_rfc3339())
            .env("KEEPER_DATABASE_URL", self.database_for(host, "keeper", &self.database));
        if self.has_addresses {
            command.env("KEEPER_ADVERTISE_URL", self.url(host, ""));
        }
        if !self.has_key {
            command.env_remove("KEEPER_GATEWAY_KEY");
        }
        for (_, name, value) in self.own.iter().filter(|(of, ..)| *of == host) {
            command.env(name, value);
        }
        match &self.network {
            Some(network) => network.inside(host, &command),
            None => command,
        }
    }

    pub(crate) fn start(&mut self, host: usize) {
        let runs = self.hosts[host].runs;
        let mut command = self.command(host, &["run"]);
        let log = self.hosts[host].dir.path().join(format!("log-{runs}"));
        command.stdout(File::create(log).unwrap()).stderr(Stdio::inherit());
        self.hosts[host].child = Some(command.spawn().unwrap());
        self.hosts[host].runs += 1;
    }

    /// Keepers that do not say where they are reached.
    pub(crate) fn without_addresses(mut self) -> Self {
        self.has_addresses = false;
        self
    }

    /// Keepers that make their gateway key themselves.
    pub(crate) fn without_a_key(mut self) -> Self {
        self.has_key = false;
        self
    }

    /// Another value of a setting on one host.
    pub(crate) fn with_own(mut self, host: usize, name: &'static str, value: &'static str) -> Self {
        self.own.push((host, name, value));
        self
    }

    /// Runs a command on a host to its end: its exit code and what it complains of.
    pub(crate) fn complains(&self, host: usize, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command(host, args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// What is in the log of a host's latest run.
    pub(crate) fn log(&self, host: usize) -> String {
        let Host { dir, runs, .. } = &self.hosts[host];
        std::fs::read_to_string(dir.path().join(format!("log-{}", runs - 1))).unwrap()
    }

    /// Until this is in the log of a host's latest run: lines are written behind the work, so they may come after it.
    pub(crate) fn wait_logged(&self, host: usize, what: &str) {
        wait_for(&format!("{what} in the log of keeper {host}"), || {
            self.log(host).contains(what).then_some(())
        });
    }

    /// What a command on a host says, as JSON.
    pub(crate) fn says(&self, host: usize, args: &[&str]) -> Value {
        let output = self.command(host, args).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Runs a command on a host; its exit code.
    pub(crate) fn exits(&self, host: usize, args: &[&str]) -> Option<i32> {
        self.command(host, args).output().unwrap().status.code()
    }

    /// The database as this host reaches it, for another user or under another name.
    pub(crate) fn database_for(&self, host: usize, user: &str, database: &str) -> String {
        format!("postgres://{user}@{}/{database}?sslmode=disable", self.hosts[host].database.address)
    }

    /// An empty database in the place of the one before.
    pub(crate) fn empty_database(&mut self) {
        let url = self.server.database().expose_secret().to_owned();
        self.database = database_of(&url);
    }

    pub(crate) fn is_running(&mut self, host: usize) -> bool {
        self.hosts[host].child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    fn signal(&self, host: usize, signal: Signal) {
        if let Some(child) = &self.hosts[host].child {
            kill_process(Pid::from_child(child), signal).unwrap();
        }
    }

    pub(crate) fn term(&mut self, host: usize) {
        self.signal(host, Signal::TERM);
        self.hosts[host].child.take().unwrap().wait().unwrap();
    }

    pub(crate) fn tell_to_stop(&mut self, host: usize) {
        self.signal(host, Signal::TERM);
    }

    /// Waits for the end of a program that was told to stop; its exit code.
    pub(crate) fn reap(&mut self, host: usize) -> Option<i32> {
        wait_for("the end of the program", || (!self.is_running(host)).then_some(()));
        self.hosts[host].child.take()?.wait().unwrap().code()
    }

    pub(crate) fn kill9(&mut self, host: usize) {
        self.signal(host, Signal::KILL);
        self.hosts[host].child.take().unwrap().wait().unwrap();
    }

    pub(crate) fn pause(&self, host: usize) {
        self.signal(host, Signal::STOP);
    }

    /// Wakes it, unless its lease has ended while it slept: then the system has ended it.
    pub(crate) fn resume(&mut self, host: usize) {
        if self.is_running(host) {
            self.signal(host, Signal::CONT);
        }
    }

    /// A keeper that ended by itself is started again, as its host would.
    pub(crate) fn revive(&mut self, host: usize) {
        if !self.is_running(host) {
            self.start(host);
        }
    }

    pub(crate) fn cut_database(&self, host: usize, is_cut: bool) {
        self.cut(host, Link::Database, is_cut, &[&self.hosts[host].database]);
    }

    /// What this host has open to the database goes silent; what it opens then works.
    pub(crate) fn silence_database(&self, host: usize) {
        self.hosts[host].database.silence();
    }

    /// FYERS, and Telegram with it.
    pub(crate) fn cut_fyers(&self, host: usize, is_cut: bool) {
        let Host { fyers, telegram, .. } = &self.hosts[host];
        self.cut(host, Link::Internet, is_cut, &[fyers, telegram]);
    }

    /// In a real network what was under way is lost; in relays it waits.
    fn cut(&self, host: usize, link: Link, is_cut: bool, relays: &[&Relay]) {
        match &self.network {
            Some(network) => {
                network.cut(host, link, is_cut);
                relays.iter().for_each(|relay| relay.forget());
            }
            None => relays.iter().for_each(|relay| relay.cut(is_cut)),
        }
    }

    pub(crate) fn url(&self, host: usize, path: &str) -> String {
        format!("http://{}{path}", self.hosts[host].address)
    }

    pub(crate) fn ready(&self, host: usize) -> Option<u16> {
        get(&self.url(host, "/readyz")).map(|(status, _)| status)
    }

    /// Whether this host serves bots itself, with a token.
    pub(crate) fn acts(&self, host: usize) -> bool {
        self.ready(host) == Some(200) && self.status(host).is_some_and(|status| status["mode"] == "live")
    }

    pub(crate) fn status(&self, host: usize) -> Option<Value> {
        let (_, body) = crate::support::get_with_key(&self.url(host, "/api/status"), KEY)?;
        serde_json::from_str(&body).ok()
    }

    pub(crate) fn wait_acts(&self, host: usize) {
        wait_for(&format!("keeper {host} acts"), || self.acts(host).then_some(()));
    }

    pub(crate) fn wait_stands_by(&mut self, host: usize) {
        wait_for(&format!("keeper {host} stands by"), || {
            self.revive(host);
            get(&self.url(host, "/readyz"))
                .filter(|(status, body)| *status == 503 && body.starts_with("standby\n"))
        });
    }

    /// Until the holder knows that the standby reaches FYERS: from then on all is ready there.
    pub(crate) fn wait_warm(&self, holder: usize) {
        wait_for("the standby reaches FYERS", || {
            (self.status(holder)?["lease"]["standby_reaches_fyers"] == true).then_some(())
        });
    }

    /// Until nothing waits to be told. The phone takes one message a second.
    pub(crate) fn wait_sent(&self, host: usize) {
        wait_for("all is sent", || (self.status(host)?["outbox"]["waiting"] == 0).then_some(()));
    }

    /// Messages on the phone that a person can log in with.
    pub(crate) fn open_cards(&self) -> usize {
        self.cards().len()
    }

    pub(crate) fn cards(&self) -> Vec<simulator::TelegramMessage> {
        let messages = self.home.sim.telegram_messages().into_iter();
        let is_card = |message: &simulator::TelegramMessage| {
            let mut buttons = message.buttons().into_iter();
            !message.deleted && message.reply_to.is_none() && buttons.any(|button| button.url.is_some())
        };
        messages.filter(is_card).collect()
    }

    /// What the keepers have said, for whoever looks for the reason of something.
    pub(crate) fn print_logs(&self) {
        for (nth, host) in self.hosts.iter().enumerate() {
            for run in 0..host.runs {
                let log = std::fs::read_to_string(host.dir.path().join(format!("log-{run}")));
                println!("--- keeper {nth}, run {run}\n{}", log.unwrap_or_default());
            }
        }
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for host in &mut self.hosts {
            [&host.database, &host.fyers, &host.telegram].into_iter().for_each(Relay::end);
            if let Some(child) = &mut host.child {
                let _ended = child.kill();
                let _reaped = child.wait();
            }
        }
        if std::thread::panicking() {
            self.print_logs();
        }
    }
}
