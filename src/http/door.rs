//! How connections are served, whoever answers on them: a keeper that acts, or one that stands by. Strangers have the same
//! bounds at both.

use std::{
    future::ready,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{AppConfig, Server, ServiceRequest, ServiceResponse},
    http::header::CACHE_CONTROL,
    middleware::DefaultHeaders,
    rt::net::TcpStream,
};
use keeper_domain::address::Network;
use socket2::{Domain, Socket, Type};

use crate::http::{
    limits::connections::{Connections, Guarded},
    request_line::Readable,
};

/// How long an idle connection stays open: longer than any pause of a busy bot, so that its next order does not
/// meet a connection that is just closing.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long the end of a connection may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How much of an answer is written ahead, in bytes: each of the connections may have as much and one part more.
const WRITE_BUFFER: usize = 8 * 1024;
/// Connections that wait in the kernel to be accepted; it may allow fewer. Each costs it little, and the keeper nothing.
const QUEUE: i32 = 1_024;
/// Connections that are accepted and wait for another one to make room.
const SPARE: usize = 64;

/// The connections of one listener, with their bounds.
pub(crate) struct Door {
    connections: Connections,
    most: usize,
}

impl Door {
    /// So many connections at most; these proxies are trusted.
    pub(crate) fn new(most: usize, proxies: Vec<Network>) -> Self {
        Self { connections: Connections::new(most, proxies), most }
    }

    /// Makes a connection go whose answer is not taken; false when there is none.
    pub(crate) fn relief(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let connections = self.connections.clone();
        move || connections.relieve()
    }

    /// Serves with this application once the returned server is polled.
    pub(crate) fn serve<T, B>(
        self,
        (listener, bound): (TcpListener, SocketAddr),
        application: impl Fn() -> App<T> + Clone + Send + 'static,
    ) -> std::io::Result<Server>
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        T::Future: 'static,
        B: MessageBody + 'static,
    {
        let Self { connections, most } = self;
        let serve = move || {
            let app = application().into_factory().map_err(|error: Error| error.error_response());
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_LIMIT)
                .client_disconnect_timeout(CLOSE_LIMIT)
                .h1_write_buffer_size(WRITE_BUFFER)
                .local_addr(bound)
                .on_connect_ext(|io: &Readable<Guarded>, data| {
                    data.insert(io.get_ref().connection());
                })
                .h1(map_config(app, |()| AppConfig::default()));
            let connections = connections.clone();
            fn_service(move |stream: TcpStream| {
                let admitted =
                    connections.admit(stream).map(|(guarded, peer)| (Readable::new(guarded), peer));
                ready(admitted.ok_or(DispatchError::DisconnectTimeout))
            })
            .and_then(http)
        };
        Ok(Server::build()
            .workers(1)
            .max_concurrent_connections(most + SPARE)
            .disable_signals()
            .shutdown_timeout(1)
            .listen("http", listener, serve)?
            .run())
    }
}

/// As the standard library does it, but for the queue: there it has 128 places, and where it is full the kernel drops who
/// knocks, a health check as well as a stranger, for a second or more.
pub(crate) fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(QUEUE)?;
    Ok(socket.into())
}

/// What every answer has, unless it says otherwise.
pub(crate) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CACHE_CONTROL, "no-store"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
}
