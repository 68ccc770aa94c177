//! The library the keeper uses can talk to the Telegram side, with its own spelling of methods and its own types.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{morning, start};
use simulator::{Fault, FaultRule, Simulator, UserAction, Writing, endpoint};
use teloxide::prelude::*;
use teloxide::types::{
    BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ParseMode,
    ReplyParameters, UpdateKind,
};
use teloxide::{ApiError, RequestError};

const CHAT: ChatId = ChatId(42);

fn bot(simulator: &Simulator, token: &str) -> Bot {
    Bot::with_client(token, common::client()).set_api_url(simulator.telegram_url().parse().unwrap())
}

fn good_bot(simulator: &Simulator) -> Bot {
    bot(simulator, "123456789:SIMULATED-bot-token")
}

#[tokio::test]
async fn a_card_is_sent_pressed_answered_edited_and_deleted() {
    let simulator = start(&morning());
    let bot = good_bot(&simulator);
    assert_eq!(bot.get_me().await.unwrap().user.id, UserId(123_456_789));
    let buttons = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Log in", "login")]]);
    let sent = bot
        .send_message(CHAT, "<b>Card</b>")
        .parse_mode(ParseMode::Html)
        .disable_notification(true)
        .reply_markup(buttons)
        .await
        .unwrap();
    assert_eq!((sent.text(), sent.date), (Some("Card"), simulator.now()));

    simulator.act(&UserAction::Press { from: 42, message_id: 1, data: "login".into() }).unwrap();
    simulator.act(&UserAction::Text { from: 42, chat: None, text: "/status".into() }).unwrap();
    let updates = bot.get_updates().timeout(1).await.unwrap();
    let UpdateKind::CallbackQuery(query) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!((query.data.as_deref(), query.from.id), (Some("login"), UserId(42)));
    assert_eq!(query.message.as_ref().map(teloxide::types::MaybeInaccessibleMessage::id), Some(sent.id));
    let UpdateKind::Message(message) = &updates[1].kind else { panic!("{updates:?}") };
    assert_eq!((message.text(), message.chat.id), (Some("/status"), CHAT));
    bot.answer_callback_query(query.id.clone()).text("one moment").await.unwrap();

    let edited =
        bot.edit_message_text(CHAT, sent.id, "*Done*").parse_mode(ParseMode::MarkdownV2).await.unwrap();
    assert_eq!(edited.text(), Some("Done"));
    bot.delete_message(CHAT, sent.id).await.unwrap();
    bot.set_my_commands([BotCommand::new("status", "How it is")]).await.unwrap();
    bot.delete_webhook().await.unwrap();
    assert!(bot.get_chat(CHAT).await.unwrap().is_private());
    assert!(simulator.telegram_messages()[0].silent);
}

#[tokio::test]
async fn errors_arrive_as_the_librarys_own() {
    let simulator = start(&morning());
    let wrong = bot(&simulator, "1:wrong").get_me().await.unwrap_err();
    assert!(matches!(wrong, RequestError::Api(ApiError::InvalidToken)), "{wrong:?}");
    let bot = good_bot(&simulator);
    let stranger = bot.send_message(ChatId(7), "x").await.unwrap_err();
    assert!(matches!(stranger, RequestError::Api(ApiError::ChatNotFound)), "{stranger:?}");
    let markup = bot.send_message(CHAT, "a < b").parse_mode(ParseMode::Html).await.unwrap_err();
    assert!(matches!(markup, RequestError::Api(ApiError::CantParseEntities(_))), "{markup:?}");
    let long = bot.send_message(CHAT, "x".repeat(4097)).await.unwrap_err();
    assert!(matches!(long, RequestError::Api(ApiError::MessageIsTooLong)), "{long:?}");
    let sent = bot.send_message(CHAT, "x").await.unwrap();
    let same = bot.edit_message_text(CHAT, sent.id, "x").await.unwrap_err();
    assert!(matches!(same, RequestError::Api(ApiError::MessageNotModified)), "{same:?}");

    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, Fault::RateLimited { retry_after: 3 }));
    let busy = bot.send_message(CHAT, "x").await.unwrap_err();
    assert!(
        matches!(busy, RequestError::RetryAfter(wait) if wait.duration() == Duration::from_secs(3)),
        "{busy:?}"
    );
    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, Fault::LostAnswer));
    let lost = bot.send_message(CHAT, "x").await.unwrap_err();
    assert!(matches!(lost, RequestError::Network(_)), "{lost:?}");
    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, Fault::WrongTypes));
    let garbage = bot.send_message(CHAT, "x").await.unwrap_err();
    assert!(matches!(garbage, RequestError::InvalidJson { .. }), "{garbage:?}");
}

#[tokio::test]
async fn whatever_people_do_has_a_form_the_library_reads() {
    let simulator = start(&morning());
    let bot = good_bot(&simulator);
    let asked = bot
        .send_message(CHAT, "code?")
        .protect_content(true)
        .link_preview_options(LinkPreviewOptions {
            is_disabled: true,
            url: None,
            prefer_small_media: false,
            prefer_large_media: false,
            show_above_text: false,
        })
        .await
        .unwrap();
    assert!(asked.has_protected_content());
    let text = |text: &str| Writing { from: 42, text: text.into(), ..Writing::default() };
    let hour_ago = simulator.now() - chrono::TimeDelta::hours(1);
    let reply = simulator.write(Writing { reply_to: Some(asked.id.0.into()), ..text("here") });
    simulator.write(Writing { forwarded_from: Some(99), sent_at: Some(hour_ago), ..text("/halt") });
    simulator.write(Writing { from: 7, chat: Some(-100_200), ..text("hello") });
    simulator.act(&UserAction::Edit { message_id: reply, text: "there".into() }).unwrap();

    let updates = bot.get_updates().await.unwrap();
    let message = |at: usize| match &updates[at].kind {
        UpdateKind::Message(message) => message.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message(0).reply_to_message().and_then(Message::text), Some("code?"));
    assert_eq!((message(1).date, message(1).forward_date()), (hour_ago, Some(hour_ago)));
    assert!(message(1).forward_from_user().is_some_and(|user| user.id == UserId(99)));
    assert!(message(2).chat.is_supergroup());
    let UpdateKind::EditedMessage(edited) = &updates[3].kind else { panic!("{updates:?}") };
    assert_eq!((edited.text(), edited.edit_date().copied()), (Some("there"), Some(simulator.now())));

    let answer = bot.send_message(CHAT, "thanks").reply_parameters(ReplyParameters::new(MessageId(2))).await;
    assert_eq!(answer.unwrap().reply_to_message().and_then(Message::text), Some("there"));
    assert_eq!(simulator.telegram_messages()[1].reply_to, Some(reply));
    let commands = [BotCommand::new("status", "How it is")];
    bot.set_my_commands(commands.clone()).await.unwrap();
    assert_eq!(bot.get_my_commands().await.unwrap(), commands);
    assert_eq!(bot.get_webhook_info().await.unwrap().url, None);
}
