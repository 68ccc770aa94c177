//! The limits over made-up time.

use proptest::prelude::*;

use super::*;

mod everybody;

const READ: RequestCost = RequestCost { kind: Kind::Other, weight: 1, caller: Caller::Bot, share: None };
const ORDER: RequestCost = RequestCost { kind: Kind::Order, weight: 1, caller: Caller::Bot, share: None };
const OWN: RequestCost = RequestCost { kind: Kind::Other, weight: 1, caller: Caller::Keeper, share: None };
const SECOND: Duration = Duration::from_secs(1);

fn noon() -> DateTime<Utc> {
    "2026-11-24T06:30:00Z".parse().unwrap()
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// Tries at the arrival and again whenever it was told to; returns when each call left.
fn run(arrivals: &[(u64, RequestCost)]) -> Vec<(Duration, u32)> {
    let (mut window, mut now, mut left) = (Window::default(), Duration::ZERO, Vec::new());
    for (gap, cost) in arrivals {
        now += ms(*gap);
        // One waits behind the other, as in the proxy.
        while let Err(wait) = window.leave(*cost, now, noon()) {
            now += wait.length;
        }
        left.push((now, cost.weight));
    }
    left
}

/// The most weight that any half-open span of this length holds.
fn most_within(left: &[(Duration, u32)], span: Duration) -> u32 {
    let from = |first: usize| left[first..].iter().take_while(move |(at, _)| *at < left[first].0 + span);
    (0..left.len()).map(|first| from(first).map(|(_, weight)| weight).sum()).max().unwrap_or(0)
}

fn cost() -> impl Strategy<Value = RequestCost> {
    prop_oneof![
        Just(READ),
        Just(ORDER),
        (1..=10u32).prop_map(|weight| RequestCost {
            kind: Kind::Order,
            weight,
            caller: Caller::Bot,
            share: None
        })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_second_and_no_minute_ever_has_too_many(
        arrivals in prop::collection::vec((prop_oneof![Just(0u64), 0..40u64, 900..1_300u64, 0..20_000u64], cost()), 1..700)
    ) {
        let left = run(&arrivals);
        prop_assert!(most_within(&left, ms(1_100)) <= 10);
        prop_assert!(most_within(&left, 61 * SECOND) <= 190);
    }

    /// However long each call is on its way, as on a new connection: FYERS never counts too many.
    #[test]
    fn whatever_is_on_its_way_no_second_of_fyers_has_too_many(
        calls in prop::collection::vec((prop_oneof![Just(0u64), 0..300u64], 0..1_900u64, 0..100u64), 1..300)
    ) {
        let (mut window, mut now) = (Window::default(), Duration::ZERO);
        // When the answers come, and which calls they are of.
        let mut due: Vec<(Duration, usize)> = vec![];
        let mut arrivals: Vec<(Duration, u32)> = vec![];
        for (gap, on_the_way, back) in calls {
            now += ms(gap);
            loop {
                due.retain(|(at, number)| {
                    if *at <= now {
                        window.answered(*number, *at);
                    }
                    *at > now
                });
                match window.leave(ORDER, now, noon()) {
                    Ok(()) => break,
                    Err(wait) => now += wait.length,
                }
            }
            arrivals.push((now + ms(on_the_way), 1));
            due.push((now + ms(on_the_way + back), window.under_way()));
        }
        arrivals.sort_unstable();
        prop_assert!(most_within(&arrivals, SECOND) <= 10);
    }

    #[test]
    fn of_single_calls_the_keepers_share_stays_free(gaps in prop::collection::vec(0..150u64, 1..500)) {
        let left = run(&gaps.iter().map(|gap| (*gap, ORDER)).collect::<Vec<_>>());
        prop_assert!(most_within(&left, SECOND) <= 9);
        prop_assert!(most_within(&left, 60 * SECOND) <= 190);
    }

    #[test]
    fn a_wait_is_never_longer_than_it_must_be(gaps in prop::collection::vec(0..400u64, 1..300)) {
        let (mut window, mut now) = (Window::default(), Duration::ZERO);
        for gap in gaps {
            now += ms(gap);
            if let Err(wait) = window.leave(READ, now, noon()) {
                let early = now + wait.length - ms(1);
                prop_assert!(window.leave(READ, early, noon()).is_err());
                now += wait.length;
                prop_assert!(window.leave(READ, now, noon()).is_ok());
            }
        }
    }
}

#[test]
fn a_bot_that_reads_all_it_can_leaves_room_for_an_order() {
    let mut window = Window::default();
    let reads = (0..50).filter(|_| window.leave(READ, SECOND, noon()).is_ok()).count();
    assert_eq!(reads, 8);
    assert_eq!(window.leave(ORDER, SECOND, noon()), Ok(()));
    let wait = window.leave(ORDER, SECOND, noon()).unwrap_err();
    assert_eq!(wait, Wait { limit: Limit::Second, length: ms(1_100) });
}

#[test]
fn a_call_counts_until_a_second_after_its_answer_and_not_for_ever() {
    let mut window = Window::default();
    let slow: Vec<usize> = (0..9)
        .map(|_| {
            window.leave(ORDER, SECOND, noon()).unwrap();
            window.under_way()
        })
        .collect();
    assert!(window.leave(ORDER, ms(2_200), noon()).is_err(), "they may arrive now");
    for number in &slow[..8] {
        window.answered(*number, ms(1_050));
    }
    assert_eq!(window.leave(ORDER, ms(2_200), noon()), Ok(()), "eight have been there for long");
    let mut window = Window::default();
    for _ in 0..9 {
        window.leave(ORDER, SECOND, noon()).unwrap();
        window.under_way();
    }
    assert!(window.leave(ORDER, ms(3_900), noon()).is_err());
    assert_eq!(
        window.leave(ORDER, 4 * SECOND, noon()),
        Ok(()),
        "a FYERS that hangs holds up nobody for long"
    );
}

/// kill -9, and the next run is there at once.
#[test]
fn after_a_crash_the_second_before_counts_as_full() {
    let mut window = Window::default();
    window.assume_full_second(Duration::ZERO);
    for cost in [READ, ORDER, RequestCost::SESSION] {
        let wait = window.leave(cost, ms(100), noon()).unwrap_err();
        assert_eq!(wait, Wait { limit: Limit::Second, length: SECOND }, "{cost:?}");
    }
    assert_eq!(window.leave(RequestCost::SESSION, ms(1_100), noon()), Ok(()));
}

/// What has left (at, weight), as the run that starts at `now` reads it.
fn recalled(left: &[(Duration, u32)], now: Duration) -> Window {
    let sent: Vec<Sent> =
        left.iter().map(|(at, weight)| Sent { from: None, age: now - *at, weight: *weight }).collect();
    let mut window = Window::default();
    window.recall(&sent, now);
    window
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// However often the program is killed and started again, and whatever is asked of it: the limits hold.
    #[test]
    fn no_second_and_no_minute_has_too_many_over_any_number_of_crashes(
        lives in prop::collection::vec((0..4_000u64, prop::collection::vec((0..200u64, cost()), 1..40)), 2..20)
    ) {
        let (mut now, mut left) = (100 * SECOND, Vec::new());
        for (pause, arrivals) in lives {
            now += ms(pause);
            let mut window = recalled(&left, now);
            for (gap, cost) in arrivals {
                now += ms(gap);
                if window.leave(cost, now, noon()).is_ok() {
                    left.push((now, cost.weight));
                }
            }
        }
        prop_assert!(most_within(&left, SECOND) <= 10);
        prop_assert!(most_within(&left, 60 * SECOND) <= 190);
    }
}

/// Bots have read all they can, and the program is killed: reads wait, orders and the keeper's own calls leave.
#[test]
fn after_a_crash_in_a_full_minute_reads_yield_to_orders_and_to_the_keepers_own_calls() {
    let left: Vec<(Duration, u32)> =
        run(&[(0, READ); 168]).iter().map(|(at, one)| (*at + SECOND, *one)).collect();
    let start = left.last().unwrap().0 + 2 * SECOND;
    let mut window = recalled(&left, start);
    let wait = window.leave(READ, start, noon()).unwrap_err();
    assert_eq!(
        (wait.limit, wait.length),
        (Limit::Minute, 63 * SECOND - start),
        "until the first read is out, whenever it was answered"
    );
    // Once the second before the start counts no more.
    let next = start + 2 * SECOND;
    assert_eq!(window.leave(READ, next, noon()).unwrap_err().limit, Limit::Minute);
    assert_eq!(window.leave(RequestCost::SESSION, next, noon()), Ok(()));
    assert_eq!(window.leave(ORDER, next, noon()), Ok(()));
}

/// What was on its way when the program was killed arrives at once or never.
#[test]
fn after_a_crash_the_last_second_counts_from_the_start() {
    let start = 10 * SECOND;
    let left: Vec<(Duration, u32)> = (0..9).map(|_| (start - ms(1_500), 1)).collect();
    let mut window = recalled(&left, start);
    assert_eq!(window.leave(ORDER, start, noon()).unwrap_err().length, SECOND);
    let mut window = recalled(&left[..8], start);
    assert_eq!(window.leave(ORDER, start, noon()), Ok(()));
}

#[test]
fn the_days_counts_go_on_over_a_start_and_end_with_the_day() {
    let mut window = Window::default();
    window.recall_day(noon(), DayCounts { orders: ORDERS_A_DAY - 1, others: 5 });
    assert_eq!(window.leave(ORDER, SECOND, noon()), Ok(()));
    assert_eq!(window.day(), DayCounts { orders: ORDERS_A_DAY, others: 5 });
    assert_eq!(window.leave(ORDER, 3 * SECOND, noon()).unwrap_err().limit, Limit::Day);
    assert_eq!(window.leave(ORDER, 3 * SECOND, noon() + TimeDelta::days(1)), Ok(()));
}

#[test]
fn a_full_minute_says_how_long() {
    let left = run(&[(0, READ); 168]);
    assert!(left.last().unwrap().0 < 30 * SECOND, "the second's limit alone");
    let mut window = Window::default();
    for (at, _) in &left {
        window.leave(READ, *at, noon()).unwrap();
    }
    let wait = window.leave(READ, 30 * SECOND, noon()).unwrap_err();
    assert_eq!(wait, Wait { limit: Limit::Minute, length: 31 * SECOND });
    assert_eq!(window.leave(ORDER, 30 * SECOND, noon()), Ok(()));
}

/// Bots have read all they can in this minute. The regular readings, six before exits under a halt, and exits leave.
#[test]
fn readings_before_exits_and_the_exits_find_room_beside_all_reads() {
    let left = run(&[(0, READ); 168]);
    let mut window = Window::default();
    for (at, _) in &left {
        window.leave(READ, *at, noon()).unwrap();
    }
    let own = [OWN; 18].into_iter().chain([ORDER; 4]);
    for (number, cost) in own.enumerate() {
        let at = 30 * SECOND + ms(1_200 * u64::try_from(number).unwrap());
        assert_eq!(window.leave(cost, at, noon()), Ok(()), "{number}");
    }
}

#[test]
fn a_basket_of_ten_waits_for_an_empty_second_and_fills_it() {
    let basket = RequestCost { kind: Kind::Order, weight: 10, caller: Caller::Bot, share: None };
    let mut window = Window::default();
    window.leave(ORDER, ms(500), noon()).unwrap();
    assert_eq!(window.leave(basket, ms(600), noon()).unwrap_err().length, ms(1_000));
    window.leave(basket, ms(1_600), noon()).unwrap();
    assert_eq!(window.leave(READ, ms(1_700), noon()).unwrap_err().length, ms(1_000));
}

#[test]
fn the_day_ends_at_midnight_in_mumbai_and_only_once() {
    let late: DateTime<Utc> = "2026-11-24T18:29:00Z".parse().unwrap();
    let full = DayCounts { orders: ORDERS_A_DAY, others: 0 };
    let mut window = Window::default();
    window.recall_day(late, full);
    let wait = window.leave(ORDER, SECOND, late).unwrap_err();
    assert_eq!(wait, Wait { limit: Limit::Day, length: 60 * SECOND });
    assert_eq!(window.leave(READ, SECOND, late), Ok(()), "reads are counted apart");

    let next = late + TimeDelta::minutes(1);
    assert_eq!(window.leave(ORDER, 2 * SECOND, next), Ok(()));
    window.day = full;
    assert!(window.leave(ORDER, 3 * SECOND, late).is_err(), "the clock was set back");
    assert!(window.leave(ORDER, 4 * SECOND, next).is_err());
}

#[test]
fn fyers_own_refusal_holds_everybody_until_it_said() {
    let mut window = Window::default();
    window.refused(10 * SECOND, Some(7 * SECOND));
    for cost in [READ, ORDER] {
        let wait = window.leave(cost, 12 * SECOND, noon()).unwrap_err();
        assert_eq!(wait, Wait { limit: Limit::Fyers, length: 5 * SECOND });
    }
    window.refused(13 * SECOND, Some(SECOND));
    assert_eq!(window.leave(READ, 16 * SECOND, noon()).unwrap_err().length, SECOND, "never sooner");
    assert_eq!(window.leave(READ, 17 * SECOND, noon()), Ok(()));
    window.refused(18 * SECOND, Some(1_000_000 * SECOND));
    assert_eq!(window.leave(READ, 18 * SECOND, noon()).unwrap_err().length, LONGEST_HOLD);
}

#[test]
fn without_a_word_from_fyers_the_wait_doubles_with_each_strike() {
    let (mut window, mut now) = (Window::default(), SECOND);
    for hold in [2, 4, 8, 16, 32, 60, 60] {
        window.refused(now, None);
        window.refused(now, None);
        assert_eq!(window.leave(READ, now, noon()).unwrap_err().length, hold * SECOND);
        now += hold * SECOND;
    }
    window.accepted(now);
    window.refused(now, None);
    assert_eq!(window.leave(READ, now, noon()).unwrap_err().length, 2 * SECOND);
}

/// The keeper's reading has taken all it can in this minute: what asks about the token leaves all the same.
#[test]
fn the_session_finds_room_beside_all_reading_of_the_keepers_own() {
    let left = run(&[(0, OWN); 194]);
    let mut window = Window::default();
    for (at, _) in &left {
        window.leave(OWN, *at, noon()).unwrap();
    }
    let last = left.last().unwrap().0;
    assert_eq!(window.leave(OWN, last + 2 * SECOND, noon()).unwrap_err().limit, Limit::Minute);
    for number in 0..2 {
        let at = last + 2 * SECOND + ms(200 * number);
        assert_eq!(window.leave(RequestCost::SESSION, at, noon()), Ok(()), "{number}");
    }
    assert!(window.leave(RequestCost::SESSION, last + 4 * SECOND, noon()).is_err(), "196 and no more");
}
