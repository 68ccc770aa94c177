//! Requests that a standby brings to the keeper that acts, with the bounds they have there.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, COOKIE},
    },
    web::{self, Bytes},
};

use keeper_domain::{address::Network, keys::relayed_client::RelayedClient};

pub(crate) use crate::http::limits::{body::read_first, descriptors::relayed_connections as connections};
use crate::http::{
    access::{peer_user::user_of, shown},
    gateway::discard,
    limits::{
        answer::with_room,
        body::{self, Body, BodyError, Bounds},
        connections::{Answering, Connection},
    },
};
use crate::memory::Memory;

/// Of somebody who shows a key: whether it is the right one, the holder knows.
const OF_BOTS: Bounds = Bounds { longest: 1024 * 1024, limit: Duration::from_secs(15), copies: 2 };
/// Of somebody who shows none.
const OF_STRANGERS: Bounds = Bounds { longest: 16 * 1024, limit: Duration::from_secs(15), copies: 2 };

/// The client that asks, as the holder would know it. Of its user only sessions of pages ask; who shows a key and no cookie is a
/// bot.
pub(crate) fn client(request: &HttpRequest, trusted_proxies: &[Network], port: u16) -> RelayedClient {
    let address = shown::client(request, trusted_proxies, None);
    let shows = |name| request.headers().contains_key(name);
    let peer = request.peer_addr().filter(|_| !shows(AUTHORIZATION) || shows(COOKIE));
    RelayedClient { address, user: peer.and_then(|peer| user_of(peer, port)) }
}

/// Whether it shows a page session, or may begin or use one: a session is good for one user of a machine, so that the holder must
/// be told whose the connection is. Logins and bots need none.
pub(crate) fn is_of_a_user(request: &HttpRequest) -> bool {
    let shows = |name| request.headers().contains_key(name);
    let may_act = shows(COOKIE) || !request.method().is_safe();
    let is_page = !["/api/v3/", "/data/", "/fyers/"].iter().any(|place| request.path().starts_with(place));
    may_act && is_page && !shows(AUTHORIZATION)
}

/// Whether it becomes a socket.
pub(crate) fn is_socket(request: &HttpRequest) -> bool {
    request.method() == Method::GET && request.head().upgrade()
}

/// The body, which has its room until it is dropped; or why it is not brought to the holder. The rest of one that is too long is read and
/// dropped, so that its sender is listening when it is told no.
pub(crate) async fn body(
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<Bytes, (StatusCode, &'static str)> {
    let memory = request.app_data::<web::Data<Memory>>();
    let memory = memory.ok_or((StatusCode::INTERNAL_SERVER_ERROR, "there is no room for bodies"))?;
    let bounds = if request.headers().contains_key(AUTHORIZATION) { OF_BOTS } else { OF_STRANGERS };
    let error = match body::read(memory, (body::promised(request.headers()), &mut payload), bounds).await {
        Ok(Body { bytes, memory }) => return Ok(with_room(bytes, memory)),
        Err(error) => error,
    };
    if matches!(error, BodyError::TooLong | BodyError::NoRoom) {
        discard(payload).await;
    }
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.close_soon();
    }
    Err(match error {
        BodyError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body did not come whole, or it is none"),
        BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        BodyError::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "too many bodies at once; try again"),
    })
}

/// It waits for the holder: until this is dropped, its connection makes no room for others.
pub(crate) fn answering(request: &HttpRequest) -> Option<Answering> {
    request.conn_data::<Connection>().map(|connection| connection.answering(request.method()))
}

/// The holder has let it in, or not: whoever has shown a good key is the last to lose a connection.
pub(crate) fn note_answer(request: &HttpRequest, status: StatusCode) {
    let shows_key = [AUTHORIZATION, COOKIE].iter().any(|name| request.headers().contains_key(name));
    let is_let_in =
        ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if let Some(connection) = request.conn_data::<Connection>().filter(|_| shows_key && is_let_in) {
        connection.trust(None);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn of_a_user_are_pages_and_neither_bots_nor_logins() {
        let of_a_user = |method: Method, path: &str, shown: &[(&str, &str)]| {
            let mut request = TestRequest::with_uri(path).method(method);
            for header in shown {
                request = request.insert_header(*header);
            }
            is_of_a_user(&request.to_http_request())
        };
        let (cookie, key) = (("cookie", "keeper_session_1=x"), ("authorization", "a:key"));
        assert!(of_a_user(Method::GET, "/", &[cookie]) && of_a_user(Method::GET, "/events", &[cookie]));
        assert!(of_a_user(Method::POST, "/unlock", &[]) && of_a_user(Method::POST, "/act/halt", &[cookie]));
        assert!(!of_a_user(Method::GET, "/", &[]) && !of_a_user(Method::GET, "/fyers/login", &[cookie]));
        assert!(!of_a_user(Method::POST, "/fyers/callback", &[cookie]), "a code works once");
        assert!(!of_a_user(Method::POST, "/api/v3/validate-authcode", &[]), "an SDK's login shows no key");
        for bots in [[key].as_slice(), &[key, cookie]] {
            assert!(!of_a_user(Method::POST, "/api/v3/orders/sync", bots));
            assert!(!of_a_user(Method::GET, "/api/status", bots));
        }
    }

    #[test]
    fn whoever_shows_a_cookie_is_named_with_a_key_beside_it_as_well() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let named = |shown: &[(&str, &str)]| {
            let mut request = TestRequest::get().peer_addr(connection.local_addr().unwrap());
            for header in shown {
                request = request.insert_header(*header);
            }
            client(&request.to_http_request(), &[], port).user
        };
        let own = Some(rustix::process::geteuid().as_raw());
        let (cookie, key) = (("cookie", "keeper_session_1=x"), ("authorization", "a:key"));
        assert_eq!((named(&[]), named(&[cookie]), named(&[key, cookie])), (own, own, own));
        assert_eq!(named(&[key]), None, "a bot's session is not asked for");
    }
}
