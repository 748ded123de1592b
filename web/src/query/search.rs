use super::view::{Numbers, Shown, view};
use super::words;
use crate::http::time::{now, parse_rfc3339};
use crate::http::{Failure, parameter};
use crate::right::QueryRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::MessagesPage;
use carillon_domain::catalog::Compiled;
use carillon_domain::ids::{AccountId, CampaignId, MessageId};
use carillon_domain::journey::MessageState;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use carillon_storage::history::{RANGE_MAX, SearchQuery};
use serde::Deserialize;
use std::time::{Duration, Instant};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
/// How long a search that has found nothing yet goes on before it answers with an empty page.
const SEARCH_TIME: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchParameters {
    to: Option<String>,
    mail: Option<String>,
    campaign: Option<String>,
    /// Operators only: others see their own account.
    account: Option<String>,
    status: Option<String>,
    from: Option<String>,
    until: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
    /// Masked when absent; whole ones for operators only.
    pub numbers: Option<Numbers>,
}

/// Whose messages are found.
#[derive(Clone, Copy)]
pub enum Scope {
    Account(AccountId),
    /// For an operator, who sees so much.
    Everyone(Shown),
}

/// `GET /v1/messages`
pub async fn search(
    right: QueryRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters = parameter::query(&request)?;
    let scope = Scope::Account(right.account().id);
    let page = page(&state, &right.catalog, parameters, scope).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One page of messages, newest first.
pub async fn page(
    state: &AppState,
    catalog: &Compiled,
    parameters: SearchParameters,
    scope: Scope,
) -> Result<MessagesPage, Failure> {
    let shown = match (scope, parameters.numbers) {
        (Scope::Account(_), Some(Numbers::Full)) => {
            return Err(Failure::parameter("numbers", "only operators see whole numbers"));
        }
        (Scope::Account(_), _) => Shown::OWN,
        (Scope::Everyone(shown), _) => shown,
    };
    let mut query = parameters.query(catalog, scope)?;
    let give_up = Instant::now() + SEARCH_TIME;
    loop {
        let found = state.lane.search(query.clone()).await?;
        if found.journeys.is_empty() && found.next.is_some() && Instant::now() < give_up {
            query.before = found.next;
            continue;
        }
        return Ok(MessagesPage {
            messages: found
                .journeys
                .iter()
                .map(|journey| view(journey, catalog, shown))
                .collect(),
            next: found.next.map(|id| id.to_string()),
        });
    }
}

impl SearchParameters {
    fn query(self, catalog: &Compiled, scope: Scope) -> Result<SearchQuery, Failure> {
        let limit = parameter::limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let mut query = SearchQuery {
            account: self.account(catalog, scope)?,
            phone: parsed("to", self.to.as_deref(), PhoneNumber::parse)?,
            campaign: parsed("campaign", self.campaign.as_deref(), CampaignId::of_text)?,
            before: parsed("before", self.before.as_deref(), str::parse::<MessageId>)?,
            states: self.states()?,
            mail: self.mail,
            ..SearchQuery::newest(limit)
        };
        let (from, until) = (
            moment("from", self.from.as_deref())?,
            moment("until", self.until.as_deref())?,
        );
        query.until = until.unwrap_or(query.until);
        query.from = from.unwrap_or(query.from);
        if query.check().is_err() && (from.is_none() || until.is_none()) {
            // A range that is open at one side ends at the longest.
            let last = until.or_else(|| from.map(|from| from + RANGE_MAX));
            query.until = last.unwrap_or_else(now_inclusive);
            query.from = from.unwrap_or(UnixMs(query.until.0.saturating_sub(RANGE_MAX.as_millis() as u64)));
        }
        query
            .check()
            .map_err(|error| Failure::new(carillon_api::Code::InvalidParameter, error.to_string()))?;
        Ok(query)
    }

    fn account(&self, catalog: &Compiled, scope: Scope) -> Result<Option<AccountId>, Failure> {
        match (scope, self.account.as_deref()) {
            (Scope::Account(own), None) => Ok(Some(own)),
            (Scope::Account(_), Some(_)) => Err(Failure::parameter(
                "account",
                "only operators search by account; others see their own messages",
            )),
            (Scope::Everyone(_), None) => Ok(None),
            (Scope::Everyone(_), Some(name)) => match catalog.account_by_name(name) {
                Some(account) => Ok(Some(account.id)),
                None => Err(Failure::parameter("account", "there is no account of this name")),
            },
        }
    }

    /// States by their words, between commas.
    fn states(&self) -> Result<Vec<MessageState>, Failure> {
        let Some(text) = self.status.as_deref() else {
            return Ok(Vec::new());
        };
        let mut states = Vec::new();
        for word in text.split(',') {
            let state = words::state(word.trim()).ok_or_else(|| {
                let known = words::STATES.map(MessageState::word).join(", ");
                Failure::parameter("status", format!("one or more of {known}"))
            })?;
            if !states.contains(&state) {
                states.push(state);
            }
        }
        Ok(states)
    }
}

fn parsed<T, E: std::fmt::Display>(
    name: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    text.map(parse)
        .transpose()
        .map_err(|error| Failure::parameter(name, error.to_string()))
}

/// A moment in a parameter.
pub fn moment(name: &'static str, text: Option<&str>) -> Result<Option<UnixMs>, Failure> {
    let parse = |text: &str| {
        // A `+` that was not escaped arrives as a space.
        let text = match text.rsplit_once(' ') {
            Some((time, offset)) if time.contains('T') => &format!("{time}+{offset}"),
            _ => text,
        };
        parse_rfc3339(text).ok_or("a time is written like 2026-03-01T08:30:00+08:00")
    };
    parsed(name, text, parse)
}

/// What is accepted in this very moment has come before the end, too.
fn now_inclusive() -> UnixMs {
    UnixMs(now().0 + 1)
}
