//! Commodities join the segments that need a token, once they are traded.

use keeper_domain::notes::SEGMENTS_JOINED;
use mock_exchange::sessions::Segment;

use super::*;

const GOLD: &str = "MCX:GOLDM26DECFUT";

async fn joined(store: &MemoryStore) -> (usize, Option<Vec<Segment>>) {
    let told = store.count(|event| matches!(event, Event::SegmentJoined { symbol, .. } if symbol == GOLD));
    (told, SEGMENTS_JOINED.read(store).await.unwrap().readable())
}

#[actix::test]
async fn a_position_at_fyers_lets_commodities_join_and_is_told_once() {
    let floor = floor(false, true).await;
    assert_eq!(joined(&floor.store).await, (0, None));
    let gold =
        json!({"symbol": GOLD, "productType": "MARGIN", "netQty": 1, "netAvg": 1, "realized_profit": 0});
    floor.fyers.books(&[], &[held(5), gold]);
    // Not even a failing disk loses it.
    floor.store.fault.lock().unwrap().push_back(Fault::Refuse);
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(joined(&floor.store).await, (1, Some(vec![Segment::Mcx])));
}

#[actix::test]
async fn a_row_that_cannot_be_read_counts_and_so_does_an_order() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[json!({"symbol": GOLD, "netQty": null})]);
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(joined(&floor.store).await.0, 1);

    let other = open(false, true).await;
    other.fyers.books(
        &[json!({"id": "1", "symbol": GOLD, "side": 1, "qty": 1, "productType": "MARGIN", "status": 5})],
        &[],
    );
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(joined(&other.store).await.0, 1, "a refused order is one as well");
}
