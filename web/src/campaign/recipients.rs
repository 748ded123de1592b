use super::steer::{answer, find};
use crate::http::{Failure, stored_body};
use crate::right::CampaignRight;
use crate::send::pressure;
use crate::state::AppState;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::campaign::CampaignError;
use carillon_actors::lane::ChangeRefused;
use carillon_api::Code;
use carillon_domain::campaign::{CampaignChange, FILE_BYTES_MAX};
use carillon_domain::content::FileHash;

/// `PUT /v1/campaigns/{id}/recipients`
pub async fn upload(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    pressure::check(&state)?;
    let account = Some(right.account().id);
    let (id, campaign) = find(&state, &request, account).await?;
    let change = |source, bytes| CampaignChange::Uploaded { source, bytes };
    // Before half a gigabyte is sent for nothing.
    let current = campaign.campaign.state;
    if campaign.campaign.draft.resend.is_some() {
        return Err(CampaignError::Change(ChangeRefused::HasRecipients).into());
    }
    if current.after(&change(FileHash([0; 32]), 0)).is_none() {
        return Err(Failure::new(
            Code::CampaignState,
            format!("the campaign is {}; its recipients are settled", current.word()),
        ));
    }
    let stored = stored_body::store(&state, &request, payload, FILE_BYTES_MAX).await?;
    let change = change(stored.file, stored.bytes);
    let changed = state.lane.change_campaign(account, id, change).await;
    drop(stored.kept);
    if let Err(error) = changed {
        // Another file came first, or the campaign went meanwhile.
        state.lane.leave_file(stored.file).await?;
        return Err(error.into());
    }
    answer(&state, account, id, StatusCode::ACCEPTED).await
}
