use super::connection::number_digits_max;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::Names;
use crate::catalog::apply::words::Word;
use crate::catalog::apply::{
    AccountEntry, ApplyError, ApplyFile, Environment, NewKey, Problem, SecretSource, Section, WebhookEntry,
};
use crate::catalog::{Account, Connection, Secret, Snapshot, Webhook, is_webhook_url};
use crate::ids::{AccountId, ConnectionId, TenantId};
use compact_str::CompactString;
use std::collections::BTreeMap;

const SIGNATURE_CHARACTERS_MAX: usize = 20;
const EXTENSION_DIGITS_MAX: usize = 20;
/// 100 yuan, in 1/10,000 yuan.
const PRICE_MAX: u64 = 1_000_000;
/// Of API keys and of the secrets that sign.
const KEY_CHARACTERS_MIN: usize = 16;
const KEY_CHARACTERS_MAX: usize = 128;

pub(in crate::catalog::apply) fn accounts(
    file: &ApplyFile,
    current: &Snapshot,
    names: &Names<'_>,
    connections: &BTreeMap<ConnectionId, Connection>,
    environment: &dyn Environment,
    new_keys: &mut Vec<NewKey>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<AccountId, Account> {
    let mut taken = Taken::default();
    let build = |entry: &AccountEntry| {
        let mut check = Check::new(Section::Account, entry.name.as_str(), errors);
        check_text(entry, &mut check);
        let id = names.accounts.own(&entry.name)?;
        let known = current.accounts.get(&id);
        let tenant = names
            .organisations
            .find(&entry.organisation, "organisation", &mut check);
        check_organisation(tenant, known, current, &mut check);
        let business_type = names
            .business_types
            .find(&entry.business_type, "business_type", &mut check);
        check.unique("connections", entry.connections.iter().map(|name| name.as_str()));
        let granted: Vec<ConnectionId> = entry
            .connections
            .iter()
            .filter_map(|name| names.connections.find(name, "connections", &mut check))
            .collect();
        for connection in granted.iter().filter_map(|id| connections.get(id)) {
            check_number(entry, connection, &mut taken, &mut check);
        }
        let api_key_sha256 = api_key(entry, known, environment, new_keys, &mut check)?;
        if let Some(account) = taken.keys.insert(api_key_sha256, entry.name.clone()) {
            check.report(
                "api_key",
                Problem::KeyTaken {
                    account: account.into(),
                },
            );
        }
        let webhook = entry
            .webhook
            .as_ref()
            .map(|webhook| self::webhook(webhook, known, environment, &mut check));
        let hmac_secret = entry.hmac_secret.as_ref().map(|source| {
            let stored = known.and_then(|known| known.hmac_secret.as_ref());
            signing_secret("hmac_secret", source, stored, environment, &mut check)
        });
        let account = Account {
            id,
            tenant: tenant?,
            name: entry.name.clone(),
            enabled: entry.enabled,
            modules: entry.modules,
            connections: granted,
            quota_per_day: entry.quota_per_day,
            weight: entry.weight,
            extension: entry.extension.clone(),
            signature: entry.signature.clone(),
            business_type: business_type?,
            price_per_segment: entry.price_per_segment,
            api_key_sha256,
            webhook: webhook.flatten(),
            hmac_secret: hmac_secret.flatten(),
        };
        Some((id, account))
    };
    file.account.iter().filter_map(build).collect()
}

/// What only one account may have, and which one has it.
#[derive(Default)]
struct Taken {
    keys: BTreeMap<[u8; 32], CompactString>,
    extensions: BTreeMap<(ConnectionId, CompactString), CompactString>,
}

fn check_text(entry: &AccountEntry, check: &mut Check<'_>) {
    check.name(&entry.name);
    check.weight("weight", entry.weight);
    check.range("price_per_segment", entry.price_per_segment, 0, PRICE_MAX);
    check.digits("extension", &entry.extension, EXTENSION_DIGITS_MAX);
    check.line("signature", &entry.signature, SIGNATURE_CHARACTERS_MAX);
    if let Some(character) = entry.signature.chars().find(|c| matches!(c, '【' | '】')) {
        check.report(
            "signature",
            Problem::Character {
                character,
                allowed: "characters besides 【 and 】",
            },
        );
    }
}

/// An account stays in its organisation, because its messages, feeds and keys are that organisation's.
fn check_organisation(
    tenant: Option<TenantId>,
    known: Option<&Account>,
    current: &Snapshot,
    check: &mut Check<'_>,
) {
    if let (Some(tenant), Some(known)) = (tenant, known)
        && known.tenant != tenant
    {
        let from = current
            .organisations
            .get(&known.tenant)
            .map(|from| from.name.to_string());
        check.report(
            "organisation",
            Problem::Moved {
                from: from.unwrap_or_default(),
            },
        );
    }
}

/// Access number and extension fit the protocol, and replies to them find one account.
fn check_number(entry: &AccountEntry, connection: &Connection, taken: &mut Taken, check: &mut Check<'_>) {
    let length = connection.source_number.len() + entry.extension.len();
    let Some(length_max) = number_digits_max(connection.protocol) else {
        return;
    };
    if length > length_max {
        let connection = connection.name.to_string();
        check.report(
            "extension",
            Problem::NumberTooLong {
                connection,
                length,
                length_max,
            },
        );
    }
    if entry.extension.is_empty() {
        return;
    }
    let place = (connection.id, entry.extension.clone());
    if let Some(account) = taken.extensions.insert(place, entry.name.clone())
        && account != entry.name
    {
        let connection = connection.name.to_string();
        check.report(
            "extension",
            Problem::ExtensionTaken {
                account: account.into(),
                connection,
            },
        );
    }
}

/// The hash of the account's key: of the file's, else the known one, else of a fresh key.
fn api_key(
    entry: &AccountEntry,
    known: Option<&Account>,
    environment: &dyn Environment,
    new_keys: &mut Vec<NewKey>,
    check: &mut Check<'_>,
) -> Option<[u8; 32]> {
    let Some(source) = &entry.api_key else {
        return Some(known.map(|known| known.api_key_sha256).unwrap_or_else(|| {
            let key = environment.new_api_key();
            let hash = environment.sha256(key.reveal());
            new_keys.push(NewKey {
                account: entry.name.to_string(),
                key,
            });
            hash
        }));
    };
    if let (SecretSource::Stored, Some(known)) = (source, known) {
        return Some(known.api_key_sha256);
    }
    match source.read(None, environment) {
        Ok(key) => {
            let length = key.reveal().chars().count();
            check.length("api_key", length, KEY_CHARACTERS_MIN, KEY_CHARACTERS_MAX);
            Some(environment.sha256(key.reveal()))
        }
        Err(detail) => {
            check.report("api_key", Problem::Source { detail });
            None
        }
    }
}

/// `None` when the secret cannot be read.
fn webhook(
    entry: &WebhookEntry,
    known: Option<&Account>,
    environment: &dyn Environment,
    check: &mut Check<'_>,
) -> Option<Webhook> {
    if !is_webhook_url(&entry.url) {
        check.report("webhook.url", Problem::Url);
    }
    if entry.events.is_empty() {
        check.report("webhook.events", Problem::Empty);
    }
    check.unique("webhook.events", entry.events.iter().map(Word::word));
    let stored = known
        .and_then(|known| known.webhook.as_ref())
        .map(|webhook| &webhook.secret);
    Some(Webhook {
        url: entry.url.clone(),
        secret: signing_secret("webhook.secret", &entry.secret, stored, environment, check)?,
        events: entry.events.clone(),
    })
}

/// `None` when it cannot be read.
fn signing_secret(
    field: &'static str,
    source: &SecretSource,
    stored: Option<&Secret>,
    environment: &dyn Environment,
    check: &mut Check<'_>,
) -> Option<Secret> {
    match source.read(stored, environment) {
        Ok(secret) => {
            let length = secret.reveal().chars().count();
            check.length(field, length, KEY_CHARACTERS_MIN, KEY_CHARACTERS_MAX);
            Some(secret)
        }
        Err(detail) => {
            check.report(field, Problem::Source { detail });
            None
        }
    }
}
