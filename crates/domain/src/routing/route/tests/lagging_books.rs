//! A halt against FYERS' books that lag: behind its answers and behind each other, over restarts of the keeper. Whatever is sent,
//! no exit that is let out turns a position or makes it larger.

use chrono::TimeDelta;

use super::*;
use crate::routing::{
    known_rows::KnownRows,
    live_positions::BookRow,
    settling::{self, SeenBooks, UnreadRequest},
    shown_fills::ShownFills,
    sums::unseen_fills,
};

mod broker;
use broker::{Broker, States, moment};

const A: &str = "NSE:A-EQ";
/// Seconds that a book is behind at most.
const LAG: i64 = 110;

/// What a bot does, and what FYERS does with it.
#[derive(Debug, Clone)]
enum Step {
    Place(i64),
    Basket(Vec<i64>),
    /// An exit of positions, which may cancel what waits.
    Exit(bool),
    /// A change of one of the orders.
    Change(usize, i64),
    /// Of the orders, this one fills by this much.
    Fill(usize, i64),
    /// This one is over, as one that FYERS rejects.
    End(usize),
    /// So many seconds, and then both books show so many states more.
    Wait(i64, usize, usize),
    /// For so many seconds the order book leaves out these of its rows.
    LeaveOut(u8, i64),
    /// The keeper ends, and another one begins with what is on disk.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (-30i64..30).prop_map(Step::Place),
        1 => proptest::collection::vec(-20i64..20, 1..4).prop_map(Step::Basket),
        3 => any::<bool>().prop_map(Step::Exit),
        1 => (0usize..6, 1i64..30).prop_map(|(which, quantity)| Step::Change(which, quantity)),
        6 => (0usize..8, 1i64..40).prop_map(|(which, by)| Step::Fill(which, by)),
        2 => (0usize..8).prop_map(Step::End),
        6 => (0i64..50, 0usize..4, 0usize..4).prop_map(|(seconds, book, net)| Step::Wait(seconds, book, net)),
        2 => (prop_oneof![Just(u8::MAX), any::<u8>()], 0i64..100)
            .prop_map(|(rows, seconds)| Step::LeaveOut(rows, seconds)),
        1 => Just(Step::Restart),
    ]
}

/// The keeper: what it has on disk, and what it has made of that.
struct Keeper {
    all: Vec<UnreadRequest>,
    answered: Vec<(UnreadRequest, Reserved)>,
    fills: ShownFills,
    rows: KnownRows,
    live: LivePositions,
    /// The order book as last read.
    last: Vec<BookRow>,
    /// Orders that a bot has sent.
    own: Vec<String>,
}

impl Keeper {
    fn look(&mut self, broker: &Broker) {
        let now = moment(broker.now);
        let (book, positions) = (self.rows.complete(broker.book(), now), broker.positions());
        let own = &self.own;
        let seen = SeenBooks {
            book: &book,
            positions: &positions,
            gtts: &[],
            began: now,
            at: now,
            is_known: &|id| own.iter().any(|known| known == id),
            by_its_clock: &|moment| moment,
            on_the_way: &[],
        };
        self.last = book.clone();
        let requests: Vec<&UnreadRequest> = self.answered.iter().map(|(request, _)| request).collect();
        let left = settling::learn(&mut self.fills, &seen, &requests);
        let answered = std::mem::take(&mut self.answered).into_iter().zip(left);
        self.answered = answered.filter_map(|((request, _), left)| Some((request, left?))).collect();
        let (waiting_ids, waiting) =
            book.into_iter().filter(|row| row.waits).map(|row| (row.id, row.leg)).unzip();
        self.live = LivePositions {
            positions,
            waiting,
            waiting_ids,
            was_live: true,
            read_at: Some(now),
            newest_sent: Some(self.all.len() as i64),
            not_shown: self.answered.iter().map(|(request, _)| request.id).collect(),
            agreed: self.fills.agreed(),
            untold: self.fills.untold(),
            contradicted: self.fills.contradicted(),
            filled: self.rows.filled(),
            ..LivePositions::default()
        };
    }

    fn restart(&mut self) {
        let live = serde_json::to_string(&self.live).unwrap();
        self.live = serde_json::from_str(&live).unwrap();
        let newest = self.live.newest_sent.unwrap();
        let is_unread = |one: &&UnreadRequest| one.id > newest || self.live.not_shown.contains(&one.id);
        let unread = self.all.iter().filter(is_unread).cloned();
        self.last = vec![];
        self.answered = unread.map(|one| (one.clone(), one.reserved)).collect();
        let today = fyers_api::ist::date(self.live.read_at.unwrap());
        self.fills = ShownFills::recall(&self.live, today);
        self.rows = KnownRows::recall(&self.live, today);
    }

    fn snapshot(&self, now: i64) -> Snapshot {
        let legs: Vec<Leg> = self.answered.iter().flat_map(|(_, counts)| counts.legs.clone()).collect();
        let book = &self.last;
        let listed = self.answered.iter().filter(|(request, _)| request.is_listed(book));
        let listed = listed.flat_map(|(_, counts)| counts.legs.clone()).collect();
        let is_opaque = self.answered.iter().any(|(_, counts)| counts.is_opaque);
        let sent = Reserved { legs: legs.clone(), is_opaque };
        let (live, at) = (self.live.clone(), moment(now));
        let torn = self.fills.torn();
        let untold = self.fills.untold().into_iter().map(|(symbol, _)| symbol).collect();
        Snapshot { untold, live, sent, not_shown: legs, listed, torn, at, ..halted(snapshot(Mode::Live)) }
    }

    /// Sends it, if that is let out by a reading of now.
    fn send(&mut self, sent: &OrderCall, broker: &mut Broker) {
        self.look(broker);
        let now = self.snapshot(broker.now);
        if route(&now, sent) != Route::Fyers {
            return;
        }
        let ids = match sent.operation {
            Operation::ExitPositions => {
                if sent.cancels_waiting {
                    broker.orders.iter_mut().for_each(|order| order.waits = false);
                }
                if broker.net != 0 {
                    broker.add(-broker.net);
                }
                vec![]
            }
            Operation::Modify => {
                for change in sent.changes.iter().flatten() {
                    let order = broker.orders.iter_mut().find(|order| order.id == change.id && order.waits);
                    let Some((order, quantity)) = order.zip(change.quantity) else { continue };
                    let left = quantity - order.filled.abs();
                    if left > 0 {
                        order.left = left * order.left.signum();
                    }
                }
                vec![]
            }
            _ => sent.legs.iter().map(|leg| broker.add(leg.quantity)).collect(),
        };
        broker.note();
        self.answer(sent, ids, (&now, broker));
    }

    fn sent_with_ids(&self) -> impl Iterator<Item = (Option<&str>, &Leg)> {
        self.answered.iter().flat_map(|(request, counts)| request.with_ids(counts))
    }

    /// FYERS has answered it with these ids.
    fn answer(&mut self, sent: &OrderCall, ids: Vec<String>, (now, broker): (&Snapshot, &Broker)) {
        self.own.extend(ids.iter().cloned());
        let unseen = unseen_fills(&now.torn);
        let on_the_way: Vec<&Leg> = now.on_the_way().chain(&unseen).collect();
        let effect = sent.effect(&now.live.positions, &on_the_way);
        let waiting = now.live.waiting_ids.iter().map(|id| Some(id.as_str())).zip(&now.live.waiting);
        let closed_orders =
            sent.closed_orders(&now.live.positions, &waiting.chain(self.sent_with_ids()).collect::<Vec<_>>());
        let reserved = sent.reserved(effect.as_ref());
        let is_opaque = reserved.is_opaque && sent.operation != Operation::ExitPositions;
        let (id, at, reserved) =
            (self.all.len() as i64 + 1, moment(broker.now), Reserved { is_opaque, ..reserved });
        let request =
            UnreadRequest { id, ids, sent: at, at, reserved: reserved.clone(), effect, closed_orders };
        self.all.push(request.clone());
        self.answered.push((request, reserved));
    }
}

fn call_of(step: &Step, broker: &Broker) -> Option<OrderCall> {
    Some(match step {
        Step::Place(quantity) => place(A, *quantity),
        Step::Basket(all) => basket(all),
        Step::Exit(cancels) => {
            let body = match cancels {
                true => json!({"exit_all": 1, "pending_orders_cancel": 1}),
                false => json!({"exit_all": 1}),
            };
            call(Method::Delete, "/positions", &body)
        }
        Step::Change(which, quantity) => {
            let id = &broker.orders.get(*which)?.id;
            call(Method::Patch, "/orders/sync", &json!({"id": id, "qty": quantity}))
        }
        Step::Fill(..) | Step::End(_) | Step::Wait(..) | Step::LeaveOut(..) | Step::Restart => return None,
    })
}

/// What was there before the keeper's first reading.
#[derive(Debug, Clone, Default)]
struct Start {
    /// A position of another day.
    net: i64,
    /// An order from before the halt that makes it larger, or closes a part of it.
    early: i64,
    /// So much of that order has filled, each a state.
    fills: Vec<i64>,
    /// How many states the books of the first reading show.
    shows: (usize, usize),
    tells_today: bool,
    /// An order that makes it larger, answered right before the halt: no reading has shown it.
    entry: i64,
}

impl Start {
    fn of(net: i64) -> Self {
        Self { net, tells_today: true, ..Self::default() }
    }
}

/// The states that FYERS was in; an error where an exit has turned the position.
fn play(start: &Start, steps: &[Step]) -> Result<States, String> {
    let Start { net, early, tells_today, .. } = *start;
    let (states, shows, left_out) = (vec![], (0, 0), (0, 0, -1));
    let mut broker =
        Broker { now: 0, carried: net, tells_today, net, orders: vec![], states, shows, left_out };
    let mut keeper = Keeper {
        all: vec![],
        answered: vec![],
        fills: ShownFills::default(),
        rows: KnownRows::default(),
        live: LivePositions::default(),
        last: vec![],
        own: vec!["0".into()],
    };
    if early != 0 {
        broker.add(early);
        broker.orders[0].is_early = early * broker.net >= 0;
    }
    broker.note();
    for by in &start.fills {
        broker.fill(0, *by);
    }
    broker.wait(0, start.shows);
    keeper.look(&broker);
    if start.entry != 0 {
        let (entry, now) = (place(A, start.entry), keeper.snapshot(broker.now));
        let id = broker.add(start.entry);
        broker.orders.iter_mut().filter(|order| order.id == id).for_each(|order| order.is_early = true);
        broker.note();
        keeper.answer(&entry, vec![id], (&now, &broker));
    }
    for step in steps {
        match step {
            Step::Fill(which, by) if broker.fill(*which, *by) => return Err(format!("{:?}", broker.states)),
            Step::Fill(..) => {}
            Step::End(which) => broker.end(*which),
            Step::Wait(seconds, book, net) => {
                broker.wait(*seconds, (*book, *net));
                keeper.look(&broker);
            }
            Step::LeaveOut(rows, seconds) => {
                // No longer than two minutes, and only what it has shown: a reading before has all of that.
                broker.left_out = (0, 0, broker.now - 1);
                keeper.look(&broker);
                broker.left_out = (broker.book().len(), *rows, broker.now + seconds);
            }
            Step::Restart => keeper.restart(),
            _ => {
                if let Some(sent) = call_of(step, &broker) {
                    keeper.send(&sent, &mut broker);
                }
            }
        }
    }
    Ok(broker.states)
}

/// A reading of another life leaves out what an exit has filled, and the positions do not show that yet.
#[test]
fn no_second_exit_passes_where_another_life_reads_nothing_of_a_fill_that_positions_do_not_show() {
    use Step::{Exit, Fill, LeaveOut, Place, Restart, Wait};
    let filled = [Exit(false), Wait(35, 0, 0), Fill(0, 10), Wait(85, 2, 0)];
    let again = [LeaveOut(255, 0), Restart, Place(-10), Fill(1, 1)];
    play(&Start::of(10), &[filled, again].concat()).unwrap();
}

/// It leaves out a fill on which both books agree, and the positions do not show as large a one of an order that waited.
#[test]
fn no_second_exit_passes_where_another_life_reads_nothing_of_a_fill_that_positions_show() {
    use Step::{Fill, LeaveOut, Place, Restart, Wait};
    let sold = [Place(-5), Fill(0, 5), Wait(1, 3, 3), Place(-5), Wait(1, 3, 3), LeaveOut(1, 90), Restart];
    let again = [Fill(1, 5), Wait(1, 1, 0), Place(-5), Fill(2, 5)];
    play(&Start::of(10), &[&sold[..], &again].concat()).unwrap();
}

/// Where the positions do not tell what is of today, both books of a first reading may seem to agree by chance: here the
/// order book shows 6 that were bought, and the positions are the 6 of another day.
#[test]
fn no_exit_passes_by_books_that_agree_by_chance() {
    use Step::{Exit, Fill, Place, Wait};
    let start = Start { net: 6, early: 6, fills: vec![6], shows: (1, 0), tells_today: false, entry: 1 };
    play(&start, &[Exit(false), Wait(0, 0, 1), Place(-1), Fill(3, 1), Fill(2, 12)]).unwrap();
}

fn start() -> impl Strategy<Value = Start> {
    let fills = proptest::collection::vec(1i64..20, 0..4);
    let entry = prop_oneof![2 => Just(0i64), 1 => 1i64..20];
    let figures = (0i64..30, -10i64..20, fills, (0usize..4, 0usize..4), any::<[bool; 2]>(), entry);
    figures.prop_map(|(net, early, fills, shows, [is_short, tells_today], entry)| {
        let sign = if is_short { -1 } else { 1 };
        let (net, early, entry) = (net * sign, early.max(-net) * sign, entry * sign);
        Start { net, early, fills, shows, tells_today, entry }
    })
}

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(3_000)))]

    #[test]
    fn no_exit_turns_a_position_while_the_books_lag(
        start in start(), steps in proptest::collection::vec(step(), 1..50),
    ) {
        let played = play(&start, &steps);
        prop_assert!(played.is_ok(), "{}", played.unwrap_err());
    }
}
