//! The broker's words, made fit for a log, an alert and a page.

use keeper_domain::text::is_hidden;

/// The longest text that is passed on, in characters.
const LONGEST: usize = 200;

/// What stands where a secret was.
const GAP: &str = "[redacted]";

/// Every JWT begins with an encoded `{"`.
const JWT_START: &str = "eyJ";

/// A shorter word after `eyJ` is a word, not a token.
const SHORTEST_JWT: usize = 12;

/// One line of at most 200 characters without control characters, known secrets or anything like a JWT.
pub(super) fn clean(text: &str, secrets: &[&str]) -> String {
    let line: String = text.chars().map(to_space).filter(|c| !is_hidden(*c)).collect();
    let safe = secrets.iter().fold(line, |line, secret| without_word(&line, secret));
    let safe = without_jwts(&safe);
    safe.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// As [`clean`], and then the order the words are about, which is never cut off.
pub(super) fn clean_with_order(text: &str, id: &str, secrets: &[&str]) -> String {
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let tail = format!(" (order id {id})");
    let words: String = clean(text, secrets).chars().take(LONGEST - tail.len()).collect();
    words + &tail
}

fn to_space(c: char) -> char {
    if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }
}

/// Replaces a secret where it stands alone. A long one is replaced anywhere; a PIN only between non-digits,
/// because four digits are part of every order id.
fn without_word(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    if secret.len() >= 8 {
        return text.replace(secret, GAP);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
        let joined = out.chars().chain(before.chars()).next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        out.push_str(before);
        out.push_str(if joined { secret } else { GAP });
        rest = after;
    }
    out + rest
}

/// Replaces what looks like a JWT, whole or cut off.
fn without_jwts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(JWT_START) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !is_jwt_char(c)).unwrap_or(from.len());
        out.push_str(before);
        out.push_str(if end >= SHORTEST_JWT { GAP } else { &from[..end] });
        rest = &from[end..];
    }
    out + rest
}

fn is_jwt_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=' | '+' | '/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_words_pass_unchanged() {
        let text = "Refresh token API is currently disabled to comply with SEBI regulations.";
        assert_eq!(clean(text, &["topsecret"]), text);
    }

    #[test]
    fn control_and_direction_marks_go_and_lines_become_one() {
        assert_eq!(clean("a\r\n\x1b[31mb\u{202e}c\u{200b} \u{0} d", &[]), "a [31mbc d");
    }

    #[test]
    fn jwts_go_even_cut_off_or_with_a_hidden_character_inside() {
        let jwt = "eyJ0eXAiOiJKV1Qi.eyJzdWIi-_x.c2ln";
        assert_eq!(clean(&format!("bad token {jwt}, sorry"), &[]), "bad token [redacted], sorry");
        assert_eq!(clean("id=eyJ0eXAiOiJKV1Qi", &[]), "id=[redacted]");
        assert_eq!(clean("eyJ0eX\u{200b}AiOiJK\u{0}V1Qi", &[]), "[redacted]");
        assert_eq!(clean("eyJ is short", &[]), "eyJ is short");
    }

    #[test]
    fn known_secrets_go_a_pin_only_as_a_word() {
        assert_eq!(clean("key SECRET1234 of app", &["SECRET1234"]), "key [redacted] of app");
        assert_eq!(clean("pin 1234, order 26112312340001 1234", &["1234"]), {
            "pin [redacted], order 26112312340001 [redacted]"
        });
        assert_eq!(clean("same", &[""]), "same");
    }

    #[test]
    fn the_order_id_survives_the_cut() {
        let text = clean_with_order(&"é".repeat(500), "261123\n00000018", &[]);
        assert!(text.ends_with(" (order id 26112300000018)"), "{text}");
        assert_eq!(text.chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn whatever_comes_stays_short_plain_and_free_of_secrets(before in ".{0,300}", after in ".{0,300}") {
            let text = clean(&format!("{before}TOP-SECRET-KEY{after}"), &["TOP-SECRET-KEY"]);
            prop_assert!(text.chars().count() <= LONGEST);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(!text.contains("TOP-SECRET-KEY"));
        }
    }
}
