use super::steer::id_of;
use crate::http::Failure;
use crate::right::CampaignRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_domain::campaign::CampaignChange;

/// `DELETE /v1/campaigns/{id}`
pub async fn remove(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = id_of(&request)?;
    let account = Some(right.account().id);
    state
        .lane
        .change_campaign(account, id, CampaignChange::Dropped)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
