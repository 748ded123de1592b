use super::BODY_BYTES_MAX;
use super::request::{draft, json_body, parse};
use crate::http::{Failure, time};
use crate::right::CampaignRight;
use crate::send::{idempotency, pressure};
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::{CampaignAnswer, CampaignRequest};
use carillon_domain::campaign::CampaignState;
use carillon_domain::intake::fingerprint;

/// `POST /v1/campaigns`
pub async fn create(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    pressure::check(&state)?;
    let account = right.account();
    let key = idempotency::from_header(&request, account.id)?;
    let body = json_body(&state, &request, payload, BODY_BYTES_MAX).await?;
    let asked: CampaignRequest<'_> = parse(&body)?;
    let mut draft = draft(&*state.files, account, &asked, time::now())?;
    draft.idempotency = key.map(|key| key.over(fingerprint(&body)));
    let (id, _) = state.lane.draft_campaign(draft).await?;
    Ok(HttpResponse::Created().json(CampaignAnswer {
        id: id.text(),
        state: CampaignState::Draft.word().to_owned(),
    }))
}
