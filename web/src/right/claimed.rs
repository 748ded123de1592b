use super::signed::{Credentials, SCHEME};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// Which account a request says it comes from. Nothing is checked: it only leads to who checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// By its key's hash.
    Key([u8; 32]),
    /// By its name, with a signature.
    Name(String),
}

impl Claimed {
    /// None when no account is named in any way that is known.
    pub fn of(headers: &HeaderMap) -> Option<Claimed> {
        let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let value = value.trim();
        let key = |key: &[u8]| Some(Claimed::Key(Sha256::digest(key).into()));
        if scheme.eq_ignore_ascii_case("bearer") {
            key(value.as_bytes())
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = BASE64_STANDARD.decode(value).ok()?;
            let colon = decoded.iter().position(|byte| *byte == b':')?;
            key(&decoded[colon + 1..])
        } else if scheme.eq_ignore_ascii_case(SCHEME) {
            Some(Claimed::Name(Credentials::parse(value).ok()?.account))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn claimed(value: &'static str) -> Option<Claimed> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
        Claimed::of(&headers)
    }

    #[test]
    fn every_way_to_name_an_account_is_known_and_nothing_else() {
        let key = Claimed::Key(Sha256::digest(b"a-key").into());
        assert_eq!(claimed("Bearer a-key"), Some(key.clone()));
        // his:a-key
        assert_eq!(claimed("basic aGlzOmEta2V5"), Some(key));
        let signed = "CARILLON-HMAC-SHA256 account=%E5%8C%BB,timestamp=1,nonce=12345678,\
                      signature=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(claimed(signed), Some(Claimed::Name("医".to_owned())));
        for foreign in [
            "",
            "Bearer",
            "Basic !",
            "Basic aGlz",
            "Digest a",
            "CARILLON-HMAC-SHA256 account=a",
        ] {
            assert_eq!(claimed(foreign), None, "{foreign}");
        }
        assert_eq!(Claimed::of(&HeaderMap::new()), None);
    }
}
