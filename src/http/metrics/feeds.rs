//! Numbers of market data and order updates: the status counts them, this repeats what it says.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::status::FeedsStatus;

/// The numbers, by name.
pub(super) struct FeedNumbers {
    open: IntGaugeVec,
    subscriptions: IntGaugeVec,
    age: IntGaugeVec,
    lost: IntCounterVec,
    clients: IntGaugeVec,
    followed: IntGauge,
    values: IntCounter,
    conflated: IntCounter,
    order_events: IntCounter,
    slow: IntCounter,
}

impl FeedNumbers {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let gauges = |name: &str, help: &str, label: &str| {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(gauges.clone()))?;
            prometheus::Result::Ok(gauges)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let followed = IntGauge::new("feed_followed", "Symbols and depths that bots follow.")?;
        registry.register(Box::new(followed.clone()))?;
        let lost = Opts::new("feed_source_lost_total", "Ends of connections to FYERS' sockets, by reason.");
        let lost = IntCounterVec::new(lost, &["source", "reason"])?;
        registry.register(Box::new(lost.clone()))?;
        Ok(Self {
            open: gauges("feed_source_open", "1 while a socket of FYERS is open and subscribed.", "source")?,
            subscriptions: gauges("feed_source_subscriptions", "Topics subscribed at FYERS.", "source")?,
            age: gauges(
                "feed_source_last_frame_age_seconds",
                "Seconds since the last message; -1 before the first.",
                "source",
            )?,
            clients: gauges("feed_clients", "Bots at the keeper's sockets.", "door")?,
            values: counter("feed_values_total", "Values from FYERS or the MockExchange.")?,
            conflated: counter("feed_values_conflated_total", "Values replaced before a bot took them.")?,
            order_events: counter("feed_order_events_total", "Order events put into bots' queues.")?,
            slow: counter("feed_slow_clients_closed_total", "Bots closed because they did not read.")?,
            followed,
            lost,
        })
    }

    pub(super) fn set(&self, now: &FeedsStatus) {
        for (source, status) in &now.sources {
            let of =
                |gauges: &IntGaugeVec, value: i64| gauges.with_label_values(&[source.as_str()]).set(value);
            of(&self.open, i64::from(status.open));
            of(&self.subscriptions, i64::try_from(status.subscriptions).unwrap_or(i64::MAX));
            of(&self.age, status.last_frame_age.map_or(-1, |age| i64::try_from(age).unwrap_or(i64::MAX)));
            for (reason, count) in &status.lost {
                let counter = self.lost.with_label_values(&[source.as_str(), reason.as_str()]);
                counter.reset();
                counter.inc_by(*count);
            }
        }
        for (door, count) in &now.clients {
            self.clients.with_label_values(&[door.as_str()]).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        self.followed.set(i64::try_from(now.followed).unwrap_or(i64::MAX));
        for (counter, count) in [
            (&self.values, now.values),
            (&self.conflated, now.values_conflated),
            (&self.order_events, now.order_events),
            (&self.slow, now.slow_clients_closed),
        ] {
            counter.reset();
            counter.inc_by(count);
        }
    }
}
