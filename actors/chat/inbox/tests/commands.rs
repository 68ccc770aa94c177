//! Commands as people write them.

use keeper_domain::chat::{
    inbox::commands::{COMMANDS, ChatCommand, Written, help},
    talk::{Action, TalkTopic},
};

fn read(text: &str) -> Result<ChatCommand, String> {
    Written::read(text).unwrap().command()
}

#[test]
fn every_command_of_the_menu_is_understood() {
    let expected = [
        ("/status", ChatCommand::Tell(TalkTopic::Status)),
        ("/login", ChatCommand::Act(Action::Login)),
        ("/logout", ChatCommand::Act(Action::Logout)),
        ("/refresh", ChatCommand::Act(Action::Refresh)),
        ("/halt", ChatCommand::Act(Action::Halt { bot: None })),
        ("/resume", ChatCommand::Act(Action::Resume { bot: None })),
        ("/mode", ChatCommand::Tell(TalkTopic::Mode)),
        ("/token", ChatCommand::Tell(TalkTopic::Token)),
        ("/calendar", ChatCommand::Tell(TalkTopic::Calendar)),
        ("/health", ChatCommand::Tell(TalkTopic::Health)),
        ("/logs", ChatCommand::Tell(TalkTopic::Logs)),
        ("/mute", ChatCommand::Act(Action::Mute { minutes: 60 })),
        ("/unmute", ChatCommand::Act(Action::Unmute)),
        ("/snooze", ChatCommand::Act(Action::Snooze { minutes: 15 })),
        ("/confirm xx00001", ChatCommand::Act(Action::Confirm { account: "XX00001".into() })),
        ("/confirm_XX00001", ChatCommand::Act(Action::Confirm { account: "XX00001".into() })),
        ("/confirm_XX00001@keeper_bot", ChatCommand::Act(Action::Confirm { account: "XX00001".into() })),
        ("/test", ChatCommand::Act(Action::Test)),
        ("/version", ChatCommand::Tell(TalkTopic::Version)),
        ("/feeds", ChatCommand::Tell(TalkTopic::Feeds)),
        ("/keys", ChatCommand::Tell(TalkTopic::Keys)),
        ("/whoami", ChatCommand::WhoAmI),
        ("/help", ChatCommand::Help),
    ];
    for (text, command) in expected {
        assert_eq!(read(text), Ok(command), "{text}");
    }
    assert_eq!(read("/confirm"), Ok(ChatCommand::Tell(TalkTopic::Confirm)));
    assert!(read("/confirm <b>").is_err());
    for (name, _) in COMMANDS {
        assert!(expected_has(name), "{name} is in the menu and not in this test");
    }
    assert_eq!(read("/start"), Ok(ChatCommand::Help));

    fn expected_has(name: &str) -> bool {
        let argument = if name == "confirm" { " XX00001" } else { "" };
        read(&format!("/{name}{argument}")).is_ok()
    }
}

#[test]
fn capitals_spaces_and_the_bots_name_do_not_matter() {
    for text in ["/HALT", "  /halt  ", "/Halt@keeper_bot", "/halt@keeper_bot   now please", "\n/halt\n"] {
        assert_eq!(read(text), Ok(ChatCommand::Act(Action::Halt { bot: None })), "{text}");
    }
    let bot = Some(keeper_domain::keys::BotName::new("scalper").unwrap());
    assert_eq!(read("/halt Scalper"), Ok(ChatCommand::Act(Action::Halt { bot: bot.clone() })));
    assert_eq!(read("/resume scalper"), Ok(ChatCommand::Act(Action::Resume { bot })));
    assert!(read("/halt 5$").unwrap_err().contains("/halt for all"));
    assert_eq!(Written::read("/halt@keeper_bot").unwrap().bot, Some("keeper_bot"));
    for text in ["", "halt", "please /halt", " "] {
        assert_eq!(Written::read(text), None, "{text}");
    }
}

#[test]
fn minutes_are_a_day_at_most() {
    let mute = |minutes| Ok(ChatCommand::Act(Action::Mute { minutes }));
    for (text, minutes) in
        [("/mute 30", 30), ("/mute   5m", 5), ("/mute 20min", 20), ("/MUTE@b 2H", 120), ("/mute 24h", 1440)]
    {
        assert_eq!(read(text), mute(minutes), "{text}");
    }
    for text in ["/mute 0", "/mute -5", "/mute 25h", "/mute 1441", "/mute x", "/mute 9999999999", "/mute 5d"]
    {
        assert!(read(text).unwrap_err().contains("/mute 60"), "{text}");
    }
    assert_eq!(read("/mute 71582789h").map_err(|_| ()), Err(()), "no overflow");
    assert!(read("/snooze soon").unwrap_err().contains("/snooze 15"));
}

#[test]
fn a_slip_of_the_finger_is_pointed_out_and_never_repeated() {
    for (text, meant) in [("/hlat", "/halt or /flat?"), ("/statsu", "/status?"), ("/resum", "/resume?")] {
        let said = read(text).unwrap_err();
        assert!(said.contains(meant) && said.contains("/help"), "{text}: {said}");
    }
    let said = read("/eyJsecret").unwrap_err();
    assert!(!said.contains("mean") && !said.contains("secret"), "{said}");
}

#[test]
fn telegram_takes_the_menu_and_help_names_all_of_it() {
    for (name, what) in COMMANDS {
        assert!(name.len() <= 32 && name.bytes().all(|c| c.is_ascii_lowercase()), "{name}");
        assert!((1..=256).contains(&what.chars().count()));
        assert!(help().contains(&format!("/{name} – {what}")));
    }
    assert!(help().chars().count() < 4096);
}
