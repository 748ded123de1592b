use super::{Account, Carrier, Member, RouteGroup, RouteRule, Snapshot};
use crate::ids::{AccountId, BusinessTypeId, RouteGroupId};
use crate::plan::ChannelKind;
use crate::segment::SegmentLimits;
use compact_str::CompactString;
use hashbrown::HashMap;

/// Which way messages go, worked out once per version.
#[derive(Clone, Debug)]
pub(super) struct RouteTable {
    /// Per account the rules that can fit it, in their order: the index of each and what its group carries.
    rules: HashMap<AccountId, Box<[(u32, ChannelKind)]>>,
    groups: HashMap<RouteGroupId, Group>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    kind: ChannelKind,
    limits: SegmentLimits,
}

/// Which message a way is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub account: AccountId,
    pub business_type: BusinessTypeId,
    pub kind: ChannelKind,
    pub carrier: Carrier,
    /// Empty when unknown; it then fits only rules that name no province.
    pub province: &'a str,
}

/// Which way a message would go, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteExplanation {
    /// Every rule in its order.
    pub rules: Vec<RuleVerdict>,
    pub group: Option<RouteGroupId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVerdict {
    pub rule: CompactString,
    pub group: RouteGroupId,
    pub verdict: Verdict,
}

/// What a rule says to a message. Of several reasons against it the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    /// Never looked at: a rule before it was taken.
    AfterTheOneTaken,
    OtherAccount,
    OtherBusinessType,
    OtherCarrier,
    OtherProvince,
    /// Its group carries another kind of channel.
    OtherKind,
    /// The account is granted none of the group's connections (SEND-10).
    NoGrantedMember,
}

impl RouteTable {
    pub fn new(snapshot: &Snapshot) -> Self {
        let groups = snapshot.route_groups.values();
        let groups: HashMap<_, _> = groups
            .filter_map(|group| Some((group.id, Group::new(group, snapshot)?)))
            .collect();
        let rules = snapshot
            .accounts
            .values()
            .map(|account| (account.id, rules_for(account, snapshot, &groups)))
            .collect();
        RouteTable { rules, groups }
    }

    pub fn route(&self, snapshot: &Snapshot, wanted: Wanted<'_>) -> Option<RouteGroupId> {
        let rules = self.rules.get(&wanted.account)?.iter();
        rules
            .filter(|(_, kind)| *kind == wanted.kind)
            .map(|(index, _)| &snapshot.route_rules[*index as usize])
            .find(|rule| {
                fits_business_type(rule, wanted.business_type)
                    && fits_carrier(rule, wanted.carrier)
                    && fits_province(rule, wanted.province)
            })
            .map(|rule| rule.group)
    }

    /// Agrees with [`RouteTable::route`].
    pub fn explain(&self, snapshot: &Snapshot, wanted: Wanted<'_>) -> RouteExplanation {
        let mut group = None;
        let rules = snapshot.route_rules.iter().map(|rule| {
            let verdict = match group {
                Some(_) => Verdict::AfterTheOneTaken,
                None => self.verdict(rule, snapshot, wanted),
            };
            if verdict == Verdict::Taken {
                group = Some(rule.group);
            }
            RuleVerdict {
                rule: rule.name.clone(),
                group: rule.group,
                verdict,
            }
        });
        RouteExplanation {
            rules: rules.collect(),
            group,
        }
    }

    fn verdict(&self, rule: &RouteRule, snapshot: &Snapshot, wanted: Wanted<'_>) -> Verdict {
        if !fits_account(rule, wanted.account) {
            Verdict::OtherAccount
        } else if !fits_business_type(rule, wanted.business_type) {
            Verdict::OtherBusinessType
        } else if !fits_carrier(rule, wanted.carrier) {
            Verdict::OtherCarrier
        } else if !fits_province(rule, wanted.province) {
            Verdict::OtherProvince
        } else if self.kind(rule.group).is_some_and(|kind| kind != wanted.kind) {
            Verdict::OtherKind
        } else if !has_granted_member(rule, wanted.account, snapshot) {
            Verdict::NoGrantedMember
        } else {
            Verdict::Taken
        }
    }

    /// What the group carries; `None` for a group without connections.
    pub fn kind(&self, group: RouteGroupId) -> Option<ChannelKind> {
        self.groups.get(&group).map(|group| group.kind)
    }

    pub fn limits(&self, group: RouteGroupId) -> SegmentLimits {
        self.groups
            .get(&group)
            .map_or_else(SegmentLimits::default, |group| group.limits)
    }
}

impl Group {
    /// `None` when no member exists.
    fn new(group: &RouteGroup, snapshot: &Snapshot) -> Option<Self> {
        let members = known_members(group, snapshot);
        let connections = members.filter_map(|member| snapshot.connections.get(&member.connection));
        Some(Group {
            kind: connections.clone().next()?.kind(),
            limits: SegmentLimits::strictest(connections),
        })
    }
}

fn known_members<'s>(
    group: &'s RouteGroup,
    snapshot: &'s Snapshot,
) -> impl Iterator<Item = &'s Member> + Clone {
    group
        .members
        .iter()
        .filter(move |member| snapshot.connections.contains_key(&member.connection))
}

fn rules_for(
    account: &Account,
    snapshot: &Snapshot,
    groups: &HashMap<RouteGroupId, Group>,
) -> Box<[(u32, ChannelKind)]> {
    (0u32..)
        .zip(&snapshot.route_rules)
        .filter(|(_, rule)| fits_account(rule, account.id) && has_granted_member(rule, account.id, snapshot))
        .filter_map(|(index, rule)| Some((index, groups.get(&rule.group)?.kind)))
        .collect()
}

fn fits_account(rule: &RouteRule, account: AccountId) -> bool {
    rule.accounts.is_empty() || rule.accounts.contains(&account)
}

fn fits_business_type(rule: &RouteRule, business_type: BusinessTypeId) -> bool {
    rule.business_types.is_empty() || rule.business_types.contains(&business_type)
}

fn fits_carrier(rule: &RouteRule, carrier: Carrier) -> bool {
    rule.carriers.is_empty() || rule.carriers.contains(&carrier)
}

fn fits_province(rule: &RouteRule, province: &str) -> bool {
    rule.provinces.is_empty() || rule.provinces.iter().any(|named| named == province)
}

fn has_granted_member(rule: &RouteRule, account: AccountId, snapshot: &Snapshot) -> bool {
    let granted = snapshot
        .accounts
        .get(&account)
        .map_or(&[][..], |account| &account.connections);
    snapshot.route_groups.get(&rule.group).is_some_and(|group| {
        known_members(group, snapshot).any(|member| granted.contains(&member.connection))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Compiled;
    use super::super::fixture::{self, *};
    use super::*;
    use ChannelKind::{Mail, Sms};
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    use std::sync::Arc;

    #[test]
    fn the_first_rule_that_fits_and_is_granted_decides() {
        let catalog = fixture::compiled();
        let cases = [
            // account, business type, kind, carrier, province, group
            (HIS, CODE, Sms, Carrier::Mobile, "", Some(ONLY_SMPP)),
            (HIS, NOTICE, Sms, Carrier::Telecom, "", Some(ONLY_SMPP)),
            (HIS, NOTICE, Sms, Carrier::Mobile, "上海", Some(ONLY_SMPP)),
            (HIS, NOTICE, Sms, Carrier::Mobile, "北京", Some(BOTH)),
            (HIS, NOTICE, Sms, Carrier::Unknown, "", Some(BOTH)),
            // Not granted the SMPP connection: those rules are passed over.
            (LIS, CODE, Sms, Carrier::Telecom, "上海", Some(BOTH)),
            // Granted nothing (SEND-10).
            (FRESH, NOTICE, Sms, Carrier::Mobile, "", None),
            (NOBODY, NOTICE, Sms, Carrier::Mobile, "", None),
            (HIS, CODE, Mail, Carrier::Unknown, "", Some(MAILS)),
            (LIS, NOTICE, Mail, Carrier::Unknown, "", None),
            (HIS, NOTICE, ChannelKind::Push, Carrier::Unknown, "", None),
        ];
        for (account, business_type, kind, carrier, province, group) in cases {
            let found = catalog.route(account, business_type, kind, carrier, province);
            assert_eq!(
                found, group,
                "{account} {business_type} {kind:?} {carrier:?} {province}"
            );
        }
    }

    #[test]
    fn a_rule_for_named_accounts_is_for_them_alone() {
        let mut snapshot = fixture::snapshot();
        for rule in &mut snapshot.route_rules {
            rule.accounts = vec![LIS];
        }
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        assert_eq!(catalog.route(HIS, NOTICE, Sms, Carrier::Mobile, ""), None);
        assert_eq!(catalog.route(LIS, NOTICE, Sms, Carrier::Mobile, ""), Some(BOTH));
    }

    #[test]
    fn what_refers_to_nothing_is_passed_over() {
        let mut snapshot = fixture::snapshot();
        snapshot.route_groups.remove(&ONLY_SMPP);
        snapshot.connections.remove(&SMPP);
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        assert_eq!(catalog.route(HIS, CODE, Sms, Carrier::Mobile, ""), Some(BOTH));
        assert!(!catalog.limits(BOTH).wide_reference);
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
    fn every_reason_against_a_rule_is_named() {
        let catalog = fixture::compiled();
        let verdicts = |account, business_type, kind| {
            let explained = catalog.explain_route(account, business_type, kind, Carrier::Mobile, "");
            let verdicts = explained.rules.into_iter().map(|rule| rule.verdict);
            (verdicts.collect::<Vec<_>>(), explained.group)
        };
        use Verdict::*;
        assert_eq!(
            verdicts(HIS, NOTICE, Sms),
            (
                vec![
                    OtherBusinessType,
                    OtherCarrier,
                    OtherProvince,
                    Taken,
                    AfterTheOneTaken
                ],
                Some(BOTH)
            )
        );
        assert_eq!(
            verdicts(LIS, CODE, Sms).0,
            [
                NoGrantedMember,
                OtherCarrier,
                OtherProvince,
                Taken,
                AfterTheOneTaken
            ]
        );
        assert_eq!(
            verdicts(HIS, NOTICE, Mail),
            (
                vec![OtherBusinessType, OtherCarrier, OtherProvince, OtherKind, Taken],
                Some(MAILS)
            )
        );
        let mut snapshot = fixture::snapshot();
        snapshot.route_rules[3].accounts = vec![LIS];
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        let explained = catalog.explain_route(HIS, NOTICE, Sms, Carrier::Mobile, "");
        assert_eq!(
            (explained.rules[3].verdict, explained.group),
            (OtherAccount, None)
        );
    }

    fn rules() -> impl Strategy<Value = Vec<RouteRule>> {
        let rule = (
            subsequence(vec![HIS, LIS, NOBODY], 0..=2),
            subsequence(vec![NOTICE, CODE], 0..=2),
            subsequence(vec![Carrier::Mobile, Carrier::Telecom], 0..=2),
            subsequence(vec!["上海", "北京"], 0..=2),
            select(vec![BOTH, ONLY_SMPP, MAILS, RouteGroupId(99)]),
        );
        let rule = rule.prop_map(
            |(accounts, business_types, carriers, provinces, group)| RouteRule {
                name: "rule".into(),
                accounts,
                business_types,
                carriers,
                provinces: provinces.into_iter().map(CompactString::from).collect(),
                group,
            },
        );
        proptest::collection::vec(rule, 0..6)
    }

    proptest! {
        #[test]
        fn the_explanation_agrees_with_the_route(
            route_rules in rules(),
            account in select(vec![HIS, LIS, FRESH, NOBODY]),
            business_type in select(vec![NOTICE, CODE]),
            kind in select(vec![Sms, Mail, ChannelKind::Push]),
            carrier in select(vec![Carrier::Mobile, Carrier::Telecom, Carrier::Unknown]),
            province in select(vec!["", "上海", "北京"]),
        ) {
            let snapshot = Snapshot { route_rules, ..fixture::snapshot() };
            let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
            let explained = catalog.explain_route(account, business_type, kind, carrier, province);
            let route = catalog.route(account, business_type, kind, carrier, province);
            prop_assert_eq!(explained.group, route);
            let taken: Vec<_> = explained.rules.iter().filter(|rule| rule.verdict == Verdict::Taken).collect();
            prop_assert_eq!(taken.first().map(|rule| rule.group), route);
            prop_assert!(taken.len() <= 1);
        }
    }
}
