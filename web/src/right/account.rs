use super::caller_key::authenticate;
use super::{Caller, cross_site};
use crate::http::Failure;
use crate::state::AppState;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use carillon_api::Code;
use carillon_domain::catalog::{Account, Compiled, Modules};
use carillon_domain::ids::AccountId;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

/// The account may send.
pub type SendRight = Granted<Send>;
/// The account may read its messages' journeys.
pub type QueryRight = Granted<Query>;
/// The account may pull receipts and replies.
pub type FeedRight = Granted<Feeds>;

/// The account may start and steer campaigns.
pub type CampaignRight = Granted<Campaigns>;

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

pub struct Campaigns;

impl Module for Campaigns {
    const NAME: &str = "campaigns";

    fn is_in(modules: Modules) -> bool {
        modules.campaigns
    }
}

impl<M: Module> FromRequest for Granted<M> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    /// Must come before the body is taken from the payload: a handler's first argument.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(authorise(request, payload))
    }
}

fn authorise<M: Module>(request: &HttpRequest, payload: &mut Payload) -> Result<Granted<M>, Failure> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .expect("the router is built with the state");
    let catalog = state.lane.catalog();
    let id = authenticate(request, payload, &catalog)?;
    // Browsers send a name and key they were once asked for along with whatever a page of another site makes them send.
    if !request.method().is_safe() {
        cross_site::refuse(request.headers())?;
    }
    request.extensions_mut().insert(Caller::Account(id));
    state.activity.note(id);
    let granted = Granted {
        catalog,
        id,
        module: PhantomData,
    };
    let account = granted.account();
    if !state.place.has(account, granted.catalog.snapshot()) {
        return Err(Failure::new(Code::OtherLane, ""));
    }
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
