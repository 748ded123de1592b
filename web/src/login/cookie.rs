use actix_web::http::header::{COOKIE, HeaderMap};
use std::time::Duration;

/// Holds an operator's session.
pub const SESSION_COOKIE: &str = "carillon_session";
/// Holds the token of a wall.
pub const WALL_COOKIE: &str = "carillon_wall";

/// The value of a cookie that the request brings (RFC 6265 §4.2); the first one when there are several of its name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"'))
}

/// A `Set-Cookie` that no script reads and no other site sends along (RFC 6265bis §4.1). Without an age the browser forgets
/// it when it is closed.
pub fn set_cookie(name: &str, value: &str, age: Option<Duration>, secure: bool) -> String {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
    if let Some(age) = age {
        text += &format!("; Max-Age={}", age.as_secs());
    }
    if secure {
        text += "; Secure";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        for (lines, expected) in [
            (&["carillon_session=cs_a"][..], Some("cs_a")),
            (&["a=b; carillon_session=cs_a;c=d"], Some("cs_a")),
            (&["a=b", "carillon_session=cs_a"], Some("cs_a")),
            (&["carillon_session=\"cs_a\""], Some("cs_a")),
            (&["carillon_session=cs_a; carillon_session=cs_b"], Some("cs_a")),
            (&["carillon_session="], Some("")),
            (&["carillon_session"], None),
            (&["xcarillon_session=cs_a; carillon_session_x=cs_b"], None),
            (&["a=carillon_session=cs_a"], None),
            (&[";;; = ;"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(cookie(&headers, SESSION_COOKIE), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_this_site_and_no_script() {
        assert_eq!(
            set_cookie("a", "b", None, false),
            "a=b; Path=/; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            set_cookie("a", "", Some(Duration::ZERO), true),
            "a=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
        );
    }
}
