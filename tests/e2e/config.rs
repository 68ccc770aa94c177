//! `config check`: all mistakes at once, and no secret shown.

use std::{fs, os::unix::fs::PermissionsExt};

use simulator::{Options, RefreshMode, TokenKind};

use crate::support::{APP, Home};

#[test]
fn every_mistake_is_told_at_once_and_no_secret_with_it() {
    let home = Home::bare(Options::default())
        .set("FYERS_CLIENT_ID", "no-app-id")
        .set("FYERS_SECRET_KEY", "CANARY-secret-key")
        .set("FYERS_PIN", "CANARY-pin")
        .set("FYERS_SANDBOX", "perhaps")
        .set("FYERS_API_URL", "nowhere")
        .set("TELEGRAM_BOT_TOKEN", "CANARY-bot-token")
        .set("TELEGRAM_CHAT_ID", "the family")
        .set("KEEPER_HTTP_ADDR", "everywhere")
        .set("KEEPER_GATEWAY_KEY", "CANARYkey")
        .set("KEEPER_TICK_TIME", "25:00")
        .set("KEEPER_LOG_FORMAT", "yaml")
        .set("KEEPER_ON_TOKEN_LOSS", "pray")
        .set("KEEPER_MOCK_CAPITAL", "-1");
    let wrong = [
        "FYERS_PIN",
        "FYERS_SANDBOX",
        "FYERS_API_URL",
        "TELEGRAM_CHAT_ID",
        "KEEPER_HTTP_ADDR",
        "KEEPER_GATEWAY_KEY",
        "KEEPER_TICK_TIME",
        "KEEPER_LOG_FORMAT",
        "KEEPER_ON_TOKEN_LOSS",
        "KEEPER_MOCK_CAPITAL",
    ];
    for verb in [&["config", "check"][..], &["run"], &["check"], &["refresh"], &["status"]] {
        let ran = home.run(verb).exits(78);
        for name in wrong {
            assert!(ran.err.contains(&format!("fyers-keeper: {name} ")), "{name} is not named: {ran:?}");
        }
        assert!(!ran.text().contains("CANARY"), "a secret was printed: {ran:?}");
    }
    assert!(!home.path("state").exists(), "bad settings touch nothing");
}

#[test]
fn a_typo_is_a_note_and_not_an_error() {
    let home = Home::bare(Options::default());
    home.write_env("FYERS_CLIENT_IDD=ABCD1234EF-100\nFYERS_PIM=4711\n");
    let ran = home.run(&["config", "check", "--json"]).exits(0);
    let notes = ran.json()["notes"].to_string();
    assert!(notes.contains("FYERS_CLIENT_IDD"), "{notes}");
    assert!(notes.contains("FYERS_CLIENT_ID?") || notes.contains("did you mean FYERS_CLIENT_ID"), "{notes}");
    assert!(notes.contains("FYERS_PIN"), "{notes}");
    assert!(!ran.text().contains("4711"));
}

#[test]
fn an_empty_folder_is_a_valid_setup_that_says_what_is_missing() {
    let home = Home::bare(Options::default());
    let ran = home.run(&["config", "check"]).exits(0);
    for name in ["FYERS_CLIENT_ID", "TELEGRAM_BOT_TOKEN"] {
        assert!(ran.out.lines().any(|line| line.starts_with("missing:") && line.contains(name)), "{ran:?}");
    }
    assert!(!home.path("state").exists(), "looking makes nothing");
}

#[test]
fn secrets_can_be_in_files_and_are_never_shown() {
    let home = Home::bare(Options::default())
        .set("FYERS_SECRET_KEY_FILE", "secret-key")
        .set("FYERS_PIN_FILE", "pin")
        .set("TELEGRAM_CHAT_ID", "42")
        .set("TELEGRAM_BOT_TOKEN_FILE", "bot");
    home.write_env("FYERS_CLIENT_ID=ABCD1234EF-100\n");
    for (name, text) in
        [("secret-key", "CANARYSECRET\n"), ("pin", "7391\n"), ("bot", "123456789:CANARY-bot\n")]
    {
        fs::write(home.path(name), text).unwrap();
        fs::set_permissions(home.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let ran = home.run(&["config", "check", "--json"]).exits(0);
    let answer = ran.json();
    assert_eq!(answer["missing"], serde_json::json!([]), "all is set: {answer:#}");
    let row = |name: &str| {
        let rows = answer["settings"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {answer:#}")).clone()
    };
    for name in ["FYERS_SECRET_KEY", "FYERS_PIN", "TELEGRAM_BOT_TOKEN"] {
        assert_eq!(row(name)["origin"], "secret_file", "{name}");
    }
    assert_eq!(row("FYERS_CLIENT_ID")["origin"], "env_file");
    assert_eq!(row("KEEPER_HTTP_ADDR")["origin"], "environment");
    for secret in ["CANARY", "7391"] {
        assert!(!ran.text().contains(secret), "{ran:?}");
    }
    let table = home.run(&["config", "check"]).exits(0);
    assert!(!table.text().contains("CANARY") && !table.text().contains("7391"), "{table:?}");
}

#[test]
fn a_secret_file_that_is_missing_is_a_mistake() {
    let home = Home::bare(Options::default()).set("FYERS_PIN_FILE", "not-there");
    home.write_env(APP);
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("FYERS_PIN_FILE") && ran.err.contains("not-there"), "{ran:?}");
}

/// Before anything is connected, in one line each, and without the password.
#[test]
fn a_bad_address_of_postgresql_is_a_mistake() {
    const GOOD: &str = "postgres://keeper:CANARY-pw@127.0.0.1:1/keeper";
    let home = || Home::bare(Options::default());
    let gone = home().dir.path().join("no-such-file").display().to_string();
    let bare = "postgres://keeper@127.0.0.1:1/keeper".to_owned();
    let with = |query: &str| format!("{GOOD}?{query}");
    let authority = |file: &str| with(&format!("sslrootcert={file}"));
    let bad: [(&str, String, &str); 8] = [
        ("KEEPER_DATABASE_URL", "postgres://".to_owned(), "names no host and no database"),
        (
            "KEEPER_DATABASE_URL",
            "mysql://keeper:CANARY-pw@db/keeper".to_owned(),
            "is not of the form postgres://",
        ),
        ("KEEPER_DATABASE_URL", with("sslmode=verfy-full"), "has an sslmode that PostgreSQL does not know"),
        ("KEEPER_DATABASE_URL", authority(&gone), "no-such-file, which is not there"),
        ("KEEPER_DATABASE_URL", authority("/etc/passwd"), "/etc/passwd, in which there is no certificate"),
        ("KEEPER_DATABASE_URL_FILE", gone.clone(), "no-such-file, which is not there"),
        ("PGPASSFILE", gone, "PGPASSFILE names"),
        ("PGPASSFILE", "/".to_owned(), "which is not a regular file"),
    ];
    for (name, value, words) in bad {
        let home = home().set(name, &value);
        let home = if name == "PGPASSFILE" { home.set("KEEPER_DATABASE_URL", &bare) } else { home };
        for verb in [&["config", "check"][..], &["run"], &["status"], &["migrate", "--to", "postgres"]] {
            let ran = home.run(verb).exits(78);
            let told: Vec<_> = ran.err.lines().filter(|line| line.contains("KEEPER_DATABASE_URL")).collect();
            assert!(matches!(told[..], [line, ..] if line.contains(words)), "{verb:?} {value}: {ran:?}");
            assert!(!ran.text().contains("CANARY"), "{ran:?}");
        }
    }
    home().set("KEEPER_DATABASE_URL", GOOD).run(&["config", "check"]).exits(0);
}

#[test]
fn half_an_app_is_a_mistake() {
    let home = Home::bare(Options::default());
    home.write_env("FYERS_CLIENT_ID=ABCD1234EF-100\n");
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("FYERS_SECRET_KEY"), "{ran:?}");
}

/// What a paste or a template leaves in a secret, by name and value. None of it may reach FYERS or Telegram.
const FLAWED: [(&str, &str); 8] = [
    ("FYERS_SECRET_KEY", "\"CANARY1234\""),
    ("FYERS_ACCESS_TOKEN", "None"),
    ("FYERS_REFRESH_TOKEN", "null"),
    ("FYERS_REFRESH_TOKEN", "your_CANARY_token"),
    ("FYERS_PIN", "xxxx"),
    ("FYERS_ACCESS_TOKEN", "OTHER99-100:CANARY.CANARY.CANARY"),
    ("FYERS_CLIENT_ID", "CANARY1234"),
    ("TELEGRAM_BOT_TOKEN", "'123456789:CANARY-bot-token-of-thirty-five-and-more'"),
];

#[test]
fn nothing_is_sent_with_a_flawed_value() {
    for (name, value) in FLAWED {
        let home = Home::with_app(RefreshMode::Enabled).with_telegram();
        let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - chrono::TimeDelta::days(2));
        let refresh = home.sim.mint(TokenKind::Refresh);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={old}\nFYERS_REFRESH_TOKEN={refresh}\n"));
        let home = home.set(name, value);
        for verb in [&["config", "check"][..], &["run"], &["refresh"], &["check"]] {
            let ran = home.run(verb).exits(78);
            assert!(ran.err.contains(&format!("fyers-keeper: {name} ")), "{name}: {ran:?}");
            assert!(!ran.text().contains("CANARY"), "{name}: {ran:?}");
        }
        assert!(home.sim.calls().is_empty(), "{name}: {:?}", home.sim.calls());
    }
}

#[test]
fn a_token_with_its_app_id_and_the_names_of_fyers_samples_are_understood() {
    let home = Home::bare(Options::default());
    let token = home.sim.mint(TokenKind::Access);
    home.write_env(&format!(
        "FYERS_APP_ID=ABCD1234EF-200\nFYERS_SECRET_ID=SIMULATED1\nFYERS_ACCESS_TOKEN=ABCD1234EF-200:{token}\n"
    ));
    let checked = home.run(&["config", "check"]).exits(0);
    assert!(checked.out.contains("FYERS_APP_ID is read as FYERS_CLIENT_ID"), "{checked:?}");
    assert!(checked.out.contains("only the token is used"), "{checked:?}");
    let ran = home.run(&["check", "--json"]).exits(0);
    assert_eq!(ran.json()["state"], "valid");
    assert!(!ran.text().contains(&token) && !checked.text().contains(&token));
}

#[test]
fn an_env_file_that_was_named_must_be_there() {
    let home = Home::bare(Options::default()).set("KEEPER_ENV_FILE", "elsewhere.env");
    for verb in [&["config", "check"][..], &["run"]] {
        let ran = home.run(verb).exits(78);
        assert!(ran.err.contains("KEEPER_ENV_FILE") && ran.err.contains("does not exist"), "{ran:?}");
    }
    // UTF-16, as Notepad writes it.
    let utf16: Vec<u8> = "\u{feff}FYERS_PIN=1234\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(home.path("elsewhere.env"), utf16).unwrap();
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("Save it as UTF-8"), "{ran:?}");
}

#[test]
fn a_misspelt_setting_stops_a_live_start_and_only_that() {
    let live = |name: &str, value: &str| {
        Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "false").set(name, value)
    };
    let ran = live("KEEPER_ON_TOKEN_LOS", "reject").run(&["run"]).exits(78);
    assert!(ran.err.contains("Did you mean KEEPER_ON_TOKEN_LOSS?"), "{ran:?}");
    live("KEEPER_FAVOURITE", "x").run(&["config", "check"]).exits(0);
    let wish = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBX", "false");
    let ran = wish.run(&["run"]).exits(78);
    assert!(ran.err.contains("FYERS_SANDBX") && ran.err.contains("Did you mean FYERS_SANDBOX?"), "{ran:?}");
    assert!(wish.sim.calls().is_empty());
    let sandbox = Home::with_app(RefreshMode::Disabled).set("KEEPER_ON_TOKEN_LOS", "reject");
    let checked = sandbox.run(&["config", "check"]).exits(0);
    assert!(checked.out.contains("Did you mean KEEPER_ON_TOKEN_LOSS?"), "{checked:?}");
}

/// Lines that a person took for settings and that cannot be read, each with the setting that it names.
const UNREADABLE: [(&str, &str); 9] = [
    ("KEEPER_ON_TOKEN_LOSS reject", "KEEPER_ON_TOKEN_LOSS"),
    ("KEEPER_ON_TOKEN_LOSS: reject", "KEEPER_ON_TOKEN_LOSS"),
    ("- KEEPER_ON_TOKEN_LOSS=reject", "KEEPER_ON_TOKEN_LOSS"),
    ("\"KEEPER_ON_TOKEN_LOSS\"=reject", "KEEPER_ON_TOKEN_LOSS"),
    ("KEEPER_ON_TOKEN_LOSS=\"reject", "KEEPER_ON_TOKEN_LOSS"),
    ("KEEPER ON TOKEN LOSS=reject", "KEEPER_ON_TOKEN_LOSS"),
    ("set KEEPER_ON_TOKEN_LOSS=reject", "KEEPER_ON_TOKEN_LOSS"),
    ("FYERS_ACCOUNT_ID='XX00001' CANARY", "FYERS_ACCOUNT_ID"),
    ("OTHER=\"CANARY\nFYERS_ACCOUNT_ID=XX00001\nMORE=\"", "FYERS_ACCOUNT_ID"),
];

#[test]
fn a_line_that_cannot_be_read_and_names_a_setting_stops_a_live_start_and_only_that() {
    for (line, name) in UNREADABLE {
        let live = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
        live.append_env(&format!("{line}\n"));
        for verb in [&["run"][..], &["config", "check"]] {
            let ran = live.run(verb).exits(78);
            let told: Vec<&str> = ran.err.lines().filter(|told| told.contains(name)).collect();
            let expected = format!("fyers-keeper: {name} cannot be read (.env, line ");
            assert!(told.len() == 2 && told[0].starts_with(&expected), "{line}: {ran:?}");
            assert!(!ran.text().contains("CANARY"), "{ran:?}");
        }
        assert!(live.sim.calls().is_empty(), "{line}");
        let sandbox = Home::with_app(RefreshMode::Disabled);
        sandbox.append_env(&format!("{line}\n"));
        let checked = sandbox.run(&["config", "check"]).exits(0);
        assert!(checked.out.contains(&format!("note: {name} cannot be read")), "{line}: {checked:?}");
    }
    // The wish for real money, or its end, may be in such a line.
    let wish = Home::with_app(RefreshMode::Disabled);
    wish.append_env("FYERS_SANDBOX false\n");
    assert!(wish.run(&["run"]).exits(78).err.contains("FYERS_SANDBOX cannot be read (.env, line 4"));
    // What names no setting is other programs' business.
    let other = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    other.append_env("this is no line of ours\n");
    let checked = other.run(&["config", "check"]).exits(0);
    assert!(checked.out.contains("no '=' after the name; the line is ignored"), "{checked:?}");
}

#[test]
fn names_in_another_writing_are_no_settings_and_stop_a_live_start_too() {
    for line in ["keeper_on_token_loss=reject", "KEEPER-ON-TOKEN-LOSS=reject", "KEPER_ON_TOKEN_LOSS=reject"] {
        let live = Home::with_app(RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
        live.append_env(&format!("{line}\n"));
        let ran = live.run(&["run"]).exits(78);
        assert!(ran.err.contains("Did you mean KEEPER_ON_TOKEN_LOSS?"), "{line}: {ran:?}");
    }
}

/// Every verb that can answer in JSON, with arguments that are possible.
const JSON_VERBS: [&[&str]; 22] = [
    &["check"],
    &["refresh"],
    &["login"],
    &["status"],
    &["orders"],
    &["positions"],
    &["pnl"],
    &["doctor"],
    &["config", "check"],
    &["calendar", "next"],
    &["calendar", "list"],
    &["calendar", "check", "2026-11-24"],
    &["backup", "there.db"],
    &["restore", "there.db"],
    &["migrate", "--to", "postgres"],
    &["key", "add", "trial"],
    &["key", "list"],
    &["key", "show", "default"],
    &["key", "rotate", "trial"],
    &["key", "remove", "trial"],
    &["key", "halt", "trial"],
    &["key", "resume", "trial"],
];

fn with_json<'a>(verb: &[&'a str]) -> Vec<&'a str> {
    verb.iter().copied().chain(["--json"]).collect()
}

/// The one form of an error: its exit code, and each problem with what it is and what to do.
#[track_caller]
fn is_an_error(ran: &crate::support::Ran) {
    let error = &ran.json()["error"];
    assert_eq!(error["exit_code"].as_i64(), ran.code.map(i64::from), "{ran:?}");
    let problems = error["problems"].as_array().unwrap_or_else(|| panic!("{ran:?}"));
    assert!(!problems.is_empty(), "{ran:?}");
    for problem in problems {
        assert!(problem["what"].as_str().is_some_and(|what| !what.is_empty()), "{ran:?}");
        assert!(problem["remedy"].is_string(), "{ran:?}");
    }
}

#[test]
fn errors_of_every_verb_are_one_json_object_for_a_script() {
    let wrong = Home::bare(Options::default()).set("KEEPER_TICK_TIME", "25:00").set("KEEPER_LOG", "loud");
    for verb in JSON_VERBS {
        let ran = wrong.run(&with_json(verb));
        is_an_error(&ran);
        assert_eq!(ran.code, Some(if verb == ["doctor"] { 1 } else { 78 }), "{ran:?}");
        assert!(ran.json()["error"]["problems"].as_array().unwrap().len() >= 2, "all at once: {ran:?}");
        let usage = wrong.run(&with_json(&[verb, &["--no-such-flag"]].concat()));
        is_an_error(&usage.exits(2));
    }
    // Every verb that has the flag is in the list above.
    let help = |words: &[&str]| wrong.run(&[words, &["--help"]].concat()).out;
    let verbs = |words: &[&str]| -> Vec<String> {
        let text = help(words);
        let rows =
            text.split("Commands:\n").nth(1).unwrap_or_default().lines().take_while(|row| !row.is_empty());
        rows.filter_map(|row| row.split_whitespace().next().map(str::to_owned))
            .filter(|verb| verb != "help")
            .collect()
    };
    for verb in verbs(&[]) {
        let below = verbs(&[&verb]);
        let all = if below.is_empty() {
            vec![vec![verb.as_str()]]
        } else {
            below.iter().map(|one| vec![verb.as_str(), one]).collect()
        };
        for words in all.into_iter().filter(|words| help(words).contains("--json") && *words != ["demo"]) {
            assert!(JSON_VERBS.iter().any(|known| known.starts_with(&words)), "{words:?}");
        }
    }
}

#[test]
fn bad_ends_of_good_settings_are_that_object_too() {
    let nobody = Home::bare(Options::default());
    for (verb, code) in [
        (&["check"][..], 78),
        (&["refresh"], 78),
        (&["login"], 78),
        (&["status"], 69),
        (&["orders"], 69),
        (&["positions"], 69),
        (&["pnl"], 69),
        (&["restore", "there.db"], 1),
        (&["migrate", "--to", "postgres"], 78),
        (&["key", "rotate", "nobody"], 1),
    ] {
        is_an_error(&nobody.run(&with_json(verb)).exits(code));
    }
    let home = Home::with_app(RefreshMode::Disabled);
    let never = home.run(&["check", "--json"]).exits(77);
    is_an_error(&never);
    assert_eq!(never.json()["reason"], "never_logged_in", "the answer is there as well");
    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let status = home.run(&["status", "--json"]).exits(77);
    is_an_error(&status);
    assert_eq!(status.json()["mode"], "mock");
    home.sim.set_outage(simulator::Service::Fyers, true);
    is_an_error(&home.run(&["doctor", "--json"]).exits(1));
}

#[test]
fn a_second_keeper_and_a_taken_address_have_exit_codes_of_their_own() {
    let home = Home::with_app(RefreshMode::Disabled);
    let keeper = home.start_ready();
    let second = home.run(&["run"]).exits(73);
    assert!(second.err.contains(&format!("process {}", keeper.pid())), "{second:?}");
    fs::remove_file(home.path("state/keeper.lock")).unwrap();
    home.run(&["run"]).exits(73);
    let taken = home.set("KEEPER_STATE_DIR", "another").run(&["run"]).exits(71);
    assert!(taken.err.contains("KEEPER_HTTP_ADDR"), "{taken:?}");
}
