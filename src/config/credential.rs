//! What no secret looks like: mistakes of pasting that would otherwise be sent to FYERS or Telegram.

/// Words that templates and scripts leave where a value belongs.
const PLACEHOLDERS: [&str; 22] = [
    "-",
    "changeme",
    "changethis",
    "dummy",
    "empty",
    "example",
    "false",
    "fixme",
    "n/a",
    "na",
    "nil",
    "none",
    "null",
    "optional",
    "placeholder",
    "replaceme",
    "tbd",
    "todo",
    "true",
    "undefined",
    "unset",
    "xxx",
];
/// How a placeholder begins that says whose value belongs there.
const BEGINNINGS: [&str; 8] = ["your_", "your-", "my_", "enter_", "insert_", "paste_", "<", "${"];
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];

/// Why a text is not a secret: what is wrong, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

const QUOTED: Flaw = Flaw {
    what: "is in quotation marks that have become part of the value",
    remedy: "Leave the quotation marks out: here they are taken literally.",
};
const PLACEHOLDER: Flaw =
    Flaw { what: "is a placeholder and no value", remedy: "Set it to the real value, or leave it empty." };
const SPACED: Flaw = Flaw {
    what: "has a space or a control character in it",
    remedy: "Paste it again, in one piece and without a word such as \"Bearer\" before it.",
};
const FOREIGN: Flaw = Flaw {
    what: "has a character in it that no key or token has",
    remedy: "Copy it again from where it was made, without letters that only look like it.",
};

/// Quotation marks that a shell or a parser would have taken away, for any setting.
pub(super) fn quoted(text: &str) -> Option<Flaw> {
    (text.starts_with(QUOTES) || text.ends_with(QUOTES)).then_some(QUOTED)
}

/// What is wrong with the text of a secret, if anything is.
pub(super) fn flaw(text: &str) -> Option<Flaw> {
    let checks = [
        (quoted(text).is_some(), QUOTED),
        (is_placeholder(text), PLACEHOLDER),
        (text.chars().any(|c| c.is_whitespace() || c.is_control()), SPACED),
        (!text.is_ascii(), FOREIGN),
    ];
    checks.into_iter().find_map(|(wrong, flaw)| wrong.then_some(flaw))
}

/// Whether a template's text was left where a value belongs.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_lowercase();
    let plain = lower.replace(['_', '-', ' '], "");
    let of_one = |c: char| lower.len() >= 3 && lower.chars().all(|other| other == c || other == '-');
    PLACEHOLDERS.contains(&lower.as_str())
        || PLACEHOLDERS.contains(&plain.as_str())
        || BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning))
        || ['x', '*', '.'].into_iter().any(of_one)
}

/// A token as some programs keep it, `ABCD1234-100:eyJ…`, taken apart: the app's id and the token.
pub(super) fn with_app_id(text: &str) -> Option<(&str, &str)> {
    let (id, token) = text.split_once(':')?;
    (is_client_id(id) && !token.is_empty()).then_some((id, token))
}

/// Letters and digits, a dash, a number. The number is never looked at: FYERS chooses it.
pub(super) fn is_client_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(id, ending)| {
        let plain = |part: &str, of: fn(char) -> bool| !part.is_empty() && part.chars().all(of);
        plain(id, |c| c.is_ascii_uppercase() || c.is_ascii_digit()) && plain(ending, |c| c.is_ascii_digit())
    })
}

/// What is wrong with an app id by its form, and what to do: for whoever asks a person for one.
pub fn app_id_flaw(text: &str) -> Option<(&'static str, &'static str)> {
    (!is_client_id(text)).then(|| not_an_app_id(text))
}

/// What is wrong with the text of a secret, and what to do: for whoever asks a person for one.
pub fn secret_flaw(text: &str) -> Option<(&'static str, &'static str)> {
    flaw(text).map(|flaw| (flaw.what, flaw.remedy))
}

/// The value is never shown: people paste the app's secret here, which looks much the same.
pub(super) fn not_an_app_id(text: &str) -> (&'static str, &'static str) {
    if let Some(flaw) = quoted(text) {
        return (flaw.what, flaw.remedy);
    }
    if is_placeholder(text) {
        return (
            "is a placeholder and no app id",
            "Set it to the app's id, or leave it empty for Mock mode.",
        );
    }
    if is_client_id(&text.to_ascii_uppercase()) {
        return (
            "has small letters: FYERS' app ids are in capitals",
            "Copy the app id as the app's page at FYERS shows it, as ABCD1234EF-200.",
        );
    }
    (
        "is not an app id, which has an ending as -100 or -200 (the value is not shown: it may be the app's secret)",
        "Copy the app id with its ending from the app's page at FYERS, as ABCD1234EF-200; the app's secret is another value.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_templates_and_pastes_leave_is_no_secret() {
        let table = [
            ("\"ABCD1234\"", QUOTED),
            ("'ABCD", QUOTED),
            ("“ABCD”", QUOTED),
            ("None", PLACEHOLDER),
            ("null", PLACEHOLDER),
            ("change_me", PLACEHOLDER),
            ("CHANGE-ME", PLACEHOLDER),
            ("your_secret_key", PLACEHOLDER),
            ("YOUR-TOKEN-HERE", PLACEHOLDER),
            ("xxxx-XXXX", PLACEHOLDER),
            ("********", PLACEHOLDER),
            ("<app secret>", PLACEHOLDER),
            ("${FYERS_SECRET}", PLACEHOLDER),
            ("Bearer eyJabc", SPACED),
            ("abc\u{7}def", SPACED),
            ("АBCD1234", FOREIGN),
            ("ABCD\u{200b}1234", FOREIGN),
        ];
        for (text, wanted) in table {
            assert_eq!(flaw(text), Some(wanted), "{text}");
        }
        for good in
            ["SIMULATED1", "eyJhbGciOi.eyJ4.c2ln", "4829", "123456:AAHd_-x", "X1Y2Z3", "xylophone-key-42"]
        {
            assert_eq!(flaw(good), None, "{good}");
        }
    }

    /// Whoever copies an id out of a script takes its quotation marks along.
    #[test]
    fn quotation_marks_around_an_app_id_are_named() {
        for text in [
            "\"ABCD1234EF-200\"",
            "'ABCD1234EF-200'",
            "“ABCD1234EF-200”",
            "ABCD1234EF-200\"",
            "`ABCD1234EF-200",
        ] {
            assert_eq!(app_id_flaw(text), Some((QUOTED.what, QUOTED.remedy)), "{text}");
        }
        assert_eq!(app_id_flaw("ABCD1234EF-200"), None);
        let (what, _) = app_id_flaw("SIMULATED1").unwrap();
        assert!(what.starts_with("is not an app id"), "{what}");
    }

    #[test]
    fn a_token_with_its_app_id_is_taken_apart() {
        assert_eq!(with_app_id("ABCD1234-100:eyJ.x.y"), Some(("ABCD1234-100", "eyJ.x.y")));
        for other in ["eyJ.x.y", "abcd-100:eyJ", "ABCD1234-100:", "123456:AAHd"] {
            assert_eq!(with_app_id(other), None, "{other}");
        }
    }
}
