//! Owner, strangers, refresh and ticks in random order: the owner gets in within two tries, and pending work is
//! never lost.

use proptest::prelude::*;
use serde_json::json;

use super::{testing::*, *};
use crate::login_origin::LoginOrigin;

#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A stranger finishes a login with their own account.
    Stranger,
    /// A scanner posts garbage that looks like a code.
    Garbage,
    Tick,
    /// The oldest open call is answered; `bad` is a fault that may pass.
    Answer {
        bad: bool,
    },
    WaitOver,
    Minutes(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Stranger),
        2 => Just(Happening::Garbage),
        1 => Just(Happening::Tick),
        4 => any::<bool>().prop_map(|bad| Happening::Answer { bad }),
        2 => Just(Happening::WaitOver),
        1 => (1i64..5).prop_map(Happening::Minutes),
    ]
}

/// The backend, with its open calls in order and what is known of each token.
struct World {
    backend: Backend,
    calls: Vec<Effect>,
    waits: Vec<CallId>,
    ended: Vec<(LoginId, Result<(), LoginFailure>)>,
    last: LoginId,
    /// Marks of the owner's logins, which end up in their codes and tokens.
    owners: Vec<LoginId>,
}

fn code(login: LoginId) -> AuthCode {
    AuthCode::new(jwt::fake(&json!({"app_id": "ABCD1234EF", "login": login})))
}

impl World {
    fn new() -> Self {
        let backend = Backend::monday();
        Self { backend, calls: vec![], waits: vec![], ended: vec![], last: 0, owners: vec![] }
    }

    fn tell(&mut self, input: Input) -> Result<(), TestCaseError> {
        self.backend.tell(input);
        for effect in self.backend.effects.clone() {
            match effect {
                Effect::Wait(call, _) => self.waits.push(call),
                Effect::LoginEnded(login, outcome) => {
                    prop_assert!(self.ended.iter().all(|(known, _)| *known != login), "ended twice");
                    self.ended.push((login, outcome));
                }
                Effect::CheckToken(..)
                | Effect::ProveToken(..)
                | Effect::CallLogin(..)
                | Effect::CallRefresh(..) => {
                    self.calls.push(effect);
                }
                _ => {}
            }
        }
        let machine = &self.backend.machine;
        let at_work = machine.pending != Pending::Nothing;
        prop_assert!(machine.open_tick().is_none() || at_work, "the tick's work was lost");
        let redeeming = self.calls.iter().filter(|call| matches!(call, Effect::CallLogin(..))).count();
        prop_assert!(redeeming <= 1, "one login call at a time");
        Ok(())
    }

    fn login(&mut self, by: LoginOrigin) -> Result<LoginId, TestCaseError> {
        self.last += 1;
        let login = self.last;
        if by.is_vouched() {
            self.owners.push(login);
        }
        self.tell(Input::CodeCame(login, code(login), by))?;
        Ok(login)
    }

    fn answer(&mut self, bad: bool) -> Result<(), TestCaseError> {
        if self.calls.is_empty() {
            return Ok(());
        }
        let end = at("2026-11-24T06:00");
        let input = match self.calls.remove(0) {
            Effect::CallRefresh(call, _) => Input::Refreshed(call, Err(down())),
            Effect::CallLogin(call, code) => {
                let mine = self.owners.iter().find(|login| self::code(**login) == code);
                let mark = mine.map_or(9_000, |login| *login as u32);
                let good = Ok(FreshTokens { access: access(end, mark), refresh: None });
                // FYERS refuses codes of strangers; the owner's is good.
                let refused = bad && mine.is_none();
                Input::CodeRedeemed(call, if refused { Err(no(-437, "invalid auth code")) } else { good })
            }
            Effect::CheckToken(call, token) | Effect::ProveToken(call, token) => {
                let mine = self.owners.iter().any(|login| access(end, *login as u32) == token);
                let account = profile(if mine { "XX00001" } else { "YY00002" });
                Input::Profiled(call, if bad { Err(down()) } else { Ok(account) })
            }
            _ => return Ok(()),
        };
        self.tell(input)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        match happening {
            Happening::Stranger | Happening::Garbage => self.login(LoginOrigin::Page).map(drop),
            Happening::Tick => {
                let trade_date = ist::date(self.backend.now);
                self.tell(Input::Tick { trade_date, late: false })
            }
            Happening::Answer { bad } => self.answer(bad),
            Happening::WaitOver if self.waits.is_empty() => Ok(()),
            Happening::WaitOver => {
                let wait = self.waits.remove(0);
                self.tell(Input::Waited(wait))
            }
            Happening::Minutes(minutes) => {
                self.backend.later(minutes * 60);
                self.tell(Input::Watch)
            }
        }
    }

    /// The owner logs in; strangers go on meanwhile. True when the owner's token is in use.
    fn owner_gets_in(&mut self, strangers: &[Happening]) -> Result<bool, TestCaseError> {
        let login = self.login(LoginOrigin::Chat)?;
        for round in 0..200 {
            if let Some((_, outcome)) = self.ended.iter().find(|(known, _)| *known == login) {
                return Ok(outcome.is_ok());
            }
            if let Some(happening) = strangers.get(round) {
                self.happen(*happening)?;
            }
            self.happen(Happening::WaitOver)?;
            // FYERS is well now.
            self.answer(false)?;
        }
        Ok(false)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_owner_gets_in_within_two_tries_and_no_work_is_lost(
        before in proptest::collection::vec(happening(), 0..60),
        during in proptest::collection::vec(happening(), 0..40),
    ) {
        let mut world = World::new();
        for happening in before {
            world.happen(happening)?;
        }
        let first = world.owner_gets_in(&during)?;
        prop_assert!(first || world.owner_gets_in(&during)?, "{:?}", world.ended);
        prop_assert!(world.backend.usable().is_some());
    }
}
