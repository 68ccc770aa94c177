//! The least that a relay can do: each frame goes to every client as it came.

use std::io;

use futures_util::{SinkExt, StreamExt};
use fyers_api::hsm::ClientFrame;
use tokio::{net::TcpListener, sync::broadcast};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

use crate::topics;

#[derive(clap::Args)]
pub(crate) struct Args {
    port: u16,
    /// The data socket
    source: String,
    #[arg(long, default_value_t = 2_000)]
    symbols: usize,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

#[allow(clippy::disallowed_methods, reason = "what goes wrong in here ends the measurement")]
async fn serve(args: &Args) -> io::Result<()> {
    let (frames, _) = broadcast::channel::<Message>(4_096);
    let source = frames.clone();
    let (mut socket, _) = connect_async(args.source.as_str()).await.map_err(io::Error::other)?;
    let auth = ClientFrame::Auth { key: "key".into(), mode: "P".into(), source: "relay".into() };
    let subscribe = ClientFrame::Subscribe { topics: topics(args.symbols), channel: 11 };
    for frame in [auth, subscribe] {
        socket.send(Message::binary(frame.encode())).await.map_err(io::Error::other)?;
    }
    tokio::spawn(async move {
        while let Some(Ok(frame)) = socket.next().await {
            // Nobody listens yet.
            let _nobody = source.send(frame);
        }
    });
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut frames = frames.subscribe();
        tokio::spawn(async move {
            let Ok(mut socket) = accept_async(stream).await else { return };
            loop {
                let frame = match frames.recv().await {
                    Ok(frame) => frame,
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                if socket.send(frame).await.is_err() {
                    return;
                }
            }
        });
    }
}
