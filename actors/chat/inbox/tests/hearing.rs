//! What is heard, and what is made of it.

use crate::chat::inbox::tests::scene::{
    CODE, FRIEND, GROUP, Note, OWNER, at, first, group, note, press, private, why,
};
use keeper_domain::chat::{
    inbox::{
        confirm::Nonce,
        reaction::{Denial, MessageReaction, Policy, PressReaction, Reaction},
        rules::{CARD_MOCK, CARD_SNOOZE, State},
    },
    talk::{Action, TalkTopic},
};

/// One inbox for one test.
struct Inbox {
    state: State,
    policy: Policy,
    last: i64,
}

impl Inbox {
    fn of(policy: Policy) -> Self {
        Self { state: State::default(), policy, last: 100 }
    }

    fn write(&mut self, from: &Note, second: i64, text: &str) -> Reaction {
        self.last += 1;
        let note = Note { update: self.last, ..from.clone() };
        self.state.hear(&note.says(text), &self.policy, at(second), Nonce(self.last as u64))
    }

    fn says(&mut self, second: i64, text: &str) -> Reaction {
        self.write(&Note { at: at(second), ..note() }, second, text)
    }

    fn press(&mut self, second: i64, user: i64, chat: i64, data: &str) -> PressReaction {
        self.last += 1;
        match self.state.hear(&press(self.last, user, chat, data), &self.policy, at(second), Nonce(0)) {
            Reaction::Press(_, callback, touch) => {
                assert_eq!(callback, format!("c{}", self.last));
                touch
            }
            other => panic!("{other:?}"),
        }
    }

    /// Asks for a halt; the number of the question.
    fn halt(&mut self, second: i64) -> u64 {
        let reaction = self.says(second, "/halt");
        assert!(
            matches!(reaction, Reaction::Message(_, MessageReaction::Ask(Action::Halt { bot: None }))),
            "{reaction:?}"
        );
        self.last as u64
    }
}

fn reply(reaction: &Reaction) -> &MessageReaction {
    match reaction {
        Reaction::Message(_, reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn hint(reaction: &Reaction) -> Option<&'static str> {
    match reaction {
        Reaction::Message(_, MessageReaction::Hint(text)) => Some(text),
        _ => None,
    }
}

#[test]
fn questions_are_told_and_harmless_actions_are_done() {
    let mut inbox = Inbox::of(private());
    assert!(matches!(reply(&inbox.says(0, "/token")), MessageReaction::Tell(TalkTopic::Token)));
    assert!(matches!(reply(&inbox.says(0, "/login")), MessageReaction::Act(Action::Login)));
    assert!(matches!(reply(&inbox.says(0, "/mute 5")), MessageReaction::Act(Action::Mute { minutes: 5 })));
    for (text, said) in [("/help", "/halt"), ("/whoami", "42"), ("/hlat", "/halt or /flat?")] {
        assert!(
            matches!(reply(&inbox.says(0, text)), MessageReaction::Say(words) if words.contains(said)),
            "{text}"
        );
    }
    let Reaction::Message(origin, _) = inbox.says(0, "/status") else { panic!("not heard") };
    assert_eq!((origin.chat, origin.by.id, i64::from(origin.message.0)), (OWNER, OWNER, inbox.last));
}

#[test]
fn what_cannot_be_taken_back_is_asked_first() {
    for (text, action) in [
        ("/halt", Action::Halt { bot: None }),
        ("/resume", Action::Resume { bot: None }),
        ("/logout", Action::Logout),
        ("/refresh", Action::Refresh),
    ] {
        let reaction = first(&note().says(text), &private());
        assert!(
            matches!(reply(&reaction), MessageReaction::Ask(asked) if *asked == action),
            "{text}: {reaction:?}"
        );
    }
}

#[test]
fn a_yes_counts_once_for_a_minute() {
    let mut inbox = Inbox::of(private());
    let nonce = inbox.halt(0);
    let yes = format!("yes:{nonce:016x}");
    assert_eq!(
        inbox.press(60, OWNER, OWNER, &yes),
        PressReaction::Yes(Nonce(nonce), Action::Halt { bot: None })
    );
    assert!(
        matches!(inbox.press(60, OWNER, OWNER, &yes), PressReaction::Pass(said) if said.contains("Answered"))
    );
    let late = format!("yes:{:016x}", inbox.halt(0));
    assert_eq!(inbox.press(61, OWNER, OWNER, &late), PressReaction::Late);
}

#[test]
fn a_no_ends_the_question() {
    let mut inbox = Inbox::of(private());
    let nonce = inbox.halt(0);
    let touch = inbox.press(1, OWNER, OWNER, &format!("no:{nonce:016x}"));
    assert_eq!(touch, PressReaction::No(Nonce(nonce), Action::Halt { bot: None }));
    assert!(matches!(inbox.press(2, OWNER, OWNER, &format!("yes:{nonce:016x}")), PressReaction::Pass(_)));
}

#[test]
fn somebody_elses_question_and_another_chats_are_not_answered() {
    let mut inbox = Inbox::of(group());
    inbox.write(&Note { chat: GROUP, ..note() }, 0, "/halt");
    let (nonce, yes) = (Nonce(inbox.last as u64), format!("yes:{:016x}", inbox.last));
    assert!(
        matches!(inbox.press(1, FRIEND, GROUP, &yes), PressReaction::Pass(said) if said.contains("Not yours"))
    );
    assert!(matches!(inbox.press(1, OWNER, OWNER, &yes), PressReaction::Pass(_)));
    assert_eq!(
        inbox.press(1, OWNER, GROUP, &yes),
        PressReaction::Yes(nonce, Action::Halt { bot: None }),
        "and it still waits"
    );
}

#[test]
fn a_crash_forgets_the_questions() {
    let mut inbox = Inbox::of(private());
    let yes = format!("yes:{:016x}", inbox.halt(0));
    inbox.state.crash();
    assert_eq!(inbox.press(1, OWNER, OWNER, &yes), PressReaction::Late);
}

#[test]
fn the_cards_buttons_count_while_the_keeper_is_up_to_date() {
    let mut inbox = Inbox::of(private());
    assert!(
        matches!(inbox.press(0, OWNER, OWNER, CARD_MOCK), PressReaction::Pass(said) if said.contains("away"))
    );
    inbox.state.caught_up = Some(at(0));
    let cases = [(CARD_MOCK, Action::MockToday), (CARD_SNOOZE, Action::Snooze { minutes: 15 })];
    for (data, action) in cases {
        assert_eq!(inbox.press(120, OWNER, OWNER, data), PressReaction::Card(action));
        assert!(matches!(inbox.press(121, OWNER, OWNER, data), PressReaction::Pass(_)));
        assert!(
            matches!(inbox.press(-1, OWNER, OWNER, data), PressReaction::Pass(_)),
            "the clock was set back"
        );
    }
    for data in ["", "card:", "yes:", "yes:xyz", "card:mock "] {
        assert!(matches!(inbox.press(1, OWNER, OWNER, data), PressReaction::Pass(_)), "{data}");
    }
}

#[test]
fn a_code_comes_before_everything_else() {
    for text in
        [CODE.to_owned(), format!("/login {CODE}"), format!("/halt@other_bot {CODE}"), format!("hi {CODE}")]
    {
        let mut inbox = Inbox::of(private());
        inbox.state.bot = Some("keeper_bot".into());
        let reaction = inbox.says(0, &text);
        assert!(matches!(reply(&reaction), MessageReaction::Redeem(_)), "{text}: {reaction:?}");
        assert!(!format!("{reaction:?}").contains("eyJ"), "the code is wrapped");
    }
}

#[test]
fn commands_for_another_bot_are_not_ours_once_the_name_is_known() {
    let mut inbox = Inbox::of(group());
    assert!(
        matches!(reply(&inbox.says(0, "/status@other_bot")), MessageReaction::Tell(_)),
        "it could be ours"
    );
    inbox.state.bot = Some("Keeper_Bot".into());
    assert_eq!(why(&inbox.says(0, "/status@other_bot")), Some(Denial::OtherBot));
    assert!(matches!(reply(&inbox.says(0, "/status@keeper_bot")), MessageReaction::Tell(_)));
    assert!(matches!(reply(&inbox.says(0, "/status")), MessageReaction::Tell(_)));
}

#[test]
fn chatter_gets_one_hint_a_minute() {
    let mut inbox = Inbox::of(private());
    assert!(hint(&inbox.says(0, "hello")).is_some());
    assert_eq!(why(&inbox.says(59, "hello?")), Some(Denial::Chatter));
    assert!(hint(&inbox.says(60, "hello!")).is_some());
    assert!(hint(&inbox.says(-5, "hello")).is_some(), "a clock that was set back silences nothing");
}

#[test]
fn what_comes_too_late_is_told_so_and_not_done() {
    let mut inbox = Inbox::of(private());
    let old = Note { at: at(0), ..note() };
    for (second, text, told) in [
        (121, "hello", false),
        (121, "/halt", true),
        (122, CODE, false),
        (300, CODE, true),
        (301, "/x", false),
    ] {
        let reaction = inbox.write(&old, second, text);
        assert_eq!(
            hint(&reaction).is_some_and(|said| said.contains("too long ago")),
            told,
            "{text} {reaction:?}"
        );
        assert!(told || why(&reaction) == Some(Denial::TooOld), "{text} {reaction:?}");
    }
    inbox.state.bot = Some("keeper_bot".into());
    assert_eq!(why(&inbox.write(&old, 1000, "/halt@other_bot")), Some(Denial::TooOld));
}
