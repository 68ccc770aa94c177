//! A dead token beside a market that goes on filling what was sent before: whatever a bot sends, nothing that could be the exit of a
//! real position, or of a part of one, is simulated. Its size does not matter: what would close a position and open another one is the
//! exit of the first.

use std::cell::RefCell;

use proptest::test_runner::TestRunner;

use super::{
    account_model::{PLACES, Step, World, knowing, open, places_of, positions, step},
    *,
};

/// What the walks met: of none of it there may be too little.
#[derive(Debug, Default)]
struct Met {
    simulated: u32,
    refused: u32,
    /// Exits that were refused, of what the fills since the last look have left open or opened.
    exits: u32,
    /// Of these, of positions that the keeper had not read.
    unseen: u32,
}

/// A day until the token dies: what is open is changed by orders that fill when they like.
fn live(now: &mut Snapshot, world: &mut World, steps: &[Step]) {
    for step in steps {
        world.grow_older();
        now.sent = world.sent();
        match (step, step.call()) {
            (Step::Fill(which, by), _) => world.fill(*which, *by),
            (Step::Look, _) => world.look(now),
            // What waits for a condition has a memory and tests of its own (`conditional`).
            (Step::Other(..), _) => {}
            (_, Some(sent)) if route(now, &sent) == Route::Fyers => {
                world.send(step, &sent, &now.live.positions);
            }
            _ => {}
        }
    }
}

/// Whether one of these orders, or all that is open being closed, is an exit of what is open.
fn closes(step: &Step, sent: &OrderCall, net: [i64; 4]) -> bool {
    let is_open_against =
        |leg: &Leg, place: usize| net[place] != 0 && net[place].signum() == -leg.quantity.signum();
    let is_exit = |leg: &Leg| places_of(leg).into_iter().any(|place| is_open_against(leg, place));
    let is_of_all = matches!(step, Step::ExitAll) || sent.operation == Operation::ConvertPosition;
    sent.legs.iter().any(is_exit) || (is_of_all && net.iter().any(|net| *net != 0))
}

fn walk(net: [i64; 4], before: &[Step], after: Vec<Step>, met: &mut Met) -> Result<(), TestCaseError> {
    let (mut now, mut world, mut simulated) = (knowing(net), World::holding(net), [0; 4]);
    live(&mut now, &mut world, before);
    let known: Vec<i64> = now.live.positions.iter().map(|position| position.net).collect();
    now = Snapshot { mode: Mode::Mock, token: None, sent: world.sent(), ..now };
    for step in after {
        if let Step::Fill(which, by) = step {
            world.fill(which, by);
        }
        let Some(sent) = step.call() else { continue };
        let is_exit = closes(&step, &sent, world.net);
        match route(&now, &sent) {
            Route::Fyers => return Err(TestCaseError::fail(format!("{step:?} has left without a token"))),
            Route::Refused(_) => {
                met.refused += 1;
                met.exits += u32::from(is_exit);
                met.unseen += u32::from(is_exit && known != world.net);
            }
            Route::MockExchange => {
                prop_assert!(!is_exit, "{step:?} is simulated while {:?} are open", world.net);
                met.simulated += 1;
                sent.legs.iter().for_each(|leg| simulated[places_of(leg)[0]] += leg.quantity);
                now.simulated = positions(simulated);
            }
        }
    }
    Ok(())
}

#[test]
fn without_a_token_no_exit_of_a_real_position_is_simulated() {
    let steps = |most| proptest::collection::vec(step(), 0..most);
    let met = RefCell::new(Met::default());
    // PROPTEST_CASES asks for more.
    let config = ProptestConfig::default();
    let mut runner = TestRunner::new(ProptestConfig { cases: config.cases.max(2_000), ..config });
    let walks = runner.run(&(open(), steps(20), steps(40)), |(net, before, after)| {
        walk(net, &before, after, &mut met.borrow_mut())
    });
    walks.unwrap_or_else(|error| panic!("{error}"));
    let met = met.into_inner();
    println!("{met:?}; {} places", PLACES.len());
    assert!(met.simulated > 500 && met.exits > 500 && met.unseen > 100 && met.refused > met.exits, "{met:?}");
}
