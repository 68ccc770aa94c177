//! Whose share of FYERS' limits a call takes: the bots', or what is kept back for the keeper.

use arc_swap::ArcSwap;
use chrono::DateTime;
use keeper_domain::keys::{KeyLimits, KeyRing, StoredKey};

use super::*;

/// A FYERS that also notes which calls came out of the keeper's own share.
pub(super) struct Shares(pub(super) Arc<Fyers>);

#[async_trait]
impl BrokerProxy for Shares {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        if call.method == Method::Get && *self.0.starved.lock().unwrap() {
            let body = json!({"s": "error", "code": -429, "message": "Request limit reached"}).to_string();
            let headers = vec![("x-keeper-limit".to_owned(), b"minute".to_vec())];
            return Ok(ApiResponse { status: 429, headers, body: body.into_bytes() });
        }
        self.0.send(token, call).await
    }

    async fn send_own(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.0.own.lock().unwrap().push(call.path.clone());
        self.0.send(token, call).await
    }
}

impl Floor {
    fn took_own(&self) -> Vec<String> {
        std::mem::take(&mut self.fyers.own.lock().unwrap())
    }
}

#[actix::test]
async fn readings_that_bots_cause_take_the_bots_share_and_all_others_the_keepers() {
    let floor = floor(false, true).await;
    assert_eq!(floor.took_own(), ["/orders", "/positions"], "the first reading");
    let read = floor.fyers.calls("/positions").len();
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    time::sleep(Duration::from_secs(5)).await;
    assert!(floor.fyers.calls("/positions").len() >= read + 2, "read after the order");
    assert_eq!(floor.took_own(), [""; 0], "as many as the bot makes them");
    time::sleep(Duration::from_secs(180)).await;
    assert!(floor.took_own().contains(&"/positions".to_owned()), "the regular ones");

    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    time::sleep(Duration::from_millis(500)).await;
    assert_eq!(floor.took_own(), ["/orders", "/positions"], "the search for an order of unknown fate");
}

#[actix::test]
async fn an_order_is_priced_out_of_the_bots_share_and_the_square_off_out_of_the_keepers() {
    let floor = floor(true, true).await;
    let quote = json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 801.5}}]});
    floor.fyers.says("/quotes", 200, &quote);
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    time::sleep(Duration::from_secs(30)).await;
    let priced = floor.fyers.calls("/quotes").len();
    assert!(priced > 2, "the order, and looks while the position is open: {priced}");
    assert_eq!(floor.took_own(), [""; 0]);
    // To shortly before the end of the session, and past it.
    time::advance(Duration::from_secs(5 * 60 * 60 + 25 * 60)).await;
    time::sleep(Duration::from_secs(60)).await;
    assert_eq!(floor.took_own(), ["/quotes"], "once, when it is due");
    let (_, positions) = floor.ask(Method::Get, "/positions", Value::Null).await;
    assert_eq!(positions["netPositions"][0]["netQty"], 0, "{positions}");
}

/// What the first key's bot holds at FYERS is priced for its next entry, and nobody else has asked for a price.
#[actix::test]
async fn a_loss_is_priced_out_of_the_bots_share_and_once_in_five_seconds() {
    let floor = floor(false, true).await;
    let limits = KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() };
    let ring = KeyRing::default().with(StoredKey { limits, ..StoredKey::owner(DateTime::UNIX_EPOCH) });
    let keys = Arc::new(ArcSwap::from_pointee(ring));
    let deps = ExchangeDeps { keys, ..deps(&floor.fyers, &floor.store, false) };
    let floor = Floor { actor: ExchangeActor::new(deps).start(), ..floor };
    floor.actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    let quotes = || floor.fyers.calls("/quotes").len();
    let price = |last: f64| {
        let quote = json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": last}}]});
        floor.fyers.says("/quotes", 200, &quote);
    };
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, 1).await.0.venue, Venue::Fyers);
    assert_eq!(quotes(), 0, "nothing is held yet");
    let mut filled = row("26112300000001", 10, 2);
    (filled["filledQty"], filled["tradedPrice"]) = (json!(10), json!(800));
    floor.fyers.books(&[filled], &[]);
    time::sleep(Duration::from_secs(10)).await;
    let _before = floor.took_own();

    price(760.0);
    assert_eq!(
        (floor.place("NSE:INFY-EQ", 1, 1).await.0.venue, quotes()),
        (Venue::Fyers, 1),
        "400 INR are lost"
    );
    assert_eq!(
        (floor.place("NSE:INFY-EQ", 1, 1).await.0.venue, quotes()),
        (Venue::Fyers, 1),
        "the price is new"
    );
    time::sleep(Duration::from_secs(6)).await;
    floor.fyers.fails("/quotes", ProxyError::Transport(Transport::Timeout));
    let (unknown, words) = floor.place("NSE:INFY-EQ", 1, 1).await;
    assert_eq!(unknown.venue, Venue::None);
    assert!(words["message"].as_str().unwrap().contains("is not known now"), "{words}");
    time::sleep(Duration::from_secs(6)).await;
    let asked = quotes();
    price(740.0);
    let (refused, words) = floor.place("NSE:INFY-EQ", 1, 1).await;
    assert_eq!((refused.venue, quotes()), (Venue::None, asked + 1));
    assert!(words["message"].as_str().unwrap().contains("has lost INR 600.00 today"), "{words}");
    assert!(!floor.took_own().contains(&"/quotes".to_owned()), "what a bot causes is the bots'");
}
