//! What the keeper says, as the phone shows it.

use keeper_domain::{
    alert::SendError,
    chat::{
        inbox::commands::COMMANDS,
        talk::{Bubble, Button, Chat, Heard, MessageId},
    },
};
use serde_json::json;
use simulator::{Simulator, UserAction};

use crate::telegram::chat::tests::{GROUP, OWNER, chat, press, simulator, words};

fn heard(simulator: &Simulator, text: &str) -> MessageId {
    simulator.act(&UserAction::Text { from: OWNER, chat: None, text: text.into() }).unwrap();
    MessageId(simulator.person_messages().last().unwrap().id as i32)
}

#[tokio::test]
async fn a_bubble_arrives_with_all_its_trimmings() {
    let simulator = simulator();
    let asked = heard(&simulator, "/halt");
    let link = Button::Link { label: "Log in".into(), url: "https://keeper.example/fyers/login".into() };
    let bubble = Bubble {
        text: "Halt <now> & here?\n<b>second</b> line\nthird".into(),
        buttons: vec![vec![link], vec![press("Yes", "yes:7"), press("No", "no:7")]],
        loud: true,
        protected: true,
        reply_to: Some(asked),
    };
    let id = chat(&simulator).say(OWNER, &bubble).await.unwrap();
    let seen = simulator.telegram_messages().remove(0);
    assert_eq!(id, MessageId(seen.id as i32));
    assert_eq!(seen.raw, "<b>Halt &lt;now&gt; &amp; here?</b>\n&lt;b&gt;second&lt;/b&gt; line\nthird");
    assert_eq!(seen.text, bubble.text);
    assert!(!seen.silent && seen.protect_content);
    assert_eq!(seen.reply_to, Some(i64::from(asked.0)));
    assert_eq!(seen.link_preview_options, Some(json!({"is_disabled": true})));
    let does = |button: simulator::Button| (button.text, button.url.or(button.callback_data).unwrap());
    let buttons: Vec<_> = seen.buttons().into_iter().map(does).collect();
    let expected = [("Log in", "https://keeper.example/fyers/login"), ("Yes", "yes:7"), ("No", "no:7")];
    assert_eq!(buttons, expected.map(|(text, does)| (text.to_owned(), does.to_owned())));
    assert_eq!(seen.reply_markup.unwrap()["inline_keyboard"].as_array().unwrap().len(), 2, "rows");
}

#[tokio::test]
async fn a_plain_bubble_is_quiet_and_goes_to_the_chat_it_is_for() {
    let simulator = simulator();
    let gone = Bubble { reply_to: Some(MessageId(999)), ..words("One line") };
    chat(&simulator).say(GROUP, &gone).await.unwrap();
    let seen = simulator.telegram_messages().remove(0);
    assert_eq!((seen.chat, seen.raw.as_str(), seen.reply_to), (GROUP, "<b>One line</b>", None));
    assert!(seen.silent && !seen.protect_content && seen.buttons().is_empty());
}

#[tokio::test]
async fn too_much_text_is_cut_and_still_arrives() {
    let simulator = simulator();
    chat(&simulator).say(OWNER, &words(&format!("Log\n{}", "&😀".repeat(3000)))).await.unwrap();
    let units = simulator.telegram_messages()[0].text.encode_utf16().count();
    assert!((3900..=4096).contains(&units), "{units}");
}

#[tokio::test]
async fn an_edit_takes_the_buttons_away_and_the_same_again_is_fine() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let asked = Bubble { buttons: vec![vec![press("Yes", "yes:7")]], ..words("Halt?") };
    let id = chat.say(OWNER, &asked).await.unwrap();
    for _ in 0..2 {
        chat.edit(OWNER, id, &words("Halt?\nDone & <dusted>.")).await.unwrap();
    }
    let seen = simulator.telegram_messages().remove(0);
    assert_eq!(seen.text, "Halt?\nDone & <dusted>.");
    assert!(seen.edited && seen.buttons().is_empty());
    assert_eq!(seen.link_preview_options, Some(json!({"is_disabled": true})));
    chat.edit(OWNER, id, &asked).await.unwrap();
    assert_eq!(simulator.telegram_messages()[0].buttons().len(), 1, "and can bring them back");
    let nowhere = chat.edit(OWNER, MessageId(999), &asked).await;
    assert!(matches!(nowhere, Err(SendError::BadMessage(_))), "{nowhere:?}");
}

#[tokio::test]
async fn a_persons_message_is_deleted_and_one_that_is_gone_is_fine() {
    let simulator = simulator();
    let (chat, code) = (chat(&simulator), heard(&simulator, "a code"));
    for _ in 0..2 {
        chat.delete(OWNER, code).await.unwrap();
        assert!(simulator.person_messages()[0].deleted);
    }
    chat.delete(OWNER, MessageId(999)).await.unwrap();
}

#[tokio::test]
async fn a_press_is_answered_once_in_passing_or_aloud() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let card = Bubble { buttons: vec![vec![press("Later", "card:snooze")]], ..words("Log in") };
    chat.say(OWNER, &card).await.unwrap();
    let long = "😀".repeat(300);
    for (text, alert, shown) in [
        ("Later, then.", false, Some("Later, then.".to_owned())),
        ("", false, None),
        (long.as_str(), true, Some(format!("{}…", "😀".repeat(99)))),
    ] {
        simulator.press_button(OWNER, "card:snooze").unwrap();
        let updates = chat.pending(0).await.unwrap();
        let Some(Heard::Press { callback, .. }) = updates.last().map(|update| &update.heard) else {
            panic!("{updates:?}")
        };
        chat.answer(callback, text, alert).await.unwrap();
        let answer = simulator.callback_answers().pop().unwrap();
        assert_eq!((answer.text, answer.show_alert), (shown, alert));
        let again = chat.answer(callback, text, alert).await;
        assert!(matches!(again, Err(SendError::BadMessage(_))), "{again:?}");
    }
}

#[tokio::test]
async fn telegram_takes_the_menu_and_tells_the_name() {
    let simulator = simulator();
    let chat = chat(&simulator);
    chat.register(&COMMANDS).await.unwrap();
    let menu = simulator.state().telegram_commands;
    assert_eq!(
        menu[2],
        json!({"command": "halt", "description": "entries are refused until /resume; of one bot as /halt NAME"})
    );
    assert_eq!(menu.as_array().unwrap().len(), COMMANDS.len());
    assert_eq!(chat.name().await.as_deref(), Some("keeper_sim_bot"));
}
