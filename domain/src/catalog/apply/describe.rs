use super::words::Word;
use crate::catalog::{
    Account, BusinessType, Cap, Connection, MailSettings, Modules, NumberList, Organisation, RouteGroup,
    RouteRule, Secret, SendingStrategy, Snapshot, StrategyStep, Template, Webhook, WordList,
};
use crate::ids::{AccountId, BusinessTypeId, ConnectionId, RouteGroupId, TemplateId, TenantId};
use crate::plan::Condition;
use std::fmt::Display;
use twox_hash::XxHash3_64;

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
    /// Too many to be shown, or not to be shown one by one: a hash of each, in order.
    Many(Vec<u64>),
}

impl Value {
    /// The value as people read it; `None` for a secret.
    pub fn text(self) -> Option<String> {
        match self {
            Value::Shown(text) => Some(text),
            Value::List(words) => Some(words.join(", ")),
            Value::Hidden(_) => None,
            Value::Many(hashes) => Some(hashes.len().to_string()),
        }
    }
}

/// Describes the objects of one snapshot, references by name.
///
/// Each object is taken apart field by field, so that a new field cannot be forgotten here.
pub(super) struct Names<'s>(pub &'s Snapshot);

impl Names<'_> {
    pub fn organisation(&self, organisation: &Organisation) -> Described {
        let Organisation {
            id: _,
            name,
            weight,
            quiet_hours,
            lane,
        } = organisation;
        Described {
            name: name.to_string(),
            fields: vec![
                ("name", shown(name)),
                ("weight", shown(weight)),
                ("quiet_hours", optional(quiet_hours.as_ref())),
                ("lane", shown(lane)),
            ],
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
            sending_window,
            ignore_quiet_hours,
            caps,
        } = business_type;
        let caps = caps
            .iter()
            .map(|Cap { messages, period }| format!("{messages} per {}", period.word()));
        let fields = vec![
            ("name", shown(name)),
            ("priority", shown(priority.word())),
            ("uncertain", shown(uncertain.word())),
            ("validity_s", shown(validity_s)),
            ("receipt_wait_s", shown(receipt_wait_s)),
            ("template_required", shown(template_required)),
            ("receipts", shown(receipts)),
            ("tail", shown(tail)),
            ("sending_window", optional(sending_window.as_ref())),
            ("ignore_quiet_hours", shown(ignore_quiet_hours)),
            ("caps", list(caps)),
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
            lane,
            mail,
        } = connection;
        let mut fields = vec![
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
            ("lane", optional(lane.as_ref())),
        ];
        fields.extend(mail_settings(mail.as_ref()));
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
        let accounts = accounts.iter().map(|id| self.account_name(*id));
        let fields = vec![
            ("accounts", list(accounts)),
            (
                "business_types",
                list(business_types.iter().map(|id| self.business_type_name(*id))),
            ),
            ("carriers", list(carriers.iter().map(|carrier| carrier.word()))),
            ("provinces", list(provinces)),
            ("group", shown(self.route_group_name(*group))),
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
            modules:
                Modules {
                    send,
                    query,
                    feeds,
                    campaigns,
                },
            connections,
            quota_per_day,
            weight,
            extension,
            signature,
            business_type,
            price_per_segment,
            api_key_sha256,
            webhook,
            hmac_secret,
        } = account;
        let mut fields = vec![
            ("name", shown(name)),
            ("organisation", shown(self.organisation_name(*tenant))),
            ("enabled", shown(enabled)),
            ("modules.send", shown(send)),
            ("modules.query", shown(query)),
            ("modules.feeds", shown(feeds)),
            ("modules.campaigns", shown(campaigns)),
            (
                "connections",
                list(connections.iter().map(|id| self.connection_name(*id))),
            ),
            ("quota_per_day", optional(quota_per_day.as_ref())),
            ("weight", shown(weight)),
            ("extension", shown(extension)),
            ("signature", shown(signature)),
            ("business_type", shown(self.business_type_name(*business_type))),
            ("price_per_segment", shown(price_per_segment)),
            ("api_key", Value::Hidden(api_key_sha256.to_vec())),
            ("hmac_secret", hidden(hmac_secret.as_ref())),
        ];
        fields.extend(webhook_fields(webhook.as_ref()));
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
            subject,
            html,
        } = template;
        let organisation = self.organisation_name(*tenant);
        let fields = vec![
            ("name", shown(name)),
            ("organisation", shown(&organisation)),
            ("text", shown(text)),
            ("business_type", shown(self.business_type_name(*business_type))),
            ("subject", optional(subject.as_ref())),
            ("html", optional(html.as_ref())),
        ];
        Described {
            name: format!("{organisation}/{name}"),
            fields,
        }
    }

    pub fn strategy(&self, strategy: &SendingStrategy) -> Described {
        let SendingStrategy {
            id: _,
            tenant,
            name,
            steps,
        } = strategy;
        let organisation = self.organisation_name(*tenant);
        let fields = vec![
            ("name", shown(name)),
            ("organisation", shown(&organisation)),
            ("steps", list(steps.iter().map(|step| self.step(step)))),
        ];
        Described {
            name: format!("{organisation}/{name}"),
            fields,
        }
    }

    fn step(&self, step: &StrategyStep) -> String {
        let StrategyStep {
            channel,
            template,
            when,
        } = step;
        let template = template.map_or_else(String::new, |id| format!(" `{}`", self.template_name(id)));
        let when = when
            .as_ref()
            .map_or_else(String::new, |when| format!(" {}", condition(when)));
        format!("{}{template}{when}", channel.word())
    }

    pub fn word_list(&self, word_list: &WordList) -> Described {
        let WordList {
            id: _,
            name,
            organisations,
            accounts,
            words,
        } = word_list;
        let fields = vec![
            ("name", shown(name)),
            ("organisations", self.organisation_names(organisations)),
            ("accounts", self.account_names(accounts)),
            ("words", many(words.iter().map(|word| text_hash(word)))),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    pub fn number_list(&self, number_list: &NumberList) -> Described {
        let NumberList {
            id: _,
            name,
            kind,
            organisations,
            accounts,
            numbers,
            mails,
        } = number_list;
        let fields = vec![
            ("name", shown(name)),
            ("kind", shown(kind.word())),
            ("organisations", self.organisation_names(organisations)),
            ("accounts", self.account_names(accounts)),
            ("numbers", many(numbers.iter().map(|number| number.as_u64()))),
            ("mails", many(mails.iter().map(|mail| text_hash(mail)))),
        ];
        Described {
            name: name.to_string(),
            fields,
        }
    }

    fn organisation_names(&self, ids: &[TenantId]) -> Value {
        list(ids.iter().map(|id| self.organisation_name(*id)))
    }

    fn account_names(&self, ids: &[AccountId]) -> Value {
        list(ids.iter().map(|id| self.account_name(*id)))
    }

    pub fn account_name(&self, id: AccountId) -> String {
        self.0
            .accounts
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    pub fn template_name(&self, id: TemplateId) -> String {
        self.0
            .templates
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    pub fn organisation_name(&self, id: TenantId) -> String {
        self.0
            .organisations
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    pub fn business_type_name(&self, id: BusinessTypeId) -> String {
        self.0
            .business_types
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    pub fn route_group_name(&self, id: RouteGroupId) -> String {
        self.0
            .route_groups
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }

    pub fn connection_name(&self, id: ConnectionId) -> String {
        self.0
            .connections
            .get(&id)
            .map_or_else(|| format!("#{id}"), |known| known.name.to_string())
    }
}

/// The same fields whether there are settings or not.
fn mail_settings(settings: Option<&MailSettings>) -> [(&'static str, Value); 6] {
    let values = match settings {
        None => [const { Value::Shown(String::new()) }; 6],
        Some(MailSettings {
            security,
            from,
            from_name,
            return_path_domain,
            bounce_window_s,
            ca_file,
        }) => [
            shown(security.word()),
            shown(from),
            shown(from_name),
            shown(return_path_domain),
            shown(bounce_window_s),
            optional(ca_file.as_ref()),
        ],
    };
    let [
        security,
        from,
        from_name,
        return_path_domain,
        bounce_window_s,
        ca_file,
    ] = values;
    [
        ("mail.security", security),
        ("mail.from", from),
        ("mail.from_name", from_name),
        ("mail.return_path_domain", return_path_domain),
        ("mail.bounce_window_s", bounce_window_s),
        ("mail.ca_file", ca_file),
    ]
}

/// The same fields whether there is a webhook or not.
fn webhook_fields(webhook: Option<&Webhook>) -> [(&'static str, Value); 3] {
    let (url, secret, events) = match webhook {
        None => (shown(""), hidden(None), list([""; 0])),
        Some(Webhook { url, secret, events }) => (
            shown(url),
            hidden(Some(secret)),
            list(events.iter().map(Word::word)),
        ),
    };
    [
        ("webhook.url", url),
        ("webhook.secret", secret),
        ("webhook.events", events),
    ]
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Together => "together with it".to_owned(),
        Condition::NotSubmitted => "when not submitted".to_owned(),
        Condition::Failed { codes } if codes.is_empty() => "when failed".to_owned(),
        Condition::Failed { codes } => format!("when failed with {}", codes.join(" or ")),
        Condition::NotDeliveredWithin { seconds } => format!("when not delivered within {seconds} s"),
        Condition::NotReadWithin { seconds } => format!("when not read within {seconds} s"),
    }
}

fn shown(value: impl Display) -> Value {
    Value::Shown(value.to_string())
}

fn list(values: impl IntoIterator<Item = impl Display>) -> Value {
    Value::List(values.into_iter().map(|value| value.to_string()).collect())
}

/// Empty for none.
fn optional(value: Option<impl Display>) -> Value {
    Value::Shown(value.map_or_else(String::new, |value| value.to_string()))
}

fn hidden(secret: Option<&Secret>) -> Value {
    // Nothing and an empty text are not the same.
    Value::Hidden(secret.map_or_else(Vec::new, |secret| format!("={}", secret.reveal()).into_bytes()))
}

fn many(hashes: impl IntoIterator<Item = u64>) -> Value {
    let mut hashes: Vec<u64> = hashes.into_iter().collect();
    hashes.sort_unstable();
    Value::Many(hashes)
}

fn text_hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}
