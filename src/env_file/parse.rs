//! Reads `.env` text the way the common readers do, without ever quoting it in an error.
//!
//! What python-dotenv, dotenv for Node and the Docker tools agree on: `KEY=value`, optional `export`, blanks round the
//! `=`, single and double quotes (also over several lines), `#` comments after a blank, a byte order mark, any of the
//! three line ends, and the last assignment of a key wins. Variables (`${X}`) are not expanded: a secret may hold a `$`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use secrecy::SecretString;

/// One assignment.
#[derive(Debug)]
pub struct Entry {
    /// The name before the `=`.
    pub key: String,
    /// The value without quotes, escapes resolved. Secret, whatever the key: nobody knows what is in the file.
    pub value: SecretString,
    /// Line number, counted from 1.
    pub line: usize,
    /// Where the value is in the text, as bytes: between the quotes, or without the blanks around it.
    pub(super) span: Range<usize>,
}

const BAD_KEY: &str = "no valid name at the start";
const NO_EQUALS_SIGN: &str = "no '=' after the name";
const UNCLOSED_QUOTE: &str = "the quote is not closed";
const TEXT_AFTER_QUOTE: &str = "text after the closing quote";

/// A line that cannot be read. It is ignored and left alone, as other readers do.
#[derive(Debug)]
pub struct Malformed {
    /// Line number, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
    /// What it says. It may hold a secret, whatever was meant.
    pub text: SecretString,
}

/// Without its text.
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; the line is ignored", self.line, self.what)
    }
}

/// A key that is assigned more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The name. It may be a misplaced value: show it only when the name is a known one.
    pub key: String,
    /// The line numbers of its assignments, ascending, counted from 1.
    pub lines: Vec<usize>,
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.lines.iter().map(ToString::to_string).collect();
        write!(f, "{} is set in lines {}; the last one counts, remove the others", self.key, lines.join(", "))
    }
}

/// The content of a `.env` file, in the order of the file.
#[derive(Debug, Default)]
pub struct EnvText {
    /// Every assignment, repeated keys included.
    pub entries: Vec<Entry>,
    /// The lines that cannot be read.
    pub problems: Vec<Malformed>,
}

impl EnvText {
    /// The value of `key`: the last assignment wins.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&SecretString> {
        self.entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The keys that are assigned more than once, sorted by name. Readers disagree on which assignment counts, so a
    /// caller should warn.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Duplicate> {
        let mut lines = BTreeMap::<&str, Vec<usize>>::new();
        for entry in &self.entries {
            lines.entry(&entry.key).or_default().push(entry.line);
        }
        let repeated = lines.into_iter().filter(|(_, lines)| lines.len() > 1);
        repeated.map(|(key, lines)| Duplicate { key: key.to_owned(), lines }).collect()
    }
}

pub(super) const BOM: char = '\u{feff}';
pub(super) const LINE_ENDS: [char; 2] = ['\n', '\r'];
const BLANKS: [char; 2] = [' ', '\t'];

/// Parses `.env` text. Malformed lines are reported by number and skipped, as other readers do.
#[must_use]
pub fn parse(text: &str) -> EnvText {
    let mut parsed = EnvText::default();
    let mut rest = text.strip_prefix(BOM).unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let mut end = line_len(rest);
        match assignment(rest) {
            Ok(Some(mut entry)) => {
                // A quoted value may go on in later lines.
                end = entry.span.end + line_len(&rest[entry.span.end..]);
                let start = text.len() - rest.len();
                entry.span = start + entry.span.start..start + entry.span.end;
                parsed.entries.push(Entry { line, ..entry });
            }
            Ok(None) => {}
            Err(what) => {
                let text = SecretString::from(rest[..end].to_owned());
                parsed.problems.push(Malformed { line, what, text });
            }
        }
        end += if rest[end..].starts_with("\r\n") { 2 } else { usize::from(end < rest.len()) };
        line += rest[..end].matches(LINE_ENDS).count() - rest[..end].matches("\r\n").count();
        rest = &rest[end..];
    }
    parsed
}

/// The assignment in the first line of `rest`; `None` when that line is blank or a comment. Its place counts from the
/// start of `rest`.
fn assignment(rest: &str) -> Result<Option<Entry>, &'static str> {
    let line = &rest[..line_len(rest)];
    let start = line.trim_start_matches(BLANKS);
    if start.is_empty() || start.starts_with('#') {
        return Ok(None);
    }
    let (key, after) = split_key(start);
    let Some(value) = after.trim_start_matches(BLANKS).strip_prefix('=').filter(|_| !key.is_empty()) else {
        let complete = !key.is_empty() && (after.is_empty() || after.starts_with(BLANKS));
        return Err(if complete { NO_EQUALS_SIGN } else { BAD_KEY });
    };
    let from = line.len() - value.len();
    let open = line.len() - value.trim_start_matches(BLANKS).len();
    let quote = line[open..].chars().next().filter(|c| ['"', '\''].contains(c));
    let span = match quote {
        Some(quote) => open + 1..open + 1 + quoted_len(&rest[open + 1..], quote)?,
        None => bare(line, from),
    };
    let value = SecretString::from(decode(&rest[span.clone()], quote));
    Ok(Some(Entry { key: key.to_owned(), value, line: 1, span }))
}

/// The name at the start of `text`, after an optional `export`, and what follows it.
fn split_key(text: &str) -> (&str, &str) {
    let exported = text.strip_prefix("export").filter(|rest| rest.starts_with(BLANKS));
    let text = exported.map_or(text, |rest| rest.trim_start_matches(BLANKS));
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return ("", text);
    }
    text.split_at(
        text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c))).unwrap_or(text.len()),
    )
}

/// The bytes of a value without quotes, which ends before trailing blanks and before a `#` that follows a blank.
fn bare(line: &str, from: usize) -> Range<usize> {
    let value = &line[from..];
    let comment = value.match_indices('#').map(|(i, _)| i).find(|&i| value[..i].ends_with(BLANKS));
    let value = value[..comment.unwrap_or(value.len())].trim_end_matches(BLANKS);
    let len = value.trim_start_matches(BLANKS).len();
    // An empty value sits right after the `=`, so that a value put there stays apart from a comment.
    if len == 0 { from..from } else { from + value.len() - len..from + value.len() }
}

/// The length of a quoted value at the start of `text`, which follows the opening quote.
fn quoted_len(text: &str, quote: char) -> Result<usize, &'static str> {
    // A backslash in single quotes is a plain character to shells and an escape to some readers: the plain meaning
    // wins when a comment or nothing follows the quote.
    let plain = if quote == '\'' { text.find(quote) } else { None };
    let candidates = [plain, closing_quote(text, quote)].into_iter().flatten();
    if let Some(end) = candidates.clone().find(|&end| only_comment(&text[end + 1..])) {
        return Ok(end);
    }
    let closed_on_line = candidates.min().is_some_and(|end| end < line_len(text));
    Err(if closed_on_line { TEXT_AFTER_QUOTE } else { UNCLOSED_QUOTE })
}

/// Where the first `quote` without a backslash before it is.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(i, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(i)
    })
}

/// Whether nothing but blanks and a comment is left in the first line of `text`.
fn only_comment(text: &str) -> bool {
    let rest = text[..line_len(text)].trim_start_matches(BLANKS);
    rest.is_empty() || rest.starts_with('#')
}

/// Resolves the escapes that the kind of quote allows.
fn decode(raw: &str, quote: Option<char>) -> String {
    match quote {
        Some('"') => {}
        Some(_) => return raw.replace("\\'", "'"),
        None => return raw.to_owned(),
    }
    // Enough room from the start: growing would leave copies of the secret in freed memory.
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next() } else { None } {
            None => out.push(c),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(c @ ('"' | '\\' | '\'' | '$')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
        }
    }
    out
}

fn line_len(text: &str) -> usize {
    text.find(LINE_ENDS).unwrap_or(text.len())
}
