//! The path of a Bot API call: token and method.

/// Method names as Telegram spells them.
const METHODS: [&str; 15] = [
    "getMe",
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "getUpdates",
    "answerCallbackQuery",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "deleteWebhook",
    "setWebhook",
    "getWebhookInfo",
    "sendChatAction",
    "getChat",
];

/// `/telegram/bot<TOKEN>/<Method>` as `/telegram/<method>`, spelt as Telegram documents it, so that neither the
/// token nor a library's capitals appear in scopes, counts and logs.
pub(crate) fn endpoint(path: &str) -> String {
    let method = path.rsplit('/').next().unwrap_or_default();
    let known = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
    format!("/telegram/{}", known.copied().unwrap_or(method))
}

/// The token in a path, when it has one.
pub(super) fn token(path: &str) -> Option<&str> {
    path.strip_prefix("/telegram/bot")?.split('/').next()
}
