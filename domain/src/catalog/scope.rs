use super::Account;
use crate::ids::{AccountId, TenantId};

/// Whether something that is for these organisations and accounts holds for the account. An empty list is for all.
pub(super) fn is_in_scope(account: &Account, organisations: &[TenantId], accounts: &[AccountId]) -> bool {
    (organisations.is_empty() || organisations.contains(&account.tenant))
        && (accounts.is_empty() || accounts.contains(&account.id))
}
