//! Owner, strangers, refreshes, ticks and bots in random order, and calls that are on their way for long: what reaches FYERS stays
//! within its limits, and the session's own calls always leave. That the owner gets in and no work is lost beside all this is
//! `keeper_domain::session::rules::login_walk`.

use std::cell::RefCell;

use proptest::test_runner::TestRunner;

use super::*;
use crate::fyers::limits::logins::FailedLogins;

const SESSION: RequestCost = RequestCost::SESSION;
/// What a call of the keeper's own waits for room.
const PATIENCE: Duration = Duration::from_secs(65);

#[derive(Debug, Clone, Copy)]
enum Comer {
    Owner,
    /// With a code that means nothing.
    Stranger,
    Refresh,
    Tick,
    /// A bot that reads, and comes again as soon as it is refused.
    Reader,
    Orderer,
    /// A basket of so many orders.
    Basket(u32),
}

impl Comer {
    /// A login and a refresh are one call, and one more that proves the token; a tick asks about the token and reads the books.
    fn calls(self) -> Vec<RequestCost> {
        match self {
            Self::Owner | Self::Refresh => vec![SESSION, SESSION],
            Self::Stranger => vec![SESSION],
            Self::Tick => vec![SESSION, OWN, OWN],
            Self::Reader => vec![READ],
            Self::Orderer => vec![ORDER],
            Self::Basket(weight) => vec![RequestCost { weight, ..ORDER }],
        }
    }
}

/// How many milliseconds a call is on its way, and its answer.
type Travel = (u64, u64);

fn comer() -> impl Strategy<Value = Comer> {
    prop_oneof![
        1 => Just(Comer::Owner),
        6 => Just(Comer::Stranger),
        1 => Just(Comer::Refresh),
        1 => Just(Comer::Tick),
        40 => Just(Comer::Reader),
        10 => Just(Comer::Orderer),
        3 => (1..=10u32).prop_map(Comer::Basket),
    ]
}

fn travel() -> impl Strategy<Value = Travel> {
    (prop_oneof![9 => 0..60u64, 1 => 0..1_900u64], 0..100u64)
}

/// What the walks met: of none of it there may be too little.
#[derive(Debug, Default)]
struct Met {
    left: usize,
    refused: usize,
    strangers_held: usize,
    waited: usize,
    most_in_a_second: u32,
    most_in_a_minute: u32,
}

#[derive(Default)]
struct World {
    window: Window,
    logins: FailedLogins,
    now: Duration,
    /// Calls of the keeper's own that wait for room, until when, and how long they travel.
    waiting: VecDeque<(RequestCost, Duration, Travel)>,
    /// When the answers come, and which calls they are of.
    due: Vec<(Duration, usize)>,
    arrivals: Vec<(Duration, u32)>,
    lost: usize,
    met: Met,
}

impl World {
    fn comes(&mut self, comer: Comer, travel: Travel) {
        if matches!(comer, Comer::Stranger) {
            if self.logins.wait(self.now).is_some() {
                self.met.strangers_held += 1;
                return;
            }
            self.logins.failed(self.now);
        }
        for cost in comer.calls() {
            if cost.caller == Caller::Bot {
                self.met.refused += usize::from(self.leave(cost, travel).is_err());
            } else {
                self.waiting.push_back((cost, self.now + PATIENCE, travel));
            }
        }
    }

    fn leave(&mut self, cost: RequestCost, (there, back): Travel) -> Result<(), Wait> {
        self.window.leave(cost, self.now, noon())?;
        self.arrivals.push((self.now + ms(there), cost.weight));
        self.due.push((self.now + ms(there + back), self.window.under_way()));
        self.met.left += 1;
        Ok(())
    }

    fn hear_answers(&mut self) {
        for (at, number) in self.due.extract_if(.., |(at, _)| *at <= self.now) {
            self.window.answered(number, at);
        }
    }

    /// Whoever may leave does; when the next one may at the earliest.
    fn let_leave(&mut self) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        for (cost, deadline, travel) in std::mem::take(&mut self.waiting) {
            let Err(wait) = self.leave(cost, travel) else { continue };
            let again = self.now + wait.length;
            self.met.waited += 1;
            self.lost += usize::from(again > deadline);
            self.waiting.push_back((cost, deadline, travel));
            next = Some(next.map_or(again, |next| next.min(again)));
        }
        next
    }

    fn pass(&mut self, until: Duration) {
        while self.now < until {
            self.hear_answers();
            let next = self.let_leave().into_iter().chain(self.due.iter().map(|(at, _)| *at));
            self.now = next.filter(|at| *at > self.now).min().unwrap_or(until).min(until);
        }
        self.hear_answers();
    }
}

fn walk(comers: Vec<(u64, Comer, Travel)>) -> Result<Met, TestCaseError> {
    let mut world = World::default();
    for (gap, comer, travel) in comers {
        world.pass(world.now + ms(gap));
        world.comes(comer, travel);
    }
    world.pass(world.now + PATIENCE);
    prop_assert!(world.waiting.is_empty() && world.lost == 0, "{} of the session did not leave", world.lost);
    world.arrivals.sort_unstable();
    let (second, minute) = (most_within(&world.arrivals, SECOND), most_within(&world.arrivals, 60 * SECOND));
    prop_assert!(second <= 10, "{second} in a second");
    prop_assert!(minute <= 200, "{minute} in a minute");
    (world.met.most_in_a_second, world.met.most_in_a_minute) = (second, minute);
    Ok(world.met)
}

#[test]
fn whoever_comes_in_whatever_order_fyers_limits_hold_and_the_session_leaves() {
    let comers = proptest::collection::vec((0..200u64, comer(), travel()), 700..1_000);
    let met = RefCell::new(vec![]);
    // PROPTEST_CASES asks for more.
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(12);
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let walks = runner.run(&comers, |comers| {
        met.borrow_mut().push(walk(comers)?);
        Ok(())
    });
    walks.unwrap_or_else(|error| panic!("{error}"));
    let met = met.into_inner();
    let sum = |of: fn(&Met) -> usize| met.iter().map(of).sum::<usize>();
    let most = |of: fn(&Met) -> u32| met.iter().map(of).max().unwrap();
    let (second, minute) = (most(|met| met.most_in_a_second), most(|met| met.most_in_a_minute));
    println!(
        "{} walks: {} calls left, {} of bots were refused, {} of strangers held back, the session waited {} times; at most \
         {second} in a second and {minute} in a minute",
        met.len(),
        sum(|met| met.left),
        sum(|met| met.refused),
        sum(|met| met.strangers_held),
        sum(|met| met.waited)
    );
    assert!(second == 10 && minute > 185, "they were never near their ends: {second}, {minute}");
    assert!(sum(|met| met.waited) > 20 && sum(|met| met.strangers_held) > 200);
}
