//! Kills the writer of the `.env` file, and fails its system calls, at every single step.
//!
//! The test starts itself again as a child watched by `strace`, first to list the system calls of one write, then once
//! for each call and each fault. Whatever happens: after a recovery the file is old or new, never torn, no file with a
//! secret is left behind, and success was only claimed with the new content in place.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;

use fyers_keeper::env_file::EnvFile;
use secrecy::SecretString;
use tempfile::TempDir;

const CHILD: &str = "KEEPER_ENVFILE_CHILD";
const BEGIN: &str = "/keeper-test-begin";
const END: &str = "/keeper-test-end";
const SUCCESS: i32 = 42;
const FAILURE: i32 = 43;
const ERRNOS: [&str; 8] = ["EIO", "ENOSPC", "EROFS", "EINTR", "EBUSY", "EACCES", "EPERM", "EDQUOT"];
/// Shorter than the old one, so that all that follows moves, and a write in place is torn until the length is cut.
const NEW_ACCESS: &str = "new.access-token";
const OLD_ACCESS: &str = "old.access-token_with.another.length.than.the.new.one";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Temporary file and rename.
    Atomic,
    /// A second name ties the content to its inode.
    InPlace,
    /// Every rename fails with EBUSY, as on a file that is a mount point.
    MountPoint,
    /// A recovery of a write in place that was killed half way.
    Recovery,
}

fn old_text() -> String {
    let comment = "# एक टिप्पणी, so that a torn write can split a letter\r\n".repeat(20);
    format!(
        "{comment}export FYERS_ACCESS_TOKEN='{OLD_ACCESS}'\r\nOTHER=1\r\n{comment}FYERS_REFRESH_TOKEN=older # keep\r\nLAST=no"
    )
}

fn new_text() -> String {
    old_text().replace(OLD_ACCESS, NEW_ACCESS).replace("=older", "=newer")
}

struct Place {
    dir: TempDir,
}

impl Place {
    fn new(way: Way) -> Self {
        let place = Self { dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() };
        fs::create_dir(place.state()).unwrap();
        fs::create_dir(place.dir.path().join("home")).unwrap();
        fs::write(place.env(), old_text()).unwrap();
        fs::set_permissions(place.env(), fs::Permissions::from_mode(0o640)).unwrap();
        if way == Way::InPlace || way == Way::Recovery {
            fs::hard_link(place.env(), place.dir.path().join("other-name")).unwrap();
        }
        if way == Way::Recovery {
            // Dies between writing the bytes and cutting the length.
            let run = place.run(Way::InPlace, Some(&Fault::kill("ftruncate", 1)));
            assert!(run.hit, "the preparation was not killed");
            assert!(place.state().join("env-journal").exists());
            let left = content(&place.env());
            assert!(
                left != old_text().as_bytes() && left != new_text().as_bytes(),
                "the preparation is not torn"
            );
        }
        place
    }

    fn env(&self) -> PathBuf {
        self.dir.path().join("home/.env")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    fn keeper(&self) -> EnvFile {
        EnvFile::new(self.env(), self.state())
    }

    /// Runs one write (or recovery) in a child, with strace on the thread that does it.
    fn run(&self, way: Way, fault: Option<&Fault>) -> Run {
        let log = self.dir.path().join("strace.log");
        let mut strace = Command::new("strace");
        strace.arg("-o").arg(&log).args(["-s", "200"]);
        let busy = way == Way::MountPoint;
        match fault {
            None => strace.args(["-e", "trace=all"]),
            Some(fault) => {
                let renames = if busy { ",rename,renameat,renameat2" } else { "" };
                strace.arg("-e").arg(format!("trace={}{renames}", fault.call));
                strace.arg("-e").arg(format!("inject={}:{}:when={}", fault.call, fault.what, fault.nth))
            }
        };
        if busy {
            strace.args(["-e", "inject=rename,renameat,renameat2:error=EBUSY"]);
        }
        let mut child = Child::start(way, self);
        let mut strace = Tracer(strace.arg("-p").arg(&child.thread).stderr(Stdio::piped()).spawn().unwrap());
        let mut said = String::new();
        BufReader::new(strace.0.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("attached"), "strace cannot trace here: {said}");
        let code = child.go();
        strace.0.wait().unwrap();
        let log = fs::read_to_string(&log).unwrap_or_default();
        let other_faults = log.lines().filter(|l| !(busy && l.starts_with("rename")));
        let hit = other_faults.clone().any(|l| l.contains("(INJECTED)") || l.contains("killed by SIGKILL"));
        Run { code, hit, log }
    }
}

struct Run {
    /// None when killed.
    code: Option<i32>,
    hit: bool,
    log: String,
}

#[derive(Debug, Clone)]
struct Fault {
    call: String,
    nth: usize,
    what: String,
}

impl Fault {
    fn kill(call: &str, nth: usize) -> Self {
        Self { call: call.to_owned(), nth, what: "signal=KILL".to_owned() }
    }

    fn error(call: &str, nth: usize, errno: &str) -> Self {
        Self { call: call.to_owned(), nth, what: format!("error={errno}") }
    }
}

/// A process whose writing thread waits until strace watches it. Only that thread is traced, so that the n-th call is
/// the n-th call of the write, whatever the test harness does.
struct Child {
    process: std::process::Child,
    thread: String,
}

impl Child {
    fn start(way: Way, place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "faults::child", "--ignored", "--nocapture"]);
        command.env(CHILD, if way == Way::Recovery { "recover" } else { "update" });
        command.env("KEEPER_ENVFILE_PATH", place.env()).env("KEEPER_ENVFILE_STATE", place.state());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
        let mut words = lines.map_while(Result::ok);
        let thread = words.find_map(|line| Some(line.split_once("thread=")?.1.to_owned()));
        Self { thread: thread.expect("the child names its thread"), process }
    }

    /// Lets the thread run. None when it was killed.
    fn go(&mut self) -> Option<i32> {
        self.process.stdin.take().unwrap().write_all(b"go\n").unwrap();
        self.process.wait().unwrap().code()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends strace when a test fails before the child does.
struct Tracer(std::process::Child);

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The child's side: one write or one recovery between two marks in the log of strace.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    // Where only ancestors may trace a process, allow our sibling. Elsewhere this fails and is not needed.
    let _ = rustix::process::set_ptracer(rustix::process::PTracer::Any);
    let (go, wait) = mpsc::channel::<()>();
    let worker = thread::spawn(move || {
        println!("thread={}", fs::read_link("/proc/thread-self").unwrap().file_name().unwrap().display());
        wait.recv().unwrap();
        std::process::exit(work(&task));
    });
    std::io::stdin().read_line(&mut String::new()).unwrap();
    go.send(()).unwrap();
    worker.join().expect("it exits");
}

fn work(task: &str) -> i32 {
    let var = |name| std::env::var_os(name).map(PathBuf::from).unwrap();
    let file = EnvFile::new(var("KEEPER_ENVFILE_PATH"), var("KEEPER_ENVFILE_STATE"));
    let (access, refresh) = (SecretString::from(NEW_ACCESS), SecretString::from("newer"));
    let _ = fs::metadata(BEGIN);
    let good = match task {
        "recover" => file.recover().is_ok(),
        _ => file.update(&[("FYERS_ACCESS_TOKEN", &access), ("FYERS_REFRESH_TOKEN", &refresh)]).is_ok(),
    };
    let _ = fs::metadata(END);
    if good { SUCCESS } else { FAILURE }
}

fn call_name(line: &str) -> Option<&str> {
    let name = &line[..line.find('(')?];
    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_').then_some(name)
}

/// Every fault at every system call between the marks.
fn faults(log: &str, way: Way) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = std::collections::HashMap::<&str, usize>::new();
    let mut inside = false;
    for line in log.lines() {
        let Some(call) = call_name(line) else { continue };
        let nth = seen.entry(call).or_default();
        *nth += 1;
        if line.contains(BEGIN) || line.contains(END) {
            inside = line.contains(BEGIN);
            continue;
        }
        // A call that always fails in this way of writing has no second fault.
        if !inside || (way == Way::MountPoint && call.starts_with("rename")) {
            continue;
        }
        faults.push(Fault::kill(call, *nth));
        // Memory and random numbers do not fail for want of a disk, and who runs the program is always known.
        let about_files = !["mmap", "munmap", "mremap", "brk", "madvise", "getrandom", "mprotect", "geteuid"]
            .contains(&call);
        if about_files {
            faults.extend(ERRNOS.iter().map(|errno| Fault::error(call, *nth, errno)));
        }
    }
    faults
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    injections: usize,
    kills: usize,
    claimed: usize,
    refused: usize,
    repaired: usize,
}

fn content(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn try_fault(way: Way, fault: &Fault, tally: &Mutex<Tally>) {
    let place = Place::new(way);
    let run = place.run(way, Some(fault));
    let about = format!("{way:?} {fault:?}");
    assert!(run.hit, "{about}: not reached\n{}", run.log);
    let (old, new) = (old_text().into_bytes(), new_text().into_bytes());
    let left = content(&place.env());
    let sound = left == old || left == new;
    match run.code {
        Some(SUCCESS) => assert!(left == new, "{about}: claimed success without the new content"),
        Some(FAILURE) => assert!(sound || way == Way::Recovery, "{about}: torn though it lived to tell"),
        Some(code) => panic!("{about}: exit code {code}"),
        None => {}
    }

    let recovered = place.keeper().recover();
    assert!(recovered.is_ok(), "{about}: {recovered:?}");
    let now = content(&place.env());
    assert!(now == new || now == old, "{about}: torn");
    assert!(way != Way::Recovery || now == new, "{about}: an interrupted recovery went back");
    assert!(run.code != Some(SUCCESS) || now == new, "{about}: recovery undid a success");
    let mode = fs::metadata(place.env()).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o640, "{about}");
    let names = |dir: &Path| {
        let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(place.env().parent().unwrap()), [".env"], "{about}");
    assert!(names(&place.state()).iter().all(|name| name == "env-lock"), "{about}");

    let mut tally = tally.lock().unwrap();
    tally.injections += 1;
    tally.kills += usize::from(run.code.is_none());
    tally.claimed += usize::from(run.code == Some(SUCCESS));
    tally.refused += usize::from(run.code == Some(FAILURE));
    tally.repaired += usize::from(!sound);
}

fn inject_everywhere(way: Way) {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is needed in CI");
        println!("SKIPPED: strace is not installed, no faults were injected ({way:?})");
        return;
    }
    let baseline = Place::new(way).run(way, None);
    assert_eq!(baseline.code, Some(SUCCESS), "{}", baseline.log);
    let faults = faults(&baseline.log, way);
    assert!(faults.len() >= 100, "only {} points: {faults:?}", faults.len());

    let (next, tally) = (Mutex::new(faults.iter()), Mutex::new(Tally::default()));
    let take = || next.lock().unwrap().next();
    let work = || {
        while let Some(fault) = take() {
            try_fault(way, fault, &tally);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().expect("every fault was survived"));
    });
    let Tally { injections, kills, claimed, refused, repaired } = *tally.lock().unwrap();
    assert_eq!(injections, faults.len());
    assert!(kills > 0 && claimed > 0 && refused > 0);
    assert!(
        repaired > 0 || way == Way::Atomic,
        "no fault left a torn file: the journal was not put to the test"
    );
    println!(
        "{way:?}: {injections} injections, 0 torn, 0 false successes, 0 secrets left; \
         {kills} kills, {claimed} successes, {refused} errors, {repaired} torn files repaired"
    );
}

#[test]
fn replacing_the_file_survives_every_fault() {
    inject_everywhere(Way::Atomic);
}

#[test]
fn writing_in_place_survives_every_fault() {
    inject_everywhere(Way::InPlace);
}

#[test]
fn falling_back_on_a_mount_point_survives_every_fault() {
    inject_everywhere(Way::MountPoint);
}

#[test]
fn recovering_survives_every_fault() {
    inject_everywhere(Way::Recovery);
}
