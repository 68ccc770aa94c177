//! The two listeners and the one handler behind them.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::body::SizedStream;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;

use crate::http::{Reply, Request};
use crate::socket::Socket;
use crate::spoil::{Plan, plan};
use crate::world::{Service, World};
use crate::{control, fyers, telegram};

/// Connections stay open this long between calls, so that a client's pool is exercised.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How often a waiting `getUpdates` call looks for news, in real time.
const LOOK: Duration = Duration::from_millis(10);

/// The world, shared by the workers of both listeners and by the owner of the simulator.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// A panic in one request must not end the simulator, so a poisoned lock is taken all the same.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
                futures_util::future::try_join(fyers, telegram).await.map(|_| ())
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

fn server(world: &Shared, service: Service, listener: TcpListener) -> io::Result<actix_web::dev::Server> {
    let world = world.clone();
    let factory = move || {
        App::new()
            .app_data(web::Data::new(world.clone()))
            .app_data(web::Data::new(service))
            .app_data(web::PayloadConfig::new(1 << 20))
            .default_service(web::to(answer))
    };
    let server = HttpServer::new(factory)
        .workers(1)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .on_connect(Socket::remember)
        .shutdown_timeout(0);
    Ok(server.listen(listener)?.run())
}

async fn answer(
    http: HttpRequest,
    body: web::Bytes,
    world: web::Data<Shared>,
    service: web::Data<Service>,
) -> HttpResponse {
    let request = read(&http, &body);
    let service = **service;
    if service == Service::Fyers && request.path.starts_with("/control/") {
        let mut world = world.lock();
        let reply = control::handle(&mut world, &request);
        return respond(reply, world.date_header());
    }
    let (mut visit, plan) = Visit::arrive(&world, service, &request);
    match plan {
        Plan::Hang => {
            if let Some(socket) = http.conn_data::<Socket>() {
                socket.closed_by_peer().await;
            }
            reset(&http)
        }
        Plan::Reset => reset(&http),
        Plan::Instead(reply) => visit.leave(reply),
        Plan::After(wait) => {
            tokio::time::sleep(wait).await;
            match patient_reply(&http, &world, service, &request).await {
                Some(reply) => visit.leave(reply),
                None => reset(&http),
            }
        }
        Plan::Changed(change) => match patient_reply(&http, &world, service, &request).await {
            Some(reply) => visit.leave(change(reply)),
            None => reset(&http),
        },
        Plan::Cut => match patient_reply(&http, &world, service, &request).await {
            Some(reply) => visit.cut(&reply),
            None => reset(&http),
        },
        Plan::Lost => {
            patient_reply(&http, &world, service, &request).await;
            reset(&http)
        }
    }
}

fn read(http: &HttpRequest, body: &[u8]) -> Request {
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Request {
        method: http.method().as_str().to_owned(),
        path: http.path().to_owned(),
        query: Request::parse_query(http.query_string()),
        authorization: header("authorization"),
        content_type: header("content-type").unwrap_or_default(),
        body: body.to_vec(),
    }
}

/// The answer without any fault; `None` when the caller left first, or an outage cut a waiting call off.
async fn patient_reply(
    http: &HttpRequest,
    world: &Shared,
    service: Service,
    request: &Request,
) -> Option<Reply> {
    if service == Service::Fyers {
        return Some(fyers::handle(&mut world.lock(), request));
    }
    let Some(socket) = http.conn_data::<Socket>() else {
        return telegram_reply(world, request).await;
    };
    tokio::select! {
        biased;
        reply = telegram_reply(world, request) => reply,
        () = socket.closed_by_peer() => None,
    }
}

/// `getUpdates` waits for something to report, as the real one does, unless a later poller takes its place.
async fn telegram_reply(world: &Shared, request: &Request) -> Option<Reply> {
    let begun = Instant::now();
    let (ticket, wait) = {
        let mut world = world.lock();
        (telegram::begin_poll(&mut world, request), telegram::longest_wait(&world, request))
    };
    loop {
        let reply = {
            let mut world = world.lock();
            if world.is_out(Service::Telegram) {
                return None;
            }
            if let Some(conflict) = ticket.and_then(|ticket| telegram::conflict(&mut world, ticket)) {
                return Some(conflict);
            }
            telegram::handle(&mut world, request)
        };
        let nothing_yet = ticket.is_some() && reply.body.ends_with(br#""result":[]}"#);
        if !nothing_yet || begun.elapsed() >= wait {
            return Some(reply);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A request's stay, from arrival to whatever end: answered, cut off, or abandoned by the caller.
struct Visit {
    world: Shared,
    path: String,
    number: u64,
    status: Option<u16>,
}

impl Visit {
    fn arrive(shared: &Shared, service: Service, request: &Request) -> (Self, Plan) {
        let path = match service {
            Service::Fyers => request.path.clone(),
            Service::Telegram => telegram::endpoint(&request.path),
        };
        let mut world = shared.lock();
        let now = world.now();
        let fault = if world.is_out(service) {
            Some(crate::Fault::Reset)
        } else {
            world.faults.take(&request.method, &path, now)
        };
        let faulted = fault.as_ref().is_some_and(|fault| *fault != crate::Fault::Pass);
        let number = world.calls.begin(&request.method, &path, now, faulted);
        drop(world);
        let visit = Self { world: shared.clone(), path, number, status: None };
        (visit, plan(fault.unwrap_or(crate::Fault::Pass), service))
    }

    fn leave(&mut self, reply: Reply) -> HttpResponse {
        self.status = Some(reply.status);
        let date = self.world.lock().date_header();
        respond(reply, date)
    }

    /// Promises the whole body, sends half of it, and breaks off.
    fn cut(&mut self, reply: &Reply) -> HttpResponse {
        self.status = Some(reply.status);
        let promised = reply.body.len().max(2);
        let half = web::Bytes::copy_from_slice(&reply.body[..reply.body.len() / 2]);
        let body = stream::unfold(0, move |step| {
            let half = half.clone();
            async move {
                match step {
                    0 => Some((Ok(half), 1)),
                    1 => {
                        // Let the first half reach the socket: an error drops what is still in the buffer.
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        Some((Err(broken()), 2))
                    }
                    _ => None,
                }
            }
        });
        HttpResponse::build(status(reply.status))
            .content_type(reply.content_type)
            .body(SizedStream::new(promised as u64, Box::pin(body)))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.world.lock().calls.end(self.number, &self.path, self.status);
    }
}

fn respond(reply: Reply, date: String) -> HttpResponse {
    let mut response = HttpResponse::build(status(reply.status));
    response.content_type(reply.content_type).insert_header(("Date", date));
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    response.body(reply.body)
}

/// Closes the connection with RST before a byte of an answer is sent: a body that fails at once makes the server
/// drop the connection with its head still unsent.
fn reset(http: &HttpRequest) -> HttpResponse {
    if let Some(socket) = http.conn_data::<Socket>() {
        socket.reset_on_close();
    }
    let body = stream::iter([Err::<web::Bytes, _>(broken())]);
    HttpResponse::Ok().body(SizedStream::new(1, body))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "a fault was asked for")
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
