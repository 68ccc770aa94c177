//! `install.sh` against a web server on this machine: what is not exactly what was released is never unpacked.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    thread,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the server has, by path, and how many bytes of it arrive before the connection ends.
type Files = BTreeMap<String, (Vec<u8>, Option<usize>)>;

/// Serves until the test program ends; its address.
fn serve(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let files = Arc::new(files);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = Arc::clone(&files);
            thread::spawn(move || answer(stream, &files));
        }
    });
    format!("http://{addr}")
}

/// A client that goes away early is no error of the server's.
fn answer(mut stream: TcpStream, files: &Files) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = head.next().and_then(Result::ok).unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // The whole request is read: closing with something unread would reset the connection.
    let _head = head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
    let _gone = match files.get(&path) {
        Some((body, sent)) => {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let arrives = &body[..sent.unwrap_or(body.len())];
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(arrives))
        }
        None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    };
}

fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A machine with an older keeper, and a `tar` that leaves a trace.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["bin", "tools", "tmp"] {
            fs::create_dir(machine.at(name)).unwrap();
        }
        script(&machine.at("bin/fyers-keeper"), "echo an older one");
        let tar = "case $1 in -x*) echo \"$*\" >\"$TRACE\" ;; esac\nPATH=${PATH#*:} exec tar \"$@\"";
        script(&machine.at("tools/tar"), tar);
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A tarball as `scripts/package` makes it.
    fn tarball(&self) -> Vec<u8> {
        let folder = self.at(&format!("fyers-keeper-{VERSION}"));
        fs::create_dir(&folder).unwrap();
        // Some of it does not get smaller, so that half of the file is not all of it.
        let noise: String = (0..4096).map(|n: u32| hex::encode(Sha256::digest(n.to_le_bytes()))).collect();
        script(&folder.join("fyers-keeper"), &format!("echo fyers-keeper {VERSION}\n# {noise}"));
        let mut made = Command::new("tar");
        made.current_dir(self.folder.path())
            .arg("-czf")
            .arg("release.tar.gz")
            .arg(folder.file_name().unwrap());
        assert!(made.status().unwrap().success());
        fs::read(self.at("release.tar.gz")).unwrap()
    }

    fn install(&self, releases: &str, args: &[&str]) -> Output {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = format!("{}:{}", self.at("tools").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.arg(root.join("install.sh")).args(args);
        command.env("PATH", path).env("TMPDIR", self.at("tmp")).env("TRACE", self.at("unpacked"));
        command.env("KEEPER_RELEASES", releases).env("KEEPER_BIN", self.at("bin"));
        command.env_remove("http_proxy").env("no_proxy", "127.0.0.1").output().unwrap()
    }

    /// What the installed program says of itself.
    fn installed(&self) -> String {
        let said = Command::new(self.at("bin/fyers-keeper")).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }

    fn is_as_before(&self) {
        assert!(!self.at("unpacked").exists(), "something was unpacked");
        assert_eq!(self.installed(), "an older one\n");
        assert_eq!(fs::read_dir(self.at("bin")).unwrap().count(), 1, "something is beside it");
        assert_eq!(fs::read_dir(self.at("tmp")).unwrap().count(), 0, "something was left");
    }
}

/// The tarball and its checksum where a release has them.
fn release(tarball: Vec<u8>, sum: &str, arrives: Option<usize>) -> Files {
    let name = format!("fyers-keeper-{VERSION}-linux-{}.tar.gz", arch());
    let path = format!("/v{VERSION}/{name}");
    let sum = format!("{sum}  {name}\n").into_bytes();
    BTreeMap::from([(format!("{path}.sha256"), (sum, None)), (path, (tarball, arrives))])
}

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn a_good_release_takes_the_place_of_the_older_program() {
    let machine = Machine::new();
    let tarball = machine.tarball();
    let releases = serve(release(tarball.clone(), &sum(&tarball), None));
    for args in [&[][..], &[VERSION]] {
        let output = machine.install(&releases, args);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(machine.installed(), format!("fyers-keeper {VERSION}\n"));
        assert!(String::from_utf8_lossy(&output.stdout).contains("fyers-keeper init"));
    }
    assert!(machine.at("unpacked").exists(), "the trace works");
    assert_eq!(fs::read_dir(machine.at("bin")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(machine.at("tmp")).unwrap().count(), 0);
}

#[test]
fn what_differs_from_its_checksum_is_never_unpacked() {
    let machine = Machine::new();
    let good = machine.tarball();
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let half = good[..middle].to_vec();
    let releases = [
        ("changed", release(changed, &sum(&good), None)),
        ("cut off before it was served", release(half, &sum(&good), None)),
        ("a page in the place of the checksum", release(good, "<html>", None)),
    ];
    for (what, files) in releases {
        let output = machine.install(&serve(files), &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("is not what was released"), "{what}: {output:?}");
        machine.is_as_before();
    }
}

#[test]
fn a_download_that_breaks_off_or_is_not_there_installs_nothing() {
    let machine = Machine::new();
    let good = machine.tarball();
    let (sum, middle) = (sum(&good), good.len() / 2);
    let broken = serve(release(good, &sum, Some(middle)));
    for (releases, version) in [(broken, VERSION), (serve(Files::new()), "9.9.9")] {
        let output = machine.install(&releases, &[version]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("Nothing was installed"), "{output:?}");
        machine.is_as_before();
    }
    let output = machine.install("http://127.0.0.1:1", &["../../evil"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a version"), "{output:?}");
    machine.is_as_before();
}

/// Piped into a shell, the script may arrive cut off at any line: then it must do nothing.
#[test]
fn half_a_script_does_nothing() {
    let machine = Machine::new();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for end in 0..lines.len() {
        let part = machine.at("part.sh");
        fs::write(&part, lines[..end].join("\n")).unwrap();
        let mut command = Command::new("sh");
        command.arg(&part).env("KEEPER_BIN", machine.at("bin")).env("KEEPER_RELEASES", "http://127.0.0.1:1");
        let output = command.env("TMPDIR", machine.at("tmp")).output().unwrap();
        assert!(!String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1"), "{end}: {output:?}");
    }
    machine.is_as_before();
}
