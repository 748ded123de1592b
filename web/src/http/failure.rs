use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use carillon_actors::QueryError;
use carillon_actors::feed::FeedError;
use carillon_actors::intake::IntakeError;
use carillon_api::{Code, Problem};
use carillon_domain::refusal::Refusal;
use carillon_storage::catalog::CatalogError;
use std::fmt;

/// Why a request is answered with a problem.
///
/// The body is written by [`super::observe`], which knows the request's id and the language it prefers.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub problem: Box<Problem>,
    retry_after_s: Option<u32>,
    challenge: Option<&'static str>,
    allow: Option<String>,
}

impl Failure {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = code.is_retryable().then_some(RETRY_AFTER_S);
        Failure {
            code,
            problem: Box::new(Problem::new(code, detail)),
            retry_after_s,
            challenge: None,
            allow: None,
        }
    }

    /// A query parameter, path parameter or header that is not valid.
    pub fn parameter(name: &'static str, detail: impl Into<String>) -> Self {
        Failure::new(Code::InvalidParameter, detail).with_field(name)
    }

    /// A fault of ours: the cause goes to the log, not to the caller.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %Chain(cause), "request failed");
        Failure::new(Code::Internal, "")
    }

    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.problem.field = Some(field.into());
        self
    }

    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// Names the way to authenticate (RFC 9110 §11.6.1).
    pub fn challenge(mut self, scheme: &'static str) -> Self {
        self.challenge = Some(scheme);
        self
    }

    /// Names the methods a path knows (RFC 9110 §10.2.1).
    pub fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }
}

/// When nothing better is known.
const RETRY_AFTER_S: u32 = 1;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).expect("the table holds valid statuses")
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(scheme) = self.challenge {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        if let Some(methods) = self
            .allow
            .as_deref()
            .and_then(|methods| HeaderValue::from_str(methods).ok())
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = Code::from_word(refusal.code.word()).expect("a test holds the table to all refusals");
        let failure = Failure::new(code, refusal.detail);
        if refusal.field.is_empty() {
            failure
        } else {
            failure.with_field(refusal.field)
        }
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        let detail = error.to_string();
        match error {
            IntakeError::Overloaded { retry_after_s } => {
                Failure::new(Code::Overloaded, detail).retry_after_s(retry_after_s)
            }
            IntakeError::DiskLow => Failure::new(Code::DiskLow, detail).retry_after_s(DISK_LOW_RETRY_AFTER_S),
            IntakeError::IdempotencyConflict => {
                Failure::new(Code::IdempotencyConflict, detail).with_field("Idempotency-Key")
            }
            IntakeError::QuotaExceeded { .. } => {
                Failure::new(Code::QuotaExceeded, detail).retry_after_s(super::time::seconds_to_midnight())
            }
            IntakeError::FrequencyCap { .. } => Failure::new(Code::FrequencyCap, detail),
            IntakeError::CapsFull { retry_after_s } => {
                Failure::new(Code::CapsFull, detail).retry_after_s(retry_after_s)
            }
            IntakeError::TenantUnavailable { retry_after_s } => {
                Failure::new(Code::OrganisationRestarting, detail).retry_after_s(retry_after_s)
            }
            IntakeError::AccountRemoved => Failure::new(Code::Unauthenticated, detail).challenge("Bearer"),
            IntakeError::Stopping => Failure::new(Code::Unavailable, detail),
            IntakeError::Interrupted => Failure::new(Code::Interrupted, detail),
        }
    }
}

/// Room is made by people.
const DISK_LOW_RETRY_AFTER_S: u32 = 60;

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Stopping => Failure::new(Code::Unavailable, "the service is stopping"),
            QueryError::History(_) => Failure::internal(&error),
            QueryError::Unavailable(_) => {
                tracing::warn!(error = %Chain(&error), "a search failed");
                Failure::new(Code::Unavailable, "the history does not answer")
            }
            QueryError::TooBroad(error) => Failure::new(Code::InvalidParameter, error.to_string()),
            QueryError::TooLarge(error) => Failure::new(Code::QueryTooLarge, error.to_string()),
            QueryError::Busy => Failure::new(Code::Overloaded, "too many searches at once"),
        }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        if !error.is_passing() {
            return Failure::internal(&error);
        }
        tracing::warn!(cause = %Chain(&error), "the catalog is not available");
        Failure::new(
            Code::Unavailable,
            "the store of the configuration does not answer; sending goes on",
        )
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Gone { .. } => Failure::new(Code::CursorGone, error.to_string()).with_field("after"),
            FeedError::Ahead { .. } => Failure::parameter("after", error.to_string()),
            FeedError::Interrupted => Failure::new(Code::Unavailable, error.to_string()),
            FeedError::Journal(_) | FeedError::Frame(_) => Failure::internal(&error),
        }
    }
}

/// An error and its sources in one line.
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
