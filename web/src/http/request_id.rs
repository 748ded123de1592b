use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The header by which a request is found again in the log.
pub const REQUEST_ID: &str = "x-request-id";

/// What the request being answered is called in the log.
#[derive(Clone)]
pub struct RequestId(pub String);

const CALLER_ID_BYTES_MAX: usize = 64;

/// The caller's own id when it is harmless to echo and to log, else a new one.
pub fn request_id(from_caller: Option<&[u8]>) -> String {
    match from_caller {
        Some(id) if is_harmless(id) => String::from_utf8_lossy(id).into_owned(),
        _ => new_id(),
    }
}

fn is_harmless(id: &[u8]) -> bool {
    (1..=CALLER_ID_BYTES_MAX).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b))
}

/// Unique in this process, and unlikely to come again in another.
fn new_id() -> String {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)
            .map(|()| u32::from_ne_bytes(bytes))
            .unwrap_or_else(|_| std::process::id())
    });
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:08x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        assert_eq!(request_id(Some(b"visit-2026/17")), "visit-2026/17");
        for hostile in [
            &b""[..],
            b"a b",
            b"a\r\nX: y",
            "编号".as_bytes(),
            &[b'a'; 65],
            b"{}",
            b"\"",
            b"\x1b[31m",
        ] {
            let id = request_id(Some(hostile));
            assert!(is_harmless(id.as_bytes()) && id.as_bytes() != hostile, "{id}");
        }
        assert_ne!(request_id(None), request_id(None));
    }
}
