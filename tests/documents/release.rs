//! A release: its files have the names that people and `install.sh` ask for, and one name of the image is everywhere.

use std::{fs, path::Path};

use clap::CommandFactory;
use fyers_keeper::cli::Cli;
use serde_json::{Value, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn yaml(file: &str) -> Value {
    yaml_serde::from_str(&read(file)).unwrap()
}

/// The value of a variable in a shell script: the first time it is set.
fn variable(script: &str, name: &str) -> String {
    let text = read(script);
    let set = format!("{name}=");
    let found = text.lines().find_map(|line| line.trim().strip_prefix(&set)).map(str::to_owned);
    found.unwrap_or_else(|| panic!("{script} does not set {name}"))
}

/// All steps of all jobs, as text: what is run and what is used.
fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap();
    jobs.values().flat_map(|job| job["steps"].as_array().unwrap()).collect()
}

fn runs<'a>(workflow: &'a Value, job: &str) -> Vec<&'a str> {
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap();
    steps.iter().filter_map(|step| step["run"].as_str()).collect()
}

#[test]
fn install_sh_asks_for_what_a_release_has() {
    // Both have $version and $arch in them, with the same meaning.
    assert_eq!(variable("install.sh", "name"), variable("scripts/package", "tarball"));
    assert_eq!(variable("install.sh", "version"), format!("${{1:-{VERSION}}}"));
    let install = read("install.sh");
    let repository = env!("CARGO_PKG_REPOSITORY");
    assert!(install.contains(&format!("releases=${{KEEPER_RELEASES:-{repository}/releases/download}}")));
    assert!(install.contains("\"$releases/v$version/$name\""), "a release's tag is v and the version");
    assert!(install.contains("\"$releases/v$version/$name.sha256\""));
    assert!(read("scripts/package").contains("\"$file.sha256\""), "each file has its checksum beside it");

    let release = yaml(".github/workflows/release.yml");
    assert_eq!(release["on"]["push"]["tags"], json!(["v*"]));
    let build = &release["jobs"]["packages"];
    assert!(runs(&release, "packages").iter().any(|run| run.contains("scripts/package")));
    assert!(runs(&release, "packages").iter().any(|run| run.contains("${TAG#v}")), "the tag is the version");
    let upload = build["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(upload["with"]["path"], "target/package/*", "where scripts/package puts it");
    let published = runs(&release, "publish").join("\n");
    for packed in ["scripts/package", "Dockerfile"] {
        assert!(
            read(packed).contains("scripts/third-party >"),
            "{packed} brings the licences of what is in it"
        );
    }
    for wanted in ["cp install.sh release/", "sha256sum --check", "gh release create", "release/*"] {
        assert!(published.contains(wanted), "{wanted}");
    }
}

/// The notes are the version's part of the changelog: taken out by the workflow's own command.
#[test]
fn the_notes_of_a_release_are_its_part_of_the_changelog() {
    let release = yaml(".github/workflows/release.yml");
    let steps = runs(&release, "publish");
    let command = steps.iter().flat_map(|step| step.lines()).find(|line| line.starts_with("awk ")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = "# Changelog\n## [Unreleased]\n- later\n## [1.2.3] - 2026-11-28\n### Added\n- this\n## [1.2.2]\n- before\n";
    fs::write(folder.path().join("CHANGELOG.md"), text).unwrap();
    let mut shell = std::process::Command::new("sh");
    let ran = shell.args(["-c", command]).env("TAG", "v1.2.3").current_dir(folder.path()).status().unwrap();
    assert!(ran.success());
    let notes = fs::read_to_string(folder.path().join("notes.md")).unwrap();
    assert_eq!(notes, "### Added\n- this\n");
    assert!(
        runs(&release, "packages").iter().any(|step| step.contains("CHANGELOG.md")),
        "it must have such a part"
    );
}

#[test]
fn nothing_is_built_for_a_release_before_its_commit_has_passed() {
    let release = yaml(".github/workflows/release.yml");
    assert!(
        runs(&release, "tested")[0].contains("--workflow ci.yml --commit \"$GITHUB_SHA\" --status success")
    );
    let needs = |job: &str| release["jobs"][job]["needs"].clone();
    assert_eq!((needs("packages"), needs("image")), (json!("tested"), json!("tested")));
    assert_eq!(needs("publish"), json!(["packages", "image"]));
}

/// Documents name files of a release with its version: they are of this one.
#[test]
fn documents_name_the_files_of_this_version() {
    let named =
        regex::Regex::new(r"(?:fyers-keeper[_:]|/download/v|git tag v)([0-9]+\.[0-9]+\.[0-9]+)").unwrap();
    let mut seen = 0;
    for page in ["README.md", "docs/START.md", "docs/DEPLOYMENT.md", "docs/UPGRADE.md"] {
        for found in named.captures_iter(&read(page)) {
            seen += 1;
            assert_eq!(&found[1], VERSION, "{page}: {}", &found[0]);
        }
    }
    assert!(seen > 5, "{seen} found: the search is broken");
}

#[test]
fn every_processor_that_install_sh_knows_is_built() {
    let release = yaml(".github/workflows/release.yml");
    for job in ["packages", "image"] {
        let include = release["jobs"][job]["strategy"]["matrix"]["include"].as_array().unwrap();
        let built: Vec<&str> = include.iter().map(|one| one["arch"].as_str().unwrap()).collect();
        assert_eq!(built, ["amd64", "arm64"], "{job}");
        for script in ["install.sh", "scripts/package"] {
            assert!(built.iter().all(|arch| read(script).contains(&format!("arch={arch} ;;"))), "{script}");
        }
    }
}

#[test]
fn workflows_have_few_rights_and_pinned_actions() {
    for name in ["ci", "release"] {
        let workflow = yaml(&format!(".github/workflows/{name}.yml"));
        assert_eq!(workflow["permissions"], json!({"contents": "read"}), "{name}");
        let uses: Vec<&str> = steps(&workflow).iter().filter_map(|step| step["uses"].as_str()).collect();
        assert!(!uses.is_empty(), "{name}: the search is broken");
        for action in uses {
            let pin = action.split_once('@').unwrap().1;
            let is_commit = pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{name}: {action} is not pinned");
        }
    }
    let release = yaml(".github/workflows/release.yml");
    let jobs = release["jobs"].as_object().unwrap();
    let may_write = |job: &Value| job["permissions"]["contents"] == "write";
    let writing: Vec<_> = jobs.iter().filter(|(_, job)| may_write(job)).map(|(name, _)| name).collect();
    assert_eq!(writing, ["publish"], "what builds cannot change the repository");
}

/// The image that is published, with the version of this program.
#[test]
fn every_file_for_a_host_names_the_published_image() {
    let release = yaml(".github/workflows/release.yml");
    let image = format!("{}:{VERSION}", release["env"]["IMAGE"].as_str().unwrap());
    let compose = yaml("compose.yaml");
    assert_eq!(compose["services"]["keeper"]["image"], image);
    assert!(compose["services"]["keeper"]["build"].is_object(), "building from source is the second way");
    assert_eq!(yaml("ops/compose/two-keepers.yaml")["x-keeper"]["image"], image);
    for file in ["render.yaml", "ops/render/postgres.yaml"] {
        let service = &yaml(file)["services"][0];
        assert_eq!(
            (&service["runtime"], &service["image"]["url"]),
            (&json!("image"), &json!(image)),
            "{file}"
        );
        assert!(read(file).contains("runtime: docker"), "{file} says how to build from source");
    }
    for file in ["ops/kubernetes/keeper.yaml", "ops/kubernetes/two-keepers.yaml"] {
        assert!(read(file).contains(&format!("image: {image}\n")), "{file}");
    }
    for file in ["fly.toml", "ops/fly/two-machines.toml"] {
        let fly: toml::Table = read(file).parse().unwrap();
        assert_eq!(fly["build"]["image"].as_str(), Some(image.as_str()), "{file}");
    }
}

#[test]
fn the_manual_page_has_every_verb_of_the_package() {
    let page = read("ops/debian/fyers-keeper.1");
    let tagged: Vec<&str> = page
        .lines()
        .zip(page.lines().skip(1))
        .filter(|(tag, _)| *tag == ".TP")
        .map(|(_, verb)| verb)
        .collect();
    let cli = Cli::command();
    for verb in cli.get_subcommands().map(clap::Command::get_name) {
        // The package is built without it.
        let named = tagged.contains(&format!(".B {verb}").as_str());
        assert_eq!(named, !["demo", "help"].contains(&verb), "{verb}");
    }
    let known = |name: &str| cli.get_subcommands().any(|verb| verb.get_name() == name);
    for verb in tagged.iter().filter_map(|line| line.strip_prefix(".B ")) {
        assert!(known(verb), "no such verb: {verb}");
    }
}
