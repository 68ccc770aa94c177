//! Puts the commit into the program: `KEEPER_COMMIT` where it is set (an image is built without the repository), else
//! what git says of this folder, else nothing. A tarball builds without git.

#![allow(missing_docs, reason = "a build script has no readers of its documentation")]

use std::{env, path::Path, process::Command};

/// Longer names of a commit tell a person nothing more.
const LENGTH: usize = 12;

fn main() {
    println!("cargo:rerun-if-env-changed=KEEPER_COMMIT");
    for place in ["build.rs", "Cargo.toml", "src", "actors", "crates"] {
        println!("cargo:rerun-if-changed={place}");
    }
    let named = env::var("KEEPER_COMMIT").ok().filter(|name| !name.is_empty());
    let commit = named.map(|name| plain(&name)).or_else(of_git).unwrap_or_default();
    println!("cargo:rustc-env=KEEPER_BUILD_COMMIT={commit}");
}

/// Only what can be a commit's name: this text ends up in logs and on pages.
fn plain(name: &str) -> String {
    let (hash, rest) = name.split_once('-').unwrap_or((name, ""));
    let hash: String = hash.chars().filter(char::is_ascii_alphanumeric).take(LENGTH).collect();
    if rest == "dirty" { format!("{hash}-dirty") } else { hash }
}

/// The commit that is checked out, with `-dirty` when the sources differ from it.
fn of_git() -> Option<String> {
    let root = env::var("CARGO_MANIFEST_DIR").ok()?;
    // A tarball may lie inside of somebody else's repository, whose commit says nothing about this program.
    let top = git(&root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&root).canonicalize().ok()? {
        return None;
    }
    // The log of the head grows with every commit and every checkout.
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&root, &["rev-parse", "--git-path", file])?;
        if Path::new(&root).join(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let commit = git(&root, &["rev-parse", "HEAD"])?;
    let changed =
        git(&root, &["status", "--porcelain", "--untracked-files=no", "--", "src", "actors", "crates"])?;
    Some(plain(&if changed.is_empty() { commit } else { format!("{commit}-dirty") }))
}

fn git(root: &str, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
