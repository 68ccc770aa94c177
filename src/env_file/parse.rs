//! Reads `.env` text the way the common readers do, without ever quoting it in an error.
//!
//! Agreed ground of python-dotenv, dotenv for Node and the Docker tools: `KEY=value`, optional `export`, blanks round
//! the `=`, single and double quotes (also over several lines), `#` comments after a blank, a byte order mark, any of the
//! three line ends, and the last assignment of a key wins. Variables (`${X}`) are not expanded: a secret may hold a `$`.

use std::fmt;
use std::ops::Range;

use secrecy::SecretString;

/// One assignment: the key, its value as a reader sees it, and its line.
#[derive(Debug)]
pub struct Entry {
    /// The name before the `=`.
    pub key: String,
    /// The value without quotes, escapes resolved. Secret, whatever the key: nobody knows what is in the file.
    pub value: SecretString,
    /// Line number, counted from 1.
    pub line: usize,
}

/// A line that is neither blank, nor a comment, nor an assignment. It is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// Line number, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The line does not start with a name of letters, digits, `_`, `.` and `-`.
    BadKey,
    /// There is a name, but no `=` after it.
    NoEqualsSign,
    /// The value starts with a quote that is not closed.
    UnclosedQuote,
    /// Something other than a comment follows the closing quote.
    TextAfterQuote,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::BadKey => "no valid name at the start",
            What::NoEqualsSign => "no '=' after the name",
            What::UnclosedQuote => "the quote is not closed",
            What::TextAfterQuote => "text after the closing quote",
        };
        write!(f, "line {}: {what}; the line is ignored", self.line)
    }
}

/// All that a `.env` text says, in the order of the file.
#[derive(Debug, Default)]
pub struct Reading {
    /// Every assignment, repeated keys included.
    pub entries: Vec<Entry>,
    /// Lines that could not be read.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// The value of `key`: the last assignment wins.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&SecretString> {
        self.entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// Reads `.env` text. Lines that make no sense are reported by number and skipped, as readers do.
#[must_use]
pub fn read(text: &str) -> Reading {
    let scan = scan(text);
    let entries = scan.items.iter().map(|item| Entry {
        key: item.key.to_owned(),
        value: SecretString::from(decode(&text[item.value.clone()], item.quote)),
        line: item.line,
    });
    Reading { entries: entries.collect(), problems: scan.problems }
}

/// An assignment with the place of its value: the bytes between the quotes, or the bare value without blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub(super) key: &'a str,
    pub(super) value: Range<usize>,
    quote: Option<char>,
    line: usize,
}

#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    pub(super) items: Vec<Item<'a>>,
    problems: Vec<Problem>,
}

pub(super) const BOM: char = '\u{feff}';

/// Finds every assignment and the place of its value.
pub(super) fn scan(text: &str) -> Scan<'_> {
    let mut scan = Scan::default();
    let mut at = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    let mut line = 1;
    while at < text.len() {
        let mut stop = line_end(text, at);
        match assignment(text, at..stop) {
            Ok(Some(mut item)) => {
                item.line = line;
                // A quoted value may have taken further lines along.
                stop = line_end(text, item.value.end);
                scan.items.push(item);
            }
            Ok(None) => {}
            Err(what) => scan.problems.push(Problem { line, what }),
        }
        line += line_ends(&text[at..stop]) + 1;
        at = stop + terminator(&text[stop..]);
    }
    scan
}

/// Reads the assignment that starts in `line`; `None` for a blank line or a comment. The line number is left at 0.
fn assignment(text: &str, line: Range<usize>) -> Result<Option<Item<'_>>, What> {
    let start = skip_blanks(text, line.start);
    if start >= line.end || text[start..].starts_with('#') {
        return Ok(None);
    }
    let key_start = skip_export(text, start);
    let key_end = key_start + key_len(&text[key_start..line.end]);
    if key_end == key_start {
        return Err(What::BadKey);
    }
    let equals = skip_blanks(text, key_end);
    if !text[equals..line.end].starts_with('=') {
        let alone = equals >= line.end || equals > key_end;
        return Err(if alone { What::NoEqualsSign } else { What::BadKey });
    }
    let (value, quote) = value(text, equals + 1, line.end)?;
    Ok(Some(Item { key: &text[key_start..key_end], value, quote, line: 0 }))
}

/// The place of the value that starts right after the `=` at `from`.
fn value(text: &str, from: usize, line_end: usize) -> Result<(Range<usize>, Option<char>), What> {
    let start = skip_blanks(text, from);
    match text[start..line_end].chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let end = quoted_end(text, start + 1, quote, line_end)?;
            Ok((start + 1..end, Some(quote)))
        }
        _ => Ok((bare(text, from, start, line_end), None)),
    }
}

/// A value without quotes ends before trailing blanks and before a `#` that follows a blank.
fn bare(text: &str, from: usize, start: usize, line_end: usize) -> Range<usize> {
    let raw = &text[start..line_end];
    let blank_before = |i: usize| if i == 0 { start > from } else { raw[..i].ends_with(is_blank) };
    let comment =
        raw.char_indices().find(|&(i, c)| c == '#' && blank_before(i)).map_or(raw.len(), |(i, _)| i);
    let len = raw[..comment].trim_end_matches(is_blank).len();
    // An empty value sits right after the `=`, so that a value put there stays apart from a comment.
    if len == 0 { from..from } else { start..start + len }
}

/// Where the quoted value ends that starts at `start`, which may be on a later line.
fn quoted_end(text: &str, start: usize, quote: char, line_end: usize) -> Result<usize, What> {
    // A backslash in single quotes is a plain character to shells and an escape to some readers:
    // the plain meaning wins when it makes sense of the line.
    let plain = if quote == '\'' { text[start..].find(quote).map(|i| start + i) } else { None };
    let escaped = closing_quote(&text[start..], quote).map(|i| start + i);
    let candidates = [plain, escaped];
    if let Some(end) = candidates.into_iter().flatten().find(|&end| only_comment_after(text, end + 1)) {
        return Ok(end);
    }
    let closed_on_line = candidates.into_iter().flatten().any(|end| end < line_end);
    Err(if closed_on_line { What::TextAfterQuote } else { What::UnclosedQuote })
}

fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(i, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(i)
    })
}

fn only_comment_after(text: &str, at: usize) -> bool {
    let rest = text[at..line_end(text, at)].trim_start_matches(is_blank);
    rest.is_empty() || rest.starts_with('#')
}

/// Resolves the escapes that the quotes allow.
fn decode(raw: &str, quote: Option<char>) -> String {
    match quote {
        Some('\'') => raw.replace("\\'", "'"),
        Some(_) => decode_double(raw),
        None => raw.to_owned(),
    }
}

fn decode_double(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(c @ ('"' | '\\' | '\'' | '$')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn skip_blanks(text: &str, at: usize) -> usize {
    at + text[at..].len() - text[at..].trim_start_matches(is_blank).len()
}

fn skip_export(text: &str, at: usize) -> usize {
    match text[at..].strip_prefix("export") {
        Some(rest) if rest.starts_with(is_blank) => skip_blanks(text, at + "export".len()),
        _ => at,
    }
}

fn key_len(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c))).unwrap_or(text.len())
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |i| at + i)
}

/// Length of the line end at the start of `text`: CRLF counts as one.
fn terminator(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { usize::from(!text.is_empty()) }
}

fn line_ends(text: &str) -> usize {
    text.matches(['\n', '\r']).count() - text.matches("\r\n").count()
}
