//! Which token to start with when the store and the settings both have one: the newer one, so that a token
//! pasted by hand works and an old copy in `.env` does not bring yesterday back.

use chrono::{DateTime, Utc};

use crate::secret::{AccessToken, RefreshToken};
use crate::session::{Source, bound::Bound};
use crate::session_state::StoredSession;
use fyers_api::claims as jwt;

/// Tokens from the environment or the `.env` file.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    /// `FYERS_ACCESS_TOKEN`.
    pub access: Option<AccessToken>,
    /// `FYERS_REFRESH_TOKEN`.
    pub refresh: Option<RefreshToken>,
}

impl Seeds {
    /// Without the tokens that were let go of.
    #[must_use]
    pub fn without(&self, bound: &Bound) -> Self {
        let access = self.access.clone().filter(|token| !bound.is_forgotten(&token.fingerprint()));
        let refresh = self.refresh.clone().filter(|token| !bound.is_forgotten(&token.fingerprint()));
        Self { access, refresh }
    }
}

/// The session to start with.
pub fn reconcile(mut stored: StoredSession, seeds: &Seeds) -> StoredSession {
    if let Some(seed) = &seeds.access
        && is_newer(seed.expose(), stored.access.as_ref().map(AccessToken::expose))
    {
        stored.access = Some(seed.clone());
        stored.source = Some(Source::Settings);
        stored.verified_at = None;
    }
    if let Some(seed) = &seeds.refresh
        && is_newer(seed.expose(), stored.refresh.as_ref().map(RefreshToken::expose))
    {
        stored.previous_refresh = stored.refresh.replace(seed.clone());
        stored.ending_announced = None;
    }
    stored
}

/// The session to start with when there is time to ask FYERS, and a newer token of the settings that must be proven before it
/// takes the place of one that was proven: a copy that is dead costs no session.
pub fn reconcile_proven(stored: StoredSession, seeds: &Seeds) -> (StoredSession, Option<AccessToken>) {
    let is_proven = stored.access.is_some() && stored.verified_at.is_some();
    let with = reconcile(stored.clone(), seeds);
    if !is_proven || with.access == stored.access {
        return (with, None);
    }
    let StoredSession { access, source, verified_at, .. } = stored;
    let newer = with.access.clone();
    (StoredSession { access, source, verified_at, ..with }, newer)
}

/// Whether only a login leads to a token: none still runs, and there is nothing to make one from.
pub fn needs_login(session: &StoredSession, has_pin: bool, now: DateTime<Utc>) -> bool {
    let ends = |token: &AccessToken| jwt::claims(token.expose()).expires_at;
    let runs = session.access.as_ref().is_some_and(|token| ends(token).is_none_or(|end| now < end));
    let may_refresh = has_pin && session.refresh.is_some();
    !(runs || may_refresh)
}

/// By `iat`. Where one of the two does not tell, the pasted one wins if it differs: a person put it there.
fn is_newer(seed: &str, held: Option<&str>) -> bool {
    let Some(held) = held else { return true };
    match (issued(seed), issued(held)) {
        (Some(seed), Some(held)) => seed > held,
        _ => seed != held,
    }
}

fn issued(token: &str) -> Option<DateTime<Utc>> {
    jwt::claims(token).issued_at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(iat: i64) -> AccessToken {
        AccessToken::new(jwt::fake(&json!({"iat": iat})))
    }

    fn start(held: Option<AccessToken>, seed: Option<AccessToken>) -> StoredSession {
        let stored =
            StoredSession { access: held, source: Some(Source::Refresh), ..StoredSession::default() };
        reconcile(stored, &Seeds { access: seed, refresh: None })
    }

    #[test]
    fn the_newer_token_wins_whoever_has_it() {
        assert_eq!(start(Some(access(10)), Some(access(20))).access, Some(access(20)));
        assert_eq!(start(Some(access(20)), Some(access(10))).access, Some(access(20)));
        assert_eq!(start(Some(access(20)), Some(access(20))).source, Some(Source::Refresh));
        assert_eq!(start(None, Some(access(5))).source, Some(Source::Settings));
        assert_eq!(start(Some(access(5)), None).access, Some(access(5)));
    }

    #[test]
    fn a_pasted_token_that_is_no_jwt_wins_over_another() {
        let pasted = AccessToken::new("pasted");
        assert_eq!(start(Some(access(5)), Some(pasted.clone())).access, Some(pasted));
    }

    #[test]
    fn a_token_that_was_proven_stays_until_a_newer_one_is() {
        let seeds = Seeds { access: Some(access(20)), refresh: None };
        let verified_at = Some(DateTime::UNIX_EPOCH);
        let stored =
            |access| StoredSession { access, source: Some(Source::Login), ..StoredSession::default() };
        let proven = |access| StoredSession { verified_at, ..stored(access) };
        let (kept, newer) = reconcile_proven(proven(Some(access(10))), &seeds);
        assert_eq!((kept, newer), (proven(Some(access(10))), Some(access(20))));
        for (held, used) in [
            (proven(Some(access(30))), access(30)),
            (proven(Some(access(20))), access(20)),
            (stored(Some(access(10))), access(20)),
            (stored(None), access(20)),
        ] {
            let (session, newer) = reconcile_proven(held, &seeds);
            assert_eq!((session.access, newer), (Some(used), None));
        }
    }

    #[test]
    fn a_new_refresh_token_keeps_the_old_one_until_it_has_worked() {
        let token = |iat: i64| RefreshToken::new(jwt::fake(&json!({"iat": iat})));
        let stored =
            StoredSession { refresh: Some(token(1)), ending_announced: Some(1), ..StoredSession::default() };
        let seeds = Seeds { access: None, refresh: Some(token(2)) };
        let session = reconcile(stored, &seeds);
        assert_eq!((session.refresh, session.previous_refresh), (Some(token(2)), Some(token(1))));
        assert_eq!(session.ending_announced, None);
    }
}
