use crate::model::failure::Failure;
use carillon_api::{PROBLEM_CONTENT_TYPE, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestCredentials, RequestInit, Response};

/// What the server answered.
struct Answer {
    status: u16,
    is_problem: bool,
    retry_after_s: Option<u64>,
    body: String,
}

thread_local! {
    static IS_IN_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Lets the server know that what the work asks, nobody asked for: it keeps no session.
pub async fn in_background<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        IS_IN_BACKGROUND.set(true);
        let polled = work.as_mut().poll(context);
        IS_IN_BACKGROUND.set(false);
        polled
    })
    .await
}

pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    read(send("GET", path, "", None).await?)
}

/// Changes something; the answer is not looked at.
pub async fn act(method: &str, path: &str, csrf: &str) -> Result<(), Failure> {
    good(send(method, path, csrf, None).await?).map(drop)
}

/// As [`act`], and reads the answer.
pub async fn ask<T: DeserializeOwned>(method: &str, path: &str, csrf: &str) -> Result<T, Failure> {
    read(send(method, path, csrf, None).await?)
}

/// Changes something by what the body says.
pub async fn tell<T: DeserializeOwned>(
    method: &str,
    path: &str,
    csrf: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let body = serde_json::to_string(body).map_err(|_| Failure::Unreadable { status: 0 })?;
    read(send(method, path, csrf, Some(&body)).await?)
}

/// As [`tell`]; the answer is not looked at.
pub async fn tell_only(method: &str, path: &str, csrf: &str, body: &impl Serialize) -> Result<(), Failure> {
    let body = serde_json::to_string(body).map_err(|_| Failure::Unreadable { status: 0 })?;
    good(send(method, path, csrf, Some(&body)).await?).map(drop)
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, Failure> {
    let answer = good(answer)?;
    serde_json::from_str(&answer.body).map_err(|_| Failure::Unreadable {
        status: answer.status,
    })
}

fn good(answer: Answer) -> Result<Answer, Failure> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let problem = answer
        .is_problem
        .then(|| serde_json::from_str::<Problem>(&answer.body).ok())
        .flatten();
    Err(match problem {
        Some(problem) => Failure::Problem {
            problem: Box::new(problem),
            retry_after_s: answer.retry_after_s,
        },
        None => Failure::Unreadable {
            status: answer.status,
        },
    })
}

async fn send(method: &str, path: &str, csrf: &str, body: Option<&str>) -> Result<Answer, Failure> {
    fetch(method, path, csrf, body)
        .await
        .map_err(|_| Failure::Unreachable)
}

async fn fetch(method: &str, path: &str, csrf: &str, body: Option<&str>) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::SameOrigin);
    if let Some(body) = body {
        options.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(path, &options)?;
    request.headers().set("accept-language", "zh")?;
    if IS_IN_BACKGROUND.get() {
        request.headers().set("x-carillon-background", "1")?;
    }
    if body.is_some() {
        request.headers().set("content-type", "application/json")?;
    }
    if !csrf.is_empty() {
        request.headers().set("x-csrf-token", csrf)?;
    }
    let response: Response = JsFuture::from(window.fetch_with_request(&request))
        .await?
        .dyn_into()?;
    let header = |name| response.headers().get(name).ok().flatten().unwrap_or_default();
    let is_problem = header("content-type").starts_with(PROBLEM_CONTENT_TYPE);
    let retry_after_s = header("retry-after").parse().ok();
    let body = JsFuture::from(response.text()?)
        .await?
        .as_string()
        .unwrap_or_default();
    Ok(Answer {
        status: response.status(),
        is_problem,
        retry_after_s,
        body,
    })
}
