//! What stands for a character in a text: the character itself, or an escape of URLs, JSON, programs or HTML.

use std::collections::VecDeque;

/// Escapes in escapes in escapes, as in the JSON of a message in JSON.
pub(super) const DEPTH: usize = 3;
/// The longest escape that is looked at, in characters.
const LONGEST: usize = 12;
/// What is no letter: it stands for every character that is of no use here, those beyond ASCII among them.
const OTHER: u8 = b' ';

/// A character, where it begins in the text and where it ends.
pub(super) type Char = (u8, usize, usize);

/// Whether an escape may begin with it.
pub(super) fn is_sign(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// The character that an escape at the beginning of this stands for, and how long that is.
pub(super) fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let rest = Rest { text: &text[..text.len().min(LONGEST)], at: 1 };
    match text.first()? {
        b'%' => percent(rest),
        b'\\' => backslash(rest),
        b'&' => entity(rest),
        _ => None,
    }
}

/// The characters of a text from `start` on, with so many layers of escapes undone. It reads no further than it is asked.
pub(super) fn characters(text: &[u8], start: usize, layers: usize) -> Box<dyn Iterator<Item = Char> + '_> {
    let raw = text[start..].iter().enumerate().map(move |(at, byte)| (*byte, start + at, start + at + 1));
    (0..layers).fold(Box::new(raw), |below, _| Box::new(Undone { below, ahead: VecDeque::new() }))
}

/// One layer.
struct Undone<'a> {
    below: Box<dyn Iterator<Item = Char> + 'a>,
    ahead: VecDeque<Char>,
}

impl Undone<'_> {
    fn look_ahead(&mut self, characters: usize) {
        while self.ahead.len() < characters {
            let Some(next) = self.below.next() else { return };
            self.ahead.push_back(next);
        }
    }
}

impl Iterator for Undone<'_> {
    type Item = Char;

    fn next(&mut self) -> Option<Char> {
        self.look_ahead(1);
        let first = *self.ahead.front()?;
        if !is_sign(first.0) {
            return self.ahead.pop_front();
        }
        self.look_ahead(LONGEST);
        let bytes: Vec<u8> = self.ahead.iter().map(|(byte, ..)| *byte).collect();
        let Some((meant, length)) = escaped(&bytes) else { return self.ahead.pop_front() };
        let end = self.ahead[length - 1].2;
        self.ahead.drain(..length);
        Some((meant, first.1, end))
    }
}

/// What follows the sign of an escape.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a [u8],
    at: usize,
}

impl Rest<'_> {
    /// Goes past the next one where it is this one, in whatever case.
    fn take(&mut self, wanted: u8) -> bool {
        let is_it = self.text.get(self.at).is_some_and(|byte| byte.eq_ignore_ascii_case(&wanted));
        self.at += usize::from(is_it);
        is_it
    }

    /// A number of so many digits, from and to.
    fn number(&mut self, radix: u32, (fewest, most): (usize, usize)) -> Option<u8> {
        let (mut number, start) = (0_u32, self.at);
        while self.at < start + most {
            let digit = self.text.get(self.at).and_then(|byte| char::from(*byte).to_digit(radix));
            let Some(digit) = digit else { break };
            number = number.saturating_mul(radix).saturating_add(digit);
            self.at += 1;
        }
        let ascii = || u8::try_from(number).ok().filter(u8::is_ascii).unwrap_or(OTHER);
        (self.at >= start + fewest).then(ascii)
    }
}

/// `%2F`, and `%u002F` as scripts wrote it once.
fn percent(mut rest: Rest<'_>) -> Option<(u8, usize)> {
    let digits = if rest.take(b'u') { 4 } else { 2 };
    rest.number(16, (digits, digits)).map(|meant| (meant, rest.at))
}

/// `\u002f`, `\u{2f}`, `\U0000002f`, `\x2f`, `\057` or `\57`, `\/`, `\n`.
fn backslash(mut rest: Rest<'_>) -> Option<(u8, usize)> {
    let sign = *rest.text.get(rest.at)?;
    let mut octal = rest;
    rest.at += 1;
    let meant = match sign {
        b'0'..=b'7' => {
            let meant = octal.number(8, (1, 3));
            rest.at = octal.at;
            meant
        }
        b'u' if rest.take(b'{') => rest.number(16, (1, 8)).filter(|_| rest.take(b'}')),
        b'u' => rest.number(16, (4, 4)),
        b'U' => rest.number(16, (8, 8)),
        b'x' => rest.number(16, (2, 2)),
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' => Some(OTHER),
        _ => (!sign.is_ascii_alphanumeric()).then_some(sign),
    };
    meant.map(|meant| (meant, rest.at))
}

/// `&#47;`, `&#x2f;`, with the semicolon or without, and names: none of them is a letter's, and three begin an escape again.
fn entity(mut rest: Rest<'_>) -> Option<(u8, usize)> {
    if rest.take(b'#') {
        let meant = if rest.take(b'x') { rest.number(16, (1, 6)) } else { rest.number(10, (1, 7)) };
        rest.take(b';');
        return meant.map(|meant| (meant, rest.at));
    }
    let name = &rest.text[rest.at..];
    let length = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).filter(|length| *length > 0)?;
    let meant = match &name[..length] {
        b"amp" => b'&',
        b"percnt" => b'%',
        b"bsol" => b'\\',
        _ => OTHER,
    };
    (name[length] == b';').then_some((meant, rest.at + length + 1))
}
