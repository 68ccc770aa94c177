//! What people and browsers send: `.env` files, the address a login leads to, Telegram's updates.

use chrono::DateTime;
use fyers_keeper::{env_file, telegram};
use keeper_domain::{
    chat::inbox::{
        commands::Written,
        confirm::Nonce,
        rules::{Policy, Reaction, State},
    },
    session::login::{read_pasted, read_query},
};
use secrecy::ExposeSecret;
use teloxide::types::Update;

const OWNER: i64 = 7;

/// Setting one value leaves every other as it was.
pub(crate) fn env_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let before = env_file::parse(text);
    let Ok(after) = env_file::set(text, &[("FYERS_ACCESS_TOKEN", "new-value")]) else { return };
    let after = env_file::parse(&after);
    let value = after.get("FYERS_ACCESS_TOKEN").map(|value| value.expose_secret().to_owned());
    assert_eq!(value.as_deref(), Some("new-value"));
    for entry in before.entries.iter().filter(|entry| entry.key != "FYERS_ACCESS_TOKEN") {
        let (old, new) = (before.get(&entry.key), after.get(&entry.key));
        assert_eq!(
            old.map(ExposeSecret::expose_secret),
            new.map(ExposeSecret::expose_secret),
            "{}",
            entry.key
        );
    }
}

/// Who is not the owner gets nothing done, whatever was sent.
pub(crate) fn heard(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _redirects = (read_pasted(&text).is_some(), read_query(&text).is_some());
    if let Some(written) = Written::read(&text) {
        let _command = written.command();
    }
    let Ok(update) = serde_json::from_slice::<Update>(data) else { return };
    let policy = Policy { chat_id: OWNER, allowed_users: vec![OWNER] };
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let reaction = State::default().hear(&telegram::update(update), &policy, now, Nonce(1));
    if let Reaction::Message(origin, _) | Reaction::Press(origin, ..) = reaction {
        assert_eq!(origin.by.id, OWNER, "only the owner is heard");
    }
}
