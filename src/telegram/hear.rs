//! What Telegram brings, in the keeper's words.

use keeper_domain::{
    alerts::words::excerpt,
    chat::talk::{Heard, MessageId, Person, Update},
};
use secrecy::SecretString;
use teloxide::types;

/// The longest name that is shown, in characters.
const NAME: usize = 64;

/// An update. One that the library cannot read keeps its number and counts as nothing.
pub fn update(update: types::Update) -> Update {
    let heard = match update.kind {
        types::UpdateKind::Message(message) => said(&message, false),
        types::UpdateKind::EditedMessage(message) => said(&message, true),
        types::UpdateKind::CallbackQuery(query) => pressed(query),
        _ => Heard::Other,
    };
    Update { id: i64::from(update.id.0), heard }
}

fn said(message: &types::Message, edited: bool) -> Heard {
    // A picture's caption may hold a login code too.
    let Some(text) = message.text().or_else(|| message.caption()) else { return Heard::Other };
    // Channels and anonymous admins come with a stand-in for a person.
    let from = message.from.as_ref().filter(|_| message.sender_chat.is_none());
    Heard::Message {
        chat: message.chat.id.0,
        private: message.chat.is_private(),
        from: from.map(person),
        id: MessageId(message.id.0),
        at: message.date,
        text: SecretString::from(text),
        // The words of an inline bot are somebody else's as well.
        forwarded: message.forward_origin().is_some() || message.via_bot.is_some(),
        edited: edited || message.edit_date().is_some(),
    }
}

fn pressed(query: types::CallbackQuery) -> Heard {
    match (query.message, query.data) {
        (Some(message), Some(data)) => Heard::Press {
            callback: query.id.0,
            chat: message.chat().id.0,
            message: MessageId(message.id().0),
            from: person(&query.from),
            data,
        },
        _ => Heard::Other,
    }
}

fn person(user: &types::User) -> Person {
    // Ids have 52 bits at most (Bot API, User); one that does not fit is nobody's.
    let id = i64::try_from(user.id.0).unwrap_or(i64::MIN);
    Person { id, name: excerpt(&user.full_name(), NAME) }
}
