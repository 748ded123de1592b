use crate::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Connections that can carry the same messages. Connections pull; a group decides who may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteGroup {
    pub id: RouteGroupId,
    pub name: CompactString,
    pub strategy: Strategy,
    /// Of one channel kind; in order of preference for primary/backup.
    pub members: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub connection: ConnectionId,
    /// Share in a weighted group, 1…1000.
    pub weight: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// 主备: a member pulls only while no member before it is able to send.
    PrimaryBackup,
    /// 比例分流: members pull by weight; one over its share pulls only while the others have no credit.
    Weighted,
    /// 最闲优先: the member pulls that has the largest part of its window free.
    LeastBusy,
    /// 自适应: members pull that do well lately, by what is delivered, refused and late; of those the least busy. The others get
    /// a few messages to show how they do.
    Adaptive,
}

/// Which messages go to which group. Rules are tried in order; the first that fits decides. An empty list fits all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRule {
    pub name: CompactString,
    pub accounts: Vec<AccountId>,
    pub business_types: Vec<BusinessTypeId>,
    pub carriers: Vec<Carrier>,
    pub provinces: Vec<CompactString>,
    pub group: RouteGroupId,
}

/// The network a number belongs to (运营商).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    Mobile,
    Unicom,
    Telecom,
    Broadnet,
    /// Virtual operators (虚拟运营商).
    Virtual,
    Unknown,
}
