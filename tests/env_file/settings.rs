//! What the program says about a `.env` file that it cannot use, or only in part.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Exit code and all output of `config check` in `folder`. A program that hangs is killed, and has no exit code.
fn config_check(folder: &Path) -> (Option<i32>, String) {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_fyers-keeper"));
    command.args(["config", "check"]).current_dir(folder).env_clear().timeout(Duration::from_secs(30));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_the_remedy_too() {
    let dir = tempfile::tempdir().unwrap();
    let env = dir.path().join(".env");
    let utf16: Vec<u8> = "\u{feff}FYERS_PIN=SEKRET\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, what, remedy) in [
        (utf16, ".env is not UTF-8 text (it is UTF-16, or binary data)", "Save it as UTF-8."),
        (vec![b'#'; 256 * 1024 + 1], ".env is larger than 256 KiB", "Shorten it"),
    ] {
        fs::write(&env, content).unwrap();
        let (code, said) = config_check(dir.path());
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(what) && said.contains(remedy) && !said.contains("SEKRET"), "{said}");
    }
    fs::remove_file(&env).unwrap();
    assert!(Command::new("mkfifo").arg(&env).status().unwrap().success());
    let (code, said) = config_check(dir.path());
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(".env is not a regular file"), "{said}");
}

#[test]
fn our_settings_that_are_there_twice_are_warned_about() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".env"), "FYERS_SANDBOX=true\nX=1\nX=2\n\nexport FYERS_SANDBOX='true'\n")
        .unwrap();
    let (code, said) = config_check(dir.path());
    assert_eq!(code, Some(0), "{said}");
    let warning = ".env: FYERS_SANDBOX is set in lines 1, 5; the last one counts, remove the others";
    assert!(said.contains(warning) && !said.contains(": X is set"), "{said}");
}
