//! A carrier over TCP, as the tests of whole lanes need one.

use carillon_protocols::session::{Protocol, Receipt, SegmentId, ServerConfig, ServerEvent, ServerSession};
use compact_str::ToCompactString;
use jiff::tz::Offset;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How often a session looks whether receipts of another one are left.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Takes everything and gives each segment its receipt at once; one that was not acknowledged comes again by the next session.
pub struct Carrier {
    pub port: u16,
    book: Arc<Book>,
}

#[derive(Default)]
struct Book {
    /// Number and text of each segment.
    written: Mutex<Vec<(String, String)>>,
    /// Receipts on no session, and to whom they go.
    owed: Mutex<VecDeque<(Receipt, String)>>,
    ids: AtomicU64,
}

impl Carrier {
    pub async fn start() -> Carrier {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Arc::<Book>::default();
        let shared = book.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Carrier { port, book }
    }

    /// Of all segments written, in order.
    pub fn texts(&self) -> Vec<String> {
        let written = self.book.written.lock();
        written.iter().map(|(_, text)| text.clone()).collect()
    }

    /// Segments written to a number.
    pub fn written_to(&self, number: &str) -> usize {
        let written = self.book.written.lock();
        written.iter().filter(|(to, _)| to.ends_with(number)).count()
    }
}

async fn serve(mut stream: TcpStream, book: Arc<Book>) {
    let mut sent = BTreeMap::new();
    let _ended = converse(&mut stream, &book, &mut sent).await;
    book.owed.lock().extend(sent.into_values());
}

async fn converse(
    stream: &mut TcpStream,
    book: &Book,
    sent: &mut BTreeMap<u64, (Receipt, String)>,
) -> std::io::Result<()> {
    let config = ServerConfig {
        protocols: vec![Protocol::Cmpp20],
        window: 256,
        link_test_interval: 0,
        response_timeout: 60_000,
        bind_timeout: 5_000,
        system_id: "carrier".into(),
    };
    let mut session = ServerSession::new(config, 0);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let mut events = Vec::new();
        if let Ok(read) = tokio::time::timeout(LOOK_EVERY, stream.read(&mut buffer)).await {
            match read? {
                0 => return Ok(()),
                bytes => session.receive(&buffer[..bytes], 0, &mut events),
            }
        }
        for event in events {
            match event {
                ServerEvent::BindRequested => session.accept_bind("secret", 0),
                ServerEvent::Submit { tag, submit } => {
                    let id = SegmentId::Number(1 + book.ids.fetch_add(1, Ordering::Relaxed));
                    let to = submit.destinations[0].clone();
                    book.written
                        .lock()
                        .push((to.clone(), submit.text.unwrap_or_default()));
                    session.respond_submit(tag, Ok(id.clone()));
                    let receipt = delivered(id, to);
                    book.owed.lock().push_back((receipt, submit.source));
                }
                ServerEvent::DeliverAnswered { token, .. } => drop(sent.remove(&token)),
                _ => {}
            }
        }
        give_receipts(&mut session, book, sent);
        let output = session.output().split();
        stream.write_all(&output).await?;
    }
}

fn give_receipts(session: &mut ServerSession, book: &Book, sent: &mut BTreeMap<u64, (Receipt, String)>) {
    let mut owed = book.owed.lock();
    while let Some((receipt, to)) = owed.pop_front() {
        let token = book.ids.fetch_add(1, Ordering::Relaxed);
        if session
            .deliver_receipt(&receipt, &receipt.to, &to, token, 0)
            .is_err()
        {
            return owed.push_front((receipt, to));
        }
        sent.insert(token, (receipt, to));
    }
}

fn delivered(id: SegmentId, to: String) -> Receipt {
    let now = Offset::constant(8).to_datetime(jiff::Timestamp::now());
    let time = now.strftime("%y%m%d%H%M").to_compact_string();
    Receipt {
        id,
        status: "DELIVRD".into(),
        error: "".into(),
        to: to.into(),
        submit_time: time.clone(),
        done_time: time,
    }
}
