//! What a server is configured with where the plain apply file is not enough.

use super::apply::{ConnectionPlan, apply_file};
use std::net::SocketAddr;
use toml::{Table, Value};

/// What differs from [`apply_file`].
#[derive(Clone, Debug)]
pub struct Catalog {
    /// How the one group of all connections routes; the first connection is the primary one.
    pub strategy: &'static str,
    /// Of every connection: without an answer for so long it is no longer used, and then a request is given up.
    pub silence_s: u16,
    pub response_timeout_s: u16,
    /// Where the first account's events are pushed to.
    pub webhook: Option<SocketAddr>,
    /// Besides the first one, which has the weight 1.
    pub organisations: Vec<Organisation>,
}

impl Default for Catalog {
    fn default() -> Self {
        Catalog {
            strategy: "weighted",
            silence_s: 10,
            response_timeout_s: 60,
            webhook: None,
            organisations: Vec::new(),
        }
    }
}

/// An organisation with one account.
#[derive(Clone, Debug)]
pub struct Organisation {
    pub name: String,
    pub weight: u16,
    pub api_key: String,
}

impl Catalog {
    /// The apply file. Every message may have any priority.
    pub fn file(&self, connections: &[ConnectionPlan]) -> String {
        let mut file: Table = apply_file(connections).parse().expect("we wrote it ourselves");
        for connection in tables(&mut file, "connection") {
            connection.insert("silence_s".into(), Value::Integer(self.silence_s.into()));
            let timeout = Value::Integer(self.response_timeout_s.into());
            connection.insert("response_timeout_s".into(), timeout);
        }
        for group in tables(&mut file, "route_group") {
            group.insert("strategy".into(), self.strategy.into());
        }
        for business_type in tables(&mut file, "business_type") {
            business_type.insert("priority".into(), "high".into());
        }
        let first = tables(&mut file, "account").next().cloned().unwrap_or_default();
        for organisation in &self.organisations {
            let entry = [
                ("name", organisation.name.as_str().into()),
                ("weight", Value::Integer(organisation.weight.into())),
            ];
            let entry: Table = entry
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect();
            push(&mut file, "organisation", entry);
            let mut account = first.clone();
            for key in ["name", "organisation"] {
                account.insert(key.into(), organisation.name.as_str().into());
            }
            account.insert("api_key".into(), organisation.api_key.as_str().into());
            push(&mut file, "account", account);
        }
        if let (Some(address), Some(account)) = (self.webhook, tables(&mut file, "account").next()) {
            let webhook = [
                ("url", format!("http://{address}/events")),
                ("secret", SECRET.to_owned()),
            ];
            let webhook: Table = webhook
                .map(|(key, text)| (key.to_owned(), text.into()))
                .into_iter()
                .collect();
            account.insert("webhook".into(), Value::Table(webhook));
        }
        file.to_string()
    }
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn tables<'f>(file: &'f mut Table, section: &str) -> impl Iterator<Item = &'f mut Table> {
    let entries = file.get_mut(section).and_then(Value::as_array_mut);
    entries.into_iter().flatten().filter_map(Value::as_table_mut)
}

fn push(file: &mut Table, section: &str, entry: Table) {
    if let Some(entries) = file.get_mut(section).and_then(Value::as_array_mut) {
        entries.push(Value::Table(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::apply::ApplyFile;
    use carillon_domain::catalog::{Priority, Strategy};

    #[test]
    fn what_differs_is_in_the_file() {
        let catalog = Catalog {
            strategy: "primary_backup",
            silence_s: 3,
            webhook: "127.0.0.1:8000".parse().ok(),
            organisations: vec![Organisation {
                name: "clinic-1".to_owned(),
                weight: 4,
                api_key: "a-key-of-its-own-0001".to_owned(),
            }],
            ..Catalog::default()
        };
        let file: ApplyFile = toml::from_str(&catalog.file(&[])).expect("an apply file");
        let clinic = file.organisation.last().expect("an organisation");
        assert_eq!((clinic.name.as_str(), clinic.weight), ("clinic-1", 4));
        let account = file.account.last().expect("an account");
        assert_eq!(
            (account.organisation.as_str(), account.webhook.is_some()),
            ("clinic-1", false)
        );
        assert!(file.account[0].webhook.is_some());
        assert_eq!(file.business_type[0].priority, Priority::High);
        assert_eq!(file.route_group[0].strategy, Strategy::PrimaryBackup);
    }
}
