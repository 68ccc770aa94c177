//! The registry of one account and what is noted in it.

use std::{sync::Arc, time::Duration};

use keeper_domain::{
    alert::{Channel, Severity},
    event::Event,
    keys::BotName,
    mode::ShownMode,
};
use prometheus::{HistogramOpts, HistogramVec, Registry, TextEncoder, proto::LabelPair};

use crate::{
    fyers::Timer,
    http::metrics::{counters::Counters, feeds::FeedNumbers, gauges::Gauges, outcome::AlertOutcome, routes},
    status::Status,
};

/// How each name begins.
const PREFIX: &str = "fyers_keeper";
/// Bounds in seconds: a simulated answer takes less than a millisecond, a month of candles several seconds.
const BOUNDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// The mode of a request that was refused at the door.
const NO_MODE: &str = "none";

/// One account's numbers.
pub struct Metrics {
    registry: Registry,
    counters: Counters,
    gauges: Gauges,
    feeds: FeedNumbers,
    gateway: HistogramVec,
    broker: HistogramVec,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Arc<Self> {
        let built = Self::build().unwrap_or_else(|error| unreachable!("a metric's name is wrong: {error}"));
        Arc::new(built)
    }

    fn build() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some(PREFIX.to_owned()), None)?;
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            let histogram =
                HistogramVec::new(HistogramOpts::new(name, help).buckets(BOUNDS.to_vec()), labels)?;
            registry.register(Box::new(histogram.clone()))?;
            prometheus::Result::Ok(histogram)
        };
        let gateway = histogram(
            "gateway_request_duration_seconds",
            "Time from a bot's request to its answer, by the mode it was handled in.",
            &["mode"],
        )?;
        let broker = histogram(
            "broker_request_duration_seconds",
            "Time from a request to FYERS to the end of its answer, by path and kind of answer.",
            &["endpoint", "answer"],
        )?;
        for mode in [ShownMode::Live, ShownMode::Sandbox, ShownMode::Mock, ShownMode::Halted] {
            gateway.with_label_values(&[mode.slug()]);
        }
        broker.with_label_values(&["/profile", "2xx"]);
        let (counters, gauges) = (Counters::register(&registry)?, Gauges::register(&registry)?);
        let feeds = FeedNumbers::register(&registry)?;
        Ok(Self { registry, counters, gauges, feeds, gateway, broker })
    }

    /// Counts what was journalled.
    pub fn note(&self, event: &Event) {
        self.counters.note(event);
    }

    /// Counts what came of an alert.
    pub fn alert(&self, channel: Channel, severity: Severity, outcome: AlertOutcome) {
        let labels = [channel.slug(), severity.slug(), outcome.slug()];
        self.counters.alerts.with_label_values(&labels).inc();
    }

    /// A bot's request was answered. Mode and bot are `None` when it was refused at the door. There are as many bots as
    /// keys, so a bot's name is a bounded label.
    pub fn gateway(
        &self,
        (mode, bot): (Option<ShownMode>, Option<&str>),
        path: &str,
        status: u16,
        took: Duration,
    ) {
        let mode = mode.map_or(NO_MODE, ShownMode::slug);
        let status = status.to_string();
        self.counters
            .gateway
            .with_label_values(&[mode, routes::gateway(path), &status, bot.unwrap_or(NO_MODE)])
            .inc();
        self.gateway.with_label_values(&[mode]).observe(took.as_secs_f64());
    }

    /// A wrong gateway key was shown at this entrance.
    pub fn wrong_key(&self, entrance: &str) {
        self.counters.wrong_keys.with_label_values(&[entrance]).inc();
    }

    /// A limit of this bot's key has refused an order, a change or whatever else trades.
    pub fn key_refused(&self, bot: &str, limit: &str, request: &str) {
        self.counters.key_refusals.with_label_values(&[bot, limit, request]).inc();
    }

    /// A request of this bot was refused because it, or everybody, has its share of the places.
    pub fn place_refused(&self, bot: &str) {
        self.counters.places.with_label_values(&[bot]).inc();
    }

    /// What the broker's adapter calls after each request.
    pub fn broker_timer(self: &Arc<Self>) -> Timer {
        let metrics = Arc::clone(self);
        Arc::new(move |path, status, took| {
            let answer = match status {
                Some(200..=299) => "2xx",
                Some(300..=399) => "3xx",
                Some(400..=499) => "4xx",
                Some(_) => "5xx",
                None => "none",
            };
            let endpoint = routes::endpoint(path);
            metrics.broker.with_label_values(&[endpoint, answer]).observe(took.as_secs_f64());
        })
    }

    /// Log lines that nobody read in time.
    pub fn dropped_log_lines(&self) -> prometheus::IntCounter {
        self.counters.dropped_log_lines.clone()
    }

    /// All numbers in Prometheus' text format 0.0.4, with the gauges as the status has them. A bot that reads them is told of
    /// no other bot.
    pub fn text(&self, status: &Status, reader: Option<&BotName>) -> prometheus::Result<String> {
        self.gauges.set(status);
        self.counters.set_restarts(status);
        self.feeds.set(&status.feeds);
        let mut families = self.registry.gather();
        if let Some(reader) = reader {
            let is_others = |label: &LabelPair| {
                label.name() == "bot" && ![NO_MODE, reader.as_str()].contains(&label.value())
            };
            for family in &mut families {
                family.mut_metric().retain(|metric| !metric.get_label().iter().any(is_others));
            }
            families.retain(|family| !family.get_metric().is_empty());
        }
        TextEncoder::new().encode_to_string(&families)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
