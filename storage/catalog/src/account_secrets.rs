use crate::object::{from_json, to_json};
use carillon_domain::catalog::{Account, Secret};
use carillon_storage::catalog::CatalogError;
use serde::{Deserialize, Serialize};

const KIND: &str = "account";

/// The secrets of an account, sealed together as one JSON object.
#[derive(Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountSecrets {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hmac: Option<Secret>,
}

impl AccountSecrets {
    /// The text to seal; `None` when there is nothing to keep secret.
    pub fn sealable(&self) -> Result<Option<Secret>, CatalogError> {
        if *self == AccountSecrets::default() {
            return Ok(None);
        }
        to_json(KIND, self).map(|text| Some(Secret::new(text)))
    }
}

/// The account as it may be stored in the open: where a secret is, an empty one stands.
pub(crate) fn without_secrets(account: &Account) -> (Account, AccountSecrets) {
    let mut open = account.clone();
    let webhook = open
        .webhook
        .as_mut()
        .map(|webhook| std::mem::take(&mut webhook.secret));
    let hmac = open.hmac_secret.as_mut().map(std::mem::take);
    (open, AccountSecrets { webhook, hmac })
}

/// Puts the secrets back into their places.
pub(crate) fn restore_secrets(account: &mut Account, sealed: Option<Secret>) -> Result<(), CatalogError> {
    let secrets = match sealed {
        Some(text) => from_json(KIND, text.reveal())?,
        None => AccountSecrets::default(),
    };
    if let Some(webhook) = &mut account.webhook {
        webhook.secret = secrets.webhook.unwrap_or_default();
    }
    account.hmac_secret = secrets.hmac;
    Ok(())
}
