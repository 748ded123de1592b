use super::view::{Numbers, view};
use crate::http::{Failure, parameter};
use crate::right::QueryRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::MessagesPage;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::{AccountId, MessageId, TenantId};
use carillon_domain::phone::PhoneNumber;
use carillon_storage::history::PhoneQuery;
use serde::Deserialize;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
/// Messages of other accounts that one request passes over at most before it answers with a short page.
const SCANNED_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchParameters {
    to: String,
    before: Option<String>,
    limit: Option<u32>,
}

/// Whose messages are found.
#[derive(Clone, Copy)]
pub enum Scope {
    Account { tenant: TenantId, account: AccountId },
    Everyone,
}

/// `GET /v1/messages`
pub async fn search(
    right: QueryRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters = parameter::query(&request)?;
    let account = right.account();
    let scope = Scope::Account {
        tenant: account.tenant,
        account: account.id,
    };
    let page = page(&state, &right.catalog, parameters, scope).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One page of messages to a number, newest first.
pub async fn page(
    state: &AppState,
    catalog: &Compiled,
    parameters: SearchParameters,
    scope: Scope,
) -> Result<MessagesPage, Failure> {
    let phone =
        PhoneNumber::parse(&parameters.to).map_err(|error| Failure::parameter("to", error.to_string()))?;
    let before = parameters
        .before
        .map(|text| text.parse::<MessageId>())
        .transpose();
    let mut before = before.map_err(|error| Failure::parameter("before", error.to_string()))?;
    let limit = parameter::limit(parameters.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let (tenant, numbers) = match scope {
        Scope::Account { tenant, .. } => (Some(tenant), Numbers::Masked),
        Scope::Everyone => (None, Numbers::Full),
    };
    let mut page = MessagesPage::default();
    let mut scanned = 0;
    while scanned < SCANNED_MAX {
        // One more than wanted tells whether there is a next page.
        let found = state
            .lane
            .by_phone(PhoneQuery {
                phone,
                tenant,
                before,
                limit: limit + 1,
            })
            .await?;
        let is_last = found.len() <= limit;
        scanned += found.len();
        for journey in &found {
            if page.messages.len() == limit {
                page.next = before.map(|id| id.to_string());
                return Ok(page);
            }
            before = Some(journey.message);
            if matches!(scope, Scope::Account { account, .. } if account != journey.account) {
                continue;
            }
            page.messages.push(view(journey, catalog, numbers));
        }
        if is_last {
            return Ok(page);
        }
    }
    page.next = before.map(|id| id.to_string());
    Ok(page)
}
