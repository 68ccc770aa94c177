//! Whether Telegram would accept a text's markup, and what a person then reads.

/// The formatting a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Html,
    Markdown,
    MarkdownV2,
}

impl Mode {
    /// The `parse_mode` parameter; `None` when there is no such mode.
    pub(super) fn parse(name: Option<&str>) -> Option<Self> {
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => Some(Self::Plain),
            Some("html") => Some(Self::Html),
            Some("markdown") => Some(Self::Markdown),
            Some("markdownv2") => Some(Self::MarkdownV2),
            Some(_) => None,
        }
    }
}

/// The visible text, or what is wrong with the markup.
pub(super) fn visible(text: &str, mode: Mode) -> Result<String, String> {
    match mode {
        Mode::Plain => Ok(text.to_owned()),
        Mode::Html => html(text),
        Mode::Markdown => markdown(text, "_*`[", &["_", "*", "`"]),
        Mode::MarkdownV2 => markdown(text, "_*[]()~`>#+-=|{}.!", &["__", "_", "*", "~", "||", "`"]),
    }
}

const TAGS: [&str; 16] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "a",
    "tg-emoji",
    "code",
    "pre",
    "blockquote",
];

/// Telegram's documentation wants every bare `<`, `>` and `&` written as an entity; that rule is enforced here.
fn html(text: &str) -> Result<String, String> {
    let mut seen = String::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        seen.push_str(&rest[..at]);
        let offset = text.len() - rest.len() + at;
        let tail = &rest[at..];
        let used = match tail.as_bytes().first() {
            Some(b'&') => {
                let (sign, length) = entity(tail).ok_or(format!("Unescaped '&' at byte offset {offset}"))?;
                seen.push(sign);
                length
            }
            Some(b'<') => tag(tail, offset, &mut open)?,
            _ => return Err(format!("Unescaped '>' at byte offset {offset}")),
        };
        rest = &tail[used..];
    }
    seen.push_str(rest);
    match open.pop() {
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
        None => Ok(seen),
    }
}

/// The character an entity stands for and its length in the text.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.find(';').filter(|end| *end <= 10)?;
    let name = &text[1..end];
    let sign = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((sign, end + 1))
}

/// Reads one tag, keeps the stack of open ones, and returns its length.
fn tag(text: &str, offset: usize, open: &mut Vec<String>) -> Result<usize, String> {
    let end = text.find('>').ok_or(format!("Unclosed start tag at byte offset {offset}"))?;
    let inner = &text[1..end];
    if let Some(name) = inner.strip_prefix('/') {
        let name = name.trim().to_ascii_lowercase();
        return match open.pop() {
            Some(last) if last == name => Ok(end + 1),
            Some(last) => Err(format!(
                "Unmatched end tag at byte offset {offset}, expected \"</{last}>\", found \"</{name}>\""
            )),
            None => Err(format!("Unexpected end tag at byte offset {offset}")),
        };
    }
    let name = inner.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if !TAGS.contains(&name.as_str()) {
        return Err(format!("Unsupported start tag \"{name}\" at byte offset {offset}"));
    }
    open.push(name);
    Ok(end + 1)
}

/// Both Markdown dialects: `reserved` characters mean something unless escaped, `marks` open and close.
fn markdown(text: &str, reserved: &str, marks: &[&str]) -> Result<String, String> {
    let mut seen = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let offset = text.len() - rest.len();
        let literal = open.last() == Some(&"`");
        let used = if let Some(escaped) = escaped(rest) {
            seen.push(escaped);
            1 + escaped.len_utf8()
        } else if rest.starts_with("```") {
            code_block(rest, offset, &mut seen)?
        } else if sign == '[' && !literal {
            link(rest, offset, &mut seen)?
        } else if let Some(mark) =
            marks.iter().find(|mark| rest.starts_with(**mark) && (!literal || **mark == "`"))
        {
            toggle(&mut open, mark, offset)?;
            mark.len()
        } else if sign == '>' && (seen.is_empty() || seen.ends_with('\n')) {
            1
        } else if reserved.contains(sign) && !literal {
            return Err(format!(
                "Character '{sign}' is reserved and must be escaped with the preceding '\\'"
            ));
        } else {
            seen.push(sign);
            sign.len_utf8()
        };
        rest = &rest[used..];
    }
    match open.pop() {
        Some(mark) => Err(format!("Can't find end of the entity starting with \"{mark}\"")),
        None => Ok(seen),
    }
}

/// An ASCII sign after a backslash stands for itself.
fn escaped(text: &str) -> Option<char> {
    text.strip_prefix('\\')?.chars().next().filter(char::is_ascii_punctuation)
}

fn toggle<'a>(open: &mut Vec<&'a str>, mark: &'a str, offset: usize) -> Result<(), String> {
    if open.last() == Some(&mark) {
        open.pop();
    } else if open.contains(&mark) {
        return Err(format!("Can't find end of an entity that is nested wrongly at byte offset {offset}"));
    } else {
        open.push(mark);
    }
    Ok(())
}

fn code_block(text: &str, offset: usize, seen: &mut String) -> Result<usize, String> {
    let end = text[3..].find("```").ok_or(format!("Can't find end of Pre entity at byte offset {offset}"))?;
    seen.push_str(&text[3..3 + end]);
    Ok(end + 6)
}

/// `[label](address)`; the label may hold no markup here, which is stricter than Telegram.
fn link(text: &str, offset: usize, seen: &mut String) -> Result<usize, String> {
    let failure = || format!("Can't find end of a URL at byte offset {offset}");
    let middle = text.find("](").ok_or_else(failure)?;
    let end = text[middle..].find(')').ok_or_else(failure)?;
    seen.push_str(&text[1..middle].replace('\\', ""));
    Ok(middle + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_must_be_balanced_known_and_escaped() {
        assert_eq!(visible("<b>M&amp;M</b> &lt; 5 &#128273;", Mode::Html), Ok("M&M < 5 🔑".into()));
        assert_eq!(visible("<a href=\"https://x.example\">go</a>", Mode::Html), Ok("go".into()));
        for bad in ["<b>open", "<b><i>x</b></i>", "</b>", "<div>x</div>", "a < b", "a > b", "M&M", "<br>"] {
            assert!(visible(bad, Mode::Html).is_err(), "{bad}");
        }
    }

    #[test]
    fn markdown_v2_wants_every_reserved_sign_escaped() {
        assert_eq!(visible("*bold* _it_ __un__ ||sp||", Mode::MarkdownV2), Ok("bold it un sp".into()));
        assert_eq!(visible(r"5\.50 \(ok\)\!", Mode::MarkdownV2), Ok("5.50 (ok)!".into()));
        assert_eq!(visible("`a.b-c` [t](https://x.example/a.b)", Mode::MarkdownV2), Ok("a.b-c t".into()));
        assert_eq!(visible("> quoted\n> more", Mode::MarkdownV2), Ok(" quoted\n more".into()));
        assert_eq!(visible("```\na.b\n```", Mode::MarkdownV2), Ok("\na.b\n".into()));
        for bad in ["5.50", "a-b", "*open", "hey!", "(x)", "`open", "*a _b* c_", "[t](open", "a > b"] {
            assert!(visible(bad, Mode::MarkdownV2).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_text_is_never_wrong_and_old_markdown_minds_four_signs() {
        assert_eq!(visible("<b> *x_", Mode::Plain), Ok("<b> *x_".into()));
        assert_eq!(visible("*b* 5.50!", Mode::Markdown), Ok("b 5.50!".into()));
        assert!(visible("snake_case", Mode::Markdown).is_err());
    }
}
