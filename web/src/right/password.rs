use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};

/// Letters and digits that are not mistaken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const CHARACTERS: usize = 24;

/// A new password: 24 characters of 5 random bits each.
pub fn generate_password() -> Result<String, getrandom::Error> {
    let mut bytes = [0; CHARACTERS];
    getrandom::fill(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect())
}

/// The argon2id hash of a password, as PHC text. Takes tens of milliseconds: not for an async thread.
pub fn hash_password(password: &str) -> Result<String, Error> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// Whether the password has this hash. Takes tens of milliseconds: not for an async thread.
///
/// Errors when the stored text is not a hash.
pub fn password_fits(password: &[u8], phc: &str) -> Result<bool, Error> {
    let hash = PasswordHash::new(phc).map_err(|_| Error::EncodingInvalid)?;
    match Argon2::default().verify_password(password, &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_fits_its_hash_only() {
        let password = generate_password().unwrap();
        assert_eq!(password.len(), CHARACTERS);
        assert_ne!(password, generate_password().unwrap());
        let phc = hash_password(&password).unwrap();
        assert!(phc.starts_with("$argon2id$"), "{phc}");
        assert!(password_fits(password.as_bytes(), &phc).unwrap());
        assert!(!password_fits(b"another", &phc).unwrap());
        assert!(password_fits(b"x", "not a hash").is_err());
    }
}
