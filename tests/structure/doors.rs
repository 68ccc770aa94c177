//! What tests need (faults on demand, a clock that starts anywhere) is in no build that anybody is told to run beside real
//! money, as cargo resolves it.

use std::{collections::BTreeSet, path::Path, process::Command};

use regex::Regex;

/// The feature that brings it.
const DOORS: &str = "fault-injection";
/// What is handed out is built by these; the compose file builds the image by the first.
const PACKAGED: [&str; 2] = ["Dockerfile", "scripts/package"];
/// Where people read how to build and run the service.
const GUIDES: [&str; 3] = ["README.md", "docs/START.md", "docs/DEPLOYMENT.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The commands of a file that build the program or run it from its source.
fn commands(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let command = Regex::new(r"cargo (?:build|install|run)\b[^`&|;#\n]*").unwrap();
    command.find_iter(&text).map(|found| found.as_str().trim().to_owned()).collect()
}

/// The features of the program in a build with these arguments, tests aside.
fn features(arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--package", "fyers-keeper", "--edges", "no-dev"])
        .args(["--depth", "0", "--format", "{f}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    told.trim().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The features of the program that this command makes.
fn made_by(command: &str) -> BTreeSet<String> {
    let chosen = Regex::new(r"--no-default-features|--all-features|(?:--features|-F)[ =]\S+").unwrap();
    // What stands behind `--` is the program's own.
    let own = command.split(" -- ").next().unwrap();
    features(&chosen.find_iter(own).flat_map(|found| found.as_str().split([' ', '='])).collect::<Vec<_>>())
}

#[test]
fn no_build_for_service_has_the_doors_of_tests() {
    let mut count = 0;
    for file in GUIDES.iter().chain(&PACKAGED) {
        for command in commands(file) {
            let features = made_by(&command);
            assert!(!features.contains(DOORS), "{file}: `{command}` builds with {features:?}");
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} commands were found");
}

#[test]
fn what_is_handed_out_has_no_feature_at_all() {
    for file in PACKAGED {
        let commands = commands(file);
        assert!(!commands.is_empty(), "{file} builds nothing");
        for command in commands {
            assert_eq!(made_by(&command), BTreeSet::new(), "{file}: {command}");
        }
    }
    let text = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    for file in ["compose.yaml", "fly.toml", "render.yaml", ".github/workflows/release.yml"] {
        assert!(!text(file).contains(DOORS), "{file} asks for {DOORS}");
    }
    let compose = text("compose.yaml");
    assert!(compose.contains("build: { context: . }"), "an image of the Dockerfile, without arguments");
}

#[test]
fn the_doors_are_found_where_they_are_asked_for() {
    for asked in ["cargo build --features fault-injection", "cargo build --features=fault-injection -- run"] {
        assert!(made_by(asked).contains(DOORS), "{asked}");
    }
    assert!(made_by("cargo run --release -- --features fault-injection").contains("default"));
}
