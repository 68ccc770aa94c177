//! What a template shows: cleaned by the one rule for words from outside, a quantity never parted from its symbol, then
//! escaped for HTML. All templates have it (`askama.toml`), so that no place of a page can be forgotten.

use std::fmt;

use askama::filters::{Escaper, Html};
use keeper_domain::text::{not_parted, shown_lines};

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cleaned;

impl Escaper for Cleaned {
    fn write_escaped_str<W: fmt::Write>(&self, page: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(page, &not_parted(&shown_lines(text)))
    }
}

/// What templates call by name.
#[allow(unreachable_pub, reason = "what the macro makes of a filter is public")]
pub(super) mod filters {
    use std::fmt::{Display, Write};

    use askama::{
        Result, Values,
        filters::{Escaper, Safe},
    };
    use keeper_domain::text::{in_code, not_parted, symbols_apart};

    /// Words in which a command is shown as such and each symbol stays in one piece. A hyphen that breaks no line would be
    /// copied with it, and be no symbol.
    #[askama::filter_fn]
    pub(crate) fn whole_symbols(words: impl Display, _: &dyn Values) -> Result<Safe<String>> {
        let words = words.to_string();
        let (words, mut page) = (not_parted(&words), String::new());
        for (is_code, text) in in_code(&words) {
            page.push_str(if is_code { "<code>" } else { "" });
            for (is_symbol, part) in symbols_apart(text) {
                page.push_str(if is_symbol { "<span class=\"symbol\">" } else { "" });
                super::Cleaned.write_escaped_str(&mut page, part)?;
                page.write_str(if is_symbol { "</span>" } else { "" })?;
            }
            page.push_str(if is_code { "</code>" } else { "" });
        }
        Ok(Safe(page))
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::filters;

    #[derive(Template)]
    #[template(source = "{{ words|whole_symbols }}", ext = "html")]
    struct Words<'a> {
        words: &'a str,
    }

    #[test]
    fn a_symbol_stays_in_one_piece_and_is_escaped_like_all_words() {
        let code = Words { words: "see `fyers-keeper orders <x>`." }.render().unwrap();
        assert_eq!(code, "see <code>fyers-keeper orders &#60;x&#62;</code>.");
        let page = Words { words: "buy 10 NSE:M&M-EQ <b> \u{202e}" }.render().unwrap();
        let symbol = "<span class=\"symbol\">NSE:M&#38;M-EQ</span>";
        assert_eq!(page, format!("buy 10\u{a0}{symbol} &#60;b&#62; \u{fffd}"));
    }

    #[derive(Template)]
    #[template(path = "error.html")]
    struct Page<'a> {
        nonce: &'a str,
        title: char,
        words: &'a str,
        advice: &'a [String],
        way: &'a str,
    }

    #[test]
    fn a_template_shows_nothing_hidden_whatever_it_is_given() {
        let page = Page {
            nonce: "\u{202e}",
            title: '\u{9b}',
            words: "<a\u{1b}\u{2066}\"\0>\n₹ é",
            advice: &[],
            way: "",
        };
        let shown = page.render().unwrap();
        assert!(shown.contains("&#60;a\u{fffd}\u{fffd}&#34;\u{fffd}&#62;\n₹ é"), "{shown}");
        let order = Page { nonce: "", title: 'x', words: "buy 10 NSE:M&M-EQ", advice: &[], way: "" }
            .render()
            .unwrap();
        assert!(order.contains("buy 10\u{a0}NSE:M&#38;M-EQ"), "{order}");
        assert!(shown.contains("<h1>\u{fffd}</h1>") && shown.contains("nonce=\"\u{fffd}\""), "{shown}");
    }
}
