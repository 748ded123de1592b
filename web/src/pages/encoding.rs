use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};

/// How a file's content is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// In the order in which they are preferred.
    pub const ALL: [Encoding; 3] = [Encoding::Brotli, Encoding::Gzip, Encoding::Identity];

    /// As headers name it (RFC 9110 §8.4.1).
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
            Encoding::Identity => "identity",
        }
    }

    /// Whether the caller takes it (RFC 9110 §12.5.3). Everybody is given the plain content when there is nothing else.
    pub fn is_taken(self, headers: &HeaderMap) -> bool {
        let mut named = headers
            .get_all(ACCEPT_ENCODING)
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        let taken = named.find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next()?;
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or(part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse() == Ok(0.0f32))
            });
            name.eq_ignore_ascii_case(self.word()).then_some(!refused)
        });
        taken.unwrap_or(self == Encoding::Identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn the_smallest_that_is_taken() {
        for (accept, expected) in [
            (Some("gzip, deflate, br, zstd"), Encoding::Brotli),
            (Some("GZIP"), Encoding::Gzip),
            (Some("br;q=0, gzip;q=0.5"), Encoding::Gzip),
            (Some("br; q=0.0"), Encoding::Identity),
            (Some("brotli"), Encoding::Identity),
            (Some("identity"), Encoding::Identity),
            (Some("*"), Encoding::Identity),
            (Some(";;q=,,"), Encoding::Identity),
            (None, Encoding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            }
            let taken = Encoding::ALL
                .into_iter()
                .find(|encoding| encoding.is_taken(&headers));
            assert_eq!(taken, Some(expected), "{accept:?}");
        }
    }
}
