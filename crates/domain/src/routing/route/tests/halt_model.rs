//! A halt against a market that fills orders when it likes: whatever is sent, no position grows and none turns round.

use super::{
    account_model::{PLACES, Step, World, knowing, open, step},
    *,
};

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    /// Under a halt, whatever is sent in whatever interleaving with fills and readings, in two symbols and two products, and with
    /// an exit from before the halt still on its way: no position grows and none changes its sign.
    #[test]
    fn a_halt_only_ever_reduces(
        net in open(), (at, early) in (0..PLACES.len(), 0i64..40), steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut now = halted(knowing(net));
        let mut world = World::holding(net);
        if early > 0 && early <= net[at].abs() {
            let exit = Step::Place((at, -early * net[at].signum()));
            world.send(&exit, &exit.call().unwrap(), &now.live.positions);
        }
        let mut last = net;
        for step in steps {
            world.grow_older();
            now.sent = world.sent();
            match (&step, step.call()) {
                (Step::Fill(which, by), _) => world.fill(*which, *by),
                (_, Some(sent)) if route(&now, &sent) == Route::Fyers => {
                    world.send(&step, &sent, &now.live.positions);
                }
                (Step::Look, _) => world.look(&mut now),
                _ => {}
            }
            for place in 0..PLACES.len() {
                let (before, is) = (last[place], world.net[place]);
                prop_assert!(is.abs() <= before.abs() && is * net[place] >= 0, "{:?}: {before} became {is}", PLACES[place]);
            }
            last = world.net;
        }
    }
}
