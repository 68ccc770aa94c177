//! Commodities that are traded for the first time, on a day whose card nobody has answered.

use super::*;

#[test]
fn where_commodities_join_the_card_stays_or_comes_again_for_the_evening() {
    let evening = |hour: u32| Seen { hours: Some((at(23, 9, 0), at(23, 23, 55))), ..needed(at(23, hour, 0)) };
    // While it is open.
    let (mut phone, mut card) = morning();
    phone.settle(&mut card, &evening(15));
    phone.settle(&mut card, &evening(20));
    let cards = |phone: &Phone| phone.said.iter().filter(|bubble| bubble.reply_to.is_none()).count();
    assert_eq!((phone.links(), cards(&phone)), (1, 1), "it stays until MCX closes");
    phone.settle(&mut card, &Seen { hours: None, ..needed(at(23, 23, 56)) });
    assert_eq!(phone.links(), 0);
    // After it has ended; "Mock today" holds in the evening, too.
    for quiet in [false, true] {
        let (mut phone, mut card) = morning();
        card.quiet = quiet;
        phone.settle(&mut card, &Seen { hours: None, ..needed(at(23, 15, 40)) });
        assert_eq!(phone.links(), 0, "shares have closed");
        phone.settle(&mut card, &evening(18));
        assert_eq!((phone.links(), cards(&phone), card.until), (1, 2, Some(at(23, 23, 55))));
        assert_eq!(phone.said.last().unwrap().loud, !quiet);
        phone.settle(&mut card, &evening(19));
        assert_eq!(cards(&phone), 2, "once");
    }
}
