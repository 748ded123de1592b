//! Requests to the page's own server.

use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCredentials, RequestInit, Response};

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The server did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// Asks for something.
pub async fn get(path: &str) -> Result<Answer, Unreachable> {
    request(path, "GET", None).await.map_err(|_| Unreachable)
}

/// Posts JSON.
pub async fn post(path: &str, body: &str) -> Result<Answer, Unreachable> {
    request(path, "POST", Some(body)).await.map_err(|_| Unreachable)
}

async fn request(path: &str, method: &str, body: Option<&str>) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::SameOrigin);
    if let Some(body) = body {
        options.set_body(&JsValue::from_str(body));
    }
    let request = web_sys::Request::new_with_str_and_init(path, &options)?;
    if body.is_some() {
        request.headers().set("content-type", "application/json")?;
    }
    answer(JsFuture::from(window.fetch_with_request(&request)).await?).await
}

async fn answer(response: JsValue) -> Result<Answer, JsValue> {
    let response: Response = response.dyn_into()?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Answer {
        status: response.status(),
        body: body.as_string().unwrap_or_default(),
    })
}
