//! Two hosts, the database between them, and the broker.

use std::{
    collections::BTreeMap,
    fs::File,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::{RefreshMode, TokenKind};
use tempfile::TempDir;

use crate::{
    relay::Relay,
    server::Server,
    support::{Home, block_on, free_port, get, wait_for},
};

const KEY: &str = "the-key-of-both-keepers-0123456789abcdef";

struct Host {
    dir: TempDir,
    port: u16,
    database: Relay,
    fyers: Relay,
    child: Option<Child>,
    runs: u32,
}

pub(crate) struct World {
    home: Home,
    pub(crate) server: Server,
    database: String,
    hosts: [Host; 2],
    /// Tags of orders that were acknowledged as sent to FYERS.
    pub(crate) acknowledged: Vec<String>,
    tags: u32,
}

impl World {
    /// `None` where there is no PostgreSQL.
    pub(crate) fn new() -> Option<Self> {
        let Some(server) = Server::start() else {
            println!("PostgreSQL is not installed here: this test is not run");
            return None;
        };
        let url = server.database().expose_secret().to_owned();
        let database = url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled);
        let token = home.sim.mint(TokenKind::Access);
        let home = home
            .set("FYERS_CLIENT_ID", "ABCD1234EF-100")
            .set("FYERS_SECRET_KEY", "SIMULATED1")
            .set("FYERS_SANDBOX", "false")
            .set("FYERS_ACCESS_TOKEN", token)
            .set("KEEPER_GATEWAY_KEY", KEY)
            .with_telegram();
        let target = |address: &str| {
            let host = address.split("://").nth(1).unwrap().split('/').next().unwrap();
            host.rsplit('@').next().unwrap().parse().unwrap()
        };
        let host = || Host {
            dir: TempDir::new().unwrap(),
            port: free_port(),
            database: Relay::to(target(&url)),
            fyers: Relay::to(target(&home.sim.api_url())),
            child: None,
            runs: 0,
        };
        let hosts = [host(), host()];
        Some(Self { home, server, database, hosts, acknowledged: vec![], tags: 0 })
    }

    fn command(&self, host: usize, args: &[&str]) -> Command {
        let Host { dir, port, database, fyers, .. } = &self.hosts[host];
        let through = |url: String| {
            let (before, rest) = url.split_once("://").unwrap();
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            format!("{before}://{}/{path}", fyers.address)
        };
        let mut command = self.home.command(args);
        command
            .current_dir(dir.path())
            .env("FYERS_API_URL", through(self.home.sim.api_url()))
            .env("FYERS_DATA_URL", through(self.home.sim.data_url()))
            .env("KEEPER_HTTP_ADDR", format!("127.0.0.1:{port}"))
            .env("KEEPER_ADVERTISE_URL", format!("http://127.0.0.1:{port}"))
            .env(
                "KEEPER_DATABASE_URL",
                format!("postgres://keeper@{}/{}?sslmode=disable", database.address, self.database),
            );
        command
    }

    pub(crate) fn start(&mut self, host: usize) {
        let runs = self.hosts[host].runs;
        let mut command = self.command(host, &["run"]);
        let log = self.hosts[host].dir.path().join(format!("log-{runs}"));
        command.stdout(File::create(log).unwrap()).stderr(Stdio::inherit());
        self.hosts[host].child = Some(command.spawn().unwrap());
        self.hosts[host].runs += 1;
    }

    /// Runs a verb on a host; its exit code.
    pub(crate) fn verb(&self, host: usize, verb: &str) -> Option<i32> {
        self.command(host, &[verb]).output().unwrap().status.code()
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

    pub(crate) fn kill9(&mut self, host: usize) {
        self.signal(host, Signal::KILL);
        self.hosts[host].child.take().unwrap().wait().unwrap();
    }

    pub(crate) fn pause(&self, host: usize) {
        self.signal(host, Signal::STOP);
    }

    pub(crate) fn resume(&self, host: usize) {
        self.signal(host, Signal::CONT);
    }

    pub(crate) fn cut_database(&self, host: usize, is_cut: bool) {
        self.hosts[host].database.cut(is_cut);
    }

    pub(crate) fn cut_fyers(&self, host: usize, is_cut: bool) {
        self.hosts[host].fyers.cut(is_cut);
    }

    fn url(&self, host: usize, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.hosts[host].port)
    }

    pub(crate) fn ready(&self, host: usize) -> Option<u16> {
        get(&self.url(host, "/readyz")).map(|(status, _)| status)
    }

    /// Whether this host serves bots itself, with a token.
    pub(crate) fn acts(&self, host: usize) -> bool {
        self.ready(host) == Some(200) && self.status(host).is_some_and(|status| status["mode"] == "live")
    }

    fn status(&self, host: usize) -> Option<Value> {
        let (_, body) = crate::support::get_with_key(&self.url(host, "/api/status"), KEY)?;
        serde_json::from_str(&body).ok()
    }

    pub(crate) fn wait_acts(&self, host: usize) {
        wait_for(&format!("keeper {host} acts"), || self.acts(host).then_some(()));
    }

    pub(crate) fn wait_stands_by(&self, host: usize) {
        wait_for(&format!("keeper {host} stands by"), || {
            get(&self.url(host, "/readyz")).filter(|(status, body)| *status == 503 && body == "standby\n")
        });
    }

    /// A bot's order to this host: the venue of the answer, or nothing when there was no good one.
    pub(crate) fn order(&mut self, host: usize, why: &str) -> Option<String> {
        self.tags += 1;
        let tag = format!("bot{}", self.tags);
        let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "CNC",
            "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false,
            "orderTag": tag});
        let url = self.url(host, "/api/v3/orders/sync");
        let answer = block_on(async {
            let client =
                reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
            let request = client.post(url).header("Authorization", format!("bot:{KEY}")).json(&order);
            let answer = request.send().await.ok()?;
            let venue = answer.headers().get("x-keeper-order-venue")?.to_str().ok()?.to_owned();
            let body: Value = answer.json().await.ok()?;
            Some((venue, body))
        });
        let (venue, body) = answer?;
        println!("order {tag} ({why}) to {host}: {venue} {body}");
        let is_taken = venue == "fyers" && body["code"] == 1101;
        if is_taken {
            self.acknowledged.push(tag);
        }
        is_taken.then_some(venue)
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }

    /// Orders of bots at FYERS, by tag.
    fn at_fyers(&self) -> BTreeMap<String, u32> {
        let mut tags = BTreeMap::new();
        for order in self.home.sim.state().orders {
            // As FYERS writes them: "1:" and the tag.
            let tag = order["orderTag"].as_str().unwrap_or_default();
            *tags.entry(tag.rsplit(':').next().unwrap().to_owned()).or_default() += 1;
        }
        tags
    }

    /// Who held the lease, from when on, in milliseconds since 1970; kept by a trigger of the test.
    pub(crate) fn watch_lease(&self) {
        self.sql(
            "CREATE TABLE IF NOT EXISTS lease_log (epoch bigint, address text, at double precision);
             CREATE OR REPLACE FUNCTION note_lease() RETURNS trigger AS $$ BEGIN
               INSERT INTO lease_log VALUES (NEW.epoch, NEW.address, EXTRACT(EPOCH FROM clock_timestamp()) * 1000);
               RETURN NEW; END $$ LANGUAGE plpgsql;
             CREATE OR REPLACE TRIGGER note AFTER UPDATE ON lease FOR EACH ROW
               WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION note_lease();",
        );
    }

    /// The first holder may have come before the trigger: its beginning is the beginning.
    fn holdings(&self) -> Vec<(usize, f64)> {
        if self.sql("SELECT to_regclass('lease_log') IS NULL") == "t\n" {
            return vec![];
        }
        let rows = self.sql("SELECT address, at FROM lease_log ORDER BY epoch");
        let host = |address: &str| {
            (0..2)
                .find(|host| address.ends_with(&format!(":{}", self.hosts[*host].port)))
                .expect("a host's address")
        };
        let row = |row: &str| {
            let (address, at) = row.split_once('|').unwrap();
            (host(address), at.parse().unwrap())
        };
        rows.lines().map(row).collect()
    }

    /// What must hold, whatever happened.
    pub(crate) fn judge(&self) {
        let at_fyers = self.at_fyers();
        let twice: Vec<_> = at_fyers.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        for tag in &self.acknowledged {
            assert!(at_fyers.contains_key(tag), "{tag} was acknowledged and is not at FYERS");
        }
        let intents = self.sql("SELECT intent FROM order_intents");
        for tag in at_fyers.keys() {
            assert!(intents.contains(&format!("\"{tag}\"")), "{tag} is at FYERS without an intent");
        }
        let holdings = self.holdings();
        for (host, at) in
            (0..2).flat_map(|host| self.hosts[host].fyers.sent().into_iter().map(move |at| (host, at)))
        {
            let at = millis(at);
            // Whoever took the lease last before this moment is the one who may act.
            let holder = holdings.iter().rev().find(|(_, since)| *since <= at).map(|(holder, _)| *holder);
            assert!(
                holder.is_none_or(|holder| holder == host),
                "keeper {host} called FYERS while {holder:?} acted"
            );
        }
    }
}

fn millis(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0
}

impl Drop for World {
    fn drop(&mut self) {
        for host in &mut self.hosts {
            if let Some(child) = &mut host.child {
                let _ended = child.kill();
                let _reaped = child.wait();
            }
        }
        if std::thread::panicking() {
            for (nth, host) in self.hosts.iter().enumerate() {
                for run in 0..host.runs {
                    let log = host.dir.path().join(format!("log-{run}"));
                    println!(
                        "--- keeper {nth}, run {run}\n{}",
                        std::fs::read_to_string(log).unwrap_or_default()
                    );
                }
            }
        }
    }
}
