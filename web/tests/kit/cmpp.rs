//! CMPP 2.0 by hand, so that it can be spoken wrongly, and a gateway that speaks it well.

use socket2::{Domain, Socket, Type};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub const CONNECT: u32 = 1;
pub const CONNECT_RESP: u32 = 0x8000_0001;
pub const TERMINATE: u32 = 2;
pub const SUBMIT: u32 = 4;
pub const SUBMIT_RESP: u32 = 0x8000_0004;
pub const DELIVER: u32 = 5;
pub const DELIVER_RESP: u32 = 0x8000_0005;
pub const ACTIVE_TEST: u32 = 8;
pub const ACTIVE_TEST_RESP: u32 = 0x8000_0008;

/// Nothing that is waited for takes this long.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// So little that a peer that does not read is felt soon.
const RECEIVE_BUFFER_BYTES: usize = 16 * 1024;

/// Msg_Ids of all gateways of this process.
static MESSAGE_ID: AtomicU64 = AtomicU64::new(1);

#[derive(Debug)]
pub struct Pdu {
    pub command: u32,
    pub sequence: u32,
    pub body: Vec<u8>,
}

/// What a segment carried.
#[derive(Clone, Debug)]
pub struct Segment {
    pub to: String,
    pub part: u8,
    pub format: u8,
    pub content: Vec<u8>,
}

pub type Segments = Rc<RefCell<Vec<Segment>>>;

/// A port at which we are the carrier.
pub struct Carrier {
    listener: TcpListener,
}

/// One session that the service has opened.
pub struct Peer {
    pub stream: BufReader<TcpStream>,
}

impl Carrier {
    pub fn listen() -> Carrier {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        socket.listen(16).unwrap();
        Carrier {
            listener: TcpListener::from_std(socket.into()).unwrap(),
        }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub async fn accept(&self) -> Peer {
        self.accept_within(PATIENCE).await.expect("the service connects")
    }

    pub async fn accept_within(&self, time: Duration) -> Option<Peer> {
        let accepted = tokio::time::timeout(time, self.listener.accept()).await.ok()?;
        let (stream, _) = accepted.unwrap();
        stream.set_nodelay(true).unwrap();
        Some(Peer {
            stream: BufReader::new(stream),
        })
    }
}

impl Peer {
    /// The next PDU; `None` when the service has closed.
    pub async fn pdu(&mut self) -> Option<Pdu> {
        let read = tokio::time::timeout(PATIENCE, read_pdu(&mut self.stream));
        read.await.expect("the service says something or closes")
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn bind(&mut self) {
        let connect = self.pdu().await.unwrap();
        assert_eq!((connect.command, connect.body.len()), (CONNECT, 27));
        self.send(&connect_resp(connect.sequence, 0)).await;
    }

    /// Answers the next segment as taken; gives its Msg_Id and number.
    pub async fn take(&mut self) -> (u64, Segment) {
        let pdu = self.pdu().await.unwrap();
        assert_eq!(pdu.command, SUBMIT);
        let id = MESSAGE_ID.fetch_add(1, Ordering::Relaxed);
        self.send(&submit_resp(pdu.sequence, id)).await;
        (id, segment(&pdu.body))
    }

    /// Takes and delivers every segment until the session ends.
    pub async fn serve(mut self, seen: Segments) {
        let mut sequence = 0;
        while let Some(pdu) = read_pdu(&mut self.stream).await {
            let answer = match pdu.command {
                SUBMIT => {
                    let (id, segment) = (MESSAGE_ID.fetch_add(1, Ordering::Relaxed), segment(&pdu.body));
                    sequence += 1;
                    let receipt = deliver(sequence, 1, &report(id, &segment.to, 21));
                    seen.borrow_mut().push(segment);
                    [submit_resp(pdu.sequence, id), receipt].concat()
                }
                ACTIVE_TEST => frame(ACTIVE_TEST_RESP, pdu.sequence, &[0]),
                TERMINATE => frame(TERMINATE | 0x8000_0000, pdu.sequence, &[]),
                _ => continue,
            };
            if self.stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

/// A gateway that does what it should for every session.
pub fn well_behaved(carrier: Carrier) -> Segments {
    let seen = Segments::default();
    let all = seen.clone();
    actix_web::rt::spawn(async move {
        loop {
            let Ok((stream, _)) = carrier.listener.accept().await else {
                return;
            };
            let mut peer = Peer {
                stream: BufReader::new(stream),
            };
            let all = all.clone();
            actix_web::rt::spawn(async move {
                peer.bind().await;
                peer.serve(all).await;
            });
        }
    });
    seen
}

/// `None` at the end of the stream, in order or not.
pub async fn read_pdu(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Pdu> {
    let length = stream.read_u32().await.ok()?;
    let (command, sequence) = (stream.read_u32().await.ok()?, stream.read_u32().await.ok()?);
    let mut body = vec![0; length as usize - 12];
    stream.read_exact(&mut body).await.ok()?;
    Some(Pdu {
        command,
        sequence,
        body,
    })
}

pub fn frame(command: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = 12 + body.len() as u32;
    [
        &length.to_be_bytes()[..],
        &command.to_be_bytes(),
        &sequence.to_be_bytes(),
        body,
    ]
    .concat()
}

pub fn connect_resp(sequence: u32, status: u8) -> Vec<u8> {
    frame(
        CONNECT_RESP,
        sequence,
        &[&[status][..], &[0; 16], &[0x20]].concat(),
    )
}

pub fn submit_resp(sequence: u32, id: u64) -> Vec<u8> {
    frame(SUBMIT_RESP, sequence, &[&id.to_be_bytes()[..], &[0]].concat())
}

/// A DELIVER to the number of the account behind the hostile connection; `registered` 1 for a receipt.
pub fn deliver(sequence: u32, registered: u8, content: &[u8]) -> Vec<u8> {
    frame(DELIVER, sequence, &deliver_body(registered, content, 21))
}

/// `width`: octets of Src_terminal_Id, 21 in 2.0 and 32 in 3.0, where a type follows.
pub fn deliver_body(registered: u8, content: &[u8], width: usize) -> Vec<u8> {
    let (kind, reserved) = if width == 21 { (&[][..], 8) } else { (&[0][..], 20) };
    [
        &77u64.to_be_bytes()[..],
        &padded("106900000202", 21),
        &[0; 10],
        &[0, 0, 0],
        &padded("13800000009", width),
        kind,
        &[registered, content.len() as u8],
        content,
        &vec![0; reserved],
    ]
    .concat()
}

/// A receipt that says delivered.
pub fn report(id: u64, to: &str, width: usize) -> Vec<u8> {
    [
        &id.to_be_bytes()[..],
        b"DELIVRD26010112002601011200",
        &padded(to, width),
        &[0; 4],
    ]
    .concat()
}

fn padded(text: &str, width: usize) -> Vec<u8> {
    let mut field = text.as_bytes().to_vec();
    field.resize(width, 0);
    field
}

/// CMPP 2.0 §7.4.3.1.
fn segment(body: &[u8]) -> Segment {
    let number = body[117..138].split(|byte| *byte == 0).next().unwrap();
    let content = &body[139..139 + usize::from(body[138])];
    let header = if body[45] == 1 {
        1 + usize::from(content[0])
    } else {
        0
    };
    Segment {
        to: String::from_utf8(number.to_vec()).unwrap(),
        part: body[9],
        format: body[46],
        content: content[header..].to_vec(),
    }
}
