//! An operator of the server under test, logged in as a browser is.

use crate::http::{HttpClient, HttpError};
use carillon_api::{LoginRequest, SessionView};
use std::net::SocketAddr;
use std::time::Duration;

/// A password is judged slowly on purpose, and slower still under load.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);
const NAME: &str = "admin";

#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("cannot log in")]
    Http(#[from] HttpError),
    #[error("the login was refused with {status}: {body}")]
    Refused { status: u16, body: String },
    #[error("the answer to the login cannot be understood")]
    Answer(#[from] serde_json::Error),
}

/// A session; it outlives restarts of the server on the same data.
#[derive(Clone)]
pub struct OperatorSession {
    /// Cookie and CSRF token as header lines.
    headers: String,
}

impl OperatorSession {
    pub async fn log_in(address: SocketAddr, password: &str) -> Result<Self, LoginError> {
        let body = serde_json::to_vec(&LoginRequest {
            name: NAME.to_owned(),
            password: password.to_owned(),
        })?;
        let mut client = HttpClient::new(address, "", LOGIN_TIMEOUT);
        let answer = client
            .post("/v1/login", "Content-Type: application/json\r\n", &body)
            .await?;
        let (200, Some(cookie)) = (answer.status, &answer.cookie) else {
            return Err(LoginError::Refused {
                status: answer.status,
                body: String::from_utf8_lossy(&answer.body).into_owned(),
            });
        };
        let session: SessionView = serde_json::from_slice(&answer.body)?;
        let headers = format!("Cookie: {cookie}\r\nX-CSRF-Token: {}\r\n", session.csrf);
        Ok(OperatorSession { headers })
    }

    /// Who asks, as header lines.
    pub fn headers(&self) -> &str {
        &self.headers
    }

    /// A client with the operator's rights.
    pub fn client(&self, address: SocketAddr, timeout: Duration) -> HttpClient {
        HttpClient::with_headers(address, &self.headers, timeout)
    }
}
