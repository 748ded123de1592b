use super::attempts::Attempts;
use super::verified::Verified;
use super::{Caller, OPERATOR, password_fits};
use crate::http::Failure;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use carillon_api::Code;
use futures_util::future::LocalBoxFuture;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// The request comes from an operator.
#[derive(Debug)]
pub struct OperatorRight;

/// Checks operators' passwords, with pauses after wrong ones.
pub struct Operators {
    phc: String,
    attempts: Mutex<Attempts>,
    verified: Mutex<Verified>,
    /// One argon2id at a time: it takes 19 MiB and a core, and anyone can ask for it.
    turn: Semaphore,
}

const PASSWORD_BYTES_MAX: usize = 256;

impl Operators {
    /// `phc` is the stored hash of the operator's password.
    pub fn new(phc: String) -> Result<Self, getrandom::Error> {
        Ok(Operators {
            phc,
            attempts: Mutex::default(),
            verified: Mutex::new(Verified::new()?),
            turn: Semaphore::new(1),
        })
    }

    async fn check(&self, credentials: Option<(String, String)>, source: IpAddr) -> Result<(), Failure> {
        let refuse =
            |detail: &str| Failure::new(Code::Unauthenticated, detail).challenge("Basic realm=\"operators\"");
        let (name, password) =
            credentials.ok_or_else(|| refuse("send HTTP basic credentials of at most 256 bytes"))?;
        let known = name == OPERATOR;
        if known && self.is_verified(&password) {
            return Ok(());
        }
        let _turn = self
            .turn
            .acquire()
            .await
            .map_err(|error| Failure::internal(&error))?;
        if known && self.is_verified(&password) {
            return Ok(());
        }
        lock(&self.attempts)
            .begin(source, Instant::now())
            .map_err(|wait| {
                Failure::new(Code::TooManyAttempts, "wait before the next try")
                    .retry_after_s(wait.as_secs() as u32 + 1)
            })?;
        let phc = self.phc.clone();
        // An unknown name is verified too, so that its answer takes as long.
        let (fits, password) = web::block(move || (password_fits(password.as_bytes(), &phc), password))
            .await
            .map_err(|e| Failure::internal(&e))?;
        if !(fits.map_err(|error| Failure::internal(&error))? && known) {
            return Err(refuse("name or password is wrong"));
        }
        lock(&self.attempts).succeeded(source);
        lock(&self.verified).remember(password.as_bytes(), Instant::now());
        Ok(())
    }

    fn is_verified(&self, password: &str) -> bool {
        lock(&self.verified).contains(password.as_bytes(), Instant::now())
    }
}

/// Nothing in these locks is left half changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FromRequest for OperatorRight {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = request
                .app_data::<web::Data<AppState>>()
                .expect("the router is built with the state");
            if is_of_another_site(&request) {
                return Err(Failure::new(Code::CrossSite, ""));
            }
            let source = request
                .peer_addr()
                .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
            state.operators.check(basic_credentials(&request), source).await?;
            request.extensions_mut().insert(Caller::Operator);
            Ok(OperatorRight)
        })
    }
}

/// Browsers send credentials that they remember along with whatever a page of another site asks for; they say so in
/// `Sec-Fetch-Site` (W3C Fetch Metadata). Reading does no harm: that page does not see the answer.
fn is_of_another_site(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site");
    !request.method().is_safe() && site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Name and password of `Authorization: Basic` (RFC 7617).
fn basic_credentials(request: &HttpRequest) -> Option<(String, String)> {
    let (scheme, encoded) = request
        .headers()
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > PASSWORD_BYTES_MAX * 2 {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    (password.len() <= PASSWORD_BYTES_MAX).then(|| (name.to_owned(), password.to_owned()))
}
