//! The last net: whatever slipped through is taken out of the text before it leaves the program.
//!
//! Secrets are wrapped at the edge and errors hold none, so this should never find anything. It looks for every
//! live secret in all the ways it could be written, and for things that look like a secret.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use keeper_domain::{
    disclosure::Finder,
    keys::token,
    secret::{AccessToken, AuthCode, RefreshToken},
};
use regex::{Captures, Regex, RegexSet};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    run_tokens::RunTokens,
    spellings::{SHORTEST, spellings},
};

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";
/// So many of the secrets that came up during the run are remembered: tokens of several days.
const MOST_LEARNED: usize = 48;

/// What secrets look like; what is in the first group, if there is one, stays.
const PATTERNS: [&str; 6] = [
    r"\d{6,12}:[A-Za-z0-9_-]{30,}",
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}\.?",
    r#"(?i)("?\bpin"?\s*[=:]\s*"?)\d{4,6}\b"#,
    r#"(?i)((?:auth_code|[?&]code|access_token|refresh_token|secret_key|appidhash)"?\s*[=:]\s*"?)[A-Za-z0-9._~+/%-]{8,}"#,
    r"(?i)(/bot)\d{6,12}(?::|%3A)[A-Za-z0-9_-]+",
    r"\b[0-9a-f]{64}\b",
];

/// What opens a door and is known here by its digest alone: every bot's token begins so, however it is written.
static BEGINNING: LazyLock<Finder> = LazyLock::new(|| Finder::of(&[&token::head()]));
/// The same as it is written: the beginning of a token of any kind, an `hsm_key`.
static OPENS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"eyJ[A-Za-z0-9_-]{8,}\.|[0-9a-fA-F]{64}").ok());

static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(PATTERNS).ok());
/// What is left of a secret whose end was cut off.
static REST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\[redacted\][A-Za-z0-9_~+%=-]{2,}").ok());
static EACH: LazyLock<Vec<Regex>> =
    LazyLock::new(|| PATTERNS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// Takes secrets out of text. Clones share what is registered.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
    tokens: RunTokens,
}

#[derive(Default)]
struct Known {
    /// Secrets of the settings, and the gateway keys: known for the whole run.
    lasting: Vec<Secret>,
    /// Secrets that came up during the run, the newest last.
    learned: VecDeque<Secret>,
    /// Finds all of them, however they are written.
    finder: Option<Finder>,
}

/// One secret, in all the ways in which it could be written.
struct Secret {
    text: SecretString,
    ways: Vec<SecretString>,
}

impl Secret {
    fn new(secret: &str) -> Self {
        // A short one is searched for as a whole word only: four digits are part of every order id.
        let mut ways = if secret.len() < SHORTEST { short_ways(secret) } else { ways(secret) };
        ways.sort_by_key(|way| std::cmp::Reverse(way.len()));
        ways.dedup();
        Self { text: SecretString::from(secret), ways: ways.into_iter().map(SecretString::from).collect() }
    }

    /// The whole of it as it is written, or as it is written in hex or base64 when it is short.
    fn is_same(&self, other: &Self) -> bool {
        self.ways.first().map(ExposeSecret::expose_secret)
            == other.ways.first().map(ExposeSecret::expose_secret)
    }
}

impl Known {
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.lasting.iter().chain(&self.learned)
    }

    fn changed(&mut self) {
        let all: Vec<&str> = self.secrets().map(|secret| secret.text.expose_secret()).collect();
        self.finder = Some(Finder::of(&all));
    }

    fn ways(&self) -> impl Iterator<Item = &str> {
        self.secrets().flat_map(|secret| &secret.ways).map(ExposeSecret::expose_secret)
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Looks for this secret for the whole run, however it is written.
    pub fn register(&self, secret: &SecretString) {
        let secret = Secret::new(secret.expose_secret());
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !secret.ways.is_empty() && !known.lasting.iter().any(|other| other.is_same(&secret)) {
            known.lasting.push(secret);
            known.changed();
        }
    }

    /// Learns an access token of the run.
    pub fn learn_access(&self, token: &AccessToken) {
        self.learn(token.expose());
        self.tokens.learn(token.expose());
    }

    /// Learns a refresh token of the run.
    pub fn learn_refresh(&self, token: &RefreshToken) {
        self.learn(token.expose());
        self.tokens.learn(token.expose());
    }

    /// The tokens that it has learned. Not the codes: strangers bring what they like as one.
    pub(crate) fn tokens(&self) -> RunTokens {
        self.tokens.clone()
    }

    /// Learns the code of a login.
    pub fn learn_code(&self, code: &AuthCode) {
        self.learn(code.expose());
    }

    /// Looks for a secret that came up during the run: a token, a code. The oldest of them is forgotten when there are
    /// many, which is long after it has ended.
    fn learn(&self, secret: &str) {
        let new = Secret::new(secret);
        if new.ways.is_empty() {
            return;
        }
        let newest = |known: &Known| known.learned.back().is_some_and(|last| last.is_same(&new));
        if newest(&self.known.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.learned.retain(|other| !other.is_same(&new));
        known.learned.push_back(new);
        if known.learned.len() > MOST_LEARNED {
            known.learned.pop_front();
        }
        known.changed();
    }

    /// Takes short secrets (a PIN) out of words, where they stand alone. Not for whole lines: numbers in them would
    /// not be numbers any more.
    pub(super) fn clean_word(&self, text: &mut String) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for way in known.ways().filter(|way| way.len() < SHORTEST) {
            if text.contains(way) {
                *text = without_word(text, way);
            }
        }
    }

    /// Whether a text has a secret of eight letters or more in it, however it is written, or a bot's token. Of a shorter one
    /// nothing is said: whoever may ask could guess a PIN so.
    pub fn finds(&self, text: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_found = |finder: &Finder| !finder.find(text.as_bytes()).is_empty();
        is_found(&BEGINNING)
            || OPENS.as_ref().is_none_or(|opens| opens.is_match(text))
            || known.finder.as_ref().is_some_and(is_found)
            || known.ways().any(|way| way.len() >= SHORTEST && text.contains(way))
    }

    /// The text without secrets.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for way in known.ways().filter(|way| way.len() >= SHORTEST) {
            if text.contains(way) {
                text = Cow::Owned(text.replace(way, MARK));
            }
        }
        // What no list of ways has.
        let found = known.finder.as_ref().map_or_else(Vec::new, |finder| finder.find(text.as_bytes()));
        found.into_iter().rev().for_each(|range| text.to_mut().replace_range(range, MARK));
        drop(known);
        if let (Cow::Owned(cut), Some(rest)) = (&text, REST.as_ref()) {
            text = Cow::Owned(rest.replace_all(cut, MARK).into_owned());
        }
        if SET.as_ref().is_none_or(|set| !set.is_match(&text)) {
            return text;
        }
        EACH.iter().fold(text, |text, pattern| Cow::Owned(pattern.replace_all(&text, mask).into_owned()))
    }
}

fn mask(found: &Captures<'_>) -> String {
    format!("{}{MARK}", found.get(1).map_or("", |kept| kept.as_str()))
}

/// The ways a secret could be written in a text.
fn ways(secret: &str) -> Vec<String> {
    let mut ways = spellings(secret);
    if !is_address(secret) {
        // Somebody may have cut the text off: the beginning is found, and what follows it goes too (`REST`).
        let beginnings: Vec<String> = ways
            .iter()
            .filter(|way| !way.contains(' '))
            .filter_map(|way| way.get(..16).map(str::to_owned))
            .collect();
        ways.extend(beginnings);
    }
    ways.extend(keys_in(secret));
    ways.retain(|way| way.len() >= SHORTEST);
    ways
}

/// The same for a short one, as a PIN: whole words only.
fn short_ways(secret: &str) -> Vec<String> {
    if secret.len() < 4 {
        return vec![];
    }
    vec![secret.to_owned(), hex::encode(secret), STANDARD_NO_PAD.encode(secret)]
}

/// Replaces a word where letters and digits do not go on.
fn without_word(text: &str, word: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let joined = out.chars().chain(before.chars()).next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        out.push_str(before);
        out.push_str(if joined { word } else { MARK });
        rest = after;
    }
    out + rest
}

fn is_address(secret: &str) -> bool {
    secret.starts_with("https://") || secret.starts_with("http://")
}

/// What makes a monitor's address a secret: long parts of its path with a digit in them. Words are no keys.
fn keys_in(secret: &str) -> impl Iterator<Item = String> {
    let path = if is_address(secret) { secret } else { "" };
    let parts = path.split(['/', '?', '&', '=']).skip(3).map(str::to_owned);
    parts.filter(|part| part.len() >= 16 && part.bytes().any(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
