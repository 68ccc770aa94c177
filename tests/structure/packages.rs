//! The packages of the workspace and who may know whom, as cargo has it.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Each package with the packages of the workspace that it may use, tests aside.
const ALLOWED: &[(&str, &[&str])] = &[
    ("fyers-api", &[]),
    ("mock-exchange", &["fyers-api"]),
    ("keeper-domain", &["mock-exchange", "fyers-api"]),
    ("keeper-actors", &["keeper-domain", "mock-exchange", "fyers-api"]),
    ("fyers-keeper", &["keeper-actors", "keeper-domain", "mock-exchange", "fyers-api", "simulator"]),
    ("simulator", &[]),
];

/// What the packages below the actors must not be able to reach: runtimes, network, disk.
const WORLD: &[&str] = &[
    "actix",
    "actix-rt",
    "actix-web",
    "hyper",
    "reqwest",
    "rusqlite",
    "rustix",
    "sqlx",
    "teloxide",
    "tokio",
];

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let root = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ordinary dependencies of each package of the workspace, by name.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let metadata = metadata();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ordinary = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (name(package), ordinary(package)))
        .collect()
}

#[test]
fn the_arrows_between_packages_point_down() {
    let dependencies = dependencies();
    let names: Vec<_> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for package in dependencies.keys() {
        assert!(names.contains(&package.as_str()), "{package} is not in the list of packages");
    }
    for (package, allowed) in ALLOWED {
        let own = dependencies[*package].iter().filter(|name| names.contains(&name.as_str()));
        for used in own {
            assert!(allowed.contains(&used.as_str()), "{package} uses {used}");
        }
    }
}

#[test]
fn the_rules_cannot_reach_the_world() {
    let dependencies = dependencies();
    for package in ["fyers-api", "mock-exchange", "keeper-domain"] {
        for used in &dependencies[package] {
            assert!(!WORLD.contains(&used.as_str()), "{package} uses {used}");
        }
    }
}
