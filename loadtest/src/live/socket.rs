use super::frame::{Frame, FrameError, Opcode};
use bytes::{Bytes, BytesMut};
use carillon_api::live::LiveRequest;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Any 16 bytes do: whether a proxy repeats old answers is not what is tested here.
const KEY: &str = "Y2FyaWxsb24tbG9hZHRlcw==";

#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error("cannot connect to {address}")]
    Connect { address: SocketAddr, source: io::Error },
    #[error("the link broke")]
    Io(#[from] io::Error),
    #[error("the handshake was answered with: {0}")]
    Refused(String),
    #[error("the server has no place for another screen")]
    Overloaded,
    #[error("the answer to the handshake is too long")]
    Head,
    #[error("a frame cannot be read")]
    Frame(#[from] FrameError),
    #[error("a request cannot be written")]
    Request(#[from] serde_json::Error),
}

/// An open WebSocket. Pings are answered while it is read.
pub struct LiveSocket {
    stream: TcpStream,
    input: BytesMut,
}

impl LiveSocket {
    /// `headers` are whole lines, each with its `\r\n`: who asks.
    pub async fn open(address: SocketAddr, headers: &str) -> Result<Self, LiveError> {
        let connect_error = |source| LiveError::Connect { address, source };
        let mut stream = TcpStream::connect(address).await.map_err(connect_error)?;
        stream.set_nodelay(true)?;
        let head = format!(
            "GET /v1/live HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut input = BytesMut::new();
        let end = loop {
            if let Some(end) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if input.len() > HEAD_BYTES_MAX {
                return Err(LiveError::Head);
            }
            if stream.read_buf(&mut input).await? == 0 {
                return Err(LiveError::Refused("nothing".to_owned()));
            }
        };
        let head = input.split_to(end);
        if head.starts_with(b"HTTP/1.1 503") {
            return Err(LiveError::Overloaded);
        }
        if !head.starts_with(b"HTTP/1.1 101") {
            let head = String::from_utf8_lossy(&head);
            return Err(LiveError::Refused(
                head.lines().next().unwrap_or_default().to_owned(),
            ));
        }
        Ok(LiveSocket { stream, input })
    }

    pub async fn send(&mut self, request: &LiveRequest) -> Result<(), LiveError> {
        let text = serde_json::to_vec(request)?;
        self.write(Opcode::Text, &text).await
    }

    /// The next text; `None` when the server has closed the link.
    pub async fn next(&mut self) -> Result<Option<Bytes>, LiveError> {
        loop {
            while let Some(frame) = Frame::decode(&mut self.input)? {
                match frame.opcode {
                    Opcode::Text => return Ok(Some(frame.payload)),
                    Opcode::Ping => self.write(Opcode::Pong, &frame.payload).await?,
                    Opcode::Pong => {}
                    Opcode::Close => return Ok(None),
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn write(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), LiveError> {
        let frame = Frame::encode(opcode, payload, rand::random());
        Ok(self.stream.write_all(&frame).await?)
    }
}
