use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use carillon_storage::login::SecretHash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Recognisable in logs and code, so that a leaked one is found.
const SESSION_PREFIX: &str = "cs_";
const WALL_PREFIX: &str = "cw_";

/// Longer ones are no secrets of ours, and are not hashed.
const CHARACTERS_MAX: usize = 64;

/// What an operator's cookie holds: 256 random bits.
pub fn session_secret() -> Result<String, getrandom::Error> {
    secret(SESSION_PREFIX)
}

/// What the link of a wall holds: 256 random bits.
pub fn wall_secret() -> Result<String, getrandom::Error> {
    secret(WALL_PREFIX)
}

fn secret(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

/// By which the secret is found; `None` when it cannot be one.
///
/// The time of a look-up tells at most about the hash, and nobody can choose a secret by its hash.
pub fn hash_of(secret: &str) -> Option<SecretHash> {
    let plausible = (1..=CHARACTERS_MAX).contains(&secret.len());
    plausible.then(|| SecretHash(Sha256::digest(secret).into()))
}

/// The CSRF token of a session: derived from its secret, so that nothing else has to be kept, and telling nothing about it.
pub fn csrf_token(secret: &str) -> String {
    let mut mac: Hmac<Sha256> =
        Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"carillon csrf token");
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Takes the same time wherever the two differ.
pub fn csrf_token_fits(secret: &str, shown: &[u8]) -> bool {
    csrf_token(secret).as_bytes().ct_eq(shown).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let secrets = [
            session_secret().unwrap(),
            session_secret().unwrap(),
            wall_secret().unwrap(),
        ];
        assert!(secrets.iter().all(|secret| secret.len() == 3 + 43));
        assert_ne!(secrets[0], secrets[1]);
        assert_ne!(hash_of(&secrets[0]), hash_of(&secrets[1]));
        assert_eq!(hash_of(&secrets[2]), hash_of(&secrets[2].clone()));
        assert_eq!(
            (hash_of(""), hash_of(&"x".repeat(CHARACTERS_MAX + 1))),
            (None, None)
        );
    }

    #[test]
    fn a_csrf_token_fits_its_session_only() {
        let (mine, theirs) = (session_secret().unwrap(), session_secret().unwrap());
        let token = csrf_token(&mine);
        assert!(csrf_token_fits(&mine, token.as_bytes()));
        assert!(!csrf_token_fits(&theirs, token.as_bytes()));
        for wrong in [
            &b""[..],
            &token.as_bytes()[1..],
            mine.as_bytes(),
            "令牌".as_bytes(),
        ] {
            assert!(!csrf_token_fits(&mine, wrong));
        }
    }
}
