use carillon_api::live::{LiveMessage, LiveRequest};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// A WebSocket (RFC 6455) that says what it likes.
pub struct LiveSocket {
    stream: TcpStream,
    input: Vec<u8>,
    /// Pings are answered.
    pub polite: bool,
}

impl LiveSocket {
    /// Opens a socket with these header lines.
    pub async fn at(address: SocketAddr, headers: &[(&str, &str)]) -> LiveSocket {
        let (head, socket) = LiveSocket::try_at(address, headers).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        socket
    }

    /// Gives the head of the answer as well.
    pub async fn try_at(address: SocketAddr, headers: &[(&str, &str)]) -> (String, LiveSocket) {
        let mut head = format!(
            "GET /v1/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let mut socket = LiveSocket {
            stream: TcpStream::connect(address).await.unwrap(),
            input: Vec::new(),
            polite: true,
        };
        socket.write(head.as_bytes()).await;
        loop {
            if let Some(end) = socket.input.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = socket.input.drain(..end + 4).collect();
                return (String::from_utf8(head).unwrap(), socket);
            }
            assert!(socket.read().await, "there is an answer");
        }
    }

    pub async fn send(&mut self, request: &LiveRequest) {
        self.send_text(&serde_json::to_string(request).unwrap()).await;
    }

    pub async fn subscribe(&mut self, scope: Option<&str>) {
        let request = LiveRequest::Subscribe {
            scope: scope.map(str::to_owned),
            resume: None,
        };
        self.send(&request).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.frame(1, text.as_bytes()).await;
    }

    /// A whole frame, masked with zeros.
    pub async fn frame(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            short @ ..126 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.write(&frame).await;
    }

    /// Bytes as they are; the server may have closed the link already.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _the_server_may_be_gone = self.stream.write_all(bytes).await;
    }

    /// The next message; `None` when the link was closed.
    pub async fn next(&mut self) -> Option<LiveMessage> {
        loop {
            while let Some((opcode, payload)) = self.take_frame() {
                match opcode {
                    1 => return Some(serde_json::from_slice(&payload).unwrap()),
                    9 if self.polite => self.frame(10, &payload).await,
                    8 => return None,
                    _ => {}
                }
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Everything until the link is closed.
    pub async fn rest(&mut self) -> Vec<LiveMessage> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        messages
    }

    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (&[head, length], rest) = self.input.split_first_chunk::<2>()?;
        let (length, start) = match length {
            126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*rest.first_chunk()?) as usize, 10),
            short => (usize::from(short), 2),
        };
        let payload = self.input.get(start..start + length)?.to_vec();
        self.input.drain(..start + length);
        Some((head & 0x0f, payload))
    }

    async fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut buffer)).await;
        let bytes = read.expect("the server says something in time").unwrap_or(0);
        self.input.extend(&buffer[..bytes]);
        bytes > 0
    }
}
