//! What a person's phone shows on a day on which the token is lost three times, as a document.

use std::{
    collections::BTreeMap,
    sync::LazyLock,
    time::{Duration, Instant},
};

use regex::Regex;
use simulator::{TelegramMessage, TokenKind};

use crate::{
    bot::Bot,
    card::{home, link, open_cards, press_through, wait_card, wait_receipt, with_yesterdays_refresh_token},
    support::{Home, Keeper},
};

const DAY: &str = "2026-11-23";
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/transcripts/three-losses.md");
const HEAD: &str = "# A day with three lost tokens, as the phone shows it

Written by `tests/e2e/transcript.rs`, which plays the day with the real program against the simulator and compares it
with this page. The test moves the clock by restarts of the keeper, so each part of the day begins with one. 🔔 comes with a
sound, 🔕 without; ✏️ is an earlier message in new words. What comes at the same moment is listed alerts first, then the
login card. `TRANSCRIPT=write cargo test -p fyers-keeper --test e2e transcript` writes the page anew.
";

/// What has been seen of the chat so far.
#[derive(Default)]
struct Transcript {
    seen: BTreeMap<i64, String>,
    text: String,
}

impl Transcript {
    fn part(&mut self, time: &str, what: &str) {
        self.text.push_str(&format!("\n## {time}: {what}\n"));
    }

    /// What is new on the phone, now that all has been delivered.
    fn look(&mut self, home: &Home, time: &str, what: &str) {
        self.text.push_str(&format!("\n### {time}, {what}\n"));
        let from = self.text.len();
        let document = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
        let wanted = document.get(from..).map(|rest| rest.split("\n#").next().unwrap_or_default().to_owned());
        let end = Instant::now() + Duration::from_secs(if writes() { 5 } else { 60 });
        // The alerts come one by one, behind the state they tell of.
        loop {
            let fresh = self.fresh(home, time);
            if (!writes() && Some(fresh.0.as_str()) == wanted.as_deref()) || Instant::now() > end {
                self.text.push_str(&fresh.0);
                self.seen = fresh.1;
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is new, and all that has been seen then.
    fn fresh(&self, home: &Home, time: &str) -> (String, BTreeMap<i64, String>) {
        let (mut text, mut seen) = (String::new(), self.seen.clone());
        let mut fresh: Vec<TelegramMessage> = home.sim.telegram_messages();
        fresh.retain(|message| self.seen.get(&message.id) != Some(&message.text));
        // The card and the alerts come from two actors.
        fresh.sort_by_key(|message| (message.edited || message.protect_content, message.id));
        for message in fresh {
            let mark = match (self.seen.contains_key(&message.id), message.silent) {
                (true, _) => "✏️",
                (false, true) => "🔕",
                (false, false) => "🔔",
            };
            let buttons: Vec<String> =
                message.buttons().iter().map(|button| format!("[{}]", button.text)).collect();
            let words = steady(&message.text, time);
            let lines: Vec<String> = words
                .lines()
                .chain((!buttons.is_empty()).then_some(&*buttons.join(" ")))
                .map(|line| format!("> {line}"))
                .collect();
            text.push_str(&format!("\n{mark} {time}\n\n{}\n", lines.join("\\\n")));
            seen.insert(message.id, message.text);
        }
        (text, seen)
    }
}

static PORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"127\.0\.0\.1:\d+").unwrap());

/// The same text whenever it is played: numbers of alerts and versions go, the port is the usual one, and minutes are those
/// of the part of the day.
fn steady(text: &str, time: &str) -> String {
    let word = |word: &str| {
        let hour = &time[..3];
        let clock = word.trim_matches(|sign: char| !sign.is_ascii_digit());
        let near = clock.len() == 5
            && clock.starts_with(hour)
            && clock[3..].parse::<u32>().is_ok_and(|minute| {
                let begun: u32 = time[3..].parse().unwrap();
                (begun..begun + 20).contains(&minute)
            });
        if near { word.replace(clock, time) } else { word.replace(env!("CARGO_PKG_VERSION"), "VERSION") }
    };
    let line = |line: &str| {
        line.split(' ').filter(|word| !word.contains("#K-")).map(word).collect::<Vec<_>>().join(" ")
    };
    let text = text.lines().map(line).collect::<Vec<_>>().join("\n");
    PORT.replace_all(text.trim_end(), "127.0.0.1:8080").into_owned()
}

fn writes() -> bool {
    std::env::var("TRANSCRIPT").is_ok_and(|wish| wish == "write")
}

fn start_at(home: &Home, time: &str) -> Keeper {
    home.jump(&format!("{DAY}T{time}:05"));
    home.start_ready()
}

fn log_in(home: &Home, keeper: &Keeper) {
    let card = wait_card(home);
    press_through(&link(&card));
    keeper.wait_status("live", |status| status["mode"] == "live");
    wait_receipt(home, &card);
}

/// A bot's request meets the dead token.
fn lose(home: &Home, keeper: &Keeper) -> Bot {
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    let bot = Bot::of(home, keeper);
    assert_eq!(bot.get("/api/v3/funds").mode, "mock", "the bot never sees the dead token");
    bot
}

#[test]
fn a_day_with_three_lost_tokens_reads_as_documented() {
    let home = home(&format!("{DAY}T08:45:05")).set("KEEPER_MOCK_PRICES", "walk");
    with_yesterdays_refresh_token(&home);
    let mut day = Transcript { text: HEAD.to_owned(), ..Transcript::default() };

    day.part("08:45", "the daily login");
    let keeper = home.start_ready();
    home.wait_alert("has started");
    wait_card(&home);
    day.look(&home, "08:45", "when the keeper has started");
    log_in(&home, &keeper);
    day.look(&home, "08:45", "after the login");
    assert!(keeper.stop().success());

    day.part("11:00", "FYERS ends the token while 10 SBIN are open; the bot goes on and buys INFY");
    let keeper = start_at(&home, "11:00");
    keeper.wait_status("live", |status| status["mode"] == "live");
    assert_eq!(Bot::of(&home, &keeper).order("NSE:SBIN-EQ", 10).venue, "fyers");
    keeper.wait_status("the position", |status| status["positions_known"] == "known");
    day.look(&home, "11:00", "while Live");
    let bot = lose(&home, &keeper);
    let card = wait_card(&home);
    assert!(!card.silent, "{card:?}");
    assert_eq!(bot.order("NSE:INFY-EQ", 10).venue, "mock");
    home.wait_alert("Order simulated: ");
    day.look(&home, "11:00", "after the loss");
    log_in(&home, &keeper);
    home.wait_alert("Simulated positions are still open");
    day.look(&home, "11:00", "after the login");
    assert!(keeper.stop().success());

    day.part("13:20", "the second loss: the token is dead when the keeper is started again");
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    let keeper = start_at(&home, "13:20");
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    assert!(!wait_card(&home).silent);
    day.look(&home, "13:20", "when the keeper has started");
    log_in(&home, &keeper);
    day.look(&home, "13:20", "after the login");
    assert!(keeper.stop().success());

    day.part("15:05", "the third loss, 25 minutes before the market closes");
    let keeper = start_at(&home, "15:05");
    keeper.wait_status("live", |status| status["mode"] == "live");
    day.look(&home, "15:05", "while Live");
    lose(&home, &keeper);
    assert!(!wait_card(&home).silent);
    day.look(&home, "15:05", "after the loss");
    log_in(&home, &keeper);
    day.look(&home, "15:05", "after the login");
    assert!(open_cards(&home).is_empty());
    assert!(keeper.stop().success());

    if writes() {
        std::fs::write(DOCUMENT, &day.text).unwrap();
    } else {
        let told = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
        assert_eq!(day.text, told, "docs/transcripts/three-losses.md tells of another day");
    }
}
