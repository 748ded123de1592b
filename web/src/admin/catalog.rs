use super::connections::protocol_word;
use crate::http::Failure;
use crate::query::connection_name;
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpResponse, web};
use carillon_api::{
    AccountView, BusinessTypeView, CatalogView, ConnectionConfigView, MemberView, OrganisationView,
    RouteGroupView, RouteRuleView, TemplateView,
};
use carillon_domain::catalog::{
    Account, BusinessType, Carrier, Compiled, Connection, Priority, RouteGroup, RouteRule, Strategy,
    Template, UncertainPolicy,
};
use carillon_domain::ids::{AccountId, BusinessTypeId, TenantId};
use compact_str::CompactString;

/// `GET /v1/admin/catalog`
pub async fn catalog(_right: OperatorRight, state: web::Data<AppState>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(view(state.lane.catalog())))
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
    }
}

fn account_view(account: &Account, catalog: &Compiled) -> AccountView {
    let modules = account.modules;
    let modules = [
        ("send", modules.send),
        ("query", modules.query),
        ("feeds", modules.feeds),
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
    }
}

fn connection_view(connection: &Connection) -> ConnectionConfigView {
    ConnectionConfigView {
        name: connection.name.to_string(),
        enabled: connection.enabled,
        protocol: protocol_word(connection.protocol).to_owned(),
        host: connection.host.to_string(),
        port: connection.port,
        login: connection.login.to_string(),
        sessions: connection.sessions,
        window: connection.window,
        rate_per_second: connection.rate_per_second,
        source_number: connection.source_number.to_string(),
        service_id: connection.service_id.to_string(),
    }
}

fn group_view(group: &RouteGroup, catalog: &Compiled) -> RouteGroupView {
    let strategy = match group.strategy {
        Strategy::PrimaryBackup => "primary_backup",
        Strategy::Weighted => "weighted",
    };
    let members = group.members.iter();
    RouteGroupView {
        name: group.name.to_string(),
        strategy: strategy.to_owned(),
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
        carriers: rule
            .carriers
            .iter()
            .map(|carrier| carrier_word(*carrier).to_owned())
            .collect(),
        provinces: rule.provinces.iter().map(CompactString::to_string).collect(),
        group: named(group.map(|group| &group.name), rule.group),
    }
}

fn business_type_view(kind: &BusinessType) -> BusinessTypeView {
    let priority = match kind.priority {
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    };
    let uncertain = match kind.uncertain {
        UncertainPolicy::Hold => "hold",
        UncertainPolicy::ResendOnce => "resend_once",
    };
    BusinessTypeView {
        name: kind.name.to_string(),
        priority: priority.to_owned(),
        uncertain: uncertain.to_owned(),
        validity_s: kind.validity_s,
        receipt_wait_s: kind.receipt_wait_s,
        template_required: kind.template_required,
        receipts: kind.receipts,
        tail: kind.tail.to_string(),
    }
}

fn template_view(template: &Template, catalog: &Compiled) -> TemplateView {
    TemplateView {
        name: template.name.to_string(),
        organisation: organisation(catalog, template.tenant),
        text: template.text.clone(),
        business_type: business_type(catalog, template.business_type),
    }
}

fn carrier_word(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Mobile => "mobile",
        Carrier::Unicom => "unicom",
        Carrier::Telecom => "telecom",
        Carrier::Broadnet => "broadnet",
        Carrier::Virtual => "virtual",
        Carrier::Unknown => "unknown",
    }
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

fn named(name: Option<&CompactString>, id: impl std::fmt::Display) -> String {
    name.map_or_else(|| format!("#{id}"), CompactString::to_string)
}
