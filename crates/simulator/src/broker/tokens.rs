//! Tokens: minting them with the claims of real ones, and tracking which are still valid.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::claims::{auth_code_claims, sign, token_claims};
use crate::clock::{fifteen_days_six_ist, next_six_ist};
use crate::options::{Account, App};

/// An auth code lives 30,000 seconds (docs/fyers-api.md, "Tokens").
const AUTH_CODE_SECONDS: i64 = 30_000;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Opens the API until the next 06:00 IST.
    Access,
    /// Buys access tokens for fifteen days, where FYERS still allows it.
    Refresh,
    /// Comes out of a login and buys one pair of tokens, once.
    AuthCode,
}

/// Whether a token was ended before its `exp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenStatus {
    /// Works until its `exp`.
    Live,
    /// An auth code that bought its tokens.
    Used,
    /// Ended by the holder.
    LoggedOut,
    /// Ended by the control API.
    Killed,
}

/// One token the simulator minted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// What it is for.
    pub kind: TokenKind,
    /// The JWT itself; valid in this simulator only.
    pub token: String,
    /// The `iat` claim.
    pub issued_at: DateTime<Utc>,
    /// The `exp` claim.
    pub expires_at: DateTime<Utc>,
    /// Whether it still works.
    pub status: TokenStatus,
    /// The client id of the account it opens.
    #[serde(default)]
    pub account: String,
}

/// Why a token was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Never minted here, or ended.
    Dead,
    /// Past its `exp`.
    Expired,
}

/// Every token minted so far.
#[derive(Debug)]
pub(crate) struct TokenBook {
    key: [u8; 32],
    /// Access tokens by their `hsm_key` claim.
    by_hsm_key: BTreeMap<String, String>,
    records: Vec<TokenRecord>,
}

impl TokenBook {
    pub(crate) fn new() -> Self {
        Self { key: rand::random(), by_hsm_key: BTreeMap::new(), records: Vec::new() }
    }

    /// Mints a token as if issued at a given time.
    pub(crate) fn mint(
        &mut self,
        kind: TokenKind,
        at: DateTime<Utc>,
        account: &Account,
        app: &App,
    ) -> String {
        let expires_at = match kind {
            TokenKind::Access => next_six_ist(at),
            TokenKind::Refresh => fifteen_days_six_ist(at),
            TokenKind::AuthCode => at + TimeDelta::seconds(AUTH_CODE_SECONDS),
        };
        let claims = match kind {
            TokenKind::AuthCode => auth_code_claims(at, expires_at, account, app),
            TokenKind::Access => token_claims("access_token", at, expires_at, account, app),
            TokenKind::Refresh => token_claims("refresh_token", at, expires_at, account, app),
        };
        let token = sign(&claims, &self.key);
        if let (TokenKind::Access, Some(key)) = (kind, claims["hsm_key"].as_str()) {
            self.by_hsm_key.insert(key.to_owned(), token.clone());
        }
        let status = TokenStatus::Live;
        self.records.push(TokenRecord {
            kind,
            token: token.clone(),
            issued_at: at,
            expires_at,
            status,
            account: account.fy_id.clone(),
        });
        token
    }

    /// Whether a token of this kind works now.
    pub(crate) fn check(&self, kind: TokenKind, token: &str, now: DateTime<Utc>) -> Result<(), Rejection> {
        let found = self.records.iter().find(|record| record.kind == kind && record.token == token);
        match found {
            Some(record) if record.status != TokenStatus::Live => Err(Rejection::Dead),
            Some(record) if now >= record.expires_at => Err(Rejection::Expired),
            Some(_) => Ok(()),
            None => Err(Rejection::Dead),
        }
    }

    /// Ends one token; false when it was not live.
    pub(crate) fn end(&mut self, token: &str, status: TokenStatus) -> bool {
        let found = self.records.iter_mut().find(|record| record.token == token);
        match found {
            Some(record) if record.status == TokenStatus::Live => {
                record.status = status;
                true
            }
            _ => false,
        }
    }

    /// Kills all live tokens of a kind and says how many.
    pub(crate) fn kill_all(&mut self, kind: TokenKind) -> usize {
        let live = self.records.iter_mut().filter(|r| r.kind == kind && r.status == TokenStatus::Live);
        live.map(|record| record.status = TokenStatus::Killed).count()
    }

    /// The client id of the account a token opens; `None` when it was never minted here.
    pub(crate) fn account_of(&self, token: &str) -> Option<&str> {
        let found = self.records.iter().find(|record| record.token == token);
        found.map(|record| record.account.as_str())
    }

    /// The access token with this `hsm_key` claim.
    pub(crate) fn with_hsm_key(&self, key: &str) -> Option<&str> {
        self.by_hsm_key.get(key).map(String::as_str)
    }

    pub(crate) fn records(&self) -> &[TokenRecord] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    use super::*;

    fn claims(token: &str) -> Value {
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
    }

    #[test]
    fn claims_are_those_of_real_tokens() {
        let at: DateTime<Utc> = "2026-11-23T03:15:00Z".parse().unwrap();
        let mut book = TokenBook::new();
        let token = book.mint(TokenKind::Access, at, &Account::default(), &App::default());
        let access = claims(&token);
        assert_eq!(access["exp"], "2026-11-24T00:30:00Z".parse::<DateTime<Utc>>().unwrap().timestamp());
        assert_eq!(access["iss"], "api.fyers.in");
        assert_eq!(access["sub"], "access_token");
        assert_eq!(access["fy_id"], "XX00001");
        assert_eq!(access["appType"], 100);
        assert_eq!(access["hsm_key"].as_str().unwrap().len(), 56);
        assert!((115..=125).contains(&access["at_hash"].as_str().unwrap().len()));
        let refresh = claims(&book.mint(TokenKind::Refresh, at, &Account::default(), &App::default()));
        assert_eq!(refresh["exp"], "2026-12-08T00:30:00Z".parse::<DateTime<Utc>>().unwrap().timestamp());
        let code = claims(&book.mint(TokenKind::AuthCode, at, &Account::default(), &App::default()));
        assert_eq!(code["exp"].as_i64().unwrap() - code["iat"].as_i64().unwrap(), 30_000);
        assert_eq!(code["app_id"], "ABCD1234EF");
        assert!(code["aud"].is_string());
    }

    #[test]
    fn two_tokens_of_one_second_differ_and_end_apart() {
        let at: DateTime<Utc> = "2026-11-23T03:15:00Z".parse().unwrap();
        let mut book = TokenBook::new();
        let one = book.mint(TokenKind::Access, at, &Account::default(), &App::default());
        let two = book.mint(TokenKind::Access, at, &Account::default(), &App::default());
        assert_ne!(one, two);
        assert!(book.end(&one, TokenStatus::Killed));
        assert_eq!(book.check(TokenKind::Access, &one, at), Err(Rejection::Dead));
        assert_eq!(book.check(TokenKind::Access, &two, at), Ok(()));
        assert_eq!(book.check(TokenKind::Refresh, &two, at), Err(Rejection::Dead));
        let end = next_six_ist(at);
        assert_eq!(book.check(TokenKind::Access, &two, end), Err(Rejection::Expired));
    }
}
