use super::words::Word;
use crate::catalog::{
    Account, BusinessType, Connection, Modules, Organisation, RouteGroup, RouteRule, Snapshot, Template,
};
use crate::ids::{BusinessTypeId, ConnectionId, TenantId};
use std::fmt::Display;

/// An object as a list of named values, always the same names in the same order for one kind.
pub(super) struct Described {
    pub name: String,
    pub fields: Vec<(&'static str, Value)>,
}

#[derive(PartialEq)]
pub(super) enum Value {
    Shown(String),
    List(Vec<String>),
    /// Compared, never shown.
    Hidden(Vec<u8>),
}

impl Value {
    /// The value as people read it; `None` for a secret.
    pub fn text(self) -> Option<String> {
        match self {
            Value::Shown(text) => Some(text),
            Value::List(words) => Some(words.join(", ")),
            Value::Hidden(_) => None,
        }
    }
}

/// Describes the objects of one snapshot, references by name.
///
/// Each object is taken apart field by field, so that a new field cannot be forgotten here.
pub(super) struct Names<'s>(pub &'s Snapshot);

impl Names<'_> {
    pub fn organisation(&self, organisation: &Organisation) -> Described {
        let Organisation { id: _, name, weight } = organisation;
        Described {
            name: name.to_string(),
            fields: vec![("name", shown(name)), ("weight", shown(weight))],
        }
    }

    pub fn business_type(&self, business_type: &BusinessType) -> Described {
        let BusinessType {
            id: _,
            name,
            priority,
            uncertain,
            validity_s,
            receipt_wait_s,
            template_required,
            receipts,
            tail,
        } = business_type;
        let fields = vec![
            ("name", shown(name)),
            ("priority", shown(priority.word())),
            ("uncertain", shown(uncertain.word())),
            ("validity_s", shown(validity_s)),
            ("receipt_wait_s", shown(receipt_wait_s)),
            ("template_required", shown(template_required)),
            ("receipts", shown(receipts)),
            ("tail", shown(tail)),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn connection(&self, connection: &Connection) -> Described {
        let Connection {
            id: _,
            name,
            enabled,
            protocol,
            host,
            port,
            login,
            password,
            sessions,
            window,
            rate_per_second,
            look_ahead,
            source_number,
            service_id,
            receipt_id_form,
            concatenation,
            signature_reserve,
            response_timeout_s,
            silence_s,
            verify_peer,
        } = connection;
        let fields = vec![
            ("name", shown(name)),
            ("enabled", shown(enabled)),
            ("protocol", shown(protocol.word())),
            ("host", shown(host)),
            ("port", shown(port)),
            ("login", shown(login)),
            ("password", Value::Hidden(password.reveal().into())),
            ("sessions", shown(sessions)),
            ("window", shown(window)),
            ("rate_per_second", shown(rate_per_second)),
            ("look_ahead", shown(look_ahead)),
            ("source_number", shown(source_number)),
            ("service_id", shown(service_id)),
            ("receipt_id_form", shown(receipt_id_form.word())),
            ("concatenation", shown(concatenation.word())),
            ("signature_reserve", shown(signature_reserve)),
            ("response_timeout_s", shown(response_timeout_s)),
            ("silence_s", shown(silence_s)),
            ("verify_peer", shown(verify_peer)),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn route_group(&self, group: &RouteGroup) -> Described {
        let RouteGroup {
            id: _,
            name,
            strategy,
            members,
        } = group;
        let members = members
            .iter()
            .map(|member| format!("{} × {}", self.connection_name(member.connection), member.weight));
        let fields = vec![
            ("name", shown(name)),
            ("strategy", shown(strategy.word())),
            ("members", list(members)),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn route_rule(&self, rule: &RouteRule) -> Described {
        let RouteRule {
            name,
            accounts,
            business_types,
            carriers,
            provinces,
            group,
        } = rule;
        let accounts = accounts.iter().map(|id| {
            self.0
                .accounts
                .get(id)
                .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
        });
        let group = self
            .0
            .route_groups
            .get(group)
            .map_or_else(|| format!("#{group}"), |known| known.name.to_string());
        let fields = vec![
            ("accounts", list(accounts)),
            (
                "business_types",
                list(business_types.iter().map(|id| self.business_type_name(*id))),
            ),
            ("carriers", list(carriers.iter().map(|carrier| carrier.word()))),
            ("provinces", list(provinces)),
            ("group", shown(group)),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn account(&self, account: &Account) -> Described {
        let Account {
            id: _,
            tenant,
            name,
            enabled,
            modules: Modules { send, query, feeds },
            connections,
            quota_per_day,
            weight,
            extension,
            signature,
            business_type,
            price_per_segment,
            api_key_sha256,
        } = account;
        let quota = quota_per_day.map_or_else(String::new, |quota| quota.to_string());
        let fields = vec![
            ("name", shown(name)),
            ("organisation", shown(self.organisation_name(*tenant))),
            ("enabled", shown(enabled)),
            ("modules.send", shown(send)),
            ("modules.query", shown(query)),
            ("modules.feeds", shown(feeds)),
            (
                "connections",
                list(connections.iter().map(|id| self.connection_name(*id))),
            ),
            ("quota_per_day", shown(quota)),
            ("weight", shown(weight)),
            ("extension", shown(extension)),
            ("signature", shown(signature)),
            ("business_type", shown(self.business_type_name(*business_type))),
            ("price_per_segment", shown(price_per_segment)),
            ("api_key", Value::Hidden(api_key_sha256.to_vec())),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn template(&self, template: &Template) -> Described {
        let Template {
            id: _,
            tenant,
            name,
            text,
            business_type,
        } = template;
        let organisation = self.organisation_name(*tenant);
        let fields = vec![
            ("name", shown(name)),
            ("organisation", shown(&organisation)),
            ("text", shown(text)),
            ("business_type", shown(self.business_type_name(*business_type))),
        ];
        Described {
            name: format!("{organisation}/{name}"),
            fields,
        }
    }

    fn organisation_name(&self, id: TenantId) -> String {
        self.0
            .organisations
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    fn business_type_name(&self, id: BusinessTypeId) -> String {
        self.0
            .business_types
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    fn connection_name(&self, id: ConnectionId) -> String {
        self.0
            .connections
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }
}

fn shown(value: impl Display) -> Value {
    Value::Shown(value.to_string())
}

fn list(values: impl IntoIterator<Item = impl Display>) -> Value {
    Value::List(values.into_iter().map(|value| value.to_string()).collect())
}
