//! Just enough of a WebSocket client to read fast: what it receives is shown without being copied.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Wire {
    /// Opens a connection and agrees on WebSocket. `window`: bytes that the system may take before they are read.
    pub(crate) async fn open(
        addr: &str,
        path: &str,
        authorization: &str,
        window: Option<u32>,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        let mut stream = socket.connect(addr.parse().map_err(io::Error::other)?).await?;
        stream.set_nodelay(true)?;
        let header = if authorization.is_empty() {
            String::new()
        } else {
            format!("authorization: {authorization}\r\n")
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {addr}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()));
        }
        Ok(Self { stream, buffer: vec![0; 1 << 18], filled: 0 })
    }

    /// Sends a message, masked with zeros.
    pub(crate) async fn send(&mut self, is_text: bool, payload: &[u8]) -> io::Result<()> {
        let mut frame = vec![if is_text { 0x81 } else { 0x82 }];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await
    }

    /// Reads at most so much, and looks at nothing of it.
    pub(crate) async fn sip(&mut self, most: usize) -> io::Result<()> {
        match self.stream.read(&mut self.buffer[..most]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Reads what is there, and shows each whole message.
    pub(crate) async fn read(&mut self, mut show: impl FnMut(&[u8])) -> io::Result<()> {
        let count = self.stream.read(&mut self.buffer[self.filled..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        let (mut at, mut pings) = (0, vec![]);
        while let Some((opcode, start, end)) = message(&self.buffer[at..self.filled]) {
            match opcode {
                1 | 2 => show(&self.buffer[at + start..at + end]),
                8 => return Err(io::ErrorKind::UnexpectedEof.into()),
                9 => pings.push(self.buffer[at + start..at + end].to_vec()),
                _ => {}
            }
            at += end;
        }
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        for ping in pings {
            let head = [0x8a, 0x80 | ping.len() as u8, 0, 0, 0, 0];
            self.stream.write_all(&[&head[..], &ping].concat()).await?;
        }
        Ok(())
    }
}

/// Opcode, start and end of the first message, when it is whole.
fn message(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (opcode, short) = (bytes.first()? & 0x0f, usize::from(bytes.get(1)? & 0x7f));
    let (start, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, short),
    };
    (bytes.len() >= start + length).then_some((opcode, start, start + length))
}
