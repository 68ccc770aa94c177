//! The limiter with bots and the keeper side by side, on tokio's paused clock: minutes pass in no time.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use keeper_domain::{
    keys::BotName,
    ports::Asker,
    shared_calls::{CallsBefore, FIRST_WORDS, RECENT, SentCalls, SharedCalls},
};

use super::*;

struct Noon;

#[async_trait::async_trait]
impl Time for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-24T06:30:00Z".parse().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

const READ: RequestCost = RequestCost { kind: Kind::Other, weight: 1, caller: Caller::Bot, share: None };
const PATIENCE: Duration = Duration::from_secs(2);

fn limiter() -> Arc<Limiter> {
    Limiter::new(Arc::new(Noon))
}

#[tokio::test(start_paused = true)]
async fn bots_that_take_all_they_can_leave_the_keeper_its_own_calls() {
    let limiter = limiter();
    let bots = join_all((0..100).map(|_| limiter.turn(READ, PATIENCE)));
    let own = async {
        sleep(Duration::from_millis(1)).await;
        let asked = Instant::now();
        join_all((0..2).map(|_| limiter.session_turn(RequestCost::SESSION)))
            .await
            .into_iter()
            .for_each(|turn| drop(turn.unwrap()));
        asked.elapsed()
    };
    let (_, waited) = tokio::join!(bots, own);
    assert_eq!(waited, Duration::ZERO, "two of the second's ten are the keeper's");
}

#[tokio::test(start_paused = true)]
async fn everybody_together_stays_within_the_limits_of_the_second_and_the_minute() {
    let limiter = limiter();
    let left = Arc::new(Mutex::new(Vec::new()));
    let caller = |cost: RequestCost, pause: u64| {
        let (limiter, left) = (Arc::clone(&limiter), Arc::clone(&left));
        async move {
            let end = Instant::now() + Duration::from_secs(180);
            while Instant::now() < end {
                if limiter.turn(cost, PATIENCE).await.is_ok() {
                    left.lock().unwrap().push(Instant::now());
                }
                sleep(Duration::from_millis(pause)).await;
            }
        }
    };
    let order = RequestCost { kind: Kind::Order, ..READ };
    tokio::join!(
        caller(READ, 10),
        caller(READ, 17),
        caller(order, 130),
        caller(RequestCost::SESSION, 90),
        caller(RequestCost::SESSION, 300)
    );
    let left = left.lock().unwrap();
    let most = |span: Duration| {
        let within = |from: &Instant| left.iter().filter(|at| *at >= from && **at < *from + span).count();
        left.iter().map(within).max().unwrap()
    };
    assert!(most(Duration::from_secs(1)) <= 10, "{}", most(Duration::from_secs(1)));
    assert!(most(Duration::from_secs(60)) <= 200, "{}", most(Duration::from_secs(60)));
    assert!(left.len() > 450, "and yet they are used: {}", left.len());
}

#[tokio::test(start_paused = true)]
async fn what_fyers_says_to_one_holds_all() {
    let limiter = limiter();
    limiter.heed_own::<()>(&Err(BrokerError::RateLimited { retry_after: Some(Duration::from_secs(30)) }));
    let bot = limiter.turn(READ, PATIENCE).await.unwrap_err();
    assert_eq!((bot.limit, bot.length), (Limit::Fyers, Duration::from_secs(30)));
    limiter.heed(429, Some(Duration::from_secs(60)));
    let own = limiter.session_turn(RequestCost::SESSION).await.unwrap_err();
    assert_eq!(own, BrokerError::RateLimited { retry_after: Some(Duration::from_secs(60)) });
}

/// Where the state database is away, nothing more may be sent than was told of: FYERS has said nothing then, of the token
/// neither.
#[tokio::test(start_paused = true)]
async fn a_question_of_the_session_without_room_among_untold_calls_is_no_word_of_fyers() {
    let limiter = limiter();
    limiter.untold().share();
    let told = limiter.untold().mark();
    while limiter.untold().room(RequestCost::SESSION).is_ok() {
        limiter.untold().leave(RequestCost::SESSION);
    }
    for _ in 0..3 {
        let asked = limiter.session_turn(RequestCost::SESSION).await.map(drop);
        assert_eq!(asked, Err(BrokerError::Transport(Transport::Connect)));
        limiter.heed_own(&asked);
    }
    limiter.untold().told(told + 100);
    let asked = Instant::now();
    drop(limiter.session_turn(RequestCost::SESSION).await.unwrap());
    assert_eq!(asked.elapsed(), Duration::ZERO, "nothing is held back as after a refusal");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_bad_codes_is_a_trickle_of_calls() {
    let (limiter, mut sent) = (limiter(), 0);
    for _ in 0..3_600 {
        if limiter.may_log_in().is_ok() {
            sent += 1;
            limiter.login_failed();
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!(sent <= 40, "{sent} calls in an hour");
}

/// Reads of two keys, the first of which asks for all it can.
async fn reads_of(
    limiter: &Arc<Limiter>,
    name: &str,
    is_alone: bool,
    at_once: usize,
    seconds: u64,
) -> (u32, u32) {
    let asker = Asker { bot: BotName::new(name).unwrap(), is_alone };
    let cost = RequestCost { share: Some(KeyShare::of(&asker)), ..READ };
    let end = Instant::now() + Duration::from_secs(seconds);
    let one = || async {
        let (mut left, mut told_no) = (0, 0);
        while Instant::now() < end {
            match limiter.turn(cost, PATIENCE).await {
                Ok(_) => left += 1,
                Err(_) => told_no += 1,
            }
            sleep(Duration::from_millis(if at_once > 1 { 250 } else { 3_000 })).await;
        }
        (left, told_no)
    };
    let all = join_all((0..at_once).map(|_| one())).await;
    all.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[tokio::test(start_paused = true)]
async fn a_key_that_reads_all_it_can_leaves_another_its_reads() {
    let limiter = limiter();
    let (greedy, modest) =
        tokio::join!(reads_of(&limiter, "greedy", false, 16, 70), reads_of(&limiter, "modest", false, 1, 70));
    assert_eq!(modest.1, 0, "each of {} was let through", modest.0);
    assert!(modest.0 > 20 && greedy.0 >= 126 && greedy.0 <= 2 * 126, "{greedy:?} {modest:?}");
}

#[tokio::test(start_paused = true)]
async fn five_keys_that_read_all_they_can_leave_a_sixth_its_reads() {
    let limiter = limiter();
    let greedy =
        ["first", "second", "third", "fourth", "fifth"].map(|name| reads_of(&limiter, name, false, 16, 70));
    let late = async {
        // The five have had all they can get in this minute.
        sleep(Duration::from_secs(40)).await;
        reads_of(&limiter, "modest", false, 1, 15).await
    };
    let (greedy, modest) = tokio::join!(join_all(greedy), late);
    assert_eq!(modest.1, 0, "each of {} was let through", modest.0);
    assert!(greedy.iter().all(|one| one.0 >= 20), "each of them has its few as well: {greedy:?}");
}

/// However many there are: what is few becomes less.
#[tokio::test(start_paused = true)]
async fn twelve_keys_that_read_all_they_can_leave_one_more_its_reads() {
    let limiter = limiter();
    let names: Vec<String> = (0..12).map(|nth| format!("greedy-{nth}")).collect();
    let greedy = names.iter().map(|name| reads_of(&limiter, name, false, 16, 70));
    let late = async {
        sleep(Duration::from_secs(40)).await;
        reads_of(&limiter, "modest", false, 1, 12).await
    };
    let (_, modest) = tokio::join!(join_all(greedy), late);
    assert_eq!(modest.1, 0, "each of {} was let through", modest.0);
}

#[tokio::test(start_paused = true)]
async fn a_key_without_others_has_all_reads() {
    let limiter = limiter();
    // No call waits until those of the first second count no more.
    let (left, _) = reads_of(&limiter, "default", true, 16, 58).await;
    assert_eq!(left, 168);
}

/// What the database would say of a keeper that crashed: what it wrote with its last renewal, a lease ago.
fn after_a_crash(written: SharedCalls, there: &Limiter) -> CallsBefore {
    let (age, over) = (Duration::from_secs(15), Duration::ZERO);
    CallsBefore {
        written: Some(written),
        age,
        holder: Some(there.origin()),
        over,
        is_whole: false,
        ..CallsBefore::default()
    }
}

/// A state that comes to a folder, and with it what another keeper has sent: the next run there counts it like its own.
#[tokio::test(start_paused = true)]
async fn what_another_keeper_has_sent_is_kept_where_its_state_goes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls");
    let (there, mover, next) = (limiter(), limiter(), limiter());
    while there.turn(READ, PATIENCE).await.is_ok() {}
    there.heed(429, Some(Duration::from_secs(40)));
    let (age, is_whole) = (Duration::ZERO, true);
    let before = CallsBefore { age, is_whole, ..after_a_crash(there.tell().0, &there) };
    mover.go_on(&file);
    mover.adopt(&before);
    next.go_on(&file);
    let sent = |by: &Limiter| {
        let window = by.window();
        let recent = window.sent((by.elapsed)()).filter(|sent| sent.age < RECENT);
        recent.map(|sent| sent.weight).sum::<u32>()
    };
    assert_eq!((sent(&there), sent(&next)), (168, 168));
    // Both lock the window: one after the other.
    let day_and_wait = |of: &Limiter| {
        let day = of.window().day();
        (day, of.held())
    };
    assert_eq!(day_and_wait(&next), day_and_wait(&there));
}

/// It has sent all that it could, a part of it after it wrote for the last time. The next one asks whether the token is good at
/// once, and FYERS gets no more than it allows.
#[tokio::test(start_paused = true)]
async fn after_a_crash_in_a_full_minute_the_session_is_heard_within_fyers_limit() {
    let (there, here) = (limiter(), limiter());
    let left = Arc::new(Mutex::new(Vec::new()));
    let send = async |by: &Arc<Limiter>, cost: RequestCost, patience: Duration| {
        let is_sent = by.turn(cost, patience).await.is_ok();
        if is_sent {
            left.lock().unwrap().push(Instant::now());
        }
        is_sent
    };
    let all_it_can = async |by: &Arc<Limiter>, seconds: u64| {
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            for cost in [RequestCost { caller: Caller::Keeper, ..READ }, RequestCost::SESSION] {
                send(by, cost, Duration::ZERO).await;
            }
            sleep(Duration::from_millis(90)).await;
        }
    };
    all_it_can(&there, 16).await;
    // It is told from here on, and sends no more than it may without telling again.
    there.follow(&CallsBefore::default());
    let (written, mark) = there.tell();
    there.told(mark);
    // Until two seconds before the end of its lease.
    all_it_can(&there, 13).await;
    sleep(Duration::from_secs(2)).await;
    here.follow(&after_a_crash(written, &there));
    for word in 0..FIRST_WORDS {
        // Its second may be full, too.
        assert!(
            send(&here, RequestCost::SESSION, PATIENCE).await,
            "question {word} about the token finds room"
        );
    }
    assert!(!send(&here, READ, PATIENCE).await, "for a bot the minute is full");
    all_it_can(&here, 130).await;
    let left = left.lock().unwrap();
    let within = |from: &Instant| {
        left.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(60)).count()
    };
    let most = left.iter().map(within).max().unwrap();
    assert!((196..=200).contains(&most), "{most} in a minute");
}

#[tokio::test(start_paused = true)]
async fn what_fyers_says_to_one_keeper_holds_the_next_one() {
    let (there, here) = (limiter(), limiter());
    there.heed(429, Some(Duration::from_secs(40)));
    let before = after_a_crash(there.tell().0, &there);
    here.follow(&before);
    let bot = here.turn(READ, PATIENCE).await.unwrap_err();
    assert_eq!((bot.limit, bot.length), (Limit::Fyers, Duration::from_secs(25)));
    let own = here.session_turn(RequestCost::SESSION).await.unwrap_err();
    assert_eq!(own, BrokerError::RateLimited { retry_after: Some(Duration::from_secs(25)) });
    assert_eq!(here.held(), Duration::from_secs(25), "and the one after it");
    sleep(Duration::from_secs(26)).await;
    assert!(here.session_turn(RequestCost::SESSION).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_fyers_says_to_one_run_holds_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls");
    let (before, after) = (limiter(), limiter());
    before.go_on(&file);
    before.heed(429, Some(Duration::from_secs(40)));
    after.go_on(&file);
    let bot = after.turn(READ, PATIENCE).await.unwrap_err();
    assert_eq!((bot.limit, bot.length), (Limit::Fyers, Duration::from_secs(40)));
}

/// It waited for its turn for longer than the lease was good: what would leave now nobody counts, and another one may act.
#[tokio::test(start_paused = true)]
async fn what_waits_when_the_lease_ends_never_leaves() {
    let limiter = limiter();
    let is_good = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let good = Arc::clone(&is_good);
    limiter.leave_while(move || good.load(Ordering::SeqCst));
    while limiter.turn(READ, Duration::ZERO).await.is_ok() {}
    let (told, _) = limiter.tell();
    let bot = limiter.turn(READ, PATIENCE);
    let own = async {
        while limiter.turn(RequestCost::SESSION, Duration::ZERO).await.is_ok() {}
        limiter.session_turn(RequestCost::SESSION).await
    };
    let end = async {
        sleep(Duration::from_millis(100)).await;
        is_good.store(false, Ordering::SeqCst);
    };
    let (bot, own, ()) = tokio::join!(bot, own, end);
    assert_eq!(bot.unwrap_err().limit, Limit::Lease);
    assert_eq!(own.unwrap_err(), BrokerError::Transport(Transport::Connect), "as if FYERS were out of reach");
    assert_ne!(told, SharedCalls::default());
}
