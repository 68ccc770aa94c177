//! Words from outside (FYERS, bots, chat users, query strings) made safe to show. Every page, message, table and log
//! line for a terminal uses this one rule.

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
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
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
pub fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    // Emoji are written with a variation selector, which changes a glyph and nothing else.
    let hides = |c: char| is_hidden(c) && c != '\u{fe0f}';
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_the_length_holds(text in "(\\PC|\\pC){0,300}", most in 1usize..200) {
            let clean = excerpt(&text, most);
            prop_assert!(!clean.chars().any(is_hidden));
            prop_assert!(clean.chars().count() <= most);
            prop_assert!(!shown(&text).chars().any(char::is_control));
        }
    }
}
