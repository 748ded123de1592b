use super::describe::Names;
use super::{
    AccountEntry, ApplyFile, BusinessTypeEntry, ConnectionEntry, MailEntry, MemberEntry, NumberListEntry,
    OrganisationEntry, RouteGroupEntry, RouteRuleEntry, SecretSource, StepEntry, StrategyEntry,
    TemplateEntry, WebhookEntry, WordListEntry,
};
use crate::catalog::{
    Account, BusinessType, Connection, MailSettings, NumberList, Organisation, RouteGroup, RouteRule,
    SendingStrategy, Snapshot, Template, Webhook, WordList,
};
use crate::plan::ConditionEntry;
use compact_str::CompactString;
use std::fmt::Display;

impl ApplyFile {
    /// The file that declares what a snapshot holds: resolved against that snapshot it changes nothing. Secrets and the
    /// contents of lists stay as they are stored, and are not in it.
    pub fn of(snapshot: &Snapshot) -> ApplyFile {
        let names = Names(snapshot);
        ApplyFile {
            organisation: snapshot.organisations.values().map(organisation).collect(),
            business_type: snapshot.business_types.values().map(business_type).collect(),
            connection: snapshot.connections.values().map(connection).collect(),
            route_group: each(snapshot.route_groups.values(), &names, route_group),
            route_rule: each(&snapshot.route_rules, &names, route_rule),
            account: each(snapshot.accounts.values(), &names, account),
            template: each(snapshot.templates.values(), &names, template),
            strategy: each(snapshot.strategies.values(), &names, strategy),
            word_list: each(snapshot.word_lists.values(), &names, word_list),
            number_list: each(snapshot.number_lists.values(), &names, number_list),
        }
    }
}

fn each<'s, Object: 's, Entry>(
    objects: impl IntoIterator<Item = &'s Object>,
    names: &Names<'_>,
    entry: fn(&Object, &Names<'_>) -> Entry,
) -> Vec<Entry> {
    objects.into_iter().map(|object| entry(object, names)).collect()
}

/// The names of what a list of ids refers to.
fn all<Id: Copy, Name: Display>(ids: &[Id], name: impl Fn(Id) -> Name) -> Vec<CompactString> {
    ids.iter()
        .map(|id| CompactString::from(name(*id).to_string()))
        .collect()
}

fn organisation(organisation: &Organisation) -> OrganisationEntry {
    OrganisationEntry {
        name: organisation.name.clone(),
        weight: organisation.weight,
        quiet_hours: organisation.quiet_hours,
        lane: organisation.lane,
    }
}

fn business_type(business_type: &BusinessType) -> BusinessTypeEntry {
    BusinessTypeEntry {
        name: business_type.name.clone(),
        priority: business_type.priority,
        uncertain: business_type.uncertain,
        validity_s: business_type.validity_s,
        receipt_wait_s: business_type.receipt_wait_s,
        template_required: business_type.template_required,
        receipts: business_type.receipts,
        tail: business_type.tail.clone(),
        sending_window: business_type.sending_window,
        ignore_quiet_hours: business_type.ignore_quiet_hours,
        caps: business_type.caps.clone(),
    }
}

fn connection(connection: &Connection) -> ConnectionEntry {
    ConnectionEntry {
        name: connection.name.clone(),
        enabled: connection.enabled,
        protocol: connection.protocol,
        host: connection.host.clone(),
        port: Some(connection.port),
        login: connection.login.clone(),
        password: Some(SecretSource::Stored),
        sessions: connection.sessions,
        window: Some(connection.window),
        rate_per_second: connection.rate_per_second,
        look_ahead: connection.look_ahead,
        source_number: connection.source_number.clone(),
        service_id: connection.service_id.clone(),
        receipt_id_form: connection.receipt_id_form,
        concatenation: connection.concatenation,
        signature_reserve: connection.signature_reserve,
        response_timeout_s: connection.response_timeout_s,
        silence_s: connection.silence_s,
        verify_peer: connection.verify_peer,
        lane: connection.lane,
        mail: connection.mail.as_ref().map(mail),
    }
}

fn mail(settings: &MailSettings) -> MailEntry {
    MailEntry {
        security: settings.security,
        from: settings.from.clone(),
        from_name: settings.from_name.clone(),
        return_path_domain: settings.return_path_domain.clone(),
        bounce_window_s: settings.bounce_window_s,
        ca_file: settings.ca_file.clone(),
    }
}

fn route_group(group: &RouteGroup, names: &Names<'_>) -> RouteGroupEntry {
    let members = group.members.iter().map(|member| MemberEntry {
        connection: names.connection_name(member.connection).into(),
        weight: member.weight,
    });
    RouteGroupEntry {
        name: group.name.clone(),
        strategy: group.strategy,
        members: members.collect(),
    }
}

fn route_rule(rule: &RouteRule, names: &Names<'_>) -> RouteRuleEntry {
    RouteRuleEntry {
        name: rule.name.clone(),
        accounts: all(&rule.accounts, |id| names.account_name(id)),
        business_types: all(&rule.business_types, |id| names.business_type_name(id)),
        carriers: rule.carriers.clone(),
        provinces: rule.provinces.clone(),
        group: names.route_group_name(rule.group).into(),
    }
}

fn account(account: &Account, names: &Names<'_>) -> AccountEntry {
    AccountEntry {
        name: account.name.clone(),
        organisation: names.organisation_name(account.tenant).into(),
        enabled: account.enabled,
        modules: account.modules,
        connections: all(&account.connections, |id| names.connection_name(id)),
        quota_per_day: account.quota_per_day,
        weight: account.weight,
        extension: account.extension.clone(),
        signature: account.signature.clone(),
        business_type: names.business_type_name(account.business_type).into(),
        price_per_segment: account.price_per_segment,
        api_key: Some(SecretSource::Stored),
        webhook: account.webhook.as_ref().map(webhook),
        hmac_secret: account.hmac_secret.as_ref().map(|_| SecretSource::Stored),
    }
}

fn webhook(webhook: &Webhook) -> WebhookEntry {
    WebhookEntry {
        url: webhook.url.clone(),
        secret: SecretSource::Stored,
        events: webhook.events.clone(),
    }
}

fn template(template: &Template, names: &Names<'_>) -> TemplateEntry {
    TemplateEntry {
        name: template.name.clone(),
        organisation: names.organisation_name(template.tenant).into(),
        text: template.text.clone(),
        business_type: names.business_type_name(template.business_type).into(),
        subject: template.subject.clone(),
        html: template.html.clone(),
    }
}

fn strategy(strategy: &SendingStrategy, names: &Names<'_>) -> StrategyEntry {
    let steps = strategy.steps.iter().map(|step| StepEntry {
        channel: step.channel,
        template: step.template.map(|id| names.template_name(id).into()),
        when: step.when.clone().map(ConditionEntry),
    });
    StrategyEntry {
        name: strategy.name.clone(),
        organisation: names.organisation_name(strategy.tenant).into(),
        steps: steps.collect(),
    }
}

fn word_list(list: &WordList, names: &Names<'_>) -> WordListEntry {
    WordListEntry {
        name: list.name.clone(),
        organisations: all(&list.organisations, |id| names.organisation_name(id)),
        accounts: all(&list.accounts, |id| names.account_name(id)),
        words: None,
        file: None,
        stored: true,
    }
}

fn number_list(list: &NumberList, names: &Names<'_>) -> NumberListEntry {
    NumberListEntry {
        name: list.name.clone(),
        kind: list.kind,
        organisations: all(&list.organisations, |id| names.organisation_name(id)),
        accounts: all(&list.accounts, |id| names.account_name(id)),
        numbers: None,
        file: None,
        stored: true,
    }
}
