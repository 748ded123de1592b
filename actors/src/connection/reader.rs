//! What a socket says, as a stream that can be made to wait.

use bytes::BytesMut;
use futures_util::stream::{self, Stream};
use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Bytes read at once; all PDUs in them are one event.
const READ_BYTES: usize = 64 * 1024;

/// Something the socket of a session said.
pub struct Heard {
    pub slot: u8,
    pub epoch: u32,
    pub what: Result<BytesMut, String>,
}

/// Holds a reader back while what came before is not dealt with: TCP then holds back the peer.
#[derive(Default)]
pub struct Gate {
    shut: Cell<bool>,
    opened: Notify,
}

impl Gate {
    pub fn set_open(&self, open: bool) {
        self.shut.set(!open);
        if open {
            self.opened.notify_one();
        }
    }

    async fn pass(&self) {
        while self.shut.get() {
            self.opened.notified().await;
        }
    }
}

/// Everything the socket says, in order and as the gate allows; ends after the first error or end of stream.
pub fn read(slot: u8, epoch: u32, stream: Rc<TcpStream>, gate: Rc<Gate>) -> impl Stream<Item = Heard> {
    stream::unfold(Some((stream, gate, BytesMut::new())), move |open| async move {
        let (stream, gate, mut bytes) = open?;
        // The same memory as long as nobody keeps what was read: an allocation as large as this for every read makes all others slow.
        bytes.reserve(READ_BYTES);
        let what = loop {
            if let Err(error) = stream.readable().await {
                break Err(error.to_string());
            }
            gate.pass().await;
            match stream.try_read_buf(&mut bytes) {
                Ok(0) => break Err("the carrier closed the connection".to_owned()),
                Ok(_) => break Ok(bytes.split()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => break Err(error.to_string()),
            }
        };
        let open = what.is_ok().then_some((stream, gate, bytes));
        Some((Heard { slot, epoch, what }, open))
    })
}
