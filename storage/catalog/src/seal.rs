use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const VERSION: u8 = 1;
pub(crate) const NONCE_BYTES: usize = 24;

/// Encrypts secrets at rest: XChaCha20-Poly1305 with a random nonce, bound to what the secret belongs to.
///
/// Form: a version byte, the nonce, the ciphertext with its tag.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
}

/// The text was sealed under another key, for another object, or was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsealable;

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Self {
        Sealer {
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
        }
    }

    /// `owner` names the object, so that a sealed text moved to another one does not open there.
    pub fn seal(&self, owner: &str, text: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let payload = Payload {
            msg: text,
            aad: owner.as_bytes(),
        };
        let ciphertext = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = ciphertext.expect("texts are far below the cipher's limit of 256 GiB");
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (&version, rest) = sealed.split_first().ok_or(Unsealable)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
        if version != VERSION {
            return Err(Unsealable);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: owner.as_bytes(),
        };
        self.cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| Unsealable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_whole_under_its_key_and_for_its_owner() {
        let (sealer, other) = (Sealer::new(&[1; 32]), Sealer::new(&[2; 32]));
        let sealed = sealer.seal("connection 1", "密码".as_bytes(), [7; NONCE_BYTES]);
        assert_eq!(sealer.open("connection 1", &sealed).unwrap(), "密码".as_bytes());
        assert_eq!(sealer.open("connection 2", &sealed), Err(Unsealable));
        assert_eq!(other.open("connection 1", &sealed), Err(Unsealable));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(
                sealer.open("connection 1", &changed),
                Err(Unsealable),
                "byte {place}"
            );
            assert_eq!(
                sealer.open("connection 1", &sealed[..place]),
                Err(Unsealable),
                "length {place}"
            );
        }
    }
}
