use super::failure::Failure;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use carillon_api::Code;

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Json,
    /// One JSON value per line.
    NdJson,
}

impl MediaType {
    /// By `Content-Type`; JSON when there is none, since old clients leave it out.
    pub fn of(request: &HttpRequest) -> Result<MediaType, Failure> {
        let Some(value) = request.headers().get(CONTENT_TYPE) else {
            return Ok(MediaType::Json);
        };
        value.to_str().ok().and_then(MediaType::parse).ok_or_else(|| {
            Failure::new(
                Code::UnsupportedMediaType,
                "use application/json or, for batches, application/x-ndjson; in UTF-8",
            )
            .with_field("Content-Type")
        })
    }

    /// What a `Content-Type` says; `None` when it is neither, or not in UTF-8.
    pub fn parse(value: &str) -> Option<MediaType> {
        let mut parts = value.split(';').map(str::trim);
        let media_type = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/json" | "text/json" => MediaType::Json,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => MediaType::NdJson,
            _ => return None,
        };
        let foreign_charset = parts.any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.eq_ignore_ascii_case("charset")
                && !["utf-8", "utf8"]
                    .iter()
                    .any(|utf8| value.trim_matches('"').eq_ignore_ascii_case(utf8))
        });
        (!foreign_charset).then_some(media_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for (value, expected) in [
            ("application/json", Some(MediaType::Json)),
            ("Application/JSON; charset=UTF-8", Some(MediaType::Json)),
            ("application/json;charset=\"utf-8\"", Some(MediaType::Json)),
            ("application/x-ndjson", Some(MediaType::NdJson)),
            ("application/json; charset=gbk", None),
            ("text/plain", None),
            ("application/x-www-form-urlencoded", None),
            ("", None),
        ] {
            assert_eq!(MediaType::parse(value), expected, "{value}");
        }
    }
}
