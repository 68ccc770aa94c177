//! Owner, strangers, refresh and ticks in random order: the owner gets in within two tries, and pending work is
//! never lost: a tick's work goes on until there is a token, or until a person is asked or the day is over. How many calls
//! of all this reach FYERS is walked where they are counted: `src/fyers/limits/window/tests/everybody.rs`.

use std::cell::RefCell;

use proptest::{prelude::*, test_runner::TestRunner};
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
    /// The open refresh is answered with a token, or with a no for good.
    Refreshed {
        good: bool,
    },
    /// FYERS says no to the token in use.
    Rejected,
    WaitOver,
    Minutes(i64),
}

/// What the walks met: of none of it there may be too little.
#[derive(Debug, Default)]
struct Met {
    ticks: u32,
    strangers: u32,
    refreshes: u32,
    /// The owner came while the tick's work was pending; of these, while a stranger's login was under way.
    pending_at_the_owner: u32,
    behind_a_stranger: u32,
    /// Ticks that ended while strangers' logins stood in the queue.
    ended_beside_strangers: u32,
    second_tries: u32,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Stranger),
        2 => Just(Happening::Garbage),
        1 => Just(Happening::Tick),
        4 => any::<bool>().prop_map(|bad| Happening::Answer { bad }),
        1 => any::<bool>().prop_map(|good| Happening::Refreshed { good }),
        1 => Just(Happening::Rejected),
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
    met: Met,
}

/// Marks a token that a refresh has brought.
const REFRESHED: u32 = 8_000;

fn code(login: LoginId) -> AuthCode {
    AuthCode::new(jwt::fake(&json!({"app_id": "ABCD1234EF", "login": login})))
}

impl World {
    fn new() -> Self {
        let backend = Backend::monday();
        Self {
            backend,
            calls: vec![],
            waits: vec![],
            ended: vec![],
            last: 0,
            owners: vec![],
            met: Met::default(),
        }
    }

    fn tell(&mut self, input: Input) -> Result<(), TestCaseError> {
        let was_open = self.backend.machine.open_tick().is_some();
        self.backend.events.clear();
        self.backend.tell(input);
        if was_open && self.backend.machine.open_tick().is_none() {
            self.tick_ended()?;
        }
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

    /// A stranger's login is no reason for the end of a tick.
    fn tick_ended(&mut self) -> Result<(), TestCaseError> {
        let is_asked = self.backend.state().0 == StateName::LoginRequired;
        let is_over = self.backend.count(|event| matches!(event, Event::DayGivenUp { .. })) > 0;
        let has_token = self.backend.usable().is_some();
        prop_assert!(
            has_token || is_asked || is_over,
            "a tick without an outcome: {:?}",
            self.backend.events
        );
        let first = self.backend.machine.logins.first();
        self.met.ended_beside_strangers += u32::from(first.is_some_and(|login| !login.by.is_vouched()));
        Ok(())
    }

    /// Answers the open refresh.
    fn refreshed(&mut self, good: bool) -> Result<(), TestCaseError> {
        let place = self.calls.iter().position(|call| matches!(call, Effect::CallRefresh(..)));
        let Some(Effect::CallRefresh(call, _)) = place.map(|place| self.calls.remove(place)) else {
            return Ok(());
        };
        self.met.refreshes += 1;
        let fresh = FreshTokens { access: access(at("2026-11-24T06:00"), REFRESHED), refresh: None };
        self.tell(Input::Refreshed(call, if good { Ok(fresh) } else { Err(no(-16, DISABLED)) }))
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
                let mut own = self.owners.iter().map(|login| *login as u32).chain([REFRESHED]);
                let mine = own.any(|mark| access(end, mark) == token);
                let account = profile(if mine { "XX00001" } else { "YY00002" });
                Input::Profiled(call, if bad { Err(down()) } else { Ok(account) })
            }
            _ => return Ok(()),
        };
        self.tell(input)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        match happening {
            Happening::Stranger | Happening::Garbage => {
                self.met.strangers += 1;
                self.login(LoginOrigin::Page).map(drop)
            }
            Happening::Refreshed { good } => self.refreshed(good),
            Happening::Rejected => match self.backend.machine.view(self.backend.now).fingerprint {
                Some(token) => self.tell(Input::TokenRejected(token)),
                None => Ok(()),
            },
            Happening::Tick => {
                self.met.ticks += 1;
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
        let is_pending = self.backend.machine.open_tick().is_some();
        let first = self.backend.machine.logins.first();
        self.met.behind_a_stranger += u32::from(is_pending && first.is_some());
        self.met.pending_at_the_owner += u32::from(is_pending);
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

impl Met {
    fn add(&mut self, other: &Self) {
        let Self { ticks, strangers, refreshes, .. } = other;
        self.ticks += ticks;
        self.strangers += strangers;
        self.refreshes += refreshes;
        self.pending_at_the_owner += other.pending_at_the_owner;
        self.behind_a_stranger += other.behind_a_stranger;
        self.ended_beside_strangers += other.ended_beside_strangers;
        self.second_tries += other.second_tries;
    }
}

fn walk(before: Vec<Happening>, during: &[Happening]) -> Result<Met, TestCaseError> {
    let mut world = World::new();
    for happening in before {
        world.happen(happening)?;
    }
    if !world.owner_gets_in(during)? {
        world.met.second_tries += 1;
        prop_assert!(world.owner_gets_in(during)?, "{:?}", world.ended);
    }
    prop_assert!(world.backend.usable().is_some());
    Ok(world.met)
}

#[test]
fn the_owner_gets_in_within_two_tries_and_no_work_is_lost() {
    let happenings = |most| proptest::collection::vec(happening(), 0..most);
    let met = RefCell::new(Met::default());
    // PROPTEST_CASES asks for more.
    let config = ProptestConfig::default();
    let mut runner = TestRunner::new(ProptestConfig { cases: config.cases.max(512), ..config });
    let walks = runner.run(&(happenings(60), happenings(40)), |(before, during)| {
        met.borrow_mut().add(&walk(before, &during)?);
        Ok(())
    });
    walks.unwrap_or_else(|error| panic!("{error}"));
    let met = met.into_inner();
    println!("{met:?}");
    let rare = met.pending_at_the_owner.min(met.behind_a_stranger).min(met.ended_beside_strangers);
    // About half of what the dice bring on the average.
    assert!(met.ticks > 500 && met.strangers > 2_500 && met.refreshes > 100 && rare > 20, "{met:?}");
}
