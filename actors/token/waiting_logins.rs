//! Who waits for which login. A code that comes again, by a reload or a second paste, gets the first one's outcome.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use keeper_domain::{
    secret::{AuthCode, Fingerprint},
    session::{login::LoginFailure, rules::LoginId},
};

/// How a login ended.
pub(super) type Outcome = Result<(), LoginFailure>;

/// How many codes are remembered.
const MOST: usize = 64;

/// A login, known by its code.
struct Known {
    code: Fingerprint,
    login: LoginId,
    outcome: Option<Outcome>,
}

/// All logins of this run.
#[derive(Default)]
pub(super) struct WaitingLogins {
    known: VecDeque<Known>,
    waiting: HashMap<LoginId, Vec<oneshot::Sender<Outcome>>>,
    last: LoginId,
}

impl WaitingLogins {
    /// The number for the next login.
    pub(super) fn number(&mut self) -> LoginId {
        self.last += 1;
        self.last
    }

    /// What comes of a code that has come before: its outcome, now or later. `None` for a new code.
    pub(super) fn again(&mut self, code: &AuthCode) -> Option<oneshot::Receiver<Outcome>> {
        let code = code.fingerprint();
        let known = self.known.iter().find(|known| known.code == code)?;
        let (login, outcome) = (known.login, known.outcome);
        let (tell, told) = oneshot::channel();
        match outcome {
            // The receiver is held here, so this cannot fail.
            Some(outcome) => drop(tell.send(outcome)),
            None => self.waiting.entry(login).or_default().push(tell),
        }
        Some(told)
    }

    /// Remembers a new code.
    pub(super) fn note(&mut self, code: &AuthCode, login: LoginId) {
        self.known.push_back(Known { code: code.fingerprint(), login, outcome: None });
        if self.known.len() > MOST {
            self.known.pop_front();
        }
    }

    /// Waits for a login's outcome.
    pub(super) fn wait(&mut self, login: LoginId) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        self.waiting.entry(login).or_default().push(tell);
        told
    }

    /// Tells everyone who waits for this login. One that was not even begun may be tried again.
    pub(super) fn ended(&mut self, login: LoginId, outcome: Outcome) {
        if matches!(outcome, Err(LoginFailure::Busy | LoginFailure::NotWritten | LoginFailure::Held { .. })) {
            self.known.retain(|known| known.login != login);
        }
        for known in self.known.iter_mut().filter(|known| known.login == login) {
            known.outcome = Some(outcome);
        }
        for waiting in self.waiting.remove(&login).unwrap_or_default() {
            // Whoever asked may have gone; the outcome is in the journal all the same.
            let _gone = waiting.send(outcome);
        }
    }

    /// The actor was restarted: nobody will hear of what was under way.
    pub(super) fn interrupt(&mut self) {
        self.waiting.clear();
        self.known.retain(|known| known.outcome.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_comes_again_gets_the_first_ones_outcome() {
        let mut logins = WaitingLogins::default();
        let code = AuthCode::new("code");
        assert!(logins.again(&code).is_none());
        let login = logins.number();
        logins.note(&code, login);
        let mut first = logins.wait(login);
        let mut meanwhile = logins.again(&code).unwrap();
        assert!(meanwhile.try_recv().is_err(), "not known yet");
        logins.ended(login, Ok(()));
        let mut later = logins.again(&code).unwrap();
        for told in [&mut first, &mut meanwhile, &mut later] {
            assert_eq!(told.try_recv(), Ok(Ok(())));
        }
    }

    #[test]
    fn a_code_that_was_never_spent_may_come_again() {
        let mut logins = WaitingLogins::default();
        let code = AuthCode::new("code");
        let login = logins.number();
        logins.note(&code, login);
        logins.ended(login, Err(LoginFailure::Busy));
        assert!(logins.again(&code).is_none());
    }
}
