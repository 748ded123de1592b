use actix_web::http::header::{COOKIE, HeaderMap};
use std::time::Duration;

/// Holds an operator's session.
pub const SESSION_COOKIE: &str = "carillon_session";
/// Holds the token of a wall.
pub const WALL_COOKIE: &str = "carillon_wall";

/// The values that the request brings of a cookie (RFC 6265 §4.2). Whatever else runs on this host may have set others of its
/// name, also in front of ours: one of the first few is taken, whichever opens something.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(move |pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"'))
        .take(OF_ONE_NAME_MAX)
}

const OF_ONE_NAME_MAX: usize = 4;

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
        let many = "carillon_session=x; ".repeat(100);
        for (lines, expected) in [
            (&["carillon_session=cs_a"][..], &["cs_a"][..]),
            (&["a=b; carillon_session=cs_a;c=d"], &["cs_a"]),
            (&["a=b", "carillon_session=cs_a"], &["cs_a"]),
            (&["carillon_session=\"cs_a\""], &["cs_a"]),
            (
                &["carillon_session=cs_a; carillon_session=cs_b"],
                &["cs_a", "cs_b"],
            ),
            (
                &["carillon_session=cs_a", "carillon_session=cs_b"],
                &["cs_a", "cs_b"],
            ),
            (&[&many], &["x"; OF_ONE_NAME_MAX]),
            (&["carillon_session="], &[""]),
            (&["carillon_session"], &[]),
            (&["xcarillon_session=cs_a; carillon_session_x=cs_b"], &[]),
            (&["a=carillon_session=cs_a"], &[]),
            (&[";;; = ;"], &[]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            }
            let found: Vec<_> = cookies(&headers, SESSION_COOKIE).collect();
            assert_eq!(found, expected, "{lines:?}");
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
