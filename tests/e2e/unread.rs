//! Nobody reads what the service prints: its pipe is full from the start, or fills up. Orders go on, SIGTERM ends it,
//! and the watchdog ends it.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Write},
    os::fd::{AsFd, OwnedFd},
    process::Stdio,
};

use rustix::fs::{OFlags, fcntl_setfl};
use serde_json::Value;
use simulator::RefreshMode;

use crate::{
    bot::Bot,
    support::{DEADLINE, Home, Keeper, get, post, wait_for},
};

/// Both ends of a pipe in which there is no room for a single byte.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut filler = File::from(writer.try_clone().unwrap());
    for size in [4096, 1] {
        while filler.write(&vec![b'\n'; size]).is_ok() {}
    }
    assert_eq!(filler.write(b"x").unwrap_err().kind(), ErrorKind::WouldBlock);
    // The program gets it as a shell would give it to it: writes wait.
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

/// The service with both outputs in the pipe.
fn start(home: &Home, writer: &OwnedFd) -> Keeper {
    let mut command = home.command(&["run"]);
    let output = || Stdio::from(writer.as_fd().try_clone_to_owned().unwrap());
    command.stdout(output()).stderr(output());
    let mut keeper = home.adopt(command);
    keeper.wait_ready();
    keeper
}

#[test]
fn orders_go_on_and_sigterm_ends_it_while_nobody_reads() {
    // A name that is not a setting makes a warning before anything else happens.
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("KEEPER_FAVOURITE", "x");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let (reader, writer) = full_pipe();
    let keeper = start(&home, &writer);
    let bot = Bot::of(&home, &keeper);
    // More log than any pipe holds.
    for _ in 0..300 {
        bot.get("/api/v3/orders");
        bot.buy("NSE:SBIN-EQ");
    }
    let status = keeper.status();
    assert_eq!(status["actors"]["exchange"]["restarts"], 0, "{status:#}");
    assert_eq!(status["orders_simulated_today"], 300);
    assert!(keeper.stop().success(), "SIGTERM works");
    drop((reader, writer));
}

#[test]
fn what_was_dropped_is_counted_and_told_when_somebody_reads_again() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("KEEPER_LOG", "trace");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let (reader, writer) = full_pipe();
    let keeper = start(&home, &writer);
    let dropped = || {
        let text = get(&keeper.url("/metrics"))?.1;
        let line = text.lines().find(|line| line.starts_with("fyers_keeper_log_lines_dropped_total"))?;
        line.rsplit_once(' ')?.1.parse::<f64>().ok()
    };
    let bot = Bot::of(&home, &keeper);
    wait_for("dropped lines", || {
        for _ in 0..200 {
            bot.buy("NSE:SBIN-EQ");
        }
        dropped().filter(|count| *count > 0.0)
    });
    drop(writer);
    let (found, gap) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        for line in BufReader::new(File::from(reader)).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap_or_default();
            if line["event"] == "log.dropped" {
                let _told = found.send(line);
            }
        }
    });
    let told = gap.recv_timeout(DEADLINE).expect("the gap is told");
    assert!(told["dropped"].as_u64().unwrap() > 0 && told["level"] == "warn", "{told}");
    assert!(keeper.stop().success());
    reading.join().unwrap();
}

#[test]
fn the_watchdog_ends_it_although_the_pipe_is_full() {
    let home = Home::with_app(RefreshMode::Disabled);
    let (reader, writer) = full_pipe();
    let mut keeper = start(&home, &writer);
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let _answer = post(&keeper.url("/api/fault/thread"), Some(key.trim()));
    assert_eq!(keeper.wait().code(), Some(70));
    drop((reader, writer));
}

#[test]
fn a_start_that_fails_ends_although_the_pipe_is_full() {
    let home = Home::with_app(RefreshMode::Disabled).set("KEEPER_TICK_TIME", "25:00");
    let (reader, writer) = full_pipe();
    let mut command = home.command(&["run"]);
    let output = || Stdio::from(writer.as_fd().try_clone_to_owned().unwrap());
    let mut child = command.stdout(output()).stderr(output()).spawn().unwrap();
    let status = wait_for("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(78));
    drop((reader, writer));
}
