//! Inline keyboards: which of them Telegram takes, and the buttons a person sees.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Its label.
    pub text: String,
    /// What pressing it sends to the bot, for a callback button.
    #[serde(default)]
    pub callback_data: Option<String>,
    /// What pressing it opens, for a link button.
    #[serde(default)]
    pub url: Option<String>,
}

/// What a button can do, as its fields are named; one of them must be there.
const ACTIONS: [&str; 10] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
];

/// The buttons of a keyboard, row by row.
pub(crate) fn of(markup: Option<&Value>) -> Vec<Button> {
    let rows = markup.and_then(|markup| markup["inline_keyboard"].as_array());
    let buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
    buttons.filter_map(|button| serde_json::from_value(button.clone()).ok()).collect()
}

/// Validates a keyboard; an empty one becomes `None`. The error is Telegram's description.
pub(crate) fn accepted(markup: Option<Value>) -> Result<Option<Value>, String> {
    let Some(rows) = markup.as_ref().and_then(|markup| markup.get("inline_keyboard")) else {
        return Ok(markup);
    };
    let rows = rows.as_array().ok_or("object expected as reply markup")?;
    let mut empty = true;
    for row in rows {
        let row =
            row.as_array().ok_or("can't parse inline keyboard: expected an Array of Array of buttons")?;
        row.iter().try_for_each(check)?;
        empty &= row.is_empty();
    }
    Ok(markup.filter(|_| !empty))
}

fn check(button: &Value) -> Result<(), String> {
    let unparsable = |what: &str| format!("can't parse inline keyboard button: {what}");
    let fields = button.as_object().ok_or_else(|| unparsable("expected an Object"))?;
    if !fields.get("text").is_some_and(Value::is_string) {
        return Err(unparsable("Can't find field \"text\""));
    }
    if !ACTIONS.iter().any(|action| fields.contains_key(*action)) {
        return Err(unparsable("Text buttons are unallowed in the inline keyboard"));
    }
    if let Some(data) = fields.get("callback_data") {
        let length = data.as_str().map_or(0, str::len);
        if !(1..=64).contains(&length) {
            return Err("BUTTON_DATA_INVALID".into());
        }
    }
    match fields.get("url") {
        Some(link) => check_link(link.as_str().unwrap_or_default()),
        None => Ok(()),
    }
}

/// A phone must be able to open it: a name without a dot, such as `localhost`, is refused.
fn check_link(link: &str) -> Result<(), String> {
    let invalid = |why: &str| Err(format!("inline keyboard button URL '{link}' is invalid: {why}"));
    let parsed = if link.contains("://") { Url::parse(link) } else { Url::parse(&format!("http://{link}")) };
    let Ok(parsed) = parsed else { return invalid("Wrong HTTP URL") };
    match (parsed.scheme(), parsed.host()) {
        ("tg" | "ton", _) | ("http" | "https", Some(Host::Ipv4(_) | Host::Ipv6(_))) => Ok(()),
        ("http" | "https", Some(Host::Domain(name))) if name.contains('.') => Ok(()),
        ("http" | "https", _) => invalid("Wrong HTTP URL"),
        _ => invalid("Unsupported URL protocol"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(button: &Value) -> Result<Option<Value>, String> {
        accepted(Some(json!({"inline_keyboard": [[button]]})))
    }

    #[test]
    fn every_button_does_something_a_phone_can_do() {
        for good in [
            json!({"text": "a", "callback_data": "x".repeat(64)}),
            json!({"text": "a", "url": "https://keeper.example/fyers/login"}),
            json!({"text": "a", "url": "http://127.0.0.1:8080/x"}),
            json!({"text": "a", "url": "tg://user?id=1"}),
        ] {
            assert!(judged(&good).is_ok(), "{good}");
        }
        for (bad, why) in [
            (json!({"text": "a"}), "Text buttons are unallowed"),
            (json!({"callback_data": "x"}), "\"text\""),
            (json!({"text": "a", "callback_data": "x".repeat(65)}), "BUTTON_DATA_INVALID"),
            (json!({"text": "a", "callback_data": ""}), "BUTTON_DATA_INVALID"),
            (json!({"text": "a", "url": "http://localhost:8080/x"}), "Wrong HTTP URL"),
            (json!({"text": "a", "url": "ftp://x.example"}), "Unsupported URL protocol"),
        ] {
            let told = judged(&bad).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
    }

    #[test]
    fn an_empty_keyboard_is_none() {
        assert_eq!(accepted(Some(json!({"inline_keyboard": []}))), Ok(None));
        assert_eq!(accepted(Some(json!({"inline_keyboard": [[]]}))), Ok(None));
        assert_eq!(accepted(None), Ok(None));
        let force = json!({"force_reply": true});
        assert_eq!(accepted(Some(force.clone())), Ok(Some(force)));
    }
}
