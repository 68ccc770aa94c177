//! The commands of the guides, run by a shell as they are written, from an empty folder to a restored backup.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use simulator::{Options, TokenKind};

use crate::support::Home;

/// The shell's lines in a document's `sh` blocks, in their order, those that go on joined.
fn shell_lines(document: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let joined: String = blocks.collect::<String>().replace("\\\n", " ");
    joined.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

/// What stands between backticks in a document and begins with the program's name.
fn inline_commands(document: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
    let inline = text.split('`').filter(|part| part.starts_with("fyers-keeper ") && !part.contains('\n'));
    inline.map(str::to_owned).collect()
}

/// A shell in the home's folder that finds the program by its name.
fn shell(home: &Home, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_fyers-keeper"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    // Nothing but the home's own settings, as for the program itself.
    let mut shell = Command::new("sh");
    shell.env_clear().envs(home.settings()).env("PATH", path).current_dir(home.dir.path());
    shell.args(["-c", line]).output().unwrap()
}

fn good(home: &Home, line: &str) -> String {
    let ran = shell(home, line);
    assert!(ran.status.success(), "`{line}`: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

/// A newcomer's folder: what a clone has, and an account of the simulator in the settings.
fn newcomer() -> Home {
    let home = Home::bare(Options::default());
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("env.example"), home.path("env.example")).unwrap();
    let token = home.sim.mint(TokenKind::Access);
    let app = [("FYERS_CLIENT_ID", "ABCD1234EF-200"), ("FYERS_SECRET_KEY", "SIMULATED1")];
    app.into_iter().fold(home, |home, (name, value)| home.set(name, value)).set("FYERS_ACCESS_TOKEN", token)
}

#[test]
fn the_first_set_up_goes_as_the_guide_says() {
    let home = newcomer();
    let mut keeper = None;
    for line in shell_lines("docs/TOKEN_REFRESH_GUIDE.md") {
        match line.as_str() {
            "fyers-keeper run" => keeper = Some(home.start_ready()),
            line => drop(good(&home, line)),
        }
    }
    let keeper = keeper.expect("the guide starts the service");
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let mode = fs::metadata(home.path(".env")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600, "chmod was in the guide");

    let watching: Vec<String> = inline_commands("docs/TOKEN_REFRESH_GUIDE.md");
    for line in watching.iter().filter(|line| line.contains(" check") || line.contains(" status")) {
        let said = good(&home, line);
        assert!(!said.trim().is_empty(), "`{line}` says nothing");
    }
    assert!(watching.iter().any(|line| line == "fyers-keeper status --json"), "{watching:?}");

    let quotes = shell_lines("docs/gateway.md").into_iter().find(|line| line.starts_with("curl")).unwrap();
    let quotes = good(&home, &quotes.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", home.port)));
    assert!(quotes.contains("\"s\":\"ok\""), "{quotes}");
}

#[test]
fn the_way_back_from_an_upgrade_goes_as_the_guide_says() {
    let home = newcomer();
    let keeper = home.start_ready();
    let backup = shell_lines("docs/DEPLOYMENT.md").into_iter().find(|line| line.contains("keeper backup"));
    good(&home, &backup.expect("the guide makes a backup"));
    keeper.stop();
    let inline = inline_commands("docs/DEPLOYMENT.md");
    let restore = inline.iter().find(|line| line.contains(" restore ")).expect("the guide restores it");
    let said = good(&home, restore);
    assert!(said.contains("is the state now"), "{said}");
    home.start_ready();
}

/// Whoever has the program alone has all settings with their meaning all the same.
#[test]
fn the_example_of_all_settings_is_in_the_program() {
    let home = Home::bare(Options::default()).set("KEEPER_TICK_TIME", "25:00");
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/env.example")).unwrap();
    let ran = home.run(&["config", "example"]).exits(0);
    assert_eq!(ran.out.trim_end(), example.trim_end());
    assert!(home.run(&["config", "check"]).exits(78).err.contains("KEEPER_TICK_TIME"));
}
