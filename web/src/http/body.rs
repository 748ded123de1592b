use super::failure::Failure;
use crate::right::SignatureError;
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Payload};
use carillon_api::Code;
use futures_util::StreamExt;
use std::time::Duration;

/// What the first buffer holds at most, so that a `Content-Length` alone allocates little.
const FIRST_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// The whole body, at most `bytes_max` of it, received within `timeout`.
///
/// A `Content-Length` above the limit is refused before a byte of the body is read.
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Failure> {
    let announced = check_headers(request.headers(), bytes_max)?;
    let receive = async {
        let mut body = BytesMut::with_capacity(announced.min(FIRST_BUFFER_BYTES_MAX));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| broken(&error))?;
            if body.len() + chunk.len() > bytes_max {
                return Err(too_large(bytes_max as u64));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    match tokio::time::timeout(timeout, receive).await {
        Ok(body) => body,
        Err(_) => Err(Failure::new(
            Code::RequestTimeout,
            format!("the body did not arrive within {} s", timeout.as_secs()),
        )),
    }
}

/// Why a body could not be read to its end: it broke off, or it is not what was signed.
pub fn broken(error: &PayloadError) -> Failure {
    let signature = match error {
        PayloadError::Io(error) => error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<SignatureError>()),
        _ => None,
    };
    match signature {
        Some(error) => (*error).into(),
        None => Failure::new(Code::InvalidJson, error.to_string()),
    }
}

/// The announced length, 0 when none is.
pub fn check_headers(headers: &HeaderMap, bytes_max: usize) -> Result<usize, Failure> {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(
            Failure::new(Code::UnsupportedMediaType, "compressed bodies are not taken")
                .with_field("Content-Encoding"),
        );
    }
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(0);
    };
    // The HTTP parser has refused what is not a number; one beyond usize is as good as too large.
    let length = length
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok())
        .unwrap_or(usize::MAX);
    if length > bytes_max {
        Err(too_large(bytes_max as u64))
    } else {
        Ok(length)
    }
}

pub fn too_large(bytes_max: u64) -> Failure {
    Failure::new(
        Code::PayloadTooLarge,
        format!("the body has more than {bytes_max} bytes"),
    )
}
