//! The way in: a wall link brings a token in its fragment, which is exchanged for a session at once and then forgotten.

use carillon_kit::http;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Longer than any token of ours; what is longer is not sent.
const TOKEN_BYTES_MAX: usize = 256;
const SESSION_PATH: &str = "/v1/wall/session";

/// In the address once a link was followed, so that it also holds after a reload.
const AS_WALL: &str = "as=wall";

/// What became of the link's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Whether there is a session will be seen; `as_wall` when it is to be the wall's.
    Open { as_wall: bool },
    /// The server does not know the token (any more).
    Refused,
}

/// The token in a fragment such as `#token=abc`.
pub fn token(fragment: &str) -> Option<&str> {
    let token = fragment
        .trim_start_matches('#')
        .split('&')
        .find_map(|part| part.strip_prefix("token="))?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!token.is_empty() && token.len() <= TOKEN_BYTES_MAX && token.bytes().all(is_token)).then_some(token)
}

/// Takes the token out of the address, so that it is neither bookmarked nor photographed, and makes a session of it. A
/// server that does not answer, or not now, is asked again: a wall may be switched on before its server.
pub async fn enter() -> Entry {
    let location = window().location();
    let fragment = location.hash().unwrap_or_default();
    let Some(token) = token(&fragment).map(str::to_owned) else {
        let search = location.search().unwrap_or_default();
        return Entry::Open {
            as_wall: search
                .trim_start_matches('?')
                .split('&')
                .any(|part| part == AS_WALL),
        };
    };
    let path = location.pathname().unwrap_or_default();
    // An address that keeps its token still works.
    let _ = window().history().map(|history| {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("{path}?{AS_WALL}")))
    });
    let body = serde_json::json!({ "token": token }).to_string();
    loop {
        match http::post(SESSION_PATH, &body).await.map(|answer| answer.status) {
            Ok(200..300) => return Entry::Open { as_wall: true },
            Ok(400 | 401 | 403 | 404) => return Entry::Refused,
            _ => pause().await,
        }
    }
}

async fn pause() {
    const RETRY_AFTER_MS: i32 = 3_000;
    let elapsed = js_sys::Promise::new(&mut |resolve, _| {
        let timer = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, RETRY_AFTER_MS);
        // Without a timer the promise stays open, which is as good as waiting.
        let _ = timer;
    });
    let _ = wasm_bindgen_futures::JsFuture::from(elapsed).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_and_checked() {
        let long = format!("#token={}", "a".repeat(TOKEN_BYTES_MAX + 1));
        for (fragment, wanted) in [
            ("#token=wt_Ab-9.x", Some("wt_Ab-9.x")),
            ("#lang=en&token=abc", Some("abc")),
            ("", None),
            ("#token=", None),
            ("#token=<script>", None),
            ("#tok=abc", None),
            (long.as_str(), None),
        ] {
            assert_eq!(token(fragment), wanted, "{fragment}");
        }
    }
}
