//! Everything that may stand between a message and its carrier, switched on at once: what the checks and feeds cost together.

use super::apply::ConnectionPlan;
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Words of the list; none of them stands in a generated text.
const WORDS: u32 = 5_000;
/// Numbers of the black list; none of them is a generated one.
const LISTED: u64 = 100_000;
const HEADER_BYTES_MAX: u64 = 64 * 1024;
const BODY_BYTES_MAX: usize = 4 << 20;

/// The strategy that every second message names.
pub const STRATEGY: &str = "careful";

/// What the run adds to the configuration: a word list, a black list, caps and a window for the business type, a daily quota,
/// a webhook, and a strategy with a fallback.
pub fn with_features(plain: &str, webhook: SocketAddr) -> String {
    let mut file = plain.replacen(
        "[[business_type]]\nname = \"notice\"\n",
        "[[business_type]]\nname = \"notice\"\nsending_window = \"00:01-00:00\"\n\
         caps = [{ messages = 100, period = \"day\" }, { messages = 50, period = \"hour\" }]\n",
        1,
    );
    file = file.replacen(
        "signature = ",
        &format!(
            "quota_per_day = 1000000000\nwebhook = {{ url = \"http://{webhook}/events\", secret = \"0123456789abcdef0123456789abcdef\", \
             events = [\"receipts\", \"replies\"] }}\nsignature = "
        ),
        1,
    );
    let words: Vec<_> = (0..WORDS).map(|word| format!("\"禁词{word}号\"")).collect();
    let numbers: Vec<_> = (0..LISTED).map(|number| format!("\"139{number:08}\"")).collect();
    // Writing into a String cannot fail.
    let _ = write!(
        file,
        "\n[[word_list]]\nname = \"words\"\nwords = [{}]\n\n\
         [[number_list]]\nname = \"unsubscribed\"\nkind = \"black\"\nnumbers = [{}]\n\n\
         [[strategy]]\nname = \"{STRATEGY}\"\norganisation = \"hospital\"\n\
         steps = [{{ channel = \"sms\" }}, {{ channel = \"sms\", when = \"not_submitted\" }}]\n",
        words.join(", "),
        numbers.join(", ")
    );
    file
}

/// Settings that let the webhook reach this machine, and count every generated person in both periods.
pub const SETTINGS: &str =
    "[limits]\ncounted_people_max = 20000000\n\n[webhooks]\nallow = [\"127.0.0.0/8\"]\n";

/// Takes webhook calls and answers 200; counts the events in them.
pub struct Receiver {
    pub address: SocketAddr,
    pub events: Arc<AtomicU64>,
    /// An answer is held back so long.
    pub delay_ms: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let events = Arc::new(AtomicU64::new(0));
        let delay_ms = Arc::new(AtomicU64::new(0));
        let (counted, delay) = (events.clone(), delay_ms.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, counted.clone(), delay.clone()));
            }
        });
        Ok(Receiver {
            address,
            events,
            delay_ms,
            task,
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, call after call, until it is closed or not understood.
async fn serve(stream: TcpStream, events: Arc<AtomicU64>, delay_ms: Arc<AtomicU64>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut head = (&mut stream).take(HEADER_BYTES_MAX);
        let mut line = String::new();
        loop {
            line.clear();
            if head.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        if length > BODY_BYTES_MAX {
            return Ok(());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let count = memchr::memmem::find_iter(&body, b"\"id\":\"msg_").count() as u64;
        events.fetch_add(count, Ordering::Relaxed);
        let delay = delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .await?;
    }
}

/// The plain configuration of a run, or the one with everything on.
pub fn configuration(connections: &[ConnectionPlan], webhook: Option<SocketAddr>) -> String {
    let plain = super::apply::apply_file(connections);
    match webhook {
        Some(webhook) => with_features(&plain, webhook),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::apply::ApplyFile;

    #[test]
    fn everything_is_on() {
        let webhook = "127.0.0.1:8000".parse().expect("an address");
        let file: ApplyFile = toml::from_str(&configuration(&[], Some(webhook))).expect("an apply file");
        assert_eq!(file.business_type[0].caps.len(), 2);
        assert!(file.business_type[0].sending_window.is_some());
        assert!(file.account[0].webhook.is_some() && file.account[0].quota_per_day.is_some());
        assert_eq!(
            (file.word_list.len(), file.number_list.len(), file.strategy.len()),
            (1, 1, 1)
        );
    }
}
