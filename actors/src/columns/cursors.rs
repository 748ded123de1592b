use carillon_domain::fact::{Cursor, FeedName, WebhookStanding};
use carillon_domain::ids::AccountId;
use std::collections::BTreeMap;

/// How far each account's events were delivered to its webhook, and how the webhook does (API-1). What was recorded last holds:
/// an operator may set a place back.
#[derive(Debug, Default)]
pub struct Cursors {
    places: BTreeMap<(AccountId, FeedName), Cursor>,
    standings: BTreeMap<AccountId, WebhookStanding>,
}

impl Cursors {
    pub fn place(&self, account: AccountId, feed: FeedName) -> Option<&Cursor> {
        self.places.get(&(account, feed))
    }

    pub fn standing(&self, account: AccountId) -> Option<&WebhookStanding> {
        self.standings.get(&account)
    }

    pub fn set_place(&mut self, cursor: Cursor) {
        self.places.insert((cursor.account, cursor.feed), cursor);
    }

    pub fn set_standing(&mut self, standing: WebhookStanding) {
        if standing.failing_since.is_none() && standing.off.is_none() {
            self.standings.remove(&standing.account);
        } else {
            self.standings.insert(standing.account, standing);
        }
    }

    /// For a checkpoint, in order.
    pub fn places(&self) -> impl Iterator<Item = &Cursor> {
        self.places.values()
    }

    /// For a checkpoint, in order.
    pub fn standings(&self) -> impl Iterator<Item = &WebhookStanding> {
        self.standings.values()
    }
}
