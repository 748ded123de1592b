use super::{Account, BusinessType, Carrier, RouteRule, Snapshot};
use crate::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId, TemplateId, TenantId};
use crate::segment::SegmentLimits;
use crate::template::{self, TemplateError};
use compact_str::CompactString;
use hashbrown::HashMap;
use std::sync::Arc;

/// A [`Snapshot`] with the look-ups that every message needs, built once per version.
#[derive(Clone, Debug)]
pub struct Compiled {
    snapshot: Arc<Snapshot>,
    accounts_by_key: HashMap<[u8; 32], AccountId>,
    templates: HashMap<TenantId, HashMap<CompactString, CompiledTemplate>>,
    business_types_by_name: HashMap<CompactString, BusinessTypeId>,
    /// Per account the indexes of the rules that can fit it, in their order.
    rules: HashMap<AccountId, Box<[u32]>>,
    limits: HashMap<RouteGroupId, SegmentLimits>,
}

/// A template as messages use it.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    pub id: TemplateId,
    pub business_type: BusinessTypeId,
    pub template: template::Template,
}

/// A snapshot that the store should never have taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    #[error("template `{name}` cannot be read")]
    Template {
        name: CompactString,
        #[source]
        source: TemplateError,
    },
    #[error("accounts {first} and {second} have the same API key")]
    SharedKey { first: AccountId, second: AccountId },
}

impl Compiled {
    pub fn new(snapshot: Arc<Snapshot>) -> Result<Compiled, CompileError> {
        Ok(Compiled {
            accounts_by_key: accounts_by_key(&snapshot)?,
            templates: templates(&snapshot)?,
            business_types_by_name: snapshot
                .business_types
                .values()
                .map(|kind| (kind.name.clone(), kind.id))
                .collect(),
            rules: snapshot
                .accounts
                .values()
                .map(|account| (account.id, rules_for(account, &snapshot)))
                .collect(),
            limits: limits(&snapshot),
            snapshot,
        })
    }

    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    pub fn version(&self) -> u32 {
        self.snapshot.version
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.snapshot.accounts.get(&id)
    }

    /// The account whose API key has this SHA-256, disabled ones included.
    pub fn account_by_key(&self, sha256: &[u8; 32]) -> Option<&Account> {
        self.account(*self.accounts_by_key.get(sha256)?)
    }

    pub fn template(&self, tenant: TenantId, name: &str) -> Option<&CompiledTemplate> {
        self.templates.get(&tenant)?.get(name)
    }

    pub fn business_type(&self, id: BusinessTypeId) -> Option<&BusinessType> {
        self.snapshot.business_types.get(&id)
    }

    pub fn business_type_by_name(&self, name: &str) -> Option<&BusinessType> {
        self.business_type(*self.business_types_by_name.get(name)?)
    }

    /// Whether the account may send by the connection (SEND-10).
    pub fn is_granted(&self, account: AccountId, connection: ConnectionId) -> bool {
        self.account(account)
            .is_some_and(|account| account.connections.contains(&connection))
    }

    /// The group of the first rule that fits and has a member the account is granted; `None` when there is no such rule.
    /// `province` is empty when unknown; it then fits only rules that name no province.
    pub fn route(
        &self,
        account: AccountId,
        business_type: BusinessTypeId,
        carrier: Carrier,
        province: &str,
    ) -> Option<RouteGroupId> {
        let rules = self
            .rules
            .get(&account)?
            .iter()
            .map(|index| &self.snapshot.route_rules[*index as usize]);
        rules
            .into_iter()
            .find(|rule| fits(rule, business_type, carrier, province))
            .map(|rule| rule.group)
    }

    /// The limits that hold for every member of the group.
    pub fn limits(&self, group: RouteGroupId) -> SegmentLimits {
        self.limits.get(&group).copied().unwrap_or_default()
    }
}

fn fits(rule: &RouteRule, business_type: BusinessTypeId, carrier: Carrier, province: &str) -> bool {
    (rule.business_types.is_empty() || rule.business_types.contains(&business_type))
        && (rule.carriers.is_empty() || rule.carriers.contains(&carrier))
        && (rule.provinces.is_empty() || rule.provinces.iter().any(|named| named == province))
}

fn accounts_by_key(snapshot: &Snapshot) -> Result<HashMap<[u8; 32], AccountId>, CompileError> {
    let mut accounts = HashMap::with_capacity(snapshot.accounts.len());
    for account in snapshot.accounts.values() {
        if let Some(first) = accounts.insert(account.api_key_sha256, account.id) {
            return Err(CompileError::SharedKey {
                first,
                second: account.id,
            });
        }
    }
    Ok(accounts)
}

fn templates(
    snapshot: &Snapshot,
) -> Result<HashMap<TenantId, HashMap<CompactString, CompiledTemplate>>, CompileError> {
    let mut templates: HashMap<TenantId, HashMap<CompactString, CompiledTemplate>> = HashMap::new();
    for stored in snapshot.templates.values() {
        let template = template::Template::parse(&stored.text).map_err(|source| CompileError::Template {
            name: stored.name.clone(),
            source,
        })?;
        let compiled = CompiledTemplate {
            id: stored.id,
            business_type: stored.business_type,
            template,
        };
        templates
            .entry(stored.tenant)
            .or_default()
            .insert(stored.name.clone(), compiled);
    }
    Ok(templates)
}

fn rules_for(account: &Account, snapshot: &Snapshot) -> Box<[u32]> {
    let names_account = |rule: &RouteRule| rule.accounts.is_empty() || rule.accounts.contains(&account.id);
    let has_granted_member = |rule: &RouteRule| {
        let members = snapshot
            .route_groups
            .get(&rule.group)
            .map_or(&[][..], |group| &group.members);
        members
            .iter()
            .any(|member| account.connections.contains(&member.connection))
    };
    (0u32..)
        .zip(&snapshot.route_rules)
        .filter(|(_, rule)| names_account(rule) && has_granted_member(rule))
        .map(|(index, _)| index)
        .collect()
}

fn limits(snapshot: &Snapshot) -> HashMap<RouteGroupId, SegmentLimits> {
    let of_group = |members: &[super::Member]| {
        SegmentLimits::strictest(
            members
                .iter()
                .filter_map(|member| snapshot.connections.get(&member.connection)),
        )
    };
    snapshot
        .route_groups
        .values()
        .map(|group| (group.id, of_group(&group.members)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, *};
    use super::*;

    #[test]
    fn look_ups() {
        let catalog = fixture::compiled();
        assert_eq!(catalog.version(), 7);
        assert_eq!(
            catalog.account_by_key(&[1; 32]).map(|account| account.id),
            Some(HIS)
        );
        assert!(catalog.account_by_key(&[9; 32]).is_none());
        assert_eq!(
            catalog.template(HOSPITAL, "visit").map(|found| found.id),
            Some(VISIT)
        );
        assert!(catalog.template(SCHOOL, "visit").is_none());
        assert_eq!(
            catalog.business_type_by_name("code").map(|found| found.id),
            Some(CODE)
        );
        assert!(catalog.business_type_by_name("nothing").is_none());
        assert!(
            catalog.is_granted(HIS, CMPP)
                && !catalog.is_granted(LIS, SMPP)
                && !catalog.is_granted(NOBODY, CMPP)
        );
    }

    #[test]
    fn limits_are_the_strictest_of_the_group() {
        let catalog = fixture::compiled();
        let both = catalog.limits(BOTH);
        assert!(both.wide_reference && both.ascii_subset);
        assert_eq!(both.reserve, 8);
        let smpp = catalog.limits(ONLY_SMPP);
        assert!(smpp.wide_reference && !smpp.ascii_subset);
        assert_eq!(smpp.reserve, 0);
    }

    #[test]
    fn the_first_rule_that_fits_and_is_granted_decides() {
        let catalog = fixture::compiled();
        let cases = [
            // account, business type, carrier, province, group
            (HIS, CODE, Carrier::Mobile, "", Some(ONLY_SMPP)),
            (HIS, NOTICE, Carrier::Telecom, "", Some(ONLY_SMPP)),
            (HIS, NOTICE, Carrier::Mobile, "上海", Some(ONLY_SMPP)),
            (HIS, NOTICE, Carrier::Mobile, "北京", Some(BOTH)),
            (HIS, NOTICE, Carrier::Unknown, "", Some(BOTH)),
            // Not granted the SMPP connection: those rules are passed over.
            (LIS, CODE, Carrier::Telecom, "上海", Some(BOTH)),
            // Granted nothing (SEND-10).
            (FRESH, NOTICE, Carrier::Mobile, "", None),
            (NOBODY, NOTICE, Carrier::Mobile, "", None),
        ];
        for (account, business_type, carrier, province, group) in cases {
            let found = catalog.route(account, business_type, carrier, province);
            assert_eq!(found, group, "{account} {business_type} {carrier:?} {province}");
        }
    }

    #[test]
    fn a_rule_for_named_accounts_is_for_them_alone() {
        let mut snapshot = fixture::snapshot();
        for rule in &mut snapshot.route_rules {
            rule.accounts = vec![LIS];
        }
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        assert_eq!(catalog.route(HIS, NOTICE, Carrier::Mobile, ""), None);
        assert_eq!(catalog.route(LIS, NOTICE, Carrier::Mobile, ""), Some(BOTH));
    }

    #[test]
    fn what_refers_to_nothing_is_passed_over() {
        let mut snapshot = fixture::snapshot();
        snapshot.route_groups.remove(&ONLY_SMPP);
        snapshot.connections.remove(&SMPP);
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        assert_eq!(catalog.route(HIS, CODE, Carrier::Mobile, ""), Some(BOTH));
        assert!(!catalog.limits(BOTH).wide_reference);
    }

    #[test]
    fn broken_snapshots_are_refused() {
        let mut snapshot = fixture::snapshot();
        snapshot.templates.get_mut(&VISIT).unwrap().text = "{".into();
        assert!(
            matches!(Compiled::new(Arc::new(snapshot)), Err(CompileError::Template { name, .. }) if name == "visit")
        );
        let mut snapshot = fixture::snapshot();
        snapshot.accounts.get_mut(&LIS).unwrap().api_key_sha256 = [1; 32];
        let error = Compiled::new(Arc::new(snapshot)).unwrap_err();
        assert_eq!(
            error,
            CompileError::SharedKey {
                first: HIS,
                second: LIS
            }
        );
    }
}
