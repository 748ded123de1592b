use super::nonces::{Nonces, Stale, unix_s};
use crate::http::Failure;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use carillon_api::Code;
use carillon_domain::ids::AccountId;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

/// The scheme of `Authorization` for requests that are signed instead of showing a key.
pub const SCHEME: &str = "CARILLON-HMAC-SHA256";

const NONCE_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

/// What follows the scheme: `account=…,timestamp=…,nonce=…,signature=…`.
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// The account's name; in the header in UTF-8 with percent-encoding (RFC 3986 §2.1).
    pub account: String,
    /// Seconds since the epoch.
    pub timestamp: u64,
    /// 8 to 64 letters, digits, `-`, `_` or `.`; used once.
    pub nonce: &'a str,
    /// Of 32 bytes, in Base64.
    pub signature: Vec<u8>,
}

/// Why a signed request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("write `Authorization: {SCHEME} account=…,timestamp=…,nonce=…,signature=…`")]
    Malformed,
    /// No difference is made between an unknown account, one without a secret and a wrong signature.
    #[error(
        "the signature is not that of method, path and query, timestamp, nonce and SHA-256 of the body under the account's secret"
    )]
    Wrong,
    #[error("the timestamp is more than 300 s from the service's clock")]
    OutsideWindow,
    #[error("the timestamp is before the start of the service; sign again")]
    BeforeStart,
    #[error("the nonce was used already")]
    Repeated,
    #[error("too many signed requests within 300 s")]
    Full,
}

impl From<Stale> for SignatureError {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::OutsideWindow => SignatureError::OutsideWindow,
            Stale::BeforeStart => SignatureError::BeforeStart,
            Stale::Repeated => SignatureError::Repeated,
            Stale::Full => SignatureError::Full,
        }
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        let code = match error {
            SignatureError::Malformed => Code::Unauthenticated,
            SignatureError::Wrong => Code::RequestSignatureWrong,
            SignatureError::OutsideWindow | SignatureError::BeforeStart => Code::RequestTimestampInvalid,
            SignatureError::Repeated => Code::NonceUsed,
            SignatureError::Full => return Failure::new(Code::Overloaded, error.to_string()),
        };
        Failure::new(code, error.to_string()).challenge(SCHEME)
    }
}

impl<'a> Credentials<'a> {
    /// Reads what follows the scheme; values may stand in double quotes.
    pub fn parse(text: &'a str) -> Result<Self, SignatureError> {
        let (mut account, mut timestamp, mut nonce, mut signature) = (None, None, None, None);
        for parameter in text.split(',') {
            let (name, value) = parameter
                .trim()
                .split_once('=')
                .ok_or(SignatureError::Malformed)?;
            let value = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .unwrap_or(value);
            let slot = match name {
                "account" => &mut account,
                "timestamp" => &mut timestamp,
                "nonce" => &mut nonce,
                "signature" => &mut signature,
                _ => return Err(SignatureError::Malformed),
            };
            if slot.replace(value).is_some() {
                return Err(SignatureError::Malformed);
            }
        }
        let (Some(account), Some(timestamp), Some(nonce), Some(signature)) =
            (account, timestamp, nonce, signature)
        else {
            return Err(SignatureError::Malformed);
        };
        Self::of(account, timestamp, nonce, signature).ok_or(SignatureError::Malformed)
    }

    fn of(account: &str, timestamp: &str, nonce: &'a str, signature: &str) -> Option<Self> {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !NONCE_BYTES.contains(&nonce.len()) || !nonce.bytes().all(is_sound) {
            return None;
        }
        if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        Some(Credentials {
            account: percent_decode_str(account).decode_utf8().ok()?.into_owned(),
            timestamp: timestamp.parse().ok()?,
            nonce,
            signature: (signature.len() == 32).then_some(signature)?,
        })
    }
}

/// A signature on its way to be checked: the body is hashed while it is read.
pub struct Pending {
    mac: Hmac<Sha256>,
    body: Sha256,
    account: Option<AccountId>,
    timestamp: u64,
    nonce: String,
    signature: Vec<u8>,
}

impl Pending {
    /// `secret` is the account's, when there is such an account and it has one. `target` is path and query as on the request line.
    pub fn new(
        credentials: &Credentials<'_>,
        signer: Option<(AccountId, &str)>,
        method: &str,
        target: &str,
    ) -> Pending {
        let (account, secret) = signer.unzip();
        let secret = secret.unwrap_or_default();
        let mut mac: Hmac<Sha256> =
            Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        let (timestamp, nonce) = (credentials.timestamp, credentials.nonce);
        mac.update(format!("{method}\n{target}\n{timestamp}\n{nonce}\n").as_bytes());
        Pending {
            mac,
            body: Sha256::new(),
            account,
            timestamp,
            nonce: nonce.to_owned(),
            signature: credentials.signature.clone(),
        }
    }

    pub fn update(&mut self, chunk: &[u8]) {
        self.body.update(chunk);
    }

    /// The body is whole. Takes the nonce when the signature is right.
    pub fn finish(mut self, nonces: &Nonces) -> Result<(), SignatureError> {
        let hash: String = self
            .body
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.mac.update(hash.as_bytes());
        let fits = self.mac.verify_slice(&self.signature).is_ok();
        match self.account {
            Some(account) if fits => Ok(nonces.take(account, &self.nonce, self.timestamp, unix_s())?),
            _ => Err(SignatureError::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIGNATURE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn credentials_are_read_in_any_order_and_with_quotes() {
        let expected = Credentials {
            account: "住院 his".to_owned(),
            timestamp: 1_767_225_600,
            nonce: "a-b_c.12",
            signature: vec![0; 32],
        };
        for text in [
            format!(
                "account=%E4%BD%8F%E9%99%A2%20his,timestamp=1767225600,nonce=a-b_c.12,signature={SIGNATURE}"
            ),
            format!(
                "signature=\"{SIGNATURE}\", nonce=\"a-b_c.12\" , timestamp=1767225600,account=\"%E4%BD%8F%E9%99%A2 his\""
            ),
        ] {
            assert_eq!(Credentials::parse(&text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "".to_owned(),
            "account=a".to_owned(),
            format!("account=a,timestamp=1,nonce=12345678,signature={SIGNATURE},x=y"),
            format!("account=a,account=a,timestamp=1,nonce=12345678,signature={SIGNATURE}"),
            format!("account=a,timestamp=+1,nonce=12345678,signature={SIGNATURE}"),
            format!("account=a,timestamp=99999999999999999999,nonce=12345678,signature={SIGNATURE}"),
            format!("account=a,timestamp=1,nonce=1234567,signature={SIGNATURE}"),
            format!("account=a,timestamp=1,nonce=12345 78,signature={SIGNATURE}"),
            format!("account=%FF,timestamp=1,nonce=12345678,signature={SIGNATURE}"),
            "account=a,timestamp=1,nonce=12345678,signature=AAAA".to_owned(),
            "account=a,timestamp=1,nonce=12345678,signature=#".to_owned(),
        ] {
            assert_eq!(
                Credentials::parse(&text).err(),
                Some(SignatureError::Malformed),
                "{text}"
            );
        }
    }

    /// Computed with Python's `hmac` over `POST\n/v1/messages?a=b\n1767225600\nnonce-01\n` and the body's SHA-256 in hex.
    #[test]
    fn a_signature_made_elsewhere_fits() {
        let credentials = Credentials {
            account: "his".to_owned(),
            timestamp: 1_767_225_600,
            nonce: "nonce-01",
            signature: BASE64_STANDARD
                .decode("DkOBUBo8Kbqw/yBBj8YD4b1pjhKZ9EcEeVq3Qni6Xfg=")
                .unwrap(),
        };
        let signer = Some((AccountId(1), "a secret of the account"));
        let pending = |method: &str, target: &str, body: &[&[u8]]| {
            let mut pending = Pending::new(&credentials, signer, method, target);
            body.iter().for_each(|chunk| pending.update(chunk));
            pending.mac.update(
                pending
                    .body
                    .clone()
                    .finalize()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
                    .as_bytes(),
            );
            pending.mac.verify_slice(&pending.signature).is_ok()
        };
        assert!(pending("POST", "/v1/messages?a=b", &[b"{\"to\":", b"\"1\"}"]));
        assert!(!pending("PUT", "/v1/messages?a=b", &[b"{\"to\":\"1\"}"]));
        assert!(!pending("POST", "/v1/messages?a=c", &[b"{\"to\":\"1\"}"]));
        assert!(!pending("POST", "/v1/messages?a=b", &[b"{\"to\":\"2\"}"]));
    }

    proptest! {
        #[test]
        fn any_header_is_answered(text in "\\PC{0,80}|(account|timestamp|nonce|signature|,|=|\"|[a-z0-9]{1,9}){0,20}") {
            let _answered = Credentials::parse(&text);
        }
    }
}
