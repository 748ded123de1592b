use super::code;
use super::row::{Row, mail_hash};
use crate::history::SearchQuery;
use carillon_domain::journey::MessageState;

/// By which index rows are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Phone(u64),
    Mail(i64),
    Campaign(u32),
    /// By nothing of the message's own.
    Id,
}

/// A query as far as the columns of a row answer it.
pub struct Search<'q> {
    query: &'q SearchQuery,
    mail: Option<i64>,
    /// There are corrections: a row whose state may be corrected must be looked at whole.
    is_amended: bool,
}

impl<'q> Search<'q> {
    pub fn new(query: &'q SearchQuery, is_amended: bool) -> Self {
        Search {
            query,
            mail: query.mail.as_deref().map(mail_hash),
            is_amended,
        }
    }

    /// The index that leaves the fewest rows to look at. Accounts and organisations have none: there are few of them, and an
    /// index costs every message a third of its row.
    pub fn key(&self) -> Key {
        let query = self.query;
        None.or(query.phone.map(|phone| Key::Phone(phone.as_u64())))
            .or(self.mail.map(Key::Mail))
            .or(query.campaign.map(|campaign| Key::Campaign(campaign.0)))
            .unwrap_or(Key::Id)
    }

    /// Whether the row may fit.
    pub fn wants(&self, row: &Row) -> bool {
        let query = self.query;
        query.tenant.is_none_or(|tenant| row.tenant == tenant.0)
            && query.account.is_none_or(|account| row.account == account.0)
            && query
                .campaign
                .is_none_or(|campaign| row.campaign == Some(campaign.0))
            && query.phone.is_none_or(|phone| row.phone == phone.as_u64())
            && self.mail.is_none_or(|mail| row.mail == Some(mail))
            && self.wants_state(row.state)
    }

    /// Whether a message stored in this state may be in one that is looked for.
    pub fn wants_state(&self, state: u8) -> bool {
        match code::decode(state) {
            // What cannot be read is told when the row is decoded.
            None => true,
            Some(state) if self.query.fits_state(state) => true,
            Some(MessageState::Final(state)) => self.is_amended && state.is_amendable(),
            Some(MessageState::Accepted | MessageState::Active) => false,
        }
    }
}
