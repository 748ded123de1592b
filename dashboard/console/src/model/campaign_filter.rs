use super::place::{Page, Place};
use super::query::Query;

/// Which campaigns the list shows; stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFilter {
    pub tab: CampaignTab,
    pub name: String,
    pub account: String,
    /// The id before which the page begins; empty for the newest.
    pub before: String,
}

/// Groups of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CampaignTab {
    #[default]
    All,
    Running,
    Waiting,
    Paused,
    Finished,
    Wrong,
}

impl CampaignTab {
    pub const ALL: [CampaignTab; 6] = [
        CampaignTab::All,
        CampaignTab::Running,
        CampaignTab::Waiting,
        CampaignTab::Paused,
        CampaignTab::Finished,
        CampaignTab::Wrong,
    ];

    /// In addresses.
    pub fn word(self) -> &'static str {
        match self {
            CampaignTab::All => "",
            CampaignTab::Running => "running",
            CampaignTab::Waiting => "waiting",
            CampaignTab::Paused => "paused",
            CampaignTab::Finished => "finished",
            CampaignTab::Wrong => "wrong",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            CampaignTab::All => "campaign.tab_all",
            CampaignTab::Running => "campaign.tab_running",
            CampaignTab::Waiting => "campaign.tab_waiting",
            CampaignTab::Paused => "campaign.tab_paused",
            CampaignTab::Finished => "campaign.tab_finished",
            CampaignTab::Wrong => "campaign.tab_wrong",
        }
    }

    /// As the API takes them.
    fn states(self) -> &'static str {
        match self {
            CampaignTab::All => "",
            CampaignTab::Running => "running",
            CampaignTab::Waiting => "draft,checking,ready,scheduled",
            CampaignTab::Paused => "paused",
            CampaignTab::Finished => "finished",
            CampaignTab::Wrong => "stopped,expired,failed",
        }
    }
}

impl CampaignFilter {
    pub fn of(query: &Query) -> Self {
        let value = |name| query.get(name).unwrap_or_default().to_owned();
        let word = value("tab");
        let mut tabs = CampaignTab::ALL.into_iter();
        CampaignFilter {
            tab: tabs.find(|tab| tab.word() == word).unwrap_or_default(),
            name: value("name"),
            account: value("account"),
            before: value("before"),
        }
    }

    pub fn place(&self) -> Place {
        Place::of(Page::Campaigns)
            .with("tab", self.tab.word())
            .with("name", self.name.as_str())
            .with("account", self.account.as_str())
            .with("before", self.before.as_str())
    }

    /// Of `GET /v1/admin/campaigns`.
    pub fn asked(&self, limit: u32) -> Query {
        Query::default()
            .with("state", self.tab.states())
            .with("name", self.name.trim())
            .with("account", self.account.as_str())
            .with("before", self.before.as_str())
            .with("limit", limit.to_string())
    }

    pub fn is_narrow(&self) -> bool {
        *self != CampaignFilter::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::campaign::CampaignState;

    #[test]
    fn a_filter_is_an_address() {
        for tab in CampaignTab::ALL {
            let filter = CampaignFilter {
                tab,
                name: "复诊 & 提醒".to_owned(),
                account: "his".to_owned(),
                before: "cmp_0000001".to_owned(),
            };
            assert_eq!(CampaignFilter::of(&filter.place().query), filter);
            assert!(filter.is_narrow());
        }
        assert_eq!(
            CampaignFilter::of(&Query::parse("tab=gone")),
            CampaignFilter::default()
        );
    }

    #[test]
    fn every_state_stands_under_one_tab() {
        for state in CampaignState::ALL {
            let under = CampaignTab::ALL.into_iter();
            let tabs = under.filter(|tab| tab.states().split(',').any(|word| word == state.word()));
            assert_eq!(tabs.count(), 1, "{state:?}");
        }
    }
}
