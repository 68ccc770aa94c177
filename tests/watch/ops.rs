//! The dashboard and the alert rules that come with the keeper fit the keeper.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;
use simulator::Options;

use crate::{
    metrics::{promtool, scrape},
    support::Home,
};

fn ops(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ops").join(name)
}

/// Every name of ours in a text, without what a histogram adds to its own.
fn named(text: &str) -> BTreeSet<String> {
    let name = regex::Regex::new(r"\bfyers_keeper_[a-z_]+\b").unwrap();
    let own = |name: &str| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        base.unwrap_or(name).to_owned()
    };
    name.find_iter(text).map(|found| own(found.as_str())).collect()
}

#[test]
fn what_dashboard_and_rules_name_is_exported() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let text = scrape(&keeper);
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let exported: BTreeSet<String> = types.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    for file in ["grafana/fyers-keeper.json", "prometheus/alerts.yml", "prometheus/alerts_test.yml"] {
        let named = named(&fs::read_to_string(ops(file)).unwrap());
        assert!(named.len() > 5, "{file} names {named:?}");
        let missing: Vec<_> = named.difference(&exported).collect();
        assert!(missing.is_empty(), "{file} names what is not exported: {missing:?}");
    }
    let shown = named(&fs::read_to_string(ops("grafana/fyers-keeper.json")).unwrap());
    let unseen: Vec<_> = exported.difference(&shown).collect();
    assert!(unseen.is_empty(), "the dashboard shows nothing of {unseen:?}");
}

#[test]
fn the_rules_are_right_by_their_own_tests() {
    let path = |name: &str| ops(name).to_str().unwrap().to_owned();
    let (good, said) = promtool(&["check", "rules", &path("prometheus/alerts.yml")], "");
    assert!(good, "{said}");
    let (good, said) = promtool(&["test", "rules", &path("prometheus/alerts_test.yml")], "");
    assert!(good && said.contains("SUCCESS"), "{said}");
}

#[test]
fn every_rule_has_a_test_and_says_what_to_do() {
    let rules = fs::read_to_string(ops("prometheus/alerts.yml")).unwrap();
    let tests = fs::read_to_string(ops("prometheus/alerts_test.yml")).unwrap();
    let names: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in &names {
        let fires = [format!("alertname: {name}\n"), format!("alertname=\"{name}\", alertstate=\"firing\"")];
        assert!(fires.iter().any(|test| tests.contains(test)), "no test of {name}");
    }
    for part in ["severity:", "summary:", "description:"] {
        assert_eq!(rules.matches(part).count(), names.len(), "each rule has its {part}");
    }
}

#[test]
fn the_dashboard_is_one() {
    let text = fs::read_to_string(ops("grafana/fyers-keeper.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels with one id");
        assert!(!panel["title"].as_str().unwrap().is_empty());
        for target in panel["targets"].as_array().unwrap() {
            let expr = target["expr"].as_str().unwrap();
            assert!(expr.contains("$instance"), "{expr}");
            let query = expr.replace("$instance", ".*").replace("$__rate_interval", "5m");
            let rule = format!("groups: [{{name: g, rules: [{{record: a, expr: '{query}'}}]}}]");
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), rule).unwrap();
            let (good, said) = promtool(&["check", "rules", file.path().to_str().unwrap()], "");
            assert!(good, "{expr}: {said}");
        }
    }
    assert_eq!(board["uid"], "fyers-keeper");
}

#[test]
fn what_was_open_to_others_is_closed_at_the_start_and_that_is_said() {
    let home = Home::bare(Options::default());
    assert!(home.start_ready().stop().success());
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    let loose = [("state", 0o755), ("state/gateway.key", 0o644), ("state/keeper.db", 0o640)];
    for (name, mode) in loose {
        fs::set_permissions(home.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let keeper = home.start_ready();
    assert_eq!(loose.map(|(name, _)| mode(name)), [0o700, 0o600, 0o600]);
    let lines = keeper.wait_logged("keeper.started");
    for words in [
        "state was open to other users; closing it",
        "gateway.key could be read by other users and is closed now: make a new key",
        "keeper.db could be read by other users and is closed now: send /logout",
    ] {
        let is_told = |line: &Value| line["message"].as_str().is_some_and(|said| said.contains(words));
        let told = lines.iter().filter(|line| is_told(line)).count();
        assert_eq!(told, 1, "{words}: {lines:#?}");
    }
}

#[test]
fn no_core_dump_and_no_look_into_the_memory() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", keeper.pid())).unwrap();
    let core = limits.lines().find_map(|row| row.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"], "{limits}");
    // Root may look into everything.
    if !rustix::process::geteuid().is_root() {
        for secret in ["environ", "mem"] {
            assert!(std::fs::File::open(format!("/proc/{}/{secret}", keeper.pid())).is_err(), "{secret}");
        }
    }
}
