use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use proptest::prelude::*;

use super::*;

const TOKEN: &str = "eyJhbGciOi.CANARYaccess-token_of.the-day";
const SECRET: &str = "CANARY/app+secret=\"26";

/// Ways to write a text, one for each kind: the whole of it by one rule.
fn written(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let each = |spell: &dyn Fn(u8) -> String, between: &str| {
        bytes.iter().map(|byte| spell(*byte)).collect::<Vec<_>>().join(between)
    };
    let json = serde_json::Value::from(text).to_string();
    let mut all = vec![
        text.to_owned(),
        text.to_uppercase(),
        json.clone(),
        serde_json::Value::from(json.clone()).to_string(),
    ];
    for (before, after) in [
        ("%", ""),
        ("%25", ""),
        ("%2525", ""),
        (r"\x", ""),
        ("&#x", ";"),
        ("&#x", ""),
        ("&amp;#x", ";"),
        (r"\u00", ""),
        (r"\\u00", ""),
        (r"\u{", "}"),
        (r"\U000000", ""),
        ("%u00", ""),
        ("0x", ""),
        ("", ""),
    ] {
        for between in ["", " ", ":", "-", ", ", ",\n    "] {
            // Without anything in between, what has no end of its own is read on.
            if before == "&#x" && after.is_empty() && between.is_empty() {
                continue;
            }
            all.push(each(&|byte| format!("{before}{byte:02x}{after}"), between));
            all.push(each(&|byte| format!("{before}{byte:02X}{after}"), between));
        }
    }
    for between in [",", ", ", " ", ",\n      ", "; "] {
        all.push(each(&|byte| format!("{byte}"), between));
        all.push(each(&|byte| format!("{byte:03}"), between));
        all.push(each(&|byte| format!("{byte:03o}"), between));
        all.push(each(&|byte| format!("{byte:o}"), between));
        all.push(each(&|byte| format!("{:?}", char::from(byte).to_string()), between));
    }
    all.push(each(&|byte| format!("&#{byte};"), ""));
    all.push(each(&|byte| format!("&#{byte}"), " "));
    all.push(each(&|byte| format!("\\{byte:03o}"), ""));
    all.push(each(&|byte| format!("\\{byte:o}"), ""));
    all.push(each(&|byte| format!("{}\0", char::from(byte)), ""));
    all.push(text.chars().rev().collect());
    for before in ["", "x", "xy", "xyz", "wxyz"] {
        let plain = base32(format!("{before}{text}").as_bytes());
        all.extend([plain.to_lowercase(), plain]);
    }
    for before in ["", "x", "xy"] {
        let whole = format!("{before}{text}");
        all.push(URL_SAFE_NO_PAD.encode(&whole));
        let wrapped = STANDARD
            .encode(&whole)
            .as_bytes()
            .chunks(16)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect::<Vec<_>>();
        all.extend([
            wrapped.join(""),
            wrapped.join("\r\n"),
            wrapped.join("\\n"),
            wrapped.join("").replace('/', "%2F"),
        ]);
    }
    all
}

/// As RFC 4648 has it, without padding: five bits at a time.
fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let sign = |five: &[u8]| {
        let number = (0..5).fold(0, |all, at| all * 2 + usize::from(five.get(at).copied().unwrap_or(0)));
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[number])
    };
    bits.chunks(5).map(sign).collect()
}

/// The text with each byte of what was found as a star.
fn covered(finder: &Finder, text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    finder.find(text).into_iter().for_each(|range| bytes[range].fill(b'*'));
    bytes
}

/// Almost nothing of it is left: in base64 the ends hang together with what stands beside.
fn is_covered(text: &str, way: &str) -> bool {
    let told = covered(&Finder::of(&[TOKEN, SECRET]), text.as_bytes());
    let stars = told.iter().filter(|byte| **byte == b'*').count();
    told.len() == text.len() && stars + 16 > way.len()
}

#[test]
fn however_it_is_written_it_is_found() {
    for secret in [TOKEN, SECRET] {
        for way in written(secret) {
            let text = format!(r#"{{"s":"error","message":"bad: {way}"}}"#);
            assert!(is_covered(&text, &way), "{way}");
        }
    }
}

#[test]
fn a_text_without_secrets_stays_as_it_is() {
    let finder = Finder::of(&[TOKEN, SECRET, "1234", "a-b-c-d-e-f-g"]);
    let candles: String = (0..2_000).map(|n| format!("[17010{n:05},{}.05,101,121,74],", n % 256)).collect();
    for plain in [
        r#"{"s":"ok","orderBook":[{"id":"26112300000017","message":"1234 M&M-EQ \u20b9 100% \/ \\"}]}"#,
        "eyJhbGciOi.CANARYaccess-token_of.the-night",
        "eyJhbGciOi",
        "%&\\%%%&&&\\\\\\&#&#x%u\\u\\x\\",
        candles.as_str(),
    ] {
        assert_eq!(finder.find(plain.as_bytes()).len(), 0, "{plain}");
    }
    assert_eq!(
        covered(&finder, b"x a-b-c-d-e-f-g y a-b-c-d-e-f"),
        b"x ************* y a-b-c-d-e-f",
        "few letters: as it is"
    );
    assert_eq!(Finder::of(&["1234"]).find(b"1234 1234").len(), 0, "too short");
    assert_eq!(Finder::of(&[]).find(b"anything").len(), 0);
}

#[test]
fn fields_far_apart_are_not_put_together() {
    let apart =
        |gap: usize| [b"eyJhbGciOi".as_slice(), &vec![b' '; gap], b"CANARYaccess-token_of.the-day"].concat();
    let finder = Finder::of(&[TOKEN]);
    assert_eq!(finder.find(&apart(GAP)).len(), 1);
    assert_eq!(finder.find(&apart(GAP + 1)).len(), 0);
}

#[test]
fn a_secret_with_an_escape_in_it_is_found_both_ways() {
    let finder = Finder::of(&["tok%41-en%42-value"]);
    for way in ["tok%41-en%42-value", "tokA-enB-value", "tok%2541-en%2542-value"] {
        assert_eq!(covered(&finder, way.as_bytes()), vec![b'*'; way.len()], "{way}");
    }
}

proptest! {
    #[test]
    fn wherever_it_stands_it_is_covered(before: Vec<u8>, after: Vec<u8>) {
        let text = [before.as_slice(), TOKEN.as_bytes(), &after].concat();
        let told = covered(&Finder::of(&[TOKEN]), &text);
        prop_assert_eq!(told.len(), text.len());
        prop_assert!(!told.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()));
    }

    #[test]
    fn each_character_may_be_escaped_in_its_own_way(
        ways in proptest::collection::vec(0_usize..9, TOKEN.len()),
    ) {
        let one = |(way, byte): (&usize, u8)| match way {
            0 => format!("%{byte:02x}"),
            1 => format!("\\u{byte:04X}"),
            2 => format!("&#{byte};"),
            3 => format!("&amp;#x{byte:x};"),
            4 => format!("%25{byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        let quoted: String = ways.iter().zip(TOKEN.bytes()).map(one).collect();
        prop_assert!(is_covered(&format!("{quoted} and more"), &quoted), "{}", quoted);
    }

    /// What ends in the middle of an escape does not hide what follows it.
    #[test]
    fn no_beginning_of_an_escape_hides_it(
        before in "[%\\\\&#xu0-9a-f;{]{0,12}",
        ways in proptest::collection::vec(0_usize..6, TOKEN.len()),
    ) {
        let one = |(way, byte): (&usize, u8)| match way {
            0 => format!("%{byte:02x}"),
            1 => format!("\\u{byte:04X}"),
            _ => char::from(byte).to_string(),
        };
        let quoted: String = ways.iter().zip(TOKEN.bytes()).map(one).collect();
        let text = format!("{before}{quoted} and more");
        let told = covered(&Finder::of(&[TOKEN]), text.as_bytes());
        prop_assert!(told.iter().filter(|byte| **byte == b'*').count() >= TOKEN.len(), "{}", text);
    }
}
