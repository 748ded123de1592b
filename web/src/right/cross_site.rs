use crate::http::Failure;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use carillon_api::Code;

const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses what a page of another site, or of another port of this host, made a browser send: browsers send cookies along.
/// Programs send none of these headers and are not asked.
pub fn refuse(headers: &HeaderMap) -> Result<(), Failure> {
    if is_of_another_site(headers) {
        Err(Failure::new(Code::CrossSite, ""))
    } else {
        Ok(())
    }
}

/// By `Sec-Fetch-Site` (W3C Fetch Metadata §2.3), which browsers send where the transport is secure; elsewhere `Origin`
/// (RFC 6454 §7) must name the host that was asked.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let authority = origin
        .to_str()
        .ok()
        .and_then(|origin| Some(origin.split_once("://")?.1));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match (authority, host) {
        (Some(authority), Some(host)) => !authority.eq_ignore_ascii_case(host),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn only_our_own_pages_and_programs_may() {
        for (site, origin, foreign) in [
            (None, None, false),
            (Some("same-origin"), None, false),
            (Some("none"), None, false),
            (Some("same-site"), None, true),
            (Some("cross-site"), None, true),
            (Some("anything"), None, true),
            // Behind a proxy the host may be another; the browser knows better.
            (Some("same-origin"), Some("https://outside.example"), false),
            (Some("cross-site"), Some("http://carillon.example:8080"), true),
            (None, Some("http://carillon.example:8080"), false),
            (None, Some("http://Carillon.Example:8080"), false),
            (None, Some("http://carillon.example:8081"), true),
            (None, Some("http://carillon.example"), true),
            (None, Some("http://evil.example"), true),
            (None, Some("null"), true),
            (None, Some(""), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("carillon.example:8080"));
            if let Some(site) = site {
                headers.insert(
                    HeaderName::from_static(FETCH_SITE),
                    HeaderValue::from_static(site),
                );
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(is_of_another_site(&headers), foreign, "{site:?} {origin:?}");
        }
    }
}
