use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs what is pushed to one account (Standard Webhooks, `v1`: HMAC-SHA256).
pub struct SigningKey(Hmac<Sha256>);

/// The secret is not the Base64 that its prefix promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret begins with whsec_, but what follows is not Base64")]
pub struct InvalidSecret;

const PREFIX: &str = "whsec_";

impl SigningKey {
    /// `whsec_` and Base64 stands for the bytes it encodes, any other text for its own bytes.
    pub fn new(secret: &str) -> Result<Self, InvalidSecret> {
        let bytes = match secret.strip_prefix(PREFIX) {
            Some(encoded) => BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret)?,
            None => secret.as_bytes().to_vec(),
        };
        Ok(SigningKey(
            Hmac::new_from_slice(&bytes).expect("HMAC takes keys of any length"),
        ))
    }

    /// The value of `webhook-signature`: over the id, the time in seconds and the body.
    pub fn sign(&self, id: &str, unix_s: u64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{unix_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the first case come from the specification's example; the others were computed with Python's `hmac`.
    #[test]
    fn signatures() {
        for (secret, signature) in [
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                "sixteen characters",
                "v1,3I802tB4aqhu4xd2kE/vjsuPWpg7rncgnlcOUA/6Iko=",
            ),
        ] {
            let key = SigningKey::new(secret).unwrap();
            let got = key.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                b"{\"test\": 2432232314}",
            );
            assert_eq!(got, signature, "{secret}");
        }
    }

    #[test]
    fn a_secret_that_only_looks_encoded_is_refused() {
        for secret in ["whsec_###", "whsec_abc", "whsec_主"] {
            assert_eq!(SigningKey::new(secret).err(), Some(InvalidSecret), "{secret}");
        }
    }
}
