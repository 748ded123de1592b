//! What a relay's socket says, as a stream.

use super::opening::Io;
use super::session::SessionEnd;
use futures_util::stream::{self, Stream};
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, ReadHalf};

/// Bytes read at once. A relay has little to say.
const READ_BYTES: usize = 4 * 1024;

/// Something the socket of a session said.
pub struct Heard {
    pub slot: u8,
    pub epoch: u32,
    pub what: Result<Vec<u8>, SessionEnd>,
}

/// Everything the socket says, in order; ends after the first error or end of stream.
pub fn read(slot: u8, epoch: u32, stream: ReadHalf<Box<dyn Io>>) -> impl Stream<Item = Heard> {
    stream::unfold(Some(stream), move |open| async move {
        let mut stream = open?;
        let mut bytes = vec![0; READ_BYTES];
        let what = match stream.read(&mut bytes).await {
            Ok(0) => Err(SessionEnd::Eof),
            Ok(count) => {
                bytes.truncate(count);
                Ok(bytes)
            }
            // TLS that ends without a goodbye. An answer has an end of its own, so that nothing can be cut off unseen.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(SessionEnd::Eof),
            Err(error) => Err(SessionEnd::Broken(error.to_string())),
        };
        let open = what.is_ok().then_some(stream);
        Some((Heard { slot, epoch, what }, open))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    /// A stream that ends with an error.
    struct Ends(ErrorKind);

    impl AsyncRead for Ends {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(self.0.into()))
        }
    }

    impl AsyncWrite for Ends {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[actix::test]
    async fn tls_without_a_goodbye_is_an_end_like_any_other() {
        for (kind, is_end) in [
            (ErrorKind::UnexpectedEof, true),
            (ErrorKind::ConnectionReset, false),
        ] {
            let (stream, _) = tokio::io::split(Box::new(Ends(kind)) as Box<dyn Io>);
            let heard: Vec<_> = read(0, 1, stream).collect().await;
            assert_eq!(heard.len(), 1);
            assert_eq!(matches!(heard[0].what, Err(SessionEnd::Eof)), is_end, "{kind}");
        }
    }
}
