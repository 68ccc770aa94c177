//! The end of a program that hangs: it has a bound, an exit code, and a last line. Shown with the real one.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use simulator::Options;

use crate::{
    injected::Tracer,
    support::{Home, wait_for},
};

/// The last line of a log says that the end hung, and that this is its exit code.
fn says_so(log: &str, code: i32) {
    let last: Value = serde_json::from_str(log.lines().last().unwrap_or_default()).unwrap();
    assert_eq!((&last["event"], &last["level"]), (&"keeper.end_hung".into(), &"error".into()), "{log}");
    assert!(last["message"].as_str().unwrap().ends_with(&format!("exit {code}")), "{last}");
}

/// What it writes last never comes to the disk: whoever has told it to stop need not kill it.
#[test]
fn a_keeper_whose_disk_hangs_while_it_stops_ends_all_the_same() {
    const GAVE_UP: i32 = 70;
    let home = Home::bare(Options::default());
    let mut keeper = home.start_ready();
    let database = home.path("state").join("keeper.db");
    let hangs = Tracer::hang(keeper.pid(), &home.path("strace.log"), &database);
    let pid = Pid::from_raw(i32::try_from(keeper.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    keeper.wait_logged("keeper.end_hung");
    // The system ends no thread that is traced in the midst of a call.
    drop(hangs);
    assert_eq!(keeper.wait().code(), Some(GAVE_UP), "{}", keeper.log());
    says_so(&keeper.log(), GAVE_UP);
}

/// Who traces a program.
fn tracer_of(pid: u32) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
    Pid::from_raw(tracer.trim().parse().ok()?)
}

/// It cannot start, and its disk hangs when it puts away its mark: whoever waits for its end to start it again does not wait
/// for ever.
#[test]
fn a_start_that_fails_and_hangs_ends_with_its_exit_code() {
    let home = Home::bare(Options::default());
    home.start_ready().kill9();
    // In the way of a file that is needed when the state is open.
    let in_the_way = home.path("state").join("signing.key");
    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir(&in_the_way).unwrap();
    let heard = home.run(&["run"]);
    assert!(heard.err.contains("signing.key"), "{heard:?}");
    let code = heard.code.filter(|code| *code != 0).unwrap_or_else(|| panic!("{heard:?}"));
    let program = home.command(&["run"]);
    // The program is this one's child, and its tracer is not.
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-o"]).arg(home.path("strace.log")).args(["-e", "trace=unlink,unlinkat"]);
    command.args(["-e", "inject=unlink,unlinkat:delay_enter=3600000000", "-P"]);
    command.arg(home.path("state").canonicalize().unwrap().join("running"));
    command.arg(program.get_program()).args(program.get_args()).current_dir(home.dir.path()).env_clear();
    // The path of the mark, as it is traced.
    command.env("KEEPER_STATE_DIR", home.path("state").canonicalize().unwrap());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let log = home.path("log");
    let mut child = command.stdin(Stdio::null()).stdout(File::create(&log).unwrap()).spawn().unwrap();
    let said = wait_for("the last line", || {
        let log = fs::read_to_string(&log).unwrap();
        (log.contains("keeper.end_hung") && log.ends_with('\n')).then_some(log)
    });
    says_so(&said, code);
    tracer_of(child.id()).into_iter().for_each(|tracer| kill_process(tracer, Signal::KILL).unwrap());
    let ended = wait_for("the end of the program", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(code), "{said}");
}
