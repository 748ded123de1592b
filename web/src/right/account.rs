use super::Caller;
use crate::http::Failure;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use carillon_api::Code;
use carillon_domain::catalog::{Account, Compiled, Modules};
use carillon_domain::ids::AccountId;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The account may send.
pub type SendRight = Granted<Send>;
/// The account may read its messages' journeys.
pub type QueryRight = Granted<Query>;
/// The account may pull receipts and replies.
pub type FeedRight = Granted<Feeds>;

/// An enabled account with one module, and the configuration it was found in.
pub struct Granted<M> {
    pub catalog: Arc<Compiled>,
    id: AccountId,
    module: PhantomData<M>,
}

impl<M> Granted<M> {
    pub fn account(&self) -> &Account {
        self.catalog
            .account(self.id)
            .expect("the account was found in this catalog, which never changes")
    }
}

/// A module that an account has or has not (SEND-10).
pub trait Module {
    const NAME: &str;
    fn is_in(modules: Modules) -> bool;
}

pub struct Send;

impl Module for Send {
    const NAME: &str = "send";

    fn is_in(modules: Modules) -> bool {
        modules.send
    }
}

pub struct Query;

impl Module for Query {
    const NAME: &str = "query";

    fn is_in(modules: Modules) -> bool {
        modules.query
    }
}

pub struct Feeds;

impl Module for Feeds {
    const NAME: &str = "feeds";

    fn is_in(modules: Modules) -> bool {
        modules.feeds
    }
}

impl<M: Module> FromRequest for Granted<M> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorise(request))
    }
}

fn authorise<M: Module>(request: &HttpRequest) -> Result<Granted<M>, Failure> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .expect("the router is built with the state");
    let catalog = state.lane.catalog().clone();
    let id = authenticate(request, &catalog)?;
    request.extensions_mut().insert(Caller::Account(id));
    let granted = Granted {
        catalog,
        id,
        module: PhantomData,
    };
    let account = granted.account();
    if !account.enabled {
        return Err(Failure::new(Code::AccountDisabled, ""));
    }
    if !M::is_in(account.modules) {
        return Err(Failure::new(
            Code::ModuleNotGranted,
            format!("this needs the module `{}`", M::NAME),
        ));
    }
    Ok(granted)
}

fn authenticate(request: &HttpRequest, catalog: &Compiled) -> Result<AccountId, Failure> {
    let refuse = |detail: &str| Failure::new(Code::Unauthenticated, detail).challenge("Bearer");
    let value = request
        .headers()
        .get(AUTHORIZATION)
        .ok_or_else(|| refuse("send `Authorization: Bearer <key>`"))?;
    let key = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .ok_or_else(|| refuse("send `Authorization: Bearer <key>`"))?;
    let sha256: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    // The look-up's time tells at most about the hash, and nobody can choose a key by its hash.
    catalog
        .account_by_key(&sha256)
        .filter(|account| account.api_key_sha256.ct_eq(&sha256).into())
        .map(|account| account.id)
        .ok_or_else(|| refuse("no account has this key"))
}
