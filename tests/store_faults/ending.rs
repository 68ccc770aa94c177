//! The end of a program that hangs: it has a bound, an exit code, and a last line. Shown with the real one.

use std::{
    fs::{self, File},
    io::{PipeReader, PipeWriter, Write, pipe},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    process::{Pid, Signal, kill_process},
};
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

/// An output that nobody takes anything of: it is full.
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    for piece in [4_096, 1] {
        while writer.write_all(&vec![b'x'; piece]).is_ok() {}
    }
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

/// It cannot start, and nobody takes the reason: whoever waits for its end to start it again does not wait for ever.
#[test]
fn a_start_that_fails_and_cannot_say_so_ends_with_its_exit_code() {
    let home = Home::bare(Options::default());
    home.start_ready().kill9();
    // In the way of a file that is needed when the state is open.
    let in_the_way = home.path("state").join("signing.key");
    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir(&in_the_way).unwrap();
    let heard = home.run(&["run"]);
    assert!(heard.err.contains("signing.key"), "{heard:?}");
    let code = heard.code.filter(|code| *code != 0).unwrap_or_else(|| panic!("{heard:?}"));
    let (_unread, output) = full();
    let log = home.path("log");
    let mut command = home.command(&["run"]);
    let mut child = command.stdout(File::create(&log).unwrap()).stderr(output).spawn().unwrap();
    let ended = wait_for("the end of the program", || child.try_wait().unwrap());
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(ended.code(), Some(code), "{log}");
    says_so(&log, code);
}
