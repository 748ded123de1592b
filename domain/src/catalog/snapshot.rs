use super::{
    Account, BusinessType, Connection, NumberList, Organisation, RouteGroup, RouteRule, SendingStrategy,
    Template, WordList,
};
use crate::ids::{
    AccountId, BusinessTypeId, ConnectionId, NumberListId, RouteGroupId, StrategyId, TemplateId, TenantId,
    WordListId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole configuration at one version; immutable and shared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change of the catalog.
    pub version: u32,
    pub organisations: BTreeMap<TenantId, Organisation>,
    pub accounts: BTreeMap<AccountId, Account>,
    pub connections: BTreeMap<ConnectionId, Connection>,
    pub route_groups: BTreeMap<RouteGroupId, RouteGroup>,
    /// In the order in which they are tried.
    pub route_rules: Vec<RouteRule>,
    pub business_types: BTreeMap<BusinessTypeId, BusinessType>,
    pub templates: BTreeMap<TemplateId, Template>,
    pub strategies: BTreeMap<StrategyId, SendingStrategy>,
    pub word_lists: BTreeMap<WordListId, WordList>,
    pub number_lists: BTreeMap<NumberListId, NumberList>,
}
