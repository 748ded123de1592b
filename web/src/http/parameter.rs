use super::failure::Failure;
use actix_web::HttpRequest;
use actix_web::web::Query;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// The query parameters of a request; unknown or ill-typed ones are refused.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Failure> {
    Query::<T>::from_query(request.query_string())
        .map(Query::into_inner)
        .map_err(|error| Failure::new(carillon_api::Code::InvalidParameter, error.to_string()))
}

/// A parameter of the path, parsed; what does not parse names nothing.
pub fn path<T: std::str::FromStr>(request: &HttpRequest, name: &str) -> Result<T, Failure> {
    request
        .match_info()
        .get(name)
        .and_then(decoded)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::new(carillon_api::Code::NotFound, ""))
}

/// The router leaves `%2B`, `%25` and `%2F` as they are, so that no name is taken for two.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// How many rows a page may have.
pub fn limit(asked: Option<u32>, default: u32, max: u32) -> Result<usize, Failure> {
    match asked.unwrap_or(default) {
        n if (1..=max).contains(&n) => Ok(n as usize),
        _ => Err(Failure::parameter("limit", format!("limit is from 1 to {max}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_name_in_the_path_may_have_any_characters() {
        for (text, name) in [
            ("mobile", Some("mobile")),
            ("A%2BB", Some("A+B")),
            ("A+B", Some("A+B")),
            ("50%25", Some("50%")),
            ("a%2Fb", Some("a/b")),
            ("%252F", Some("%2F")),
            ("移动", Some("移动")),
            ("100%", Some("100%")),
            ("%FF", None),
        ] {
            let request = TestRequest::default().param("name", text).to_http_request();
            let found = path::<String>(&request, "name").ok();
            assert_eq!(found.as_deref(), name, "{text}");
        }
    }
}
