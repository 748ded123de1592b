//! A file of a bundle.

use sha2::{Digest as _, Sha256};

/// How many hexadecimal digits of its content's SHA-256 a name carries: 48 bits.
const HASH_DIGITS: usize = 12;

/// A file under the name that the page asks for.
pub struct File {
    /// With the content's hash before the ending, as in `page-0123456789ab.js`; `index.html` has none.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

impl File {
    /// A file with its content's hash in its name.
    pub fn hashed(name: &str, content: Vec<u8>) -> Self {
        let hash = hash(&content);
        let name = match name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}-{hash}.{ending}"),
            None => format!("{name}-{hash}"),
        };
        Self { name, content }
    }

    /// Fonts and pictures are compressed already.
    pub fn gains_by_compression(&self) -> bool {
        !matches!(
            self.name.rsplit('.').next(),
            Some("woff2" | "png" | "jpg" | "webp")
        )
    }
}

/// The first digits of a content's hash.
pub fn hash(content: &[u8]) -> String {
    let mut digits: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.truncate(HASH_DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stands_before_the_ending() {
        let file = File::hashed("page.js", b"abc".to_vec());
        assert_eq!(file.name, "page-ba7816bf8f01.js");
        assert!(file.gains_by_compression());
        assert!(!File::hashed("barlow.600.woff2", Vec::new()).gains_by_compression());
        assert_ne!(File::hashed("page.js", b"abd".to_vec()).name, file.name);
    }
}
