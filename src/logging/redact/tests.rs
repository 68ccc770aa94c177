use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

fn redactor(secret: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.register(&SecretString::from(secret.to_owned()));
    redactor
}

#[test]
fn a_registered_secret_is_taken_out_however_it_is_written() {
    let secret = "CANARY/app+secret=2026";
    let redactor = redactor(secret);
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let texts = [
        format!("plain {secret}."),
        format!("in a url?x={encoded}&y"),
        format!("hex {}", hex::encode(secret)),
        format!("bytes {:?}", secret.as_bytes()),
        format!("base64 {}", STANDARD_NO_PAD.encode(secret)),
        format!("shifted {}", STANDARD_NO_PAD.encode(format!("x:{secret}"))),
        format!("shifted {}", URL_SAFE_NO_PAD.encode(format!("x{secret}"))),
        format!("cut {}...", &secret[..16]),
    ];
    for text in texts {
        let clean = redactor.clean(&text);
        assert!(clean.contains(MARK), "{text} -> {clean}");
        assert!(!clean.contains("CANARY"), "{clean}");
    }
}

#[test]
fn what_looks_like_a_secret_is_taken_out_without_being_registered() {
    let redactor = Redactor::default();
    let table = [
        ("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0 end", "token [redacted] end"),
        ("jwt eyJhbGciOiJI.eyJleHAiOjE3.c2lnbg end", "jwt [redacted] end"),
        (r#"{"pin":"1234","s":1}"#, r#"{"pin":"[redacted]","s":1}"#),
        ("pin=1234&x", "pin=[redacted]&x"),
        (
            "https://h/cb?s=ok&auth_code=abcdefgh12345&state=7",
            "https://h/cb?s=ok&auth_code=[redacted]&state=7",
        ),
        ("/bot123456789:ABC-def/SendMessage", "/bot[redacted]/SendMessage"),
    ];
    for (text, wanted) in table {
        assert_eq!(redactor.clean(text), wanted);
    }
    let hash = "a".repeat(64);
    assert_eq!(redactor.clean(&format!("hash {hash}")), "hash [redacted]");
}

#[test]
fn the_key_in_an_address_is_taken_out_and_its_host_is_not() {
    let redactor = redactor("https://hc.example.org/ping/b94cfa4e-1111-2222-3333-444455556666/fyers-keeper");
    let text = "https://hc.example.org/ping/b94cfa4e-1111-2222-3333-444455556666/fyers-keeper/start failed";
    assert_eq!(redactor.clean(text), "[redacted]/start failed");
    assert_eq!(redactor.clean("ping b94cfa4e-1111-2222-3333-444455556666 failed"), "ping [redacted] failed");
    for text in ["https://hc.example.org/ping/other", "fyers-keeper is up"] {
        assert_eq!(redactor.clean(text), text);
    }
}

#[test]
fn ordinary_text_is_left_alone() {
    let redactor = redactor("a-long-secret-value");
    for text in
        ["order 26112300000017 at 09:15:01", "pins and needles: 12345", "fingerprint 7be1a2c3", "code -16"]
    {
        assert_eq!(redactor.clean(text), text);
    }
}

#[test]
fn a_short_secret_is_taken_out_of_words_where_it_stands_alone() {
    let redactor = redactor("4829");
    let mut text = "wrong pin 4829 (NDgyOQ, order 264829)".to_owned();
    redactor.clean_word(&mut text);
    assert_eq!(text, "wrong pin [redacted] ([redacted], order 264829)");
    assert_eq!(redactor.clean(r#"{"qty":4829}"#), r#"{"qty":4829}"#);
}

#[test]
fn a_secret_is_found_and_a_pin_cannot_be_guessed() {
    let redactor = redactor("CANARYSECRET12345678");
    redactor.register(&SecretString::from("4829".to_owned()));
    for text in ["CANARYSECRET12345678", "xcanarysecret12345678y", "CANARYSECRET1234"] {
        assert!(redactor.finds(text), "{text}");
    }
    for text in ["", "4829", "CANARYSECRET", "KeyJuly2026Breakout", "a1"] {
        assert!(!redactor.finds(text), "{text}");
    }
}

/// The keeper knows its digest alone, and not even that is asked for here.
#[test]
fn a_bots_token_is_found_however_it_is_written() {
    let signing = SecretString::from("signing".to_owned());
    let bot = keeper_domain::keys::BotName::new("trial").unwrap();
    let minted = token::mint(&signing, &bot, chrono::DateTime::UNIX_EPOCH, [7; 32]);
    let token = minted.token.expose_secret();
    let redactor = Redactor::default();
    let escapes: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let backwards: String = token.chars().rev().collect();
    let spaced: String = token.chars().map(|c| format!("{c} ")).collect();
    let all = spellings(token).into_iter().filter(|way| way.len() > 200);
    let more = [escapes, percent, backwards, spaced, format!("id={token}"), token.to_ascii_uppercase()];
    let mut seen = 0;
    for way in all.chain(more) {
        assert!(redactor.finds(&way), "{way}");
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
    let claims =
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let hsm_key = claims.split("\"hsm_key\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(redactor.finds(&format!("a{hsm_key}")));
    for text in
        ["NSE:NIFTY26NOV24500CE", "26112300000001-1", "eyJ", "my-tag-eyJbreakout", "a".repeat(40).as_str()]
    {
        assert!(!redactor.finds(text), "{text}");
    }
}

#[test]
fn a_secret_that_was_cut_off_is_taken_out_to_its_end() {
    let secret = "CANARYopaqueRefreshTokenOfTheRun0123456789";
    let redactor = redactor(secret);
    let base64 = STANDARD_NO_PAD.encode(secret);
    for end in [20, 30, 41] {
        assert_eq!(redactor.clean(&format!("bad {} and", &secret[..end])), "bad [redacted] and");
        assert_eq!(redactor.clean(&format!("bad {} and", &base64[..end])), "bad [redacted] and");
    }
}

#[test]
fn what_is_learned_is_bounded_and_the_newest_are_kept() {
    let redactor = Redactor::default();
    for number in 0..1_000 {
        redactor.learn(&format!("opaque-token-number-{number:04}-x"));
        redactor.learn("the-one-that-is-in-use-all-the-time");
    }
    assert_eq!(redactor.known.read().unwrap().learned.len(), MOST_LEARNED);
    for text in ["opaque-token-number-0999-x", "the-one-that-is-in-use-all-the-time"] {
        let quoted = format!("bad token {text} / {}", STANDARD_NO_PAD.encode(text));
        assert!(!redactor.clean(&quoted).contains("bad token o") && !redactor.clean(text).contains(text));
        assert!(!redactor.clean(&quoted).contains(&STANDARD_NO_PAD.encode(text)[..12]), "{text}");
    }
}

proptest! {
    #[test]
    fn a_secret_never_survives(before in "\\PC{0,40}", secret in "[A-Za-z0-9._~+/=-]{8,60}", after in "\\PC{0,40}") {
        let text = format!("{before}{secret}{after}");
        let clean = redactor(&secret).clean(&text).into_owned();
        prop_assert!(!clean.contains(&secret) || MARK.contains(&secret), "{}", clean);
    }
}
