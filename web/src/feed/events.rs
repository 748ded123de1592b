use super::wait::{FeedParameters, read};
use crate::http::time::rfc3339;
use crate::http::{Failure, parameter};
use crate::query::{Numbers, connection_name, final_state};
use crate::right::FeedRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::feed::{FeedEvent, FeedKind};
use carillon_api::{ReceiptEvent, ReceiptsPage, RepliesPage, ReplyEvent, ReplyPartView};
use carillon_domain::catalog::Compiled;
use carillon_domain::fact::{Finished, Reply};

/// `GET /v1/receipts`
pub async fn receipts(
    right: FeedRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters: FeedParameters = parameter::query(&request)?;
    let page = read(&state.lane, right.account().id, FeedKind::Receipts, parameters).await?;
    let events = page.events.iter().filter_map(|placed| match &placed.event {
        FeedEvent::Finished { finished, amended } => Some(receipt(finished, *amended)),
        FeedEvent::Reply(_) => None,
    });
    let page = ReceiptsPage {
        events: events.collect(),
        next: page.next.to_string(),
        more: page.more,
    };
    Ok(HttpResponse::Ok().json(page))
}

/// `GET /v1/replies`
pub async fn replies(
    right: FeedRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let parameters: FeedParameters = parameter::query(&request)?;
    let page = read(&state.lane, right.account().id, FeedKind::Replies, parameters).await?;
    let events = page.events.iter().filter_map(|placed| match &placed.event {
        FeedEvent::Reply(event) => Some(reply(event, &right.catalog)),
        FeedEvent::Finished { .. } => None,
    });
    let page = RepliesPage {
        events: events.collect(),
        next: page.next.to_string(),
        more: page.more,
    };
    Ok(HttpResponse::Ok().json(page))
}

/// The account knows the number: it gave it. Systems that keep no ids match by it.
pub fn receipt(finished: &Finished, amended: bool) -> ReceiptEvent {
    ReceiptEvent {
        id: finished.message,
        status: final_state(finished.state).to_owned(),
        to: finished.to.map(|to| Numbers::Full.show(to)),
        reference: finished.reference.as_ref().map(ToString::to_string),
        cause: finished.cause.as_ref().map(ToString::to_string),
        amended,
        at: rfc3339(finished.at),
    }
}

pub fn reply(reply: &Reply, catalog: &Compiled) -> ReplyEvent {
    ReplyEvent {
        id: reply.id,
        from: reply.from.to_string(),
        to: reply.to.to_string(),
        text: reply.text.to_string(),
        connection: connection_name(catalog, reply.connection),
        part: reply.part.map(|part| ReplyPartView {
            reference: part.reference,
            total: part.total,
            number: part.number,
        }),
        at: rfc3339(reply.at),
    }
}
