use super::number_filter::NumberFilter;
use super::route_table::{RouteTable, Wanted};
use super::word_filter::WordFilter;
use super::{Account, BusinessType, Carrier, Listed, RouteExplanation, SendingStrategy, Snapshot, WordHit};
use crate::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId, StrategyId, TemplateId, TenantId};
use crate::phone::PhoneNumber;
use crate::plan::ChannelKind;
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
    accounts_by_name: HashMap<CompactString, AccountId>,
    templates: HashMap<TenantId, HashMap<CompactString, CompiledTemplate>>,
    template_names: HashMap<TemplateId, (TenantId, CompactString)>,
    strategies: HashMap<TenantId, HashMap<CompactString, StrategyId>>,
    business_types_by_name: HashMap<CompactString, BusinessTypeId>,
    routes: RouteTable,
    words: WordFilter,
    numbers: NumberFilter,
}

/// A template as messages use it.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    pub id: TemplateId,
    pub business_type: BusinessTypeId,
    pub template: template::Template,
    /// The subject of a mail.
    pub subject: Option<template::Template>,
    /// The HTML form of a mail; to be filled in by [`template::Template::render_html`].
    pub html: Option<template::Template>,
}

/// A snapshot that the store should never have taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    #[error("the {part} of template `{name}` cannot be read")]
    Template {
        name: CompactString,
        /// `text`, `subject` or `html`.
        part: &'static str,
        #[source]
        source: TemplateError,
    },
    #[error("accounts {first} and {second} have the same API key")]
    SharedKey { first: AccountId, second: AccountId },
    #[error("the words of `{list}` and the lists of its scope cannot be compiled: {detail}")]
    Words { list: CompactString, detail: String },
    #[error("the number list `{list}` is not sorted")]
    Unsorted { list: CompactString },
}

impl Compiled {
    pub fn new(snapshot: Arc<Snapshot>) -> Result<Compiled, CompileError> {
        Self::compile(snapshot, None)
    }

    /// The same for the version after this one. What is dear to build and did not change is taken over.
    pub fn next(&self, snapshot: Arc<Snapshot>) -> Result<Compiled, CompileError> {
        Self::compile(snapshot, Some(self))
    }

    fn compile(snapshot: Arc<Snapshot>, before: Option<&Compiled>) -> Result<Compiled, CompileError> {
        let before = before.map(|before| (&before.words, &*before.snapshot));
        Ok(Compiled {
            accounts_by_key: accounts_by_key(&snapshot)?,
            accounts_by_name: snapshot
                .accounts
                .values()
                .map(|account| (account.name.clone(), account.id))
                .collect(),
            templates: templates(&snapshot)?,
            template_names: snapshot
                .templates
                .values()
                .map(|template| (template.id, (template.tenant, template.name.clone())))
                .collect(),
            strategies: strategies(&snapshot),
            business_types_by_name: snapshot
                .business_types
                .values()
                .map(|kind| (kind.name.clone(), kind.id))
                .collect(),
            routes: RouteTable::new(&snapshot),
            words: WordFilter::new(&snapshot, before)?,
            numbers: NumberFilter::new(&snapshot)?,
            snapshot,
        })
    }

    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    #[cfg(test)]
    pub(super) fn word_filter(&self) -> &WordFilter {
        &self.words
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

    pub fn account_by_name(&self, name: &str) -> Option<&Account> {
        self.account(*self.accounts_by_name.get(name)?)
    }

    pub fn template(&self, tenant: TenantId, name: &str) -> Option<&CompiledTemplate> {
        self.templates.get(&tenant)?.get(name)
    }

    pub fn template_by_id(&self, id: TemplateId) -> Option<&CompiledTemplate> {
        let (tenant, name) = self.template_names.get(&id)?;
        self.template(*tenant, name)
    }

    pub fn strategy(&self, tenant: TenantId, name: &str) -> Option<&SendingStrategy> {
        let id = self.strategies.get(&tenant)?.get(name)?;
        self.snapshot.strategies.get(id)
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

    /// The group of the first rule that fits, carries `kind` and has a member the account is granted; `None` when there is no
    /// such rule. `province` is empty when unknown; it then fits only rules that name no province.
    pub fn route(
        &self,
        account: AccountId,
        business_type: BusinessTypeId,
        kind: ChannelKind,
        carrier: Carrier,
        province: &str,
    ) -> Option<RouteGroupId> {
        let wanted = Wanted {
            account,
            business_type,
            kind,
            carrier,
            province,
        };
        self.routes.route(&self.snapshot, wanted)
    }

    /// What every rule says to such a message. The group is the one of [`Compiled::route`].
    pub fn explain_route(
        &self,
        account: AccountId,
        business_type: BusinessTypeId,
        kind: ChannelKind,
        carrier: Carrier,
        province: &str,
    ) -> RouteExplanation {
        let wanted = Wanted {
            account,
            business_type,
            kind,
            carrier,
            province,
        };
        self.routes.explain(&self.snapshot, wanted)
    }

    /// What the group's connections carry; `None` when it has none.
    pub fn kind_of_group(&self, group: RouteGroupId) -> Option<ChannelKind> {
        self.routes.kind(group)
    }

    /// The limits that hold for every member of the group.
    pub fn limits(&self, group: RouteGroupId) -> SegmentLimits {
        self.routes.limits(group)
    }

    /// The first sensitive word in a text that the account wants to send (SAFE-1).
    pub fn forbidden_word(&self, account: &Account, text: &str) -> Option<WordHit<'_>> {
        self.words.find(&self.snapshot, account.id, text)
    }

    /// The list in which a number stands for this account; a white one wins over black ones (SAFE-1).
    pub fn listed(&self, account: &Account, number: PhoneNumber) -> Option<Listed<'_>> {
        self.numbers.listed(&self.snapshot, account.id, number)
    }

    /// The same for a mail address, in whatever case it is written.
    pub fn mail_listed(&self, account: &Account, mail: &str) -> Option<Listed<'_>> {
        self.numbers.mail_listed(&self.snapshot, account.id, mail)
    }
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
        let parsed = |part, result: Result<template::Template, TemplateError>| {
            result.map_err(|source| CompileError::Template {
                name: stored.name.clone(),
                part,
                source,
            })
        };
        let subject = stored.subject.as_deref().map(template::Template::parse);
        let html = stored.html.as_deref().map(template::Template::parse_html);
        let compiled = CompiledTemplate {
            id: stored.id,
            business_type: stored.business_type,
            template: parsed("text", template::Template::parse(&stored.text))?,
            subject: subject.map(|result| parsed("subject", result)).transpose()?,
            html: html.map(|result| parsed("html", result)).transpose()?,
        };
        templates
            .entry(stored.tenant)
            .or_default()
            .insert(stored.name.clone(), compiled);
    }
    Ok(templates)
}

fn strategies(snapshot: &Snapshot) -> HashMap<TenantId, HashMap<CompactString, StrategyId>> {
    let mut strategies: HashMap<TenantId, HashMap<CompactString, StrategyId>> = HashMap::new();
    for strategy in snapshot.strategies.values() {
        strategies
            .entry(strategy.tenant)
            .or_default()
            .insert(strategy.name.clone(), strategy.id);
    }
    strategies
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
        assert_eq!(catalog.template_by_id(VISIT).map(|found| found.id), Some(VISIT));
        assert_eq!(
            catalog.strategy(HOSPITAL, "sms then mail").map(|found| found.id),
            Some(SMS_THEN_MAIL)
        );
        assert!(catalog.strategy(SCHOOL, "sms then mail").is_none());
        assert_eq!(catalog.kind_of_group(BOTH), Some(ChannelKind::Sms));
        assert_eq!(catalog.kind_of_group(MAILS), Some(ChannelKind::Mail));
        assert_eq!(catalog.kind_of_group(RouteGroupId(99)), None);
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
    fn broken_snapshots_are_refused() {
        let mut snapshot = fixture::snapshot();
        snapshot.templates.get_mut(&VISIT).unwrap().text = "{".into();
        assert!(
            matches!(Compiled::new(Arc::new(snapshot)), Err(CompileError::Template { name, .. }) if name == "visit")
        );
        let mut snapshot = fixture::snapshot();
        snapshot.templates.get_mut(&VISIT).unwrap().html = Some("}".into());
        assert!(matches!(
            Compiled::new(Arc::new(snapshot)),
            Err(CompileError::Template { part: "html", .. })
        ));
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
