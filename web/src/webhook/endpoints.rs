use super::message::feed_word;
use super::view::off_word;
use crate::http::time::rfc3339;
use crate::http::{Failure, body, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::feed::{Cursor, FeedKind};
use carillon_api::{Code, WebhookPlace, WebhookReplay, WebhookStateView, WebhooksView};
use carillon_domain::catalog::{Account, Webhook};
use carillon_domain::ids::AccountId;

const REPLAY_BYTES_MAX: usize = 1024;

/// `GET /v1/admin/webhooks`
pub async fn webhooks(_right: OperatorRight, state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    let catalog = state.lane.catalog();
    let mut webhooks: Vec<_> = catalog
        .snapshot()
        .accounts
        .values()
        .filter_map(|account| Some(view(&state, account, account.webhook.as_ref()?)))
        .collect();
    webhooks.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(HttpResponse::Ok().json(WebhooksView { webhooks }))
}

/// `POST /v1/admin/webhooks/{account}/replay`
pub async fn replay_webhook(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let account = account(&state, &request)?;
    let body = body::read(&request, payload, REPLAY_BYTES_MAX, state.limits.body_timeout()).await?;
    let wanted: WebhookReplay =
        serde_json::from_slice(&body).map_err(|error| Failure::new(Code::InvalidField, error.to_string()))?;
    let invalid =
        |field: &'static str, detail: String| Failure::new(Code::InvalidField, detail).with_field(field);
    let after = wanted.after.map(|text| text.parse::<Cursor>()).transpose();
    let after = after.map_err(|error| invalid("after", error.to_string()))?;
    let newest = state.lane.feed_bounds().newest;
    if after.is_some_and(|after| after > newest) {
        return Err(invalid(
            "after",
            format!("it is ahead of everything that has happened; the newest is {newest}"),
        ));
    }
    let only = match wanted.feed.as_deref() {
        None => None,
        Some("receipts") => Some(FeedKind::Receipts),
        Some("replies") => Some(FeedKind::Replies),
        Some(_) => return Err(invalid("feed", "`receipts` or `replies`".to_owned())),
    };
    if !state.webhooks.replay(account, only, after) {
        return Err(no_webhook());
    }
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "replay", what = %account, after = after.map(|after| after.to_string()), "webhook");
    Ok(HttpResponse::Accepted().finish())
}

/// `POST /v1/admin/webhooks/{account}/enable`
pub async fn enable_webhook(
    right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let account = account(&state, &request)?;
    if !state.webhooks.enable(account).await {
        return Err(no_webhook());
    }
    tracing::info!(target: "carillon::audit", operator = right.name(), verb = "enable", what = %account, "webhook");
    Ok(HttpResponse::Accepted().finish())
}

fn no_webhook() -> Failure {
    Failure::new(Code::NotFound, "no such account has a webhook that is called")
}

fn account(state: &AppState, request: &HttpRequest) -> Result<AccountId, Failure> {
    let name: String = parameter::path(request, "account")?;
    let catalog = state.lane.catalog();
    let mut accounts = catalog.snapshot().accounts.values();
    accounts
        .find(|account| account.name == name)
        .map(|account| account.id)
        .ok_or_else(no_webhook)
}

fn view(state: &AppState, account: &Account, webhook: &Webhook) -> WebhookStateView {
    let mut shown = WebhookStateView {
        account: account.name.to_string(),
        url: webhook.url.to_string(),
        state: "disabled".to_owned(),
        ..WebhookStateView::default()
    };
    let Some(line) = state.webhooks.line(account.id) else {
        return shown;
    };
    let view = line.view();
    let word = match (view.standing.off, view.standing.failing_since) {
        (Some(off), _) => {
            shown.off = Some(off_word(off).to_owned());
            "off"
        }
        (None, Some(_)) => "failing",
        (None, None) => "working",
    };
    word.clone_into(&mut shown.state);
    shown.failing_since = view.standing.failing_since.map(rfc3339);
    shown.last_error = view.last_error;
    shown.last_taken_at = view.last_taken_at.map(rfc3339);
    shown.events_delivered = view.delivered;
    shown.oldest_waiting_at = view.oldest.map(rfc3339);
    shown.feeds = view
        .places
        .into_iter()
        .map(|(kind, cursor)| WebhookPlace {
            feed: feed_word(kind).to_owned(),
            next: cursor.to_string(),
        })
        .collect();
    shown
}
