//! Log lines: JSON objects for machines, readable lines for a terminal, and never a secret in either.

mod fields;
mod json;
mod learn;
mod queue;
pub mod redact;
mod text;

use std::{
    fs::File,
    io::{IsTerminal, Write},
    os::fd::AsFd,
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::Context, layer::SubscriberExt, registry::LookupSpan,
};

pub use learn::LearningBroker;
pub use queue::OnDrop;
pub use redact::Redactor;

use fields::Fields;
use queue::Queue;

/// The queue of the program's own log, to be emptied at the end.
static QUEUE: OnceLock<Queue> = OnceLock::new();

/// What the libraries below may say at most. At finer levels some of them print whole requests. What `actix_http` has to
/// say is what strangers have sent, each line of it an error: they would fill the log and wake people up. `sqlx` warns of waits,
/// notices and parts of an address, value and all: what matters of it the keeper says in its own events.
const CAPS: [(&str, &str); 9] = [
    ("actix_http", "off"),
    ("actix_server", "warn"),
    ("h2", "warn"),
    ("hyper", "warn"),
    ("hyper_util", "warn"),
    ("reqwest", "warn"),
    ("rustls", "warn"),
    ("sqlx", "error"),
    ("teloxide", "warn"),
];

/// What a library calls an error and is none: while the program stops, a connection may come that nobody takes any more.
const NO_NEWS: [(&str, &str); 1] = [("actix_server::accept", "No workers")];

/// Tells the time for log lines: the wall clock, or the demo's.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One JSON object a line.
    Json,
    /// For people.
    Text {
        /// With colours.
        colour: bool,
    },
}

impl Style {
    /// The style for an output: text on a terminal, else JSON, unless the settings say otherwise.
    pub fn choose(format: crate::config::LogFormat, output: &impl IsTerminal) -> Self {
        use crate::config::LogFormat;
        let terminal = output.is_terminal();
        let colour = terminal && !crate::config::no_colour();
        match format {
            LogFormat::Json => Self::Json,
            LogFormat::Text => Self::Text { colour },
            LogFormat::Auto if terminal => Self::Text { colour },
            LogFormat::Auto => Self::Json,
        }
    }

    fn line(self, now: DateTime<Utc>, level: Level, target: &str, fields: &Fields) -> String {
        match self {
            Self::Json => json::line(now, level, target, fields),
            Self::Text { colour } => text::line(now, level, fields, colour),
        }
    }
}

/// Everything a log needs.
pub struct LogOptions {
    /// How lines look.
    pub style: Style,
    /// Which lines there are, as `KEEPER_LOG` says.
    pub filter: String,
    /// Where they go.
    pub output: Box<dyn Write + Send>,
    /// Takes secrets out.
    pub redactor: Redactor,
    /// Tells the time.
    pub clock: Clock,
    /// Hears of lines that were dropped because nobody reads the output.
    pub on_drop: OnDrop,
}

/// Standard output, or standard error, without the lock and the buffer that the whole program shares: a writer that is
/// blocked in it must not block anybody else.
pub fn standard(output: &impl AsFd) -> Box<dyn Write + Send> {
    match output.as_fd().try_clone_to_owned() {
        Ok(own) => Box::new(File::from(own)),
        Err(_) => Box::new(std::io::sink()),
    }
}

/// A subscriber that writes as the options say.
pub fn subscriber(options: LogOptions) -> impl Subscriber + Send + Sync {
    with_queue(options).0
}

fn with_queue(options: LogOptions) -> (impl Subscriber + Send + Sync, Queue) {
    let LogOptions { style, filter, output, redactor, clock, on_drop } = options;
    let (cleaner, now) = (redactor.clone(), Arc::clone(&clock));
    let queue = Queue::start(
        output,
        Box::new(move |line| cleaner.clean(line).into_owned()),
        Box::new(move |dropped| dropped_line(style, now(), dropped)),
        on_drop,
    );
    let lines = Lines { style, queue: queue.clone(), redactor, clock };
    // Below the lines, not on them: a filter of one layer keeps its verdict beside the event, and sqlx, which asks for each
    // notice whether anybody listens, leaves one that swallows the next line (tokio-rs/tracing, issue 2519).
    (Registry::default().with(env_filter(&filter)).with(lines), queue)
}

/// Installs the subscriber for the whole program, for the `log` crate's users too. Only the first call counts.
pub fn init(options: LogOptions) {
    let _bridged = tracing_log::LogTracer::init();
    let (subscriber, queue) = with_queue(options);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _first = QUEUE.set(queue);
    }
}

/// Waits until the log is written, for a bounded time: an output that nobody reads must not keep the program from
/// ending.
pub fn flush(limit: Duration) {
    if let Some(queue) = QUEUE.get() {
        let _unread = queue.flush(limit);
    }
}

/// The line that stands where lines are missing.
fn dropped_line(style: Style, now: DateTime<Utc>, dropped: u64) -> String {
    let rest = vec![("event".to_owned(), "log.dropped".into()), ("dropped".to_owned(), dropped.into())];
    let message = format!("{dropped} log lines were dropped, because nobody read the output");
    style.line(now, Level::WARN, "", &Fields { message, rest })
}

fn env_filter(wanted: &str) -> EnvFilter {
    let filter = EnvFilter::builder().parse_lossy(wanted);
    // The cap is added last, so that it wins over what was wished for.
    CAPS.iter().fold(filter, |filter, (name, most)| match format!("{name}={most}").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    })
}

struct Lines {
    style: Style,
    queue: Queue,
    redactor: Redactor,
    clock: Clock,
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        if NO_NEWS.contains(&(metadata.target(), fields.message.as_str())) {
            return;
        }
        fields.words_mut().for_each(|text| self.redactor.clean_word(text));
        self.queue.push(self.style.line((self.clock)(), *metadata.level(), metadata.target(), &fields));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use serde_json::Value;
    use tracing::{error, info, subscriber::with_default};

    use super::*;

    struct Capture(Sender<Vec<u8>>);

    impl Write for Capture {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: Style, filter: &str, say: impl FnOnce()) -> String {
        let (sender, receiver) = channel();
        let at = DateTime::parse_from_rfc3339("2025-10-21T08:45:00.123+05:30").unwrap().to_utc();
        let options = LogOptions {
            style,
            filter: filter.to_owned(),
            output: Box::new(Capture(sender)),
            redactor: Redactor::default(),
            clock: Arc::new(move || at),
            on_drop: Box::new(|_count| {}),
        };
        let (subscriber, queue) = with_queue(options);
        with_default(subscriber, say);
        assert!(queue.flush(Duration::from_secs(60)));
        String::from_utf8(receiver.try_iter().flatten().collect()).unwrap()
    }

    #[test]
    fn a_json_line_has_the_agreed_fields() {
        let line = logged(Style::Json, "info", || {
            info!(
                event = "exchange.switched",
                actor = "exchange",
                mode = "live",
                attempt = 2,
                "mode is live"
            );
        });
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["timestamp"], "2025-10-21T03:15:00.123Z");
        assert_eq!(value["ist"], "2025-10-21T08:45:00.123+05:30");
        assert_eq!(value["level"], "info");
        assert_eq!(value["event"], "exchange.switched");
        assert_eq!(value["message"], "mode is live");
        assert_eq!(value["attempt"], 2);
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn what_is_no_news_is_left_out_and_the_same_librarys_errors_are_not() {
        let say = || {
            error!(target: "actix_server::accept", "No workers");
            error!(target: "actix_server::accept", "Error accepting connection: too many open files");
        };
        let lines = logged(Style::Json, "debug", say);
        assert!(lines.lines().count() == 1 && lines.contains("too many open files"), "{lines}");
    }

    #[test]
    fn the_seeds_lines_are_there_to_the_letter_in_both_styles() {
        use keeper_actors::event_log::seed;
        for message in [seed::STARTED, seed::SUCCEEDED, seed::FAILED, seed::EXPIRED] {
            let say =
                || error!(event = "x", banner = true, token_status = "Current token is valid", "{message}");
            let json: Value = serde_json::from_str(&logged(Style::Json, "info", say)).unwrap();
            assert_eq!(json["message"], message);
            let text = logged(Style::Text { colour: false }, "info", say);
            let rule = "=".repeat(80);
            assert!(text.starts_with(&format!("{rule}\n{message}\n{rule}\n")), "{text}");
            assert!(text.contains("📊 Current token status: Current token is valid"), "{text}");
        }
        assert_eq!(seed::STARTED, "🔄 FYERS TOKEN REFRESH - Scheduled Daily Maintenance");
        assert_eq!(seed::SUCCEEDED, "✅ TOKEN REFRESH SUCCESSFUL");
        assert_eq!(seed::FAILED, "❌ TOKEN REFRESH FAILED");
        assert_eq!(seed::EXPIRED, "🔑 FYERS REFRESH TOKEN EXPIRED - MANUAL RENEWAL REQUIRED");
    }

    /// An alert that goes to the log, with pictures and rupees; and what a terminal would obey.
    #[test]
    fn several_lines_are_one_at_a_terminal_and_no_letter_is_broken() {
        let say = || {
            error!(
                event = "alert.sent",
                why = "क\n₹ 5",
                "ℹ️ Started\nTrading: not affected.\n\tNext: – ✓\u{1b}[2J"
            );
        };
        let text = logged(Style::Text { colour: false }, "info", say);
        let line =
            "ERROR ℹ️ Started · Trading: not affected. · Next: – ✓\u{fffd}[2J alert.sent why=क · ₹ 5\n";
        assert_eq!(text.split_once(' ').unwrap().1, line);
        let json: Value = serde_json::from_str(&logged(Style::Json, "info", say)).unwrap();
        assert!(
            json["message"].as_str().unwrap().contains("Started\nTrading"),
            "for programs as it is: {json}"
        );
    }

    /// As sqlx does for each notice of PostgreSQL, by way of the `log` crate.
    #[test]
    fn who_asks_whether_anybody_listens_takes_no_line_away() {
        let _bridged = tracing_log::LogTracer::init();
        let said = logged(Style::Json, "info", || {
            for nth in 0..3 {
                let _no = tracing_log::log::log_enabled!(target: "sqlx::postgres::notice", tracing_log::log::Level::Info);
                tracing::info!("line {nth} is there");
            }
        });
        assert_eq!(said.matches("is there").count(), 3, "{said}");
    }

    #[test]
    fn libraries_stay_quiet_whatever_the_filter_says() {
        let text = logged(Style::Json, "trace", || {
            info!(target: "reqwest::connect", "GET https://h/?code=1");
            error!(target: "actix_http::h1::dispatcher", "stream error: {}", "what a stranger has sent");
            tracing::warn!(target: "sqlx_postgres::options::parse", value = "a secret", "ignoring unrecognized connect parameter");
            tracing::warn!(target: "sqlx::pool::acquire", "acquired connection, but time to acquire exceeded slow threshold");
            info!(target: "fyers_keeper", "ours");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn a_secret_that_slipped_through_is_taken_out() {
        let text = logged(Style::Json, "info", || info!("oops eyJhbGciOiJIUzI1.eyJleHAiOjE3.c2lnbmVk"));
        assert!(!text.contains("eyJ"), "{text}");
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }
}
