//! A second handle on each TCP connection, to reset it and to notice that the peer has closed it.

use std::any::Any;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

use actix_web::dev::Extensions;

/// How often a hanging connection is checked, in real time.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// A second handle on a TCP connection.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Keeps a second handle for each new connection.
    pub(crate) fn remember(connection: &dyn Any, data: &mut Extensions) {
        let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
        if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
            data.insert(Self(TcpStream::from(handle)));
        }
    }

    /// One more handle on the same connection.
    pub(crate) fn duplicate(&self) -> Option<Self> {
        self.0.try_clone().ok().map(Self)
    }

    /// Makes closing the connection discard unsent bytes and send RST.
    pub(crate) fn reset_on_close(&self) {
        let handle = self.0.try_clone().and_then(actix_web::rt::net::TcpStream::from_std);
        if let Ok(handle) = handle {
            // Without it the close is an orderly FIN: still an answer that never came.
            let _best_effort = handle.set_zero_linger();
        }
    }

    /// Returns when the other side has closed or reset the connection.
    pub(crate) async fn closed_by_peer(&self) {
        let mut byte = [0];
        loop {
            match self.0.peek(&mut byte) {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return,
                _ => tokio::time::sleep(CHECK_EVERY).await,
            }
        }
    }
}
