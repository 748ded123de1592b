use crate::http::Failure;
use carillon_actors::campaign::CampaignError;
use carillon_actors::lane::{ChangeRefused, DraftRefused};
use carillon_api::Code;

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        let detail = error.to_string();
        match error {
            CampaignError::Draft(DraftRefused::Intake(error)) => error.into(),
            CampaignError::Draft(DraftRefused::TooMany { .. }) => {
                Failure::new(Code::TooManyCampaigns, detail)
            }
            CampaignError::Change(ChangeRefused::Unknown) => not_found(),
            CampaignError::Change(
                ChangeRefused::NotIn(_) | ChangeRefused::NoLines | ChangeRefused::HasRecipients,
            ) => Failure::new(Code::CampaignState, detail),
            CampaignError::Stopping => Failure::new(Code::Unavailable, detail),
            CampaignError::Interrupted => Failure::new(Code::Interrupted, detail),
        }
    }
}

pub fn not_found() -> Failure {
    Failure::new(Code::NotFound, "there is no such campaign")
}
