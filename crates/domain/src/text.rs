//! Words from outside (FYERS, bots, chat users, query strings) made safe to show. Every page, message, table, log line
//! and JSON answer uses this one rule.

use std::borrow::Cow;

/// Characters of one word that are shown at most; a longer one would break a layout.
const LONGEST_WORD: usize = 116;

/// Whether a character is not seen but changes what is: controls (ESC among them), marks that turn the direction of
/// text, and characters without width. With them a text can read as its opposite, or command a terminal.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// One line of at most `most` characters: hidden characters become spaces, runs of space one space.
pub fn excerpt(text: &str, most: usize) -> String {
    let visible: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let words: Vec<String> = visible.split_whitespace().map(|word| clip(word, LONGEST_WORD)).collect();
    clip(&words.join(" "), most)
}

/// The same text with each hidden character shown as `�`, for lines whose length and spaces must stay.
pub fn shown(text: &str) -> Cow<'_, str> {
    without(text, hides)
}

/// The same for several lines: their ends and tabs stay.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    without(text, |c| hides(c) && !matches!(c, '\n' | '\t'))
}

/// JSON in which each hidden character of a text is written as an escape (`\u202e`): every program reads the same text,
/// and no terminal obeys it. Line ends, which in JSON stand only between values, stay.
pub fn escaped(json: &str) -> Cow<'_, str> {
    let hides = |c: char| hides(c) && c != '\n';
    // Most of it is plain ASCII, which is seen faster byte by byte.
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) || !json.chars().any(hides) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hides(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Emoji are written with a variation selector, which changes a glyph and nothing else.
fn hides(c: char) -> bool {
    is_hidden(c) && c != '\u{fe0f}'
}

fn without(text: &str, hides: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
    if text.chars().any(hides) {
        return text.chars().map(|c| if hides(c) { '\u{fffd}' } else { c }).collect::<String>().into();
    }
    text.into()
}

/// At most `most` characters, with an ellipsis where something is missing.
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// As many of these as there is room for, whole, and how many more there are.
pub fn and_more(all: &[String], most: usize) -> String {
    let clean: Vec<String> = all.iter().map(|one| excerpt(one, most)).collect();
    let told = |shown: usize| match clean.len() - shown {
        0 => clean.join(", "),
        more => {
            format!("{} and {more} more", clean.iter().take(shown).cloned().collect::<Vec<_>>().join(", "))
        }
    };
    let fits = |text: &String| text.chars().count() <= most;
    (1..=clean.len()).rev().map(told).find(fits).unwrap_or_else(|| clip(&clean.join(", "), most))
}

/// The words of a line as they may be broken: a quantity stays with the symbol behind it.
pub fn unbroken(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match words.last_mut() {
            Some(before) if is_quantity(before) && is_symbol(word) => {
                before.push(' ');
                before.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The same text for a page, which breaks it where it likes: no-break spaces stand between a quantity and its symbol.
pub fn not_parted(text: &str) -> Cow<'_, str> {
    if !text.contains(':') {
        return text.into();
    }
    unbroken(text).iter().map(|word| word.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" ").into()
}

/// `10`, `+10` or `(-75`.
fn is_quantity(word: &str) -> bool {
    let digits = word.rsplit('\n').next().unwrap_or_default().trim_start_matches(['(', '+', '-']);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// `NSE:SBIN-EQ`.
fn is_symbol(word: &str) -> bool {
    word.split_once(':')
        .is_some_and(|(exchange, name)| ["NSE", "BSE", "MCX"].contains(&exchange) && !name.is_empty())
}

/// The longest word that is taken for a symbol: options of long names have some thirty characters.
const SYMBOL: usize = 40;

/// A text in its parts: which are symbols, for a page, which must not break one at its own hyphen.
pub fn symbols_apart(text: &str) -> Vec<(bool, &str)> {
    let of_symbol = |c: char| c.is_ascii_alphanumeric() || ":&_-".contains(c);
    let (mut parts, mut told, mut at) = (Vec::new(), 0, 0);
    while let Some(begin) = text[at..].find(of_symbol).map(|far| at + far) {
        let end = text[begin..].find(|c| !of_symbol(c)).map_or(text.len(), |far| begin + far);
        let word = &text[begin..end];
        if word.len() <= SYMBOL && is_symbol(word) {
            parts.extend([(false, &text[told..begin]), (true, word)]);
            told = end;
        }
        at = end;
    }
    parts.push((false, &text[told..]));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// A line in which commands stand between backticks: which parts are a command. This is the one rule for it; whoever shows a
/// text draws them as it can. A mark without its other half is none.
pub fn in_code(line: &str) -> Vec<(bool, &str)> {
    let (mut parts, mut rest) = (vec![], line);
    while let Some((before, code, after)) = marked(rest) {
        parts.extend([(false, before), (true, code)]);
        rest = after;
    }
    parts.push((false, rest));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

fn marked(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    Some((before, code, after))
}

/// The same text without these marks, for what shows no other letters.
pub fn unmarked(text: &str) -> String {
    let plain = |line: &str| in_code(line).into_iter().map(|(_, part)| part).collect::<String>();
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// A sentence as it goes on behind a colon or a "because". A name in capitals stays as it is.
pub fn going_on(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_without_room_names_whole_ones_and_how_many_more() {
        let all = ["+6 NSE:SBIN-EQ", "-75 NSE:TCS-EQ", "+1 NSE:ITC-EQ"].map(str::to_owned);
        assert_eq!(and_more(&all, 80), "+6 NSE:SBIN-EQ, -75 NSE:TCS-EQ, +1 NSE:ITC-EQ");
        assert_eq!(and_more(&all, 42), "+6 NSE:SBIN-EQ, -75 NSE:TCS-EQ and 1 more");
        assert_eq!(and_more(&all, 26), "+6 NSE:SBIN-EQ and 2 more");
        assert_eq!(and_more(&all, 10), "+6 NSE:SB…");
        assert_eq!(and_more(&[], 10), "");
    }

    #[test]
    fn a_page_never_parts_a_quantity_from_its_symbol() {
        for (text, shown) in [
            ("buy 10 NSE:SBIN-EQ at 5", "buy 10\u{a0}NSE:SBIN-EQ at 5"),
            ("+6 NSE:SBIN-EQ, -75 MCX:GOLD26DECFUT", "+6\u{a0}NSE:SBIN-EQ, -75\u{a0}MCX:GOLD26DECFUT"),
            ("one\ntwo: 10 BSE:A-A", "one\ntwo: 10\u{a0}BSE:A-A"),
            ("until 23 Nov, 10:30:00 IST", "until 23 Nov, 10:30:00 IST"),
            ("at 10 Why: because", "at 10 Why: because"),
        ] {
            assert_eq!(not_parted(text), shown);
        }
    }

    #[test]
    fn symbols_are_told_apart_whatever_stands_beside_them() {
        let long = format!("NSE:{}", "X".repeat(60));
        for (text, parts) in [
            ("", vec![]),
            ("at 10:30: why", vec![(false, "at 10:30: why")]),
            ("NSE:M&M-EQ", vec![(true, "NSE:M&M-EQ")]),
            (
                "open: 10\u{a0}NSE:SBIN-EQ, (-5 MCX:GOLDM26DECFUT).",
                vec![
                    (false, "open: 10\u{a0}"),
                    (true, "NSE:SBIN-EQ"),
                    (false, ", (-5 "),
                    (true, "MCX:GOLDM26DECFUT"),
                    (false, ")."),
                ],
            ),
            ("₹5 – NSE: and NSE, RED:RULE", vec![(false, "₹5 – NSE: and NSE, RED:RULE")]),
            (&long, vec![(false, long.as_str())]),
        ] {
            assert_eq!(symbols_apart(text), parts);
        }
    }

    #[test]
    fn a_command_in_a_line_is_told_apart() {
        let parts = in_code("the page, or `fyers-keeper login`.");
        assert_eq!(parts, [(false, "the page, or "), (true, "fyers-keeper login"), (false, ".")]);
        assert_eq!(in_code("plain"), [(false, "plain")]);
        assert_eq!(in_code("`a` b `c"), [(true, "a"), (false, " b `c")], "half a pair is none");
        assert_eq!(unmarked("run `x`\nand `y\nor `w`"), "run x\nand `y\nor w");
    }

    #[test]
    fn what_is_not_seen_is_taken_out() {
        for (text, clean) in [
            ("a\n\u{202e}b\t\u{7}c  d", "a b c d"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
            ("\u{1b}]0;title\u{7}", "]0;title"),
            ("x\u{9b}2Jy", "x 2Jy"),
            ("pay\u{200b}pal", "pay pal"),
            ("NSE:M&M-EQ", "NSE:M&M-EQ"),
            ("₹ 5 – नमस्ते", "₹ 5 – नमस्ते"),
        ] {
            assert_eq!(excerpt(text, 40), clean, "{text:?}");
        }
        assert_eq!(excerpt("abcdef", 4), "abc…");
        assert_eq!(shown("a \u{1b}[2J b"), "a \u{fffd}[2J b");
        assert_eq!(shown("⚠️ fine"), "⚠️ fine");
        assert_eq!(shown_lines("a\n\tb\u{9b}\r"), "a\n\tb\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_sentence_goes_on_in_small_letters_and_a_name_keeps_its_own() {
        assert_eq!(going_on("Halted: entries are refused"), "halted: entries are refused");
        assert_eq!(going_on("FYERS refuses the PIN"), "FYERS refuses the PIN");
        assert_eq!((going_on("it"), going_on("A"), going_on("")), ("it".into(), "A".into(), String::new()));
    }

    #[test]
    fn every_kind_of_hidden_character_is_known() {
        let ranges = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{61c}'..='\u{61c}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{feff}'..='\u{feff}',
            '\u{e0000}'..='\u{e007f}',
        ];
        for c in ranges.into_iter().flatten() {
            assert!(is_hidden(c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_the_length_holds(text in "(\\PC|\\pC){0,300}", most in 1usize..200) {
            let clean = excerpt(&text, most);
            prop_assert!(!clean.chars().any(is_hidden));
            prop_assert!(clean.chars().count() <= most);
            prop_assert!(!shown(&text).chars().any(char::is_control));
        }

        #[test]
        fn json_is_the_same_json_without_anything_hidden(text in "(\\PC|\\pC){0,100}", name in "(\\PC|\\pC){0,10}") {
            let value = serde_json::json!({ name: [text, 1.5] });
            for json in [value.to_string(), format!("{value:#}")] {
                let clean = escaped(&json);
                prop_assert!(!clean.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\u{fe0f}')), "{:?}", clean);
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).unwrap(), value.clone());
            }
        }
    }
}
