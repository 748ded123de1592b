use super::entry::{
    AccountEntry, BusinessTypeEntry, ConnectionEntry, NumberListEntry, OrganisationEntry, RouteGroupEntry,
    RouteRuleEntry, StrategyEntry, TemplateEntry, WordListEntry,
};
use serde::{Deserialize, Serialize};

/// The apply file: lists of entries that refer to each other by name. It is the whole truth: what it does not name goes.
///
/// Names are unique per section over the installation; those of templates and strategies per organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplyFile {
    pub organisation: Vec<OrganisationEntry>,
    pub business_type: Vec<BusinessTypeEntry>,
    pub connection: Vec<ConnectionEntry>,
    pub route_group: Vec<RouteGroupEntry>,
    /// Tried in the order of the file.
    pub route_rule: Vec<RouteRuleEntry>,
    pub account: Vec<AccountEntry>,
    pub template: Vec<TemplateEntry>,
    pub strategy: Vec<StrategyEntry>,
    pub word_list: Vec<WordListEntry>,
    pub number_list: Vec<NumberListEntry>,
}
