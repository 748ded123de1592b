use crate::http::Failure;
use crate::query::connection_name;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpResponse, web};
use carillon_api::{
    AccountView, BusinessTypeView, CapView, CatalogView, ConnectionConfigView, MailView, MemberView,
    NumberListView, OrganisationView, RouteGroupView, RouteRuleView, StrategyStepView, StrategyView,
    TemplateView, WebhookView, WordListView,
};
use carillon_domain::catalog::apply::Word;
use carillon_domain::catalog::{
    Account, BusinessType, Cap, Compiled, Connection, MailSettings, NumberList, RouteGroup, RouteRule,
    SendingStrategy, StrategyStep, Template, Webhook, WordList,
};
use carillon_domain::ids::{AccountId, BusinessTypeId, TemplateId, TenantId};
use carillon_domain::plan::ConditionEntry;
use compact_str::CompactString;

/// `GET /v1/admin/catalog`
pub async fn catalog(_right: OperatorRight, state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(view(&state.lane.catalog())))
}

fn view(catalog: &Compiled) -> CatalogView {
    let snapshot = catalog.snapshot();
    let organisations = snapshot.organisations.values();
    CatalogView {
        version: snapshot.version,
        organisations: organisations
            .map(|o| OrganisationView {
                name: o.name.to_string(),
                weight: o.weight,
                quiet_hours: o.quiet_hours.map(|window| window.to_string()),
            })
            .collect(),
        accounts: snapshot
            .accounts
            .values()
            .map(|account| account_view(account, catalog))
            .collect(),
        connections: snapshot.connections.values().map(connection_view).collect(),
        route_groups: snapshot
            .route_groups
            .values()
            .map(|group| group_view(group, catalog))
            .collect(),
        route_rules: snapshot
            .route_rules
            .iter()
            .map(|rule| rule_view(rule, catalog))
            .collect(),
        business_types: snapshot.business_types.values().map(business_type_view).collect(),
        templates: snapshot
            .templates
            .values()
            .map(|template| template_view(template, catalog))
            .collect(),
        strategies: snapshot
            .strategies
            .values()
            .map(|strategy| strategy_view(strategy, catalog))
            .collect(),
        word_lists: snapshot
            .word_lists
            .values()
            .map(|list| word_list_view(list, catalog))
            .collect(),
        number_lists: snapshot
            .number_lists
            .values()
            .map(|list| number_list_view(list, catalog))
            .collect(),
    }
}

fn account_view(account: &Account, catalog: &Compiled) -> AccountView {
    let modules = account.modules;
    let modules = [
        ("send", modules.send),
        ("query", modules.query),
        ("feeds", modules.feeds),
        ("campaigns", modules.campaigns),
    ];
    AccountView {
        name: account.name.to_string(),
        organisation: organisation(catalog, account.tenant),
        enabled: account.enabled,
        modules: modules
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name.to_owned())
            .collect(),
        connections: account
            .connections
            .iter()
            .map(|id| connection_name(catalog, *id))
            .collect(),
        quota_per_day: account.quota_per_day,
        weight: account.weight,
        extension: account.extension.to_string(),
        signature: account.signature.to_string(),
        business_type: business_type(catalog, account.business_type),
        webhook: account.webhook.as_ref().map(webhook_view),
        signs: account.hmac_secret.is_some(),
    }
}

fn connection_view(connection: &Connection) -> ConnectionConfigView {
    ConnectionConfigView {
        name: connection.name.to_string(),
        enabled: connection.enabled,
        protocol: word(&connection.protocol),
        host: connection.host.to_string(),
        port: connection.port,
        login: connection.login.to_string(),
        sessions: connection.sessions,
        window: connection.window,
        rate_per_second: connection.rate_per_second,
        source_number: connection.source_number.to_string(),
        service_id: connection.service_id.to_string(),
        mail: connection.mail.as_ref().map(mail_view),
    }
}

fn group_view(group: &RouteGroup, catalog: &Compiled) -> RouteGroupView {
    let members = group.members.iter();
    RouteGroupView {
        name: group.name.to_string(),
        strategy: word(&group.strategy),
        members: members
            .map(|member| MemberView {
                connection: connection_name(catalog, member.connection),
                weight: member.weight,
            })
            .collect(),
    }
}

fn rule_view(rule: &RouteRule, catalog: &Compiled) -> RouteRuleView {
    let group = catalog.snapshot().route_groups.get(&rule.group);
    RouteRuleView {
        name: rule.name.to_string(),
        accounts: rule.accounts.iter().map(|id| account(catalog, *id)).collect(),
        business_types: rule
            .business_types
            .iter()
            .map(|id| business_type(catalog, *id))
            .collect(),
        carriers: rule.carriers.iter().map(word).collect(),
        provinces: rule.provinces.iter().map(CompactString::to_string).collect(),
        group: named(group.map(|group| &group.name), rule.group),
    }
}

fn business_type_view(kind: &BusinessType) -> BusinessTypeView {
    BusinessTypeView {
        name: kind.name.to_string(),
        priority: word(&kind.priority),
        uncertain: word(&kind.uncertain),
        validity_s: kind.validity_s,
        receipt_wait_s: kind.receipt_wait_s,
        template_required: kind.template_required,
        receipts: kind.receipts,
        tail: kind.tail.to_string(),
        sending_window: kind.sending_window.map(|window| window.to_string()),
        ignore_quiet_hours: kind.ignore_quiet_hours,
        caps: kind.caps.iter().map(cap_view).collect(),
    }
}

fn template_view(template: &Template, catalog: &Compiled) -> TemplateView {
    TemplateView {
        name: template.name.to_string(),
        organisation: organisation(catalog, template.tenant),
        text: template.text.clone(),
        business_type: business_type(catalog, template.business_type),
        subject: template.subject.clone(),
        html: template.html.clone(),
    }
}

fn webhook_view(webhook: &Webhook) -> WebhookView {
    WebhookView {
        url: webhook.url.to_string(),
        events: webhook.events.iter().map(word).collect(),
    }
}

fn mail_view(mail: &MailSettings) -> MailView {
    MailView {
        security: word(&mail.security),
        from: mail.from.to_string(),
        from_name: mail.from_name.to_string(),
        return_path_domain: mail.return_path_domain.to_string(),
        bounce_window_s: mail.bounce_window_s,
        ca_file: mail.ca_file.as_ref().map(CompactString::to_string),
    }
}

fn cap_view(cap: &Cap) -> CapView {
    CapView {
        messages: cap.messages,
        period: word(&cap.period),
    }
}

fn strategy_view(strategy: &SendingStrategy, catalog: &Compiled) -> StrategyView {
    let step = |step: &StrategyStep| StrategyStepView {
        channel: word(&step.channel),
        template: step.template.map(|id| template(catalog, id)),
        when: step.when.clone().map(ConditionEntry),
    };
    StrategyView {
        name: strategy.name.to_string(),
        organisation: organisation(catalog, strategy.tenant),
        steps: strategy.steps.iter().map(step).collect(),
    }
}

fn word_list_view(list: &WordList, catalog: &Compiled) -> WordListView {
    WordListView {
        name: list.name.to_string(),
        organisations: list
            .organisations
            .iter()
            .map(|id| organisation(catalog, *id))
            .collect(),
        accounts: list.accounts.iter().map(|id| account(catalog, *id)).collect(),
        words: list.words.len(),
    }
}

fn number_list_view(list: &NumberList, catalog: &Compiled) -> NumberListView {
    NumberListView {
        name: list.name.to_string(),
        kind: word(&list.kind),
        organisations: list
            .organisations
            .iter()
            .map(|id| organisation(catalog, *id))
            .collect(),
        accounts: list.accounts.iter().map(|id| account(catalog, *id)).collect(),
        numbers: list.numbers.len(),
        mails: list.mails.len(),
    }
}

pub(super) fn word(value: &impl Word) -> String {
    value.word().to_owned()
}

fn organisation(catalog: &Compiled, id: TenantId) -> String {
    named(catalog.snapshot().organisations.get(&id).map(|o| &o.name), id)
}

fn account(catalog: &Compiled, id: AccountId) -> String {
    named(catalog.account(id).map(|account| &account.name), id)
}

fn business_type(catalog: &Compiled, id: BusinessTypeId) -> String {
    named(catalog.business_type(id).map(|kind| &kind.name), id)
}

fn template(catalog: &Compiled, id: TemplateId) -> String {
    named(catalog.snapshot().templates.get(&id).map(|found| &found.name), id)
}

fn named(name: Option<&CompactString>, id: impl std::fmt::Display) -> String {
    name.map_or_else(|| format!("#{id}"), CompactString::to_string)
}
