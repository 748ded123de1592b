//! A small HTTP/1.1 client over kept-alive connections: the load must not cost more than what it loads.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS_MAX: usize = 32;
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("cannot connect to {address}")]
    Connect { address: SocketAddr, source: io::Error },
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("the connection was closed before the answer was whole")]
    Closed,
    #[error("the answer is not HTTP/1.1")]
    Head(#[from] httparse::Error),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body's length cannot be understood")]
    Length,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Seconds of `Retry-After`.
    pub retry_after_s: Option<u64>,
    /// Name and value of the first cookie it sets.
    pub cookie: Option<String>,
    pub body: Bytes,
}

/// Requests to one server, one at a time, over one connection that is made again when it broke.
pub struct HttpClient {
    address: SocketAddr,
    /// `Host` and who asks, of every request.
    headers: String,
    timeout: Duration,
    stream: Option<TcpStream>,
    input: BytesMut,
}

impl HttpClient {
    /// `authorization` is the value of that header, e.g. `Bearer …`; empty for none.
    pub fn new(address: SocketAddr, authorization: &str, timeout: Duration) -> Self {
        let authorization = match authorization {
            "" => String::new(),
            value => format!("Authorization: {value}\r\n"),
        };
        HttpClient::with_headers(address, &authorization, timeout)
    }

    /// `headers` are whole lines that every request brings, each with its `\r\n`.
    pub fn with_headers(address: SocketAddr, headers: &str, timeout: Duration) -> Self {
        let headers = format!("Host: {address}\r\n{headers}");
        HttpClient {
            address,
            headers,
            timeout,
            stream: None,
            input: BytesMut::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer, HttpError> {
        let head = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        self.exchange(head.as_bytes(), &[]).await
    }

    /// `extra` are whole header lines, each with its `\r\n`.
    pub async fn post(&mut self, path: &str, extra: &str, body: &[u8]) -> Result<Answer, HttpError> {
        let head = format!(
            "POST {path} HTTP/1.1\r\n{}{extra}Content-Length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        self.exchange(head.as_bytes(), body).await
    }

    /// As [`HttpClient::post`], by another method.
    pub async fn put(&mut self, path: &str, extra: &str, body: &[u8]) -> Result<Answer, HttpError> {
        let head = format!(
            "PUT {path} HTTP/1.1\r\n{}{extra}Content-Length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        self.exchange(head.as_bytes(), body).await
    }

    async fn exchange(&mut self, head: &[u8], body: &[u8]) -> Result<Answer, HttpError> {
        let timeout = self.timeout;
        let answer = tokio::time::timeout(timeout, self.exchange_untimed(head, body)).await;
        let answer = answer.unwrap_or(Err(HttpError::TimedOut(timeout)));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange_untimed(&mut self, head: &[u8], body: &[u8]) -> Result<Answer, HttpError> {
        if self.stream.is_none() {
            let connect_error = |source| HttpError::Connect {
                address: self.address,
                source,
            };
            let stream = TcpStream::connect(self.address).await.map_err(connect_error)?;
            stream.set_nodelay(true)?;
            self.input.clear();
            self.stream = Some(stream);
        }
        let Some(stream) = self.stream.as_mut() else {
            return Err(HttpError::Closed);
        };
        write_both(stream, head, body).await?;
        let head = read_head(stream, &mut self.input).await?;
        let body = match head.length {
            BodyLength::Known(length) => read_known(stream, &mut self.input, length).await?,
            BodyLength::Chunked => read_chunked(stream, &mut self.input).await?,
        };
        if head.closes {
            self.stream = None;
        }
        Ok(Answer {
            status: head.status,
            retry_after_s: head.retry_after_s,
            cookie: head.cookie,
            body,
        })
    }
}

async fn write_both(stream: &mut TcpStream, head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut whole = Buf::chain(head, body);
    while whole.has_remaining() {
        stream.write_buf(&mut whole).await?;
    }
    Ok(())
}

struct Head {
    status: u16,
    retry_after_s: Option<u64>,
    cookie: Option<String>,
    closes: bool,
    length: BodyLength,
}

#[derive(Clone, Copy)]
enum BodyLength {
    Known(usize),
    Chunked,
}

async fn more(stream: &mut TcpStream, input: &mut BytesMut) -> Result<(), HttpError> {
    input.reserve(16 * 1024);
    match stream.read_buf(input).await? {
        0 => Err(HttpError::Closed),
        _ => Ok(()),
    }
}

async fn read_head(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Head, HttpError> {
    loop {
        if !input.is_empty()
            && let Some((head, length)) = parse_head(input)?
        {
            input.advance(length);
            return Ok(head);
        }
        if input.len() > HEAD_BYTES_MAX {
            return Err(HttpError::TooLarge {
                limit: HEAD_BYTES_MAX,
            });
        }
        more(stream, input).await?;
    }
}

fn parse_head(input: &[u8]) -> Result<Option<(Head, usize)>, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(bytes) = response.parse(input)? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let mut head = Head {
        status,
        retry_after_s: None,
        cookie: None,
        closes: false,
        length: BodyLength::Known(0),
    };
    for header in response.headers.iter() {
        let value = std::str::from_utf8(header.value).unwrap_or_default().trim();
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let length = value.parse().map_err(|_| HttpError::Length)?;
            if length > BODY_BYTES_MAX {
                return Err(HttpError::TooLarge {
                    limit: BODY_BYTES_MAX,
                });
            }
            head.length = BodyLength::Known(length);
        } else if is("transfer-encoding") {
            head.length = BodyLength::Chunked;
        } else if is("retry-after") {
            head.retry_after_s = value.parse().ok();
        } else if is("set-cookie") {
            let pair = value.split(';').next().map(str::to_owned);
            head.cookie = head.cookie.or(pair);
        } else if is("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some((head, bytes)))
}

async fn read_known(stream: &mut TcpStream, input: &mut BytesMut, length: usize) -> Result<Bytes, HttpError> {
    while input.len() < length {
        more(stream, input).await?;
    }
    Ok(input.split_to(length).freeze())
}

async fn read_chunked(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Bytes, HttpError> {
    let mut body = BytesMut::new();
    loop {
        let (start, size) = loop {
            match httparse::parse_chunk_size(input).map_err(|_| HttpError::Length)? {
                httparse::Status::Complete(found) => break found,
                httparse::Status::Partial => more(stream, input).await?,
            }
        };
        input.advance(start);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > BODY_BYTES_MAX - body.len().min(BODY_BYTES_MAX) {
            return Err(HttpError::TooLarge {
                limit: BODY_BYTES_MAX,
            });
        }
        // The chunk's own line end.
        let chunk = read_known(stream, input, size + 2).await?;
        if size == 0 {
            return Ok(body.freeze());
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn exchange(answer: &'static [u8]) -> Result<Answer, HttpError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 1_024];
            let length = stream.read(&mut request).await.expect("a request");
            for byte in answer {
                // A client that has seen enough hangs up.
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let mut client = HttpClient::new(address, "Bearer key", Duration::from_secs(10));
        let got = client.post("/v1/messages", "X-A: b\r\n", b"{}").await;
        let request = server.await.expect("the server");
        assert!(
            request.starts_with("POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:"),
            "{request}"
        );
        assert!(
            request.contains("Authorization: Bearer key\r\nX-A: b\r\nContent-Length: 2\r\n\r\n"),
            "{request}"
        );
        got
    }

    #[tokio::test]
    async fn answers_of_both_lengths_are_read_in_any_pieces() {
        let known = exchange(b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\nset-cookie: a=b; HttpOnly\r\nContent-Length: 3\r\n\r\nabc").await;
        let expected = Answer {
            status: 429,
            retry_after_s: Some(7),
            cookie: Some("a=b".to_owned()),
            body: Bytes::from_static(b"abc"),
        };
        assert_eq!(known.expect("an answer"), expected);
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(
            exchange(chunked).await.expect("an answer").body,
            Bytes::from_static(b"abcde")
        );
    }

    #[tokio::test]
    async fn bad_answers_are_errors() {
        assert!(matches!(
            exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").await,
            Err(HttpError::Closed)
        ));
        assert!(matches!(
            exchange(b"nonsense\r\n\r\n").await,
            Err(HttpError::Head(_))
        ));
        let huge = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        assert!(matches!(exchange(huge).await, Err(HttpError::TooLarge { .. })));
        let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n";
        assert!(matches!(exchange(chunk).await, Err(HttpError::TooLarge { .. })));
    }
}
