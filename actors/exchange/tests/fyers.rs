//! A stand-in for FYERS behind the port.

use super::*;

/// A scripted FYERS: remembers every call, is slow, and answers as told.
#[derive(Default)]
pub(super) struct Fyers {
    pub(super) calls: Mutex<Vec<ApiRequest>>,
    /// Paths that were called out of the keeper's own share.
    pub(super) own: Mutex<Vec<String>>,
    /// How many intents were on disk at each call.
    pub(super) store: Mutex<Option<Arc<MemoryStore>>>,
    pub(super) intents: Mutex<Vec<usize>>,
    pub(super) script: Mutex<BTreeMap<String, Result<ApiResponse, ProxyError>>>,
    pub(super) slow: Duration,
    /// Bots have read all that their share allows.
    pub(super) starved: Mutex<bool>,
}

impl Fyers {
    pub(super) fn says(&self, path: &str, status: u16, body: &Value) {
        let answer = ApiResponse { status, headers: vec![], body: body.to_string().into_bytes() };
        self.script.lock().unwrap().insert(path.to_owned(), Ok(answer));
    }

    /// The order book and the positions.
    pub(super) fn books(&self, orders: &[Value], positions: &[Value]) {
        self.says("/orders", 200, &json!({"s": "ok", "code": 200, "orderBook": orders}));
        self.says("/positions", 200, &json!({"s": "ok", "code": 200, "netPositions": positions}));
    }

    pub(super) fn fails(&self, path: &str, error: ProxyError) {
        self.script.lock().unwrap().insert(path.to_owned(), Err(error));
    }

    pub(super) fn calls(&self, path: &str) -> Vec<ApiRequest> {
        self.calls.lock().unwrap().iter().filter(|call| call.path == path).cloned().collect()
    }
}

#[async_trait]
impl BrokerProxy for Fyers {
    async fn send(&self, _: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.calls.lock().unwrap().push(call.clone());
        if call.path == "/orders/sync" && call.method == Method::Post {
            let store = self.store.lock().unwrap();
            let intents = store.as_ref().map_or(0, |store| store.shelf.lock().unwrap().intents.len());
            self.intents.lock().unwrap().push(intents);
        }
        time::sleep(self.slow).await;
        let scripted = self.script.lock().unwrap().get(&call.path).cloned();
        scripted.unwrap_or_else(|| {
            let body = json!({"s": "ok", "code": 1101, "message": "m", "id": "26112300000001"}).to_string();
            Ok(ApiResponse {
                status: 200,
                headers: vec![("x-odd".into(), vec![255])],
                body: body.into_bytes(),
            })
        })
    }
}
