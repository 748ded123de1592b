use crate::http::Failure;
use actix_web::HttpRequest;
use carillon_domain::fact::IdempotencyKey;
use carillon_domain::ids::AccountId;
use sha2::{Digest, Sha256};

const HEADER: &str = "Idempotency-Key";
const KEY_BYTES_MAX: usize = 255;

/// A caller's key, hashed with its account: accounts cannot meet under one key (IDEM-1).
pub struct KeyHash([u8; 16]);

impl KeyHash {
    pub fn new(account: AccountId, key: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(account.0.to_be_bytes())
            .chain_update(key)
            .finalize();
        KeyHash(digest[..16].try_into().expect("SHA-256 has 32 bytes"))
    }

    pub fn over(self, fingerprint: u64) -> IdempotencyKey {
        IdempotencyKey {
            key: self.0,
            fingerprint,
        }
    }
}

/// The key of a request that has one.
pub fn from_header(request: &HttpRequest, account: AccountId) -> Result<Option<KeyHash>, Failure> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.as_bytes();
    let valid = (1..=KEY_BYTES_MAX).contains(&key.len()) && key.iter().all(|b| (b' '..=b'~').contains(b));
    if !valid || values.next().is_some() {
        let detail = format!("one key of 1 to {KEY_BYTES_MAX} printable ASCII characters");
        return Err(Failure::parameter(HEADER, detail));
    }
    Ok(Some(KeyHash::new(account, key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn keys_of_two_accounts_never_meet() {
        let hash = |account, key: &[u8]| KeyHash::new(AccountId(account), key).0;
        assert_eq!(hash(1, b"a"), hash(1, b"a"));
        assert_ne!(hash(1, b"a"), hash(2, b"a"));
        assert_ne!(hash(1, b"a"), hash(1, b"b"));
    }

    #[test]
    fn keys_that_are_empty_long_doubled_or_not_printable_are_refused() {
        let long = "k".repeat(KEY_BYTES_MAX + 1);
        for key in ["", &long, "a\tb"] {
            let request = TestRequest::default()
                .insert_header((HEADER, key))
                .to_http_request();
            assert!(from_header(&request, AccountId(1)).is_err(), "{key:?}");
        }
        let doubled = TestRequest::default()
            .append_header((HEADER, "a"))
            .append_header((HEADER, "a"))
            .to_http_request();
        assert!(from_header(&doubled, AccountId(1)).is_err());
        let longest = "k".repeat(KEY_BYTES_MAX);
        let request = TestRequest::default()
            .insert_header((HEADER, longest))
            .to_http_request();
        assert!(from_header(&request, AccountId(1)).unwrap().is_some());
        assert!(
            from_header(&TestRequest::default().to_http_request(), AccountId(1))
                .unwrap()
                .is_none()
        );
    }
}
