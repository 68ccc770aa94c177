//! Every answer of FYERS to a call with the token, whoever asked: what says that the token is dead reaches the
//! ExchangeActor before the answer reaches whoever asked, and from there the TokenActor. Nobody else tells it, but of the rows of an
//! answer to several orders (`token_error`).

use std::sync::Arc;

use async_trait::async_trait;
use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    ports::{Asker, BrokerProxy, ProxyError, Wanted},
    routing::broker_answer::token_death,
    secret::AccessToken,
};

use crate::{exchange::messages::TokenDied, recipient_cell::RecipientCell};

/// The way to FYERS that everybody uses.
pub struct WatchedProxy {
    /// The way itself.
    pub inner: Arc<dyn BrokerProxy>,
    /// To the ExchangeActor, which uses the token no longer until it is known whether it is so.
    pub died: RecipientCell<TokenDied>,
}

impl WatchedProxy {
    fn heard(
        &self,
        token: &AccessToken,
        sent: Result<ApiResponse, ProxyError>,
    ) -> Result<ApiResponse, ProxyError> {
        if let Some(code) = sent.as_ref().ok().and_then(token_death) {
            self.died.say(TokenDied { fingerprint: token.fingerprint(), code });
        }
        sent
    }
}

#[async_trait]
impl BrokerProxy for WatchedProxy {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.heard(token, self.inner.send(token, call).await)
    }

    async fn send_for(
        &self,
        asker: &Asker,
        token: &AccessToken,
        call: &ApiRequest,
    ) -> Result<ApiResponse, ProxyError> {
        self.heard(token, self.inner.send_for(asker, token, call).await)
    }

    async fn send_while(
        &self,
        token: &AccessToken,
        call: &ApiRequest,
        wanted: Arc<Wanted>,
    ) -> Result<ApiResponse, ProxyError> {
        self.heard(token, self.inner.send_while(token, call, wanted).await)
    }

    async fn send_own(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.heard(token, self.inner.send_own(token, call).await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use actix::{Actor, Context, Handler};

    use super::*;

    struct Says(u16, &'static str);

    #[async_trait]
    impl BrokerProxy for Says {
        async fn send(&self, _: &AccessToken, _: &ApiRequest) -> Result<ApiResponse, ProxyError> {
            Ok(ApiResponse { status: self.0, headers: vec![], body: self.1.as_bytes().to_vec() })
        }
    }

    struct Ear(Arc<Mutex<Vec<TokenDied>>>);

    impl Actor for Ear {
        type Context = Context<Self>;
    }

    impl Handler<TokenDied> for Ear {
        type Result = ();

        fn handle(&mut self, died: TokenDied, _: &mut Self::Context) {
            self.0.lock().unwrap().push(died);
        }
    }

    /// How often the ExchangeActor hears of it, when each kind of call gets this answer.
    async fn heard(status: u16, body: &'static str) -> usize {
        let (all, died) = (Arc::new(Mutex::new(vec![])), RecipientCell::new());
        let ear = Ear(Arc::clone(&all)).start();
        died.connect(ear.clone().recipient());
        let proxy = WatchedProxy { inner: Arc::new(Says(status, body)), died };
        let (token, call) = (AccessToken::new("a token"), ApiRequest::account("/funds"));
        proxy.send(&token, &call).await.unwrap();
        proxy.send_own(&token, &call).await.unwrap();
        proxy.send_while(&token, &call, Arc::new(|| true)).await.unwrap();
        // Behind what was said.
        ear.send(TokenDied { fingerprint: token.fingerprint(), code: 0 }).await.unwrap();
        let all = all.lock().unwrap();
        assert!(all.iter().all(|told| told.fingerprint == token.fingerprint()));
        all.len() - 1
    }

    #[actix::test]
    async fn whoever_asks_fyers_word_that_the_token_is_dead_is_passed_on_and_nothing_else() {
        let dead = r#"{"s":"error","code":-16,"message":"Could not authenticate the user"}"#;
        assert_eq!(heard(401, dead).await, 3);
        for (status, body) in [(401, "<html>"), (401, ""), (200, r#"{"s":"ok","code":200}"#)] {
            assert_eq!(heard(status, body).await, 0, "{status} {body}");
        }
    }
}
