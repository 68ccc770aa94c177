//! Whose share of FYERS' limits a call takes: the bots', or what is kept back for the keeper.

use super::*;

/// A FYERS that also notes which calls came out of the keeper's own share.
pub(super) struct Shares(pub(super) Arc<Fyers>);

#[async_trait]
impl BrokerProxy for Shares {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
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
