use rust_decimal::Decimal;

use super::*;
use crate::{
    event::UnreadBook,
    keys::BotName,
    order_journal::look_up::tests::{intent, leg, now, row},
    routing::Venue,
};

mod model;

fn seconds(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn settle(lost: &mut LostOrders, book: &[BookRow], at: DateTime<Utc>) -> Vec<Verdict> {
    lost.settle(&own_book(book, at), at)
}

/// One of the keeper's own, made after the orders.
fn own_book(book: &[BookRow], began: DateTime<Utc>) -> SeenBook<'_> {
    let clock = BrokerClock::default();
    SeenBook { book, began, is_known: &|_| false, on_the_way: &[], newest: 100, clock, is_a_bots: false }
}

fn one(intent: OrderIntent) -> LostOrders {
    LostOrders::recall(vec![intent], &[], ist::date(now()))
}

fn basket() -> OrderIntent {
    let bot = Some(BotName::owner());
    OrderIntent { id: 7, bot, ..intent("place", vec![leg("A", 5, None), leg("B", 5, None)]) }
}

fn known(verdict: &Verdict) -> Vec<(usize, LookedUp, Option<&str>)> {
    let of = |row: &OrderEntry| row.unanswered.as_ref().map(|lost| (lost.place, lost.known)).unwrap();
    verdict.entries.iter().map(|row| (of(row).0, of(row).1, row.id.as_deref())).collect()
}

#[test]
fn each_order_of_a_basket_has_its_entry_and_what_is_missing_is_looked_for_on() {
    let mut lost = one(basket());
    let book = [row("26", leg("B", 5, None), 0)];
    assert_eq!(settle(&mut lost, &book, seconds(2)), [], "too early to say that one is missing");
    let told = settle(&mut lost, &book, seconds(3)).remove(0);
    assert_eq!(known(&told), [(0, LookedUp::NotFound, None), (1, LookedUp::Found, Some("26"))]);
    assert_eq!(told.may_arrive.unwrap().0.legs, [leg("A", 5, None)], "that one may still arrive");
    let says = |event: &Event| match event {
        Event::OrderOutcomeUnknown { symbol, found, searched, .. } => {
            (symbol.clone(), found.clone(), *searched)
        }
        _ => unreachable!(),
    };
    let events: Vec<_> = told.events.iter().map(says).collect();
    assert_eq!(events, [("B".to_owned(), Some("26".to_owned()), true), ("A".to_owned(), None, true)]);

    let rows = &told.entries;
    let has = |row: &OrderEntry, other: &OrderEntry| {
        serde_json::to_string(row).unwrap().contains(&other.unanswered.as_ref().unwrap().mark())
    };
    assert!(has(&rows[0], &rows[0]) && !has(&rows[0], &rows[1]));
    let said = OrderEntry { message: rows[1].unanswered.as_ref().unwrap().mark(), ..rows[0].clone() };
    assert!(!has(&said, &rows[1]), "words of a bot are none");
    assert!(rows.iter().all(|row| row.venue == Venue::Fyers && row.bot == Some(BotName::owner())));
    assert!(rows[0].is_unknown() && rows[0].taken_by_fyers().is_none());
    assert!(!rows[1].is_unknown() && rows[1].taken_by_fyers().is_some());

    // Another life, which has only the rows.
    let mut lost = LostOrders::recall(vec![], rows, ist::date(now()));
    let book = [row("26", leg("B", 5, None), 0), row("27", leg("A", 5, None), 1)];
    let is_known = |id: &str| id == "26";
    let reading = SeenBook { is_known: &is_known, ..own_book(&book, seconds(900)) };
    let told = lost.settle(&reading, seconds(900)).remove(0);
    assert_eq!(known(&told), [(0, LookedUp::Found, Some("27")), (1, LookedUp::Found, Some("26"))]);
    assert_eq!(told.search, Search::Found { ids: vec!["27".into(), "26".into()] });
    assert_eq!((told.may_arrive, lost.are_looked_for()), (None, false));
}

#[test]
fn what_was_not_found_is_looked_for_until_a_reading_that_began_after_it_could_arrive() {
    let order = || intent("place", vec![leg("A", 5, None)]);
    let mut lost = one(order());
    let told = settle(&mut lost, &[], seconds(60)).remove(0);
    assert_eq!(told.search, Search::NotFound);
    let (book, rows) = ([row("26", leg("A", 5, None), 1)], told.entries);
    for mut lost in [lost.clone(), LostOrders::recall(vec![], &rows, ist::date(now()))] {
        assert_eq!(settle(&mut lost, &[], seconds(119)), [], "told once");
        assert!(lost.are_looked_for());
        assert_eq!(
            settle(&mut lost, &book, seconds(4_000)).remove(0).search,
            Search::Found { ids: vec!["26".into()] }
        );
    }
    assert_eq!(settle(&mut lost, &[], seconds(120)), []);
    assert!(!lost.are_looked_for());
    let tomorrow = ist::date(now() + TimeDelta::days(1));
    assert!(!LostOrders::recall(vec![], &rows, tomorrow).are_looked_for(), "yesterday's book is gone");
}

/// The answer was lost and the search is over: the book shows the order an hour later, to the keeper or to a bot.
#[test]
fn what_was_not_found_may_be_shown_by_any_book_of_that_day() {
    let order = || intent("place", vec![leg("A", 5, None)]);
    for is_a_bots in [false, true] {
        let mut lost = one(order());
        assert_eq!(settle(&mut lost, &[], seconds(120)).len(), 1, "told as not found");
        assert_eq!(settle(&mut lost, &[], seconds(130)), []);
        assert!(!lost.are_looked_for() && lost.are_missed(), "no reading is made for it any more");
        let book = [row("26", leg("A", 5, None), 1)];
        let seen = SeenBook { is_a_bots, ..own_book(&book, seconds(3_600)) };
        let told = lost.settle(&seen, seconds(3_600)).remove(0);
        assert_eq!((told.search, told.events.len()), (Search::Found { ids: vec!["26".into()] }, 1));
        assert_eq!(lost.settle(&seen, seconds(3_601)), [], "told once");
    }
    let mut lost = one(order());
    settle(&mut lost, &[], seconds(120));
    let book = [row("26", leg("A", 5, None), 1)];
    assert_eq!(settle(&mut lost, &book, now() + TimeDelta::days(1)), [], "tomorrow's book is another");
    assert!(!lost.are_missed());
}

#[test]
fn a_bots_reading_says_what_is_there_and_not_what_is_missing() {
    let mut lost = one(intent("place", vec![leg("A", 5, None)]));
    let of_bot = |book| SeenBook { is_a_bots: true, ..own_book(book, seconds(200)) };
    assert_eq!(lost.settle(&of_bot(&[]), seconds(200)), [], "it may have begun before the order was sent");
    assert!(lost.are_looked_for());
    let book = [row("26", leg("A", 5, None), 1)];
    assert_eq!(
        lost.settle(&of_bot(&book), seconds(200)).remove(0).search,
        Search::Found { ids: vec!["26".into()] }
    );
}

#[test]
fn a_row_that_the_book_had_before_the_order_was_made_is_not_the_order() {
    let persons = [row("26", leg("A", 5, None), 0)];
    let mut lost = LostOrders::default();
    let before = SeenBook { newest: 0, ..own_book(&persons, seconds(-1)) };
    assert_eq!(lost.settle(&before, seconds(0)), []);
    lost.add(intent("place", vec![leg("A", 5, None)]), &[]);
    assert_eq!(settle(&mut lost, &persons, seconds(5)).remove(0).search, Search::NotFound);
    let both = [persons[0].clone(), row("27", leg("A", 5, None), 0)];
    assert_eq!(
        settle(&mut lost, &both, seconds(9)).remove(0).search,
        Search::Found { ids: vec!["27".into()] }
    );
}

#[test]
fn a_row_of_nobody_that_turns_up_later_makes_what_was_not_found_a_thing_to_look_at() {
    let mut lost = one(intent("place", vec![leg("A", 5, None)]));
    settle(&mut lost, &[], seconds(5));
    let two = [row("1", leg("A", 5, None), 1), row("2", leg("A", 5, None), 9)];
    let told = settle(&mut lost, &two, seconds(10)).remove(0);
    assert_eq!(told.search, Search::LookYourself);
    assert_eq!(told.events.len(), 1);
    assert_eq!(settle(&mut lost, &[], seconds(20)), [], "and stays one");
}

/// The id that was found, whether the book could tell, and the rows that are named.
type Told<'a> = (Option<&'a str>, bool, Vec<&'a str>);

fn told(verdicts: &[Verdict]) -> Vec<Told<'_>> {
    let events = verdicts.iter().flat_map(|verdict| &verdict.events);
    events.map(told_by).collect()
}

fn told_by(event: &Event) -> Told<'_> {
    let Event::OrderOutcomeUnknown { found, searched, rows, .. } = event else { unreachable!() };
    (found.as_deref(), *searched, rows.iter().filter_map(|row| row.split(':').next()).collect())
}

fn again(told: &[Verdict]) -> LostOrders {
    LostOrders::recall(vec![], &told[0].entries, ist::date(now()))
}

/// A person places an equal order some seconds after the bot's, which FYERS shows only later.
#[test]
fn a_row_that_may_be_it_is_named_once_and_the_real_one_is_named_when_it_comes() {
    let persons = row("26", leg("A", 5, None), 7);
    let real = row("27", leg("A", 5, None), 1);
    let mut lost = one(intent("place", vec![leg("A", 5, None)]));
    let first = settle(&mut lost, std::slice::from_ref(&persons), seconds(10));
    assert_eq!(told(&first), [(None, false, vec!["26"])]);
    assert_eq!(first[0].search, Search::LookYourself);
    assert!(first[0].may_arrive.is_some(), "it counts as sent");
    for mut lost in [lost, again(&first)] {
        assert_eq!(settle(&mut lost, std::slice::from_ref(&persons), seconds(60)), [], "once");
        let both = [persons.clone(), real.clone()];
        let second = settle(&mut lost, &both, seconds(200));
        assert_eq!(told(&second), [(None, false, vec!["27"])], "which is whose cannot be told");
        let mut lost = again(&second);
        assert_eq!(settle(&mut lost, &both, seconds(300)), []);
        assert!(lost.are_missed());
        let late = [persons.clone(), real.clone(), row("28", leg("A", 5, None), 4_000)];
        assert_eq!(told(&settle(&mut lost, &late, seconds(4_001))), [(None, false, vec!["28"])]);
    }
}

/// A person's equal order is in the same second as the bot's, and alone in the book at first.
#[test]
fn what_was_found_by_its_time_is_told_again_when_an_equal_row_turns_up() {
    let persons = row("26", leg("A", 5, None), 0);
    let mut lost = one(intent("place", vec![leg("A", 5, None)]));
    assert_eq!(settle(&mut lost, std::slice::from_ref(&persons), seconds(2)), [], "others are waited for");
    let first = settle(&mut lost, std::slice::from_ref(&persons), seconds(4));
    assert_eq!(told(&first), [(Some("26"), true, vec!["26"])]);
    let is_known = |id: &str| id == "26";
    for mut lost in [lost, again(&first)] {
        let both = [persons.clone(), row("27", leg("A", 5, None), 1)];
        let reading = |at| SeenBook { is_known: &is_known, ..own_book(&both, seconds(at)) };
        let second = lost.settle(&reading(90), seconds(90));
        assert_eq!(told(&second), [(Some("26"), false, vec!["27"])]);
        assert_eq!(known(&second[0]), [(0, LookedUp::LookYourself, Some("26"))], "no longer found");
        assert_eq!(second[0].entries[0].unanswered.as_ref().unwrap().rows, ["27"]);
        assert_eq!((&second[0].search, &second[0].may_arrive), (&Search::LookYourself, &None));
        assert_eq!(lost.settle(&reading(95), seconds(95)), []);
        assert_eq!(again(&second).settle(&reading(99), seconds(99)), [], "not by a later life either");
    }
}

#[test]
fn after_not_in_the_book_each_equal_row_is_named_and_one_of_another_quantity_uses_nothing_up() {
    let mut lost = one(intent("place", vec![leg("A", 5, None)]));
    let first = settle(&mut lost, &[], seconds(5));
    assert_eq!(told(&first), [(None, true, vec![])]);
    let other = row("26", leg("A", 7, None), 20);
    let second = settle(&mut lost, std::slice::from_ref(&other), seconds(30));
    assert_eq!(told(&second), [(None, false, vec!["26"])]);
    let Event::OrderOutcomeUnknown { rows, .. } = &second[0].events[0] else { unreachable!() };
    assert!(rows[0].starts_with("26: buy 7 A") && rows[0].ends_with(", if changed"), "{rows:?}");
    for mut lost in [lost, again(&second)] {
        let more = [other.clone(), row("27", leg("A", 9, None), 40)];
        assert_eq!(settle(&mut lost, &more, seconds(50)), [], "it may be any of those");
        let late = [other.clone(), row("28", leg("A", 5, None), 900)];
        assert_eq!(told(&settle(&mut lost, &late, seconds(901))), [(None, false, vec!["28"])]);
        let real = [late[0].clone(), late[1].clone(), row("29", leg("A", 5, None), 0)];
        assert_eq!(told(&settle(&mut lost, &real, seconds(999)))[0].2, ["29"]);
    }
}

/// FYERS said that it had done nothing: nothing is told unless a book has it, and until one was read it may be there.
#[test]
fn an_order_refused_with_the_token_is_told_only_if_a_book_has_it() {
    let order = OrderIntent { bot: Some(BotName::owner()), ..intent("place", vec![leg("A", 5, None)]) };
    let rows = order.token_refused_entries(Some(now()), seconds(1));
    assert!(rows[0].is_refused_with_the_token() && rows[0].may_arrive(now(), None).is_some());
    let mut lost = LostOrders::default();
    lost.add_refused(order.clone(), &rows);
    for mut lost in [lost, LostOrders::recall(vec![order.clone()], &rows, ist::date(now()))] {
        assert!(lost.unsettled().next().is_some() && lost.are_looked_for());
        let silent = settle(&mut lost, &[], seconds(4_000)).remove(0);
        assert_eq!((silent.search, silent.events.len()), (Search::NotFound, 0), "as FYERS said");
        assert!(lost.unsettled().next().is_none());
        assert_eq!(settle(&mut lost, &[], seconds(4_000)), [], "that is on disk");
        let verdicts = settle(&mut lost, &[row("26", leg("A", 5, None), 1)], seconds(4_001));
        assert_eq!(told(&verdicts), [(Some("26"), true, vec!["26"])]);
        let is_said = |event: &Event| matches!(event, Event::OrderOutcomeUnknown { token_refused: true, .. });
        assert!(verdicts[0].events.iter().all(is_said));
    }
    let cancel = intent("cancel", vec![]);
    assert_eq!(cancel.token_refused_entries(None, now()), [], "of what is no order a book shows nothing");
    assert!(order.may_open() && intent("modify", vec![]).may_open() && !cancel.may_open());
}

#[test]
fn what_is_told_of_several_orders_at_once_is_one_message() {
    let order = |id: i64, what: &str| {
        let legs = if what == "place" { vec![leg("A", id, None)] } else { vec![] };
        OrderIntent { id, ..intent(what, legs) }
    };
    let open = vec![order(1, "place"), order(2, "place"), order(3, "modify"), order(4, "place")];
    let told = LostOrders::recall(open, &[], ist::date(now())).tell_unread(seconds(1));
    let orders = |(rows, events): &Telling| match &events[..] {
        [Event::OrderOutcomeUnknown { orders, .. }] => (rows.len(), orders.clone()),
        _ => unreachable!(),
    };
    let both = vec!["buy 1 A".to_owned(), "buy 2 A".to_owned()];
    assert_eq!(told.iter().map(orders).collect::<Vec<_>>(), [(2, both), (1, vec![]), (1, vec![])]);
}

/// What a life without a token tells, and what the next ones know of it by the rows.
#[test]
fn what_no_book_can_be_read_for_is_told_at_once_and_once_more_when_its_day_is_over() {
    let order = || intent("place", vec![leg("A", 5, None)]);
    let unread = |told: &[Telling]| -> Vec<Option<UnreadBook>> {
        let of = |event: &Event| match event {
            Event::OrderOutcomeUnknown { unread, .. } => *unread,
            _ => None,
        };
        told.iter().flat_map(|(_, events)| events.iter().map(of)).collect()
    };
    let mut lost = one(order());
    let at_once = lost.tell_unread(seconds(1));
    assert_eq!(unread(&at_once), [Some(UnreadBook::Yet)]);
    assert_eq!(lost.tell_unread(seconds(2)), []);
    assert!(lost.unsettled().next().is_some(), "the search goes on");

    let today = ist::date(now());
    let mut next = LostOrders::recall(vec![order()], &at_once[0].0, today);
    assert_eq!(next.tell_unread(seconds(60)), [], "the rows say that it was told");
    let not_there = settle(&mut next.clone(), &[], seconds(60)).remove(0);
    assert_eq!((not_there.search, not_there.events.len()), (Search::NotFound, 1), "that is news");
    let found = settle(&mut next.clone(), &[row("26", leg("A", 5, None), 1)], seconds(60)).remove(0);
    assert_eq!((found.search, found.events.len()), (Search::Found { ids: vec!["26".into()] }, 1));

    assert_eq!(next.tell_never_read(|_| false, seconds(60)), []);
    let over = next.tell_never_read(|_| true, seconds(60));
    assert_eq!(unread(&over), [Some(UnreadBook::DayOver)]);
    assert_eq!(next.tell_never_read(|_| true, seconds(61)), [], "once");
    let tomorrow = now() + TimeDelta::days(1);
    let mut last = LostOrders::recall(vec![order()], &over[0].0, ist::date(tomorrow));
    assert_eq!(last.tell_never_read(|_| true, tomorrow), []);
    let silent = settle(&mut last, &[], tomorrow).remove(0);
    assert_eq!((silent.search, silent.events.len()), (Search::LookYourself, 0), "it was told");
}

#[test]
fn a_row_is_named_as_a_person_finds_it() {
    let priced = Leg { price: Decimal::new(80_150, 2), ..leg("NSE:SBIN-EQ", -5, Some("x")) };
    let mut lost = one(intent("place", vec![priced.clone()]));
    let verdict = settle(&mut lost, &[row("26112300000017", priced, 1)], seconds(1)).remove(0);
    let Event::OrderOutcomeUnknown { rows, is_by_time, .. } = &verdict.events[0] else { unreachable!() };
    let time = ist::ist(seconds(1)).format("%H:%M:%S");
    assert_eq!(rows, &[format!("26112300000017: sell 5 NSE:SBIN-EQ at ₹801.50 ({time})")]);
    assert!(!is_by_time, "its tag tells it");
}

#[test]
fn what_the_book_cannot_tell_is_told_and_listed_too() {
    let tomorrow = now() + TimeDelta::days(1);
    for (intent, at) in
        [(intent("exit", vec![]), now()), (intent("place", vec![leg("A", 5, None)]), tomorrow)]
    {
        let mut lost = one(intent);
        let told = settle(&mut lost, &[row("1", leg("A", 5, None), 0)], at).remove(0);
        assert_eq!((told.entries.len(), told.events.len(), &told.search), (1, 1, &Search::LookYourself));
        assert!(told.entries[0].message.contains("look in the FYERS app"), "{told:?}");
        assert!(told.entries[0].is_unknown() && !lost.are_looked_for());
    }
}

#[test]
fn an_equal_order_that_waits_for_its_answer_is_waited_for_but_not_for_ever() {
    let order = intent("place", vec![leg("A", 5, None)]);
    let mut lost = one(order.clone());
    let (book, on_the_way) = ([row("1", leg("A", 5, None), 0)], [order.reserved()]);
    let mut tell = |at| lost.settle(&SeenBook { on_the_way: &on_the_way, ..own_book(&book, at) }, at);
    for second in 0..i64::from(MOST_WAITS) {
        assert_eq!(tell(seconds(second * 10)), [], "{second}");
    }
    assert_eq!(tell(seconds(300)).remove(0).search, Search::LookYourself);
}

#[test]
fn what_was_not_found_counts_as_sent_until_the_books_were_read_after_it_could_arrive() {
    let rows = settle(&mut one(intent("place", vec![leg("A", 5, None)])), &[], seconds(30)).remove(0).entries;
    let until = seconds(120);
    let counts = |at, read_at: Option<i64>| rows[0].may_arrive(seconds(at), read_at.map(seconds)).is_some();
    assert!(counts(119, Some(118)) && counts(4_000, Some(119)) && counts(4_000, None));
    assert!(!counts(120, Some(120)));
    let (number, told_until, reserved) = rows[0].may_arrive(now(), None).unwrap();
    assert_eq!((number, told_until, &reserved.legs[0]), (1, until, &leg("A", 5, None)));
    let book = [row("1", leg("A", 5, None), 0)];
    let found = one(intent("place", vec![leg("A", 5, None)]));
    let found = settle(&mut found.clone(), &book, seconds(3)).remove(0).entries;
    assert!(found[0].may_arrive(now(), None).is_none());
    let unknown = intent("place", vec![leg("A", 5, None)]).unknown_entries(now());
    assert!(unknown[0].is_unknown() && unknown[0].may_arrive(now(), Some(now())).is_some());
}

#[test]
fn what_is_listed_on_a_later_day_is_none_of_that_days_orders() {
    let (intent, later) = (basket(), seconds(86_400));
    let today = ist::date(later);
    let listed = intent.unknown_entries(later);
    assert!(listed.iter().all(|entry| entry.at == later && entry.sent_on() == ist::date(now())));
    let told: Vec<OrderEntry> = LostOrders::recall(vec![intent], &listed, today)
        .settle(&own_book(&[row("1", leg("A", 5, None), 86_400)], later), later)
        .into_iter()
        .flat_map(|verdict| verdict.entries)
        .collect();
    assert!(!told.is_empty() && told.iter().all(|entry| entry.sent_on() == ist::date(now())), "{told:?}");
    assert_eq!(LostOrders::recall(vec![], &told, today).all.len(), 0, "no book of that day shows them");
    let mut books = crate::bots::books::BotBooks::default();
    books.recall(today, &told, &[]);
    assert_eq!(books.day_of(today, &BotName::owner(), &|_| None, &|_| None).orders, 0);
}
