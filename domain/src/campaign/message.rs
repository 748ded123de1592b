use crate::catalog::Priority;
use crate::content::Attachment;
use crate::day_window::DayWindow;
use crate::plan::{ChannelKind, Condition};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The message that each line of the recipients becomes. Texts hold places for variables, as templates do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CampaignMessage {
    /// What is said, where a line or a step does not say otherwise.
    pub words: CampaignWords,
    /// Instead of the account's own; without 【】. Empty for none.
    pub signature: Option<CompactString>,
    pub business_type: Option<CompactString>,
    pub priority: Option<Priority>,
    pub validity_s: Option<u32>,
    /// Nothing is written outside of these hours.
    pub window: Option<DayWindow>,
    pub plan: CampaignPlan,
    pub columns: LineColumns,
}

/// Free text with places for variables, or a template's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CampaignWords {
    pub text: Option<Box<str>>,
    pub template: Option<CompactString>,
    pub subject: Option<Box<str>>,
    pub html: Option<Box<str>>,
    pub attachments: Vec<Attachment>,
}

/// Which channels the messages take (SEND-2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum CampaignPlan {
    #[default]
    Simple,
    /// A stored strategy, where a line names no other.
    Strategy(CompactString),
    Steps(Vec<CampaignStep>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignStep {
    pub channel: ChannelKind,
    pub words: CampaignWords,
    pub when: Option<Condition>,
}

/// The columns of the recipients file, by their names in its header, that a line's message is made from (SEND-4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineColumns {
    pub to: Option<CompactString>,
    pub mail: Option<CompactString>,
    /// The template of the line; an empty cell means the campaign's own words.
    pub template: Option<CompactString>,
    pub strategy: Option<CompactString>,
    pub reference: Option<CompactString>,
    pub business_type: Option<CompactString>,
    /// Variables and the columns of their values. A variable that is not named here has the column of its own name.
    pub variables: Vec<(CompactString, CompactString)>,
}

impl LineColumns {
    /// Every column that is named, with the place where it is.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &CompactString)> {
        let fields = [
            ("columns.to", &self.to),
            ("columns.mail", &self.mail),
            ("columns.template", &self.template),
            ("columns.strategy", &self.strategy),
            ("columns.reference", &self.reference),
            ("columns.business_type", &self.business_type),
        ];
        fields
            .into_iter()
            .filter_map(|(field, column)| Some((field, column.as_ref()?)))
            .chain(
                self.variables
                    .iter()
                    .map(|(_, column)| ("columns.variables", column)),
            )
    }
}
