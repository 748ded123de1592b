//! What a relay's socket says, as a stream.

use super::opening::Io;
use super::session::SessionEnd;
use futures_util::stream::{self, Stream};
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
            Err(error) => Err(SessionEnd::Broken(error.to_string())),
        };
        let open = what.is_ok().then_some(stream);
        Some((Heard { slot, epoch, what }, open))
    })
}
