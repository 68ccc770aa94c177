//! A book in pages is the book.

use super::*;
use crate::api::{book_pages::BookRest, responses};

fn in_pages(engine: &Engine, tag: Option<&str>, most: usize) -> (serde_json::Value, usize) {
    let (mut text, after) = BookRest::frame(engine.config().name);
    let (mut rest, mut pages) = (Some(BookRest::of(tag.map(str::to_owned))), 0);
    while let Some(more) = rest {
        let page = more.page(engine.ledger(), engine.market(), most);
        text.push_str(&page.rows);
        (rest, pages) = (page.rest, pages + 1);
    }
    (serde_json::from_str(&(text + &after)).unwrap(), pages)
}

#[test]
fn pages_together_are_the_book() {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 4);
    for number in 0..10 {
        let asked = order(Side::Buy, 1).limit(700_00);
        engine.place(if number % 3 == 0 { asked.tag("third") } else { asked }).unwrap();
    }
    for tag in [None, Some("third"), Some("1:third"), Some("nobody")] {
        let mut whole = responses::orders(&engine, None, tag).unwrap();
        responses::mark_simulated(&mut whole, engine.config().name);
        for (most, pages) in [(1, 10), (3, 4), (5, 2), (10, 1), (99, 1)] {
            assert_eq!(in_pages(&engine, tag, most), (whole.clone(), pages), "{tag:?} by {most}");
        }
    }
    assert_eq!(in_pages(&exchange(rich()), None, 3).1, 1, "an empty book");
}
