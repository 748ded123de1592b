use super::scope::is_in_scope;
use super::{Account, CompileError, NumberList, NumberListKind, Snapshot};
use crate::ids::{AccountId, NumberListId};
use crate::phone::PhoneNumber;
use hashbrown::HashMap;

/// That a recipient stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'c> {
    pub kind: NumberListKind,
    /// The list's name.
    pub list: &'c str,
}

/// Which lists hold for an account. The numbers stay where they are, in the sorted lists of the snapshot.
#[derive(Clone, Debug)]
pub(super) struct NumberFilter {
    /// White lists first. Accounts without any are absent.
    by_account: HashMap<AccountId, Box<[NumberListId]>>,
}

impl NumberFilter {
    /// Fails for a list that is not in order.
    pub fn new(snapshot: &Snapshot) -> Result<Self, CompileError> {
        for list in snapshot.number_lists.values() {
            if !list.numbers.is_sorted() || !list.mails.is_sorted() {
                return Err(CompileError::Unsorted {
                    list: list.name.clone(),
                });
            }
        }
        let accounts = snapshot.accounts.values();
        let by_account = accounts
            .map(|account| (account.id, lists_for(account, snapshot)))
            .filter(|(_, lists)| !lists.is_empty())
            .collect();
        Ok(NumberFilter { by_account })
    }

    pub fn listed<'c>(
        &self,
        snapshot: &'c Snapshot,
        account: AccountId,
        number: PhoneNumber,
    ) -> Option<Listed<'c>> {
        self.first(snapshot, account, |list| {
            list.numbers.binary_search(&number).is_ok()
        })
    }

    pub fn mail_listed<'c>(
        &self,
        snapshot: &'c Snapshot,
        account: AccountId,
        mail: &str,
    ) -> Option<Listed<'c>> {
        if !self.by_account.contains_key(&account) {
            return None;
        }
        let mail = mail.to_ascii_lowercase();
        self.first(snapshot, account, |list| {
            list.mails
                .binary_search_by(|known| known.as_str().cmp(&mail))
                .is_ok()
        })
    }

    fn first<'c>(
        &self,
        snapshot: &'c Snapshot,
        account: AccountId,
        holds: impl Fn(&NumberList) -> bool,
    ) -> Option<Listed<'c>> {
        let lists = self.by_account.get(&account)?.iter();
        let list = lists
            .filter_map(|id| snapshot.number_lists.get(id))
            .find(|list| holds(list))?;
        Some(Listed {
            kind: list.kind,
            list: &list.name,
        })
    }
}

fn lists_for(account: &Account, snapshot: &Snapshot) -> Box<[NumberListId]> {
    let of_kind = |kind| {
        snapshot
            .number_lists
            .values()
            .filter(move |list| {
                list.kind == kind && is_in_scope(account, &list.organisations, &list.accounts)
            })
            .map(|list| list.id)
    };
    of_kind(NumberListKind::White)
        .chain(of_kind(NumberListKind::Black))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Compiled;
    use super::super::fixture::{self, *};
    use super::*;
    use std::sync::Arc;

    fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    #[test]
    fn a_white_list_wins_and_scopes_are_kept() {
        let catalog = fixture::compiled();
        let (black, white) = (NumberListKind::Black, NumberListKind::White);
        let cases = [
            // account, number, what is found
            (HIS, "13800000001", Some((black, "refused"))),
            (LIS, "13800000001", Some((black, "refused"))),
            (HIS, "13800000002", Some((white, "on call"))),
            // The white list is for HIS alone.
            (LIS, "13800000002", Some((black, "refused"))),
            (HIS, "13800000003", Some((white, "on call"))),
            (LIS, "13800000003", None),
            (HIS, "13800000009", None),
            (NOBODY, "13800000001", None),
        ];
        for (account, number, expected) in cases {
            let found = match catalog.account(account) {
                Some(account) => catalog.listed(account, phone(number)),
                None => None,
            };
            let found = found.map(|listed| (listed.kind, listed.list));
            assert_eq!(found, expected, "{account} {number}");
        }
    }

    #[test]
    fn addresses_are_found_in_any_case() {
        let catalog = fixture::compiled();
        let his = catalog.account(HIS).unwrap();
        for (mail, found) in [
            ("gone@home.example", true),
            ("Gone@HOME.example", true),
            ("one@home.example", false),
            ("", false),
        ] {
            assert_eq!(catalog.mail_listed(his, mail).is_some(), found, "{mail}");
        }
    }

    #[test]
    fn another_organisations_list_does_not_hold() {
        let mut snapshot = fixture::snapshot();
        for list in snapshot.number_lists.values_mut() {
            list.organisations = vec![SCHOOL];
        }
        let catalog = Compiled::new(Arc::new(snapshot)).unwrap();
        let his = catalog.account(HIS).unwrap();
        assert_eq!(catalog.listed(his, phone("13800000001")), None);
    }

    #[test]
    fn a_list_out_of_order_is_refused() {
        let mut snapshot = fixture::snapshot();
        snapshot.number_lists.get_mut(&REFUSED).unwrap().numbers.reverse();
        let error = Compiled::new(Arc::new(snapshot)).unwrap_err();
        assert_eq!(
            error,
            CompileError::Unsorted {
                list: "refused".into()
            }
        );
    }
}
