//! The two listeners, in a thread of their own.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};

use super::handler::answer;
use super::shared::Shared;
use super::tcp::Connection;
use super::websocket::connect;
use crate::state::Service;
use crate::{endpoint, streams};

/// Connections stay open this long between calls, so that a client's pool is exercised.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How often it is checked whether a random walk was switched on, in real time.
const WALK_CHECK: Duration = Duration::from_millis(20);

/// Both servers, running in a thread of their own.
pub(crate) struct Running {
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Serves both listeners from a new thread with its own actix system.
    pub(crate) fn start(world: &Shared, fyers: TcpListener, telegram: TcpListener) -> io::Result<Self> {
        let (send, receive) = mpsc::channel();
        let world = world.clone();
        let body = move || {
            actix_web::rt::System::new().block_on(async move {
                let fyers = server(&world, Service::Fyers, fyers)?;
                let telegram = server(&world, Service::Telegram, telegram)?;
                let _owner_left = send.send(vec![fyers.handle(), telegram.handle()]);
                tokio::select! {
                    ended = futures_util::future::try_join(fyers, telegram) => ended.map(|_| ()),
                    () = walk(world) => Ok(()),
                }
            })
        };
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(body)?;
        match receive.recv() {
            Ok(handles) => Ok(Self { handles, thread: Some(thread) }),
            Err(_ended) => {
                let failure = thread.join().ok().and_then(Result::err);
                Err(failure.unwrap_or_else(|| io::Error::other("the simulator's thread ended early")))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for handle in &self.handles {
            // The order to stop is given by the call itself; the future only tells when it is done.
            drop(handle.stop(false));
        }
        if let Some(thread) = self.thread.take() {
            let _result = thread.join();
        }
    }
}

/// Takes a step of the random walk whenever one is due; never returns.
async fn walk(world: Shared) {
    loop {
        let every = world.lock().walk_every;
        tokio::time::sleep(every.unwrap_or(WALK_CHECK)).await;
        if every.is_some() {
            streams::walk(&mut world.lock(), 1);
        }
    }
}

fn server(world: &Shared, service: Service, listener: TcpListener) -> io::Result<actix_web::dev::Server> {
    let world = world.clone();
    let factory = move || {
        App::new()
            .app_data(web::Data::new(world.clone()))
            .app_data(web::Data::new(service))
            .app_data(web::PayloadConfig::new(1 << 20))
            .service(web::resource([endpoint::DATA_SOCKET, endpoint::ORDER_SOCKET]).to(connect))
            .default_service(web::to(answer))
    };
    let server = HttpServer::new(factory)
        .workers(1)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .on_connect(Connection::remember)
        .shutdown_timeout(0);
    Ok(server.listen(listener)?.run())
}
