//! What somebody met who walked through the product for the first time.

use std::fs;

use clap::CommandFactory;
use fyers_keeper::cli::Cli;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Options, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::Bot,
    chat::ask,
    columns::fits,
    halt::halt,
    rejects::live,
    support::{APP, Home, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
/// How often a bot tries what is refused.
const TIMES: usize = 8;

/// Real and simulated orders are counted apart, wherever they are counted, and over a kill.
#[test]
fn orders_of_the_day_are_counted_by_where_they_went() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    for quantity in [10, 5] {
        assert_eq!(bot.order(SBIN, quantity).venue, "fyers");
    }
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    let body = json!({"s": "error", "code": -50, "message": "Invalid lot"});
    home.sim.inject(FaultRule::once(scope, Fault::Json { status: 400, body }));
    assert_eq!(bot.order(SBIN, 1).status, 400, "what FYERS refuses is not counted");
    // Its price is known from here on, for the simulated order.
    assert_eq!(bot.get("/data/quotes?symbols=NSE:INFY-EQ").status, 200);
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    keeper.wait_status("mock", |status| {
        bot.get("/api/v3/funds");
        status["mode"] == "mock"
    });
    assert_eq!(bot.order("NSE:INFY-EQ", 1).venue, "mock");
    let both = |status: &Value| {
        status["orders_at_fyers_today"] == 2
            && status["orders_simulated_today"] == 1
            && status["orders_refused_today"] == 1
    };
    keeper.wait_status("both counts", both);
    let words = "2 at FYERS (real money), 1 simulated";
    ask(&home, "/status", &format!("Orders today: {words}."));
    let shown = home.run(&["status"]);
    assert!(shown.out.contains(&format!("orders: {words}")), "{shown:?}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains("<dt>Orders at FYERS today</dt><dd>2</dd>"), "{page}");
    keeper.kill9();
    home.start_ready().wait_status("both counts after a kill", both);
}

/// In a title, which is bold, without a mark; below it as code.
#[test]
fn a_command_in_a_message_shows_no_marks() {
    let home = Home::bare(Options::default()).with_telegram();
    let _keeper = home.start_ready();
    let answer = ask(&home, "/confirm", "asks for the app");
    assert!(answer.raw.contains("fyers-keeper init asks for the app.</b>"), "{}", answer.raw);
    assert!(home.sim.telegram_messages().iter().all(|message| !message.text.contains('`')));
}

#[test]
fn whatever_says_no_to_the_sandbox_is_named_as_real_money() {
    for word in ["no", "0", "Off"] {
        let home = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", word);
        let checked = home.run(&["config", "check"]).exits(0);
        let words = format!("live (FYERS_SANDBOX={word}). Orders go to FYERS, with REAL MONEY");
        assert!(checked.out.contains(&words), "{checked:?}");
        let keeper = home.start_ready();
        let told = format!("FYERS_SANDBOX={word} means real money: orders go to FYERS once there is a login");
        let is_it = |line: &Value| line["message"] == told.as_str() && line["event"] == "keeper.settings";
        wait_for("the word at the start", || keeper.lines().iter().any(is_it).then_some(()));
        assert_eq!(keeper.lines().iter().filter(|line| is_it(line)).count(), 1, "once");
    }
    let home = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "yes");
    let keeper = home.start_ready();
    assert!(!keeper.log().contains("means real money"));
}

#[test]
fn a_wrong_bot_token_comes_with_where_the_right_one_is() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram().set("TELEGRAM_BOT_TOKEN", "abc");
    let refused = home.run(&["config", "check"]).exits(78);
    assert!(refused.err.contains("TELEGRAM_BOT_TOKEN") && refused.err.contains("@BotFather"), "{refused:?}");
    // One of the right form, that Telegram does not know.
    let home = home.set("TELEGRAM_BOT_TOKEN", format!("123456789:{}", "x".repeat(35)));
    let keeper = home.start_ready();
    let lines = keeper.wait_logged("chat.deaf");
    let line = lines.iter().find(|line| line["event"] == "chat.deaf").unwrap();
    let message = line["message"].as_str().unwrap();
    for words in ["TELEGRAM_BOT_TOKEN", "/mybots to @BotFather", "then restart"] {
        assert!(message.contains(words), "no {words} in {message}");
    }
    let doctor = home.run(&["doctor"]);
    assert!(doctor.out.contains("Set TELEGRAM_BOT_TOKEN again"), "{doctor:?}");
}

/// FYERS locks the account after a few wrong PINs, so whoever guesses hears of each.
#[test]
fn a_second_wrong_pin_is_told_on_the_same_day() {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Enabled).with_telegram();
    let refresh = home.sim.mint(TokenKind::Refresh);
    for (pin, words, calls) in
        [("4321", "FYERS refuses the PIN", 1), ("8765", "FYERS has refused the PIN 2 times", 2)]
    {
        home.write_env(&format!("{APP}FYERS_PIN={pin}\nFYERS_REFRESH_TOKEN={refresh}\n"));
        let keeper = home.start_ready();
        // The card has the first one's words too; the alert has a number.
        let is_alert = |text: &String| text.contains(words) && text.contains("#K-");
        let alert = wait_for("the alert", || home.alerts().into_iter().find(is_alert)).replace('\n', " ");
        assert!(alert.contains("The keeper") && alert.contains("PIN again"), "{alert}");
        assert!(alert.contains("set FYERS_PIN") || alert.contains("correct FYERS_PIN"), "{alert}");
        assert_eq!(home.refresh_calls(), calls);
        assert!(keeper.stop().success());
    }
}

/// `status` in another folder meets whichever keeper has the port.
#[test]
fn the_status_of_another_keeper_is_not_told_as_ones_own() {
    let home = Home::bare(Options::default());
    let _keeper = home.start_ready();
    home.run(&["status"]).exits(0);
    let elsewhere = home.path("elsewhere");
    for exists in [false, true] {
        if exists {
            fs::create_dir(&elsewhere).unwrap();
        }
        let mut command = home.command(&["status"]);
        let asked = command.env("KEEPER_STATE_DIR", &elsewhere).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&asked.stdout), String::from_utf8_lossy(&asked.stderr));
        assert_eq!((asked.status.code(), &*out), (Some(69), ""), "{err}");
        assert!(err.contains("is another one: its state is not in"), "{err}");
        let mut command = home.command(&["status", "--json"]);
        let asked = command.env("KEEPER_STATE_DIR", &elsewhere).output().unwrap();
        let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
        assert_eq!(answer["error"]["exit_code"], 69, "{answer}");
    }
    // By another way to the same folder it is the same keeper.
    let link = home.path("link");
    std::os::unix::fs::symlink(home.path("state"), &link).unwrap();
    let asked = home.command(&["status"]).env("KEEPER_STATE_DIR", &link).output().unwrap();
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
}

/// Also where nobody knows how wide the screen is.
#[test]
fn the_help_of_every_verb_fits_80_columns() {
    fn verbs(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            verbs(verb, &[path, &[verb.get_name().to_owned()]].concat(), all);
        }
    }
    let home = Home::bare(Options::default());
    let mut all = vec![];
    verbs(&Cli::command(), &[], &mut all);
    assert!(all.len() > 25, "{all:?}");
    for path in all {
        for how in ["--help", "-h"] {
            let arguments: Vec<&str> = path.iter().map(String::as_str).chain([how]).collect();
            fits(&home.run(&arguments).exits(0).out, 80);
        }
    }
}

/// A bot that tries again and again fills neither the page, nor the chat, nor hides what else there is.
#[test]
fn what_is_refused_again_and_again_is_told_as_one() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "fyers");
    halt(&home, &keeper);
    for _ in 0..TIMES {
        assert_eq!(bot.order("NSE:TCS-EQ", 7).venue, "none");
    }
    let page = wait_for("all of them on the page", || {
        let page = keeper.get_with_own_key("/").unwrap().1;
        page.contains(&format!("×{TIMES}, since ")).then_some(page)
    });
    let orders = page.split("id=\"orders\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(orders.matches("<li>").count(), 2, "the order before them is still there: {orders}");
    let events = page.split("id=\"events\"").nth(1).unwrap().split("</ol>").next().unwrap();
    assert!(events.matches("Order refused: buy 7").count() <= 1, "{events}");
    let logs = ask(&home, "/logs", "Newest events").text;
    assert!(logs.matches("Order refused: buy 7").count() <= 1 && logs.contains("alted"), "{logs}");
    keeper.wait_status("all alerts delivered", |status| status["outbox"]["waiting"] == 0);
    let alerts: Vec<String> =
        home.alerts().into_iter().filter(|alert| alert.contains("Order refused: buy 7")).collect();
    assert!((1..=4).contains(&alerts.len()), "{alerts:#?}");
}
