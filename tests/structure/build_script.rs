//! The commit in the program: from the environment, from git, or not at all. Never from somebody else's repository.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// The build script as a program.
fn compiled(folder: &TempDir) -> std::path::PathBuf {
    let program = folder.path().join("build-script");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let made =
        Command::new(rustc).args(["--edition", "2024", "-o"]).arg(&program).arg(source).status().unwrap();
    assert!(made.success());
    program
}

/// What it says about a folder: the commit.
fn commit(program: &Path, root: &Path, named: Option<&str>) -> String {
    let mut command = Command::new(program);
    command.current_dir(root).env("CARGO_MANIFEST_DIR", root).env_remove("KEEPER_COMMIT");
    if let Some(named) = named {
        command.env("KEEPER_COMMIT", named);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let commit = text.lines().find_map(|line| line.strip_prefix("cargo:rustc-env=KEEPER_BUILD_COMMIT="));
    commit.unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn git(root: &Path, args: &[&str]) -> bool {
    let name = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(root).args(name).args(args).output();
    done.is_ok_and(|output| output.status.success())
}

#[test]
fn a_tarball_is_built_without_a_commit_and_an_image_with_the_one_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(&folder);
    assert_eq!(commit(&program, folder.path(), None), "");
    let told = |named| commit(&program, folder.path(), Some(named));
    assert_eq!(told("4cd52b1f0a9e6d5c4b3a29181706f5e4d3c2b1a0"), "4cd52b1f0a9e");
    assert_eq!(told("4cd52b1f0a9e6d5c4b3a29181706f5e4d3c2b1a0-dirty"), "4cd52b1f0a9e-dirty");
    assert_eq!(told(""), "");
    assert_eq!(told("<script>\ncargo:rustc-cfg=x"), "scriptcargor", "it is a word, whatever it was");
}

#[test]
fn the_commit_is_that_of_this_repository_and_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    if !git(folder.path(), &["init", "-q"]) {
        return println!("no git here: nothing to compare with");
    }
    let program = compiled(&folder);
    let root = folder.path();
    fs::create_dir_all(root.join("src")).unwrap();
    fs::write(root.join("src/main.rs"), "1").unwrap();
    assert!(git(root, &["add", "src"]) && git(root, &["commit", "-q", "-m", "one"]));
    let head = commit(&program, root, None);
    assert_eq!(head.len(), 12);
    assert!(head.chars().all(|c| c.is_ascii_hexdigit()), "{head}");
    fs::write(root.join("src/main.rs"), "2").unwrap();
    assert_eq!(commit(&program, root, None), format!("{head}-dirty"));

    let unpacked = root.join("vendor/fyers-keeper");
    fs::create_dir_all(&unpacked).unwrap();
    assert_eq!(
        commit(&program, &unpacked, None),
        "",
        "somebody else's commit says nothing about this program"
    );
}
