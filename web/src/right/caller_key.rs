use super::signed::{Credentials, Pending, SCHEME, SignatureError};
use super::signed_body::SignedBody;
use crate::endpoint::{ENDPOINTS, RouteIndex};
use crate::http::Failure;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use carillon_api::Code;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::AccountId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Name and key in one `Authorization: Basic`, encoded.
const BASIC_BYTES_MAX: usize = 1024;

/// The account that makes a request: by its key (RFC 6750), by name and key for old systems (RFC 7617), or by a signature.
///
/// A signature over a body is checked when the handler has read the body, which is before it does anything with it.
pub fn authenticate(
    request: &HttpRequest,
    payload: &mut Payload,
    catalog: &Compiled,
) -> Result<AccountId, Failure> {
    let help = "send `Authorization: Bearer <key>`";
    let missing = || Failure::new(Code::Unauthenticated, help).challenge("Bearer");
    let (scheme, value) = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .ok_or_else(missing)?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        by_key(catalog, value.as_bytes())
            .ok_or_else(|| Failure::new(Code::Unauthenticated, "no account has this key").challenge("Bearer"))
    } else if scheme.eq_ignore_ascii_case("basic") {
        by_name_and_key(catalog, value).ok_or_else(|| {
            Failure::new(Code::Unauthenticated, "no account has this name and key")
                .challenge("Basic realm=\"accounts\"")
        })
    } else if scheme.eq_ignore_ascii_case(SCHEME) {
        Ok(by_signature(request, payload, catalog, value)?)
    } else {
        Err(missing())
    }
}

fn by_key(catalog: &Compiled, key: &[u8]) -> Option<AccountId> {
    let sha256: [u8; 32] = Sha256::digest(key).into();
    // The look-up's time tells at most about the hash, and nobody can choose a key by its hash.
    catalog
        .account_by_key(&sha256)
        .filter(|account| account.api_key_sha256.ct_eq(&sha256).into())
        .map(|account| account.id)
}

fn by_name_and_key(catalog: &Compiled, encoded: &str) -> Option<AccountId> {
    if encoded.len() > BASIC_BYTES_MAX {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (name, key) = (&decoded[..colon], &decoded[colon + 1..]);
    let id = by_key(catalog, key)?;
    let account = catalog.account(id)?;
    bool::from(account.name.as_bytes().ct_eq(name)).then_some(id)
}

fn by_signature(
    request: &HttpRequest,
    payload: &mut Payload,
    catalog: &Compiled,
    value: &str,
) -> Result<AccountId, SignatureError> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .expect("the router is built with the state");
    let credentials = Credentials::parse(value)?;
    state
        .nonces
        .check_time(credentials.timestamp, super::nonces::unix_s())?;
    let account = catalog.account_by_name(&credentials.account);
    let signer = account.and_then(|account| Some((account.id, account.hmac_secret.as_ref()?.reveal())));
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let pending = Pending::new(&credentials, signer, request.method().as_str(), target);
    if has_body(request) {
        // Before the body an unknown signer is told the same as after it.
        let (id, _) = signer.ok_or(SignatureError::Wrong)?;
        SignedBody::around(payload, pending, state.clone());
        return Ok(id);
    }
    // A body that nobody asked for is not read; its hash would not be that of nothing.
    pending.finish(&state.nonces)?;
    let (id, _) = signer.ok_or(SignatureError::Wrong)?;
    Ok(id)
}

/// Whether the endpoint reads a body.
fn has_body(request: &HttpRequest) -> bool {
    let path = request.app_data::<RouteIndex>().map(|route| route.0);
    ENDPOINTS.iter().any(|endpoint| {
        Some(endpoint.path) == path && endpoint.method == request.method() && endpoint.body.is_some()
    })
}
