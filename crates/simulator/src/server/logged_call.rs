//! The call log's view of a request, and the fault that applies to it.

use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::{HttpResponse, web};
use futures_util::stream;

use super::fault_plan::{Plan, plan};
use super::response::{broken, respond, status};
use super::shared::Shared;
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::state::Service;
use crate::telegram;

/// One entry of the call log, open from the request's arrival until it was answered, cut off or abandoned.
pub(super) struct LoggedCall {
    world: Shared,
    path: String,
    number: u64,
    status: Option<u16>,
}

impl LoggedCall {
    pub(super) fn begin(shared: &Shared, service: Service, request: &Request) -> (Self, Plan) {
        let path = match service {
            Service::Fyers => request.path.clone(),
            Service::Telegram => telegram::endpoint(&request.path),
        };
        let mut world = shared.lock();
        let now = world.now();
        let fault = if world.is_out(service) {
            Some(Fault::Reset)
        } else {
            world.faults.take(&request.method, &path, now)
        };
        let faulted = fault.as_ref().is_some_and(|fault| *fault != Fault::Pass);
        let number = world.calls.begin(&request.method, &path, now, faulted);
        drop(world);
        let call = Self { world: shared.clone(), path, number, status: None };
        (call, plan(fault.unwrap_or(Fault::Pass), service))
    }

    /// Notes the status of a response that is built elsewhere.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    pub(super) fn finish(&mut self, reply: Response) -> HttpResponse {
        self.status = Some(reply.status);
        let date = self.world.lock().date_header();
        respond(reply, date)
    }

    /// Promises the whole body, sends half of it, and breaks off.
    pub(super) fn cut(&mut self, reply: &Response) -> HttpResponse {
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

impl Drop for LoggedCall {
    fn drop(&mut self) {
        self.world.lock().calls.end(self.number, &self.path, self.status);
    }
}
