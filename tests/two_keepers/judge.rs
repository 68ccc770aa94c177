//! What must hold, whatever happened, counted at FYERS' and at Telegram's side.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::hosts::World;

/// What went wrong, in numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Orders that are at FYERS more than once.
    pub(crate) twice: usize,
    /// Orders at FYERS of which the database knows nothing.
    pub(crate) without_intent: usize,
    /// Orders that were acknowledged and are not there.
    pub(crate) missing: usize,
    /// Calls to FYERS by a keeper while another one held the lease.
    pub(crate) two_acted: usize,
    /// Alerts that count as sent and are not on the phone.
    pub(crate) alerts_lost: usize,
    /// Alerts that are on the phone more than once; the promise is at least once.
    pub(crate) alerts_twice: usize,
    /// Alerts on the phone.
    pub(crate) alerts: usize,
}

impl AddAssign<&Self> for Verdict {
    fn add_assign(&mut self, other: &Self) {
        self.twice += other.twice;
        self.without_intent += other.without_intent;
        self.missing += other.missing;
        self.two_acted += other.two_acted;
        self.alerts_lost += other.alerts_lost;
        self.alerts_twice += other.alerts_twice;
        self.alerts += other.alerts;
    }
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        [self.twice, self.without_intent, self.missing, self.two_acted, self.alerts_lost] == [0; 5]
    }
}

impl World {
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

    /// Alerts on the phone, by their numbers.
    fn on_the_phone(&self) -> BTreeMap<i64, usize> {
        let mut numbers = BTreeMap::new();
        for message in self.home.sim.telegram_messages() {
            let mark = message.text.rsplit_once("#K-").and_then(|(_, mark)| mark.split_once('-'));
            let number =
                mark.and_then(|(_, number)| number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
            number.into_iter().for_each(|number| *numbers.entry(number).or_default() += 1);
        }
        numbers
    }

    /// Who held the lease, from when on, in milliseconds since 1970; kept by a trigger of the test.
    pub(crate) fn watch_lease(&self) {
        self.sql(
            "CREATE TABLE IF NOT EXISTS lease_log (epoch bigint, holder text, address text, at double precision);
             CREATE OR REPLACE FUNCTION note_lease() RETURNS trigger AS $$ BEGIN
               INSERT INTO lease_log VALUES (NEW.epoch, NEW.holder, NEW.address, EXTRACT(EPOCH FROM clock_timestamp()) * 1000);
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
        let host =
            |address: &str| (0..2).find(|host| address == self.url(*host, "")).expect("a host's address");
        let row = |row: &str| {
            let (address, at) = row.split_once('|').unwrap();
            (host(address), at.parse().unwrap())
        };
        rows.lines().map(row).collect()
    }

    /// How often a run of a keeper took the lease a second time, as it had not heard that it held it.
    pub(crate) fn taken_again(&self) -> usize {
        let rows = self.sql("SELECT holder FROM lease_log ORDER BY epoch");
        let holders: Vec<&str> = rows.lines().collect();
        holders.windows(2).filter(|pair| pair[0] == pair[1]).count()
    }

    /// Calls to FYERS by one who was not the last to take the lease before them.
    fn two_acted(&self) -> usize {
        let holdings = self.holdings();
        let is_foreign = |host: usize, at: SystemTime| {
            let at = at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
            let holder = holdings.iter().rev().find(|(_, since)| *since <= at).map(|(holder, _)| *holder);
            holder.is_some_and(|holder| holder != host)
        };
        let calls =
            (0..2).flat_map(|host| self.hosts[host].fyers.sent().into_iter().map(move |at| (host, at)));
        calls.filter(|(host, at)| is_foreign(*host, *at)).count()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        // What must be somewhere else is looked at first: more comes there while this is counted.
        let sent = self.sql("SELECT id FROM alerts WHERE channel = 'chat' AND sent_at IS NOT NULL");
        let (at_fyers, phone) = (self.at_fyers(), self.on_the_phone());
        let intents = self.sql("SELECT intent FROM order_intents");
        let sent: BTreeSet<i64> = sent.lines().map(|id| id.parse().unwrap()).collect();
        Verdict {
            twice: at_fyers.values().filter(|count| **count > 1).count(),
            without_intent: at_fyers.keys().filter(|tag| !intents.contains(&format!("\"{tag}\""))).count(),
            missing: self.acknowledged.iter().filter(|tag| !at_fyers.contains_key(*tag)).count(),
            two_acted: self.two_acted(),
            alerts_lost: sent.iter().filter(|id| !phone.contains_key(id)).count(),
            alerts_twice: phone.values().filter(|count| **count > 1).count(),
            alerts: phone.len(),
        }
    }

    /// What must hold, whatever happened.
    pub(crate) fn judge(&self) {
        let verdict = self.verdict();
        assert!(verdict.is_good() && verdict.alerts > 0, "{verdict:?}");
    }
}
