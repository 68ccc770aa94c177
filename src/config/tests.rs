//! What settings are accepted, and what is said about the others.

mod stand_ins;

use keeper_actors::exchange::market::Fill;
use mock_exchange::exchange::Prices;
use std::{fs, os::unix::fs::PermissionsExt};

use super::{table::TABLE, *};
use keeper_domain::routing::OnTokenLoss;
use secrecy::ExposeSecret;

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn layered(environment: &[(&str, &str)], env_file: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    read(&Sources { environment: &values(environment), env_file: &values(env_file), unread: &[] })
}

fn with(environment: &[(&str, &str)]) -> Settings {
    layered(environment, &[]).unwrap()
}

fn without(environment: &[(&str, &str)]) -> Vec<Problem> {
    layered(environment, &[]).unwrap_err()
}

fn row<'a>(settings: &'a Settings, name: &str) -> &'a Row {
    settings.rows.iter().find(|row| row.name == name).unwrap()
}

fn secret_file(content: &[u8], mode: u32) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

mod full;

use full::FULL;

#[test]
fn nothing_set_is_valid_and_means_mock() {
    let settings = with(&[]);
    assert!(settings.app.is_none() && settings.telegram.is_none() && settings.notes.is_empty());
    assert!(settings.sandbox, "orders stay here unless a person says otherwise");
    assert_eq!(settings.http_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.api_url.as_str(), "https://api-t1.fyers.in/api/v3");
    assert_eq!(settings.data_url.as_str(), "https://api-t1.fyers.in/data");
    assert_eq!(settings.tick_time.to_string(), "08:45:00");
    assert_eq!(settings.refresh_token_days, 15);
    assert_eq!(settings.feed_items, 30_000);
    assert_eq!(settings.mock_capital, None);
    assert_eq!((settings.mock_prices, settings.mock_fill), (Prices::Walk, Fill::Touch), "there is no app");
    assert_eq!((settings.on_token_loss, settings.log_format), (OnTokenLoss::Mock, LogFormat::Auto));
    let missing = settings.missing().join("\n");
    assert!(missing.contains("no FYERS app") && missing.contains("alerts go to the log"), "{missing}");
}

#[test]
fn with_an_app_prices_stand_still_without_a_token() {
    let app = [("FYERS_CLIENT_ID", "ABCD1234-200"), ("FYERS_SECRET_KEY", "SEKRET-key")];
    assert_eq!(with(&app).mock_prices, Prices::Last);
    assert_eq!(with(&[app[0], app[1], ("KEEPER_MOCK_PRICES", " Walk ")]).mock_prices, Prices::Walk);
}

#[test]
fn everything_set_is_read() {
    let settings = with(FULL);
    assert_eq!((settings.notes.as_slice(), settings.missing().as_slice()), ([].as_slice(), [].as_slice()));
    let app = settings.app.as_ref().unwrap();
    assert_eq!((app.client_id.as_str(), app.secret.expose_secret()), ("ABCD1234-200", "SEKRET-key"));
    assert!(!settings.sandbox);
    assert_eq!(settings.redirect_uri.as_deref().unwrap(), "https://example.org");
    let telegram = settings.telegram.as_ref().unwrap();
    assert_eq!((telegram.chat_id, telegram.allowed_users.as_slice()), (-100_200, [7, 8].as_slice()));
    assert_eq!(settings.http_addr.to_string(), "0.0.0.0:9");
    assert_eq!((settings.on_token_loss, settings.log_format), (OnTokenLoss::Reject, LogFormat::Text));
    assert_eq!(settings.mock_capital.unwrap().to_string(), "2500.50");
    assert_eq!((settings.mock_prices, settings.mock_fill), (Prices::Walk, Fill::Depth));
    assert_eq!(settings.refresh_token_days, 30);
    assert_eq!(settings.tick_time.to_string(), "08:30:00");
    assert_eq!(settings.expected_ip.unwrap().to_string(), "203.0.113.7");
    assert!(!settings.day_summary);
    assert_eq!(settings.feed_items, 130_000);
    assert_eq!(settings.secrets().len(), 12, "with the PIN, and the database's password alone");
}

#[test]
fn every_row_of_the_table_is_read_and_described_in_order() {
    let table: Vec<_> = TABLE.iter().map(|spec| spec.name).collect();
    assert_eq!(
        FULL.iter().map(|(name, _)| *name).collect::<std::collections::BTreeSet<_>>().len(),
        table.len()
    );
    for settings in [with(&[]), with(FULL)] {
        assert_eq!(settings.rows.iter().map(|row| row.name).collect::<Vec<_>>(), table);
    }
    assert!(with(FULL).rows.iter().all(|row| row.origin == SettingOrigin::Environment));
    assert!(with(&[]).rows.iter().all(|row| row.origin == SettingOrigin::Default));
}

#[test]
fn no_view_of_the_settings_shows_a_secret() {
    let settings = with(FULL);
    let view = format!("{settings:?} {}", serde_json::to_string(&settings.rows).unwrap());
    assert!(!view.contains("SEKRET") && !view.contains("482915"), "{view}");
    assert_eq!(row(&settings, "FYERS_ACCESS_TOKEN").value, "set, fingerprint 2ab6961d");
    assert_eq!(row(&settings, "FYERS_PIN").value, "set");
}

#[test]
fn the_environment_comes_before_the_env_file_and_empty_is_unset() {
    let environment = [("KEEPER_TICK_TIME", "08:00"), ("KEEPER_STATE_DIR", " ")];
    let file = [("KEEPER_TICK_TIME", "nonsense"), ("KEEPER_STATE_DIR", "/from/file")];
    let settings = layered(&environment, &file).unwrap();
    let shown = |name| (row(&settings, name).value.clone(), row(&settings, name).origin);
    assert_eq!(shown("KEEPER_TICK_TIME"), ("08:00".to_owned(), SettingOrigin::Environment));
    assert_eq!(shown("KEEPER_STATE_DIR"), ("/from/file".to_owned(), SettingOrigin::EnvFile));
}

#[test]
fn all_mistakes_come_at_once_and_none_shows_a_secret() {
    let bad = [
        ("FYERS_CLIENT_ID", "abcd-100"),
        ("FYERS_SECRET_KEY", "SEKRET key"),
        ("FYERS_PIN", "SEKRET"),
        ("FYERS_ACCESS_TOKEN", "SEKRET\u{7}"),
        ("FYERS_SANDBOX", "maybe"),
        ("FYERS_API_URL", "http://api-t1.fyers.in/api/v3"),
        ("FYERS_DATA_URL", "https://user:SEKRET@example.org"),
        ("FYERS_REFRESH_TOKEN_VALID_DAYS", "0"),
        ("TELEGRAM_BOT_TOKEN", "SEKRET"),
        ("TELEGRAM_CHAT_ID", "123456789:SEKRETSEKRETSEKRETSEKRETSEKRETSEKRET"),
        ("TELEGRAM_ALLOWED_USERS", "me"),
        ("KEEPER_HTTP_ADDR", "8080"),
        ("KEEPER_TICK_TIME", "8.45"),
        ("KEEPER_ON_TOKEN_LOSS", "panic"),
        ("KEEPER_MOCK_CAPITAL", "-1"),
        ("KEEPER_MOCK_PRICES", "wobble"),
        ("KEEPER_MOCK_FILL", "half"),
        ("KEEPER_FEED_ITEMS", "4999"),
        ("KEEPER_LOG_FORMAT", "xml"),
        ("KEEPER_LOG", "loud"),
        ("KEEPER_EXPECTED_IP", "home"),
        ("KEEPER_PING_URL", "SEKRET"),
        ("KEEPER_WEBHOOK_URL", "http://hooks.example.org/SEKRET"),
        ("KEEPER_WEBHOOK_SECRET", "SEKRET"),
    ];
    let problems = without(&bad);
    for (name, _) in bad {
        assert_eq!(
            problems.iter().filter(|problem| problem.name == name).count(),
            1,
            "{name}: {problems:#?}"
        );
    }
    assert_eq!(problems.len(), bad.len(), "{problems:#?}");
    assert!(problems.iter().all(|problem| !problem.what.is_empty() && !problem.remedy.is_empty()));
    let text = format!("{problems:?}");
    assert!(!text.contains("SEKRET"), "{text}");
}

#[test]
fn half_a_pair_is_a_mistake_that_names_the_other_half() {
    let pairs = [
        (("FYERS_CLIENT_ID", "A1-100"), "FYERS_SECRET_KEY"),
        (("FYERS_SECRET_KEY", "secret"), "FYERS_CLIENT_ID"),
        (("TELEGRAM_BOT_TOKEN", "123456:abcdefghijk"), "TELEGRAM_CHAT_ID"),
        (("TELEGRAM_CHAT_ID", "1"), "TELEGRAM_BOT_TOKEN"),
    ];
    for (set, missing) in pairs {
        let problems = without(&[set]);
        assert_eq!((problems.len(), problems[0].name.as_str()), (1, missing));
        assert!(problems[0].what.contains(set.0), "{problems:?}");
    }
}

#[test]
fn any_numeric_ending_of_an_app_id_will_do() {
    for good in ["A-1", "ABC123-100", "0-200", "XY-4711"] {
        let settings = with(&[("FYERS_CLIENT_ID", good), ("FYERS_SECRET_KEY", "secret")]);
        assert_eq!(settings.app.unwrap().client_id, good);
    }
    for bad in ["A", "A-", "-100", "a-100", "A-1x", "A-1-2", "A -100", "É-100"] {
        let problems = without(&[("FYERS_CLIENT_ID", bad), ("FYERS_SECRET_KEY", "secret")]);
        assert_eq!(problems[0].name, "FYERS_CLIENT_ID", "{bad}");
    }
}

#[test]
fn http_is_for_this_machine_only() {
    for good in ["http://127.0.0.1:1/x", "http://localhost", "http://[::1]:2", "https://example.org"] {
        with(&[("KEEPER_PUBLIC_URL", good)]);
    }
    let bad = [
        "http://example.org",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "ftp://localhost",
    ];
    for bad in bad {
        assert_eq!(without(&[("KEEPER_PUBLIC_URL", bad)])[0].name, "KEEPER_PUBLIC_URL", "{bad}");
    }
}

#[test]
fn a_hosting_platform_is_followed() {
    let settings = with(&[("PORT", "10000"), ("RENDER_EXTERNAL_URL", "https://k.onrender.com/")]);
    assert_eq!(settings.http_addr.to_string(), "0.0.0.0:10000");
    assert_eq!(settings.redirect_uri.unwrap(), "https://k.onrender.com/fyers/callback");
    for (name, value) in [
        ("KEEPER_HTTP_ADDR", "0.0.0.0:10000 (PORT)"),
        ("KEEPER_PUBLIC_URL", "https://k.onrender.com/ (RENDER_EXTERNAL_URL)"),
    ] {
        let row = settings.rows.iter().find(|row| row.name == name).unwrap();
        assert_eq!((row.value.as_str(), row.origin), (value, SettingOrigin::Environment));
    }
    let unset = with(&[]).rows.into_iter().find(|row| row.name == "KEEPER_PUBLIC_URL").unwrap().value;
    assert_eq!(unset, "not set; RENDER_EXTERNAL_URL where Render sets it", "a name is no address");
    assert_eq!(without(&[("PORT", "http"), ("RENDER_EXTERNAL_URL", "http://k.onrender.com")]).len(), 2);
    let own = with(&[("PORT", "1"), ("KEEPER_HTTP_ADDR", "127.0.0.1:2")]);
    assert_eq!(own.http_addr.to_string(), "127.0.0.1:2", "a person's wish goes first");
}

#[test]
fn a_public_address_may_have_a_path() {
    for base in ["https://example.org/keeper", "https://example.org/keeper/"] {
        let redirect = with(&[("KEEPER_PUBLIC_URL", base)]).redirect_uri.unwrap();
        assert_eq!(redirect, "https://example.org/keeper/fyers/callback");
    }
}

#[test]
fn the_chat_itself_may_command_unless_it_is_a_group() {
    let bot = ("TELEGRAM_BOT_TOKEN", "123456:abcdefghijk");
    assert_eq!(with(&[bot, ("TELEGRAM_CHAT_ID", "42")]).telegram.unwrap().allowed_users, [42]);
    assert!(with(&[bot, ("TELEGRAM_CHAT_ID", "-42")]).telegram.unwrap().allowed_users.is_empty());
}

#[test]
fn a_secret_may_come_from_a_file() {
    for content in ["SEKRET", "SEKRET\n", "SEKRET\r\n"] {
        let (_folder, path) = secret_file(content.as_bytes(), 0o600);
        let settings = with(&[("FYERS_CLIENT_ID", "A1-100"), ("FYERS_SECRET_KEY_FILE", &path)]);
        assert!(settings.notes.is_empty());
        assert_eq!(row(&settings, "FYERS_SECRET_KEY").origin, SettingOrigin::SecretFile);
        assert_eq!(settings.app.unwrap().secret.expose_secret(), "SEKRET");
    }
    let (_folder, open) = secret_file(b"SEKRET-gateway-key-2026-long", 0o640);
    let notes = with(&[("KEEPER_GATEWAY_KEY_FILE", &open)]).notes;
    assert!(notes[0].contains("other users"), "{notes:?}");
}

#[test]
fn a_bad_secret_file_is_a_mistake_that_shows_no_content() {
    let (folder, binary) = secret_file(b"SEKRET\xff", 0o600);
    let (_other, blanks) = secret_file(b"SEKRET SEKRET", 0o600);
    for path in ["/nowhere/at/all", &binary, &blanks, folder.path().to_str().unwrap()] {
        let text = format!("{:?}", without(&[("KEEPER_GATEWAY_KEY_FILE", path)]));
        assert!(text.contains("KEEPER_GATEWAY_KEY") && !text.contains("SEKRET"), "{text}");
    }
}

#[test]
fn a_secret_and_its_file_contradict_each_other_in_one_layer() {
    let (_folder, path) = secret_file(b"SEKRET-gateway-key-2026-long", 0o600);
    let direct = ("KEEPER_GATEWAY_KEY", "another-long-gateway-key");
    let file = ("KEEPER_GATEWAY_KEY_FILE", path.as_str());
    assert!(without(&[direct, file])[0].what.contains("so is KEEPER_GATEWAY_KEY_FILE"));
    // Across layers the environment wins: the keeper itself writes tokens into `.env`.
    let key = |settings: Settings| settings.gateway_key.unwrap().expose_secret().to_owned();
    assert_eq!(key(layered(&[file], &[direct]).unwrap()), "SEKRET-gateway-key-2026-long");
    assert_eq!(key(layered(&[direct], &[file]).unwrap()), "another-long-gateway-key");
}

#[test]
fn unknown_names_get_a_suggestion_and_never_show_their_value() {
    let typed = [
        ("FYERS_CLIENTID", "FYERS_CLIENT_ID"),
        ("FYERS_SECRETKEY", "FYERS_SECRET_KEY"),
        ("KEEPER_TICKTIME", "KEEPER_TICK_TIME"),
        ("FYERS_REDIRECT_URL", "FYERS_REDIRECT_URI"),
    ];
    for (wrong, right) in typed {
        let notes = with(&[(wrong, "SEKRET")]).notes.join("\n");
        assert!(notes.contains(wrong) && notes.ends_with(&format!("Did you mean {right}?")), "{notes}");
        assert!(!notes.contains("SEKRET"), "{notes}");
    }
    assert_eq!(with(&[("HOME", "/x"), ("OTHER", "y")]).notes, Vec::<String>::new());
}

const APP: [(&str, &str); 2] = [("FYERS_CLIENT_ID", "ABCD1234-200"), ("FYERS_SECRET_KEY", "SEKRET-key")];

#[test]
fn real_money_does_not_start_beside_a_misspelt_setting() {
    let live = [APP[0], APP[1], ("FYERS_SANDBOX", "false"), ("KEEPER_ON_TOKEN_LOS", "reject")];
    let problems = without(&live);
    assert_eq!((problems.len(), problems[0].name.as_str()), (1, "KEEPER_ON_TOKEN_LOS"));
    let sandbox = [APP[0], APP[1], ("KEEPER_ON_TOKEN_LOS", "reject")];
    assert_eq!(with(&sandbox).notes.len(), 1, "a warning while orders are simulated");
    for value in ["false", "true"] {
        let problems = without(&[APP[0], APP[1], ("FYERS_SANDBX", value)]);
        assert_eq!(problems[0].remedy, "Did you mean FYERS_SANDBOX?", "nobody guesses what was meant");
    }
    let unlike = [APP[0], APP[1], ("FYERS_SANDBOX", "false"), ("KEEPER_FAVOURITE", "x")];
    assert_eq!(with(&unlike).notes, ["KEEPER_FAVOURITE is not a setting and is ignored."]);
}

#[test]
fn what_a_template_or_a_paste_leaves_is_flagged_by_name_and_not_shown() {
    let secrets =
        ["FYERS_SECRET_KEY", "FYERS_ACCESS_TOKEN", "FYERS_REFRESH_TOKEN", "FYERS_PIN", "TELEGRAM_BOT_TOKEN"];
    let values =
        ["\"SEKRET-1234\"", "None", "null", "your_SEKRET_key", "xxxx", "changeme", "Bearer SEKRET", "SЕKRET"];
    for name in secrets {
        for value in values {
            let mut pairs = vec![("FYERS_CLIENT_ID", "ABCD1234-200"), ("TELEGRAM_CHAT_ID", "42")];
            pairs.extend([("FYERS_SECRET_KEY", "good-key"), ("TELEGRAM_BOT_TOKEN", "123456:abcdefghijk")]);
            pairs.push((name, value));
            let problems = without(&pairs);
            assert_eq!((problems.len(), problems[0].name.as_str()), (1, name), "{value}: {problems:?}");
            assert!(!format!("{problems:?}").contains("SEKRET"), "{problems:?}");
        }
    }
    let quoted = without(&[("KEEPER_STATE_DIR", "'/x/state'")]);
    assert!(quoted[0].what.contains("quotation marks"), "not only secrets: {quoted:?}");
}

#[test]
fn the_secret_in_the_place_of_the_app_id_is_not_shown() {
    for wrong in ["SEKRET1234", "SEKRET-KEY", "your_SEKRET_id"] {
        let problems = without(&[("FYERS_CLIENT_ID", wrong), ("FYERS_SECRET_KEY", "ABCD1234-100")]);
        let text = format!("{problems:?}");
        assert!(problems[0].name == "FYERS_CLIENT_ID" && !text.contains("SEKRET"), "{text}");
    }
}

#[test]
fn a_token_may_have_its_app_id_before_it() {
    let token = |settings: Settings| settings.access_token.unwrap().expose_secret().to_owned();
    let settings = with(&[APP[0], APP[1], ("FYERS_ACCESS_TOKEN", "ABCD1234-200:eyJ.x.y")]);
    assert!(settings.notes[0].contains("only the token is used"), "{:?}", settings.notes);
    assert_eq!(token(settings), "eyJ.x.y");
    let problems = without(&[APP[0], APP[1], ("FYERS_ACCESS_TOKEN", "OTHER99-100:eyJ.x.y")]);
    assert!(problems[0].what.contains("belongs to the app OTHER99-100"), "{problems:?}");
}

#[test]
fn the_names_of_fyers_samples_are_understood() {
    let settings = with(&[("FYERS_APP_ID", "ABCD1234-200"), ("FYERS_SECRET_ID", "SEKRET-key")]);
    assert_eq!(settings.app.as_ref().unwrap().client_id, "ABCD1234-200");
    assert_eq!(
        settings.notes,
        ["FYERS_APP_ID is read as FYERS_CLIENT_ID.", "FYERS_SECRET_ID is read as FYERS_SECRET_KEY."]
    );
    let (_folder, path) = secret_file(b"SEKRET-key", 0o600);
    let by_file = with(&[("FYERS_APP_ID", "ABCD1234-200"), ("FYERS_SECRET_ID_FILE", &path)]);
    assert_eq!(by_file.app.unwrap().secret.expose_secret(), "SEKRET-key");
    let both = without(&[("FYERS_APP_ID", "OTHER99-100"), APP[0], APP[1]]);
    assert!(both[0].what.contains("FYERS_APP_ID is set to something else"), "{both:?}");
    let layers = layered(&[APP[0], APP[1]], &[("FYERS_APP_ID", "OTHER99-100")]).unwrap();
    assert_eq!(layers.app.unwrap().client_id, "ABCD1234-200", "the environment goes first, as always");
}

#[test]
fn a_problem_names_the_setting_as_it_was_written() {
    let what = |values: &[(&str, &str)]| without(values)[0].what.clone();
    assert!(what(&[("FYERS_APP_ID", "abc"), APP[1]]).starts_with("(set as FYERS_APP_ID) is not an app id"));
    assert!(what(&[("FYERS_CLIENT_ID", "abc"), APP[1]]).starts_with("is not an app id"));
}

#[test]
fn a_loopback_listener_where_a_platform_sends_requests_is_told() {
    let notes = with(&[("PORT", "10000"), ("KEEPER_HTTP_ADDR", "127.0.0.1:8080")]).notes;
    assert!(notes[0].contains("0.0.0.0:10000"), "{notes:?}");
    assert!(with(&[("PORT", "1"), ("KEEPER_HTTP_ADDR", "0.0.0.0:8080")]).notes.is_empty());
}

#[test]
fn a_slip_of_the_pen_is_told_among_the_errors() {
    let problems = without(&[("TELEGRAM_CHATID", "42"), ("KEEPER_TICK_TIME", "25:00")]);
    let slip = problems.iter().find(|problem| problem.name == "TELEGRAM_CHATID").unwrap();
    assert_eq!(slip.remedy, "Did you mean TELEGRAM_CHAT_ID?");
}
