//! The program prints where it is and ends when told.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[tokio::test]
async fn it_says_where_it_is_and_stops_at_sigterm() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(["--refresh", "enabled", "--redirect-uri", "page"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut output).unwrap();
    let url = |name: &str| {
        let start = format!("{name}=");
        output.split_whitespace().find_map(|word| word.strip_prefix(&start)).unwrap().to_owned()
    };
    assert!(url("api").ends_with("/api/v3") && url("data").ends_with("/data"));
    assert_ne!(url("telegram").split(':').nth(2), url("api").split(':').nth(2));
    assert!(url("login").contains("%2Fredirect&response_type=code"));
    let page = common::client().get(url("login")).send().await.unwrap();
    assert!(page.headers()["location"].to_str().unwrap().starts_with("/login?session="));
    let state = common::client().get(format!("{}/state", url("control"))).send().await.unwrap();
    assert_eq!(state.json::<serde_json::Value>().await.unwrap()["refresh"], "enabled");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}
