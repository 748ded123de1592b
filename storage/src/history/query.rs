use carillon_domain::ids::{AccountId, CampaignId, MessageId, TenantId};
use carillon_domain::journey::{Journey, MessageState};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest time range of a search by account or organisation alone.
pub const RANGE_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

/// What is looked for. Every filter that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    pub tenant: Option<TenantId>,
    pub account: Option<AccountId>,
    pub campaign: Option<CampaignId>,
    /// The person's number.
    pub phone: Option<PhoneNumber>,
    /// The address of the plan's first mail; upper and lower case are the same.
    pub mail: Option<String>,
    /// One of these states, amendments applied; any when empty.
    pub states: Vec<MessageState>,
    /// Accepted at this moment or later.
    pub from: UnixMs,
    /// Accepted before this moment.
    pub until: UnixMs,
    /// Only ids strictly below: the `next` of the page before.
    pub before: Option<MessageId>,
    pub limit: usize,
}

/// One page of what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchPage {
    /// Newest first.
    pub journeys: Vec<Journey>,
    /// The `before` of the next page; `None` when nothing is left. Whatever fits and is not below it is on this page or on an
    /// earlier one.
    pub next: Option<MessageId>,
}

/// A search that would have to look at everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a search without a number, an address or a campaign needs an account or an organisation and a time range of at most {} days",
    RANGE_MAX.as_secs() / 86_400
)]
pub struct TooBroad;

impl SearchQuery {
    /// Everything, newest first; filters are set on it.
    pub fn newest(limit: usize) -> Self {
        SearchQuery {
            tenant: None,
            account: None,
            campaign: None,
            phone: None,
            mail: None,
            states: Vec::new(),
            from: UnixMs(0),
            until: UnixMs(u64::MAX),
            before: None,
            limit,
        }
    }

    /// Refuses a search that has to look at everything.
    pub fn check(&self) -> Result<(), TooBroad> {
        if self.phone.is_some() || self.mail.is_some() || self.campaign.is_some() {
            return Ok(());
        }
        let is_owned = self.account.is_some() || self.tenant.is_some();
        if is_owned && self.until.saturating_since(self.from) <= RANGE_MAX {
            return Ok(());
        }
        Err(TooBroad)
    }

    /// The ids that may fit; `None` when none may.
    pub fn ids(&self) -> Option<RangeInclusive<MessageId>> {
        let lowest = first_id(self.from)?;
        let below_time = first_id(self.until);
        let below = match (below_time, self.before) {
            (Some(time), Some(before)) => Some(time.min(before)),
            (time, before) => time.or(before),
        };
        let highest = match below {
            Some(below) => MessageId(below.0.checked_sub(1)?),
            None => MessageId(u64::MAX),
        };
        (lowest <= highest).then_some(lowest..=highest)
    }

    /// Whether a journey, amended already, fits. `limit` plays no part.
    pub fn fits(&self, journey: &Journey) -> bool {
        self.fits_state(journey.state) && self.fits_but_for_state(journey)
    }

    pub fn fits_state(&self, state: MessageState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    pub fn fits_but_for_state(&self, journey: &Journey) -> bool {
        self.ids().is_some_and(|ids| ids.contains(&journey.message))
            && self.tenant.is_none_or(|tenant| journey.tenant == tenant)
            && self.account.is_none_or(|account| journey.account == account)
            && self
                .campaign
                .is_none_or(|campaign| journey.campaign.is_some_and(|line| line.campaign == campaign))
            && self.phone.is_none_or(|phone| journey.to == Some(phone))
            && self.mail.as_deref().is_none_or(|mail| {
                journey
                    .address()
                    .is_some_and(|address| address.eq_ignore_ascii_case(mail))
            })
    }
}

/// The lowest id that a message accepted at this moment may have; `None` for moments that no id reaches.
fn first_id(at: UnixMs) -> Option<MessageId> {
    const SHIFT: u32 = MessageId::SEQUENCE_BITS + MessageId::MAKER_BITS;
    (at.0 <= u64::MAX >> SHIFT).then_some(MessageId(at.0 << SHIFT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_must_not_look_at_everything() {
        let all = || SearchQuery::newest(10);
        let month = |from: u64, days: u64| SearchQuery {
            from: UnixMs(from),
            until: UnixMs(from + days * 86_400_000),
            ..all()
        };
        let (account, tenant) = (Some(AccountId(1)), Some(TenantId(1)));
        let cases = [
            (all(), false),
            (month(5, 1), false),
            (SearchQuery { account, ..all() }, false),
            (SearchQuery { tenant, ..all() }, false),
            (
                SearchQuery {
                    account,
                    ..month(5, 31)
                },
                true,
            ),
            (
                SearchQuery {
                    tenant,
                    ..month(5, 31)
                },
                true,
            ),
            (
                SearchQuery {
                    account,
                    ..month(5, 32)
                },
                false,
            ),
            (
                SearchQuery {
                    campaign: Some(CampaignId(1)),
                    ..all()
                },
                true,
            ),
            (
                SearchQuery {
                    mail: Some("a@example.org".into()),
                    ..all()
                },
                true,
            ),
            (
                SearchQuery {
                    phone: PhoneNumber::from_e164(8_613_800_000_001).ok(),
                    ..all()
                },
                true,
            ),
        ];
        for (query, allowed) in cases {
            assert_eq!(query.check().is_ok(), allowed, "{query:?}");
        }
    }

    #[test]
    fn times_and_the_page_before_bound_the_ids() {
        let id = |ms: u64| MessageId(ms << 22);
        let below = |id: MessageId| MessageId(id.0 - 1);
        let last = MessageId(u64::MAX);
        let cases = [
            ((0, u64::MAX, None), Some(MessageId(0)..=last)),
            ((5, u64::MAX, None), Some(id(5)..=last)),
            ((5, 7, None), Some(id(5)..=below(id(7)))),
            ((5, 7, Some(id(6))), Some(id(5)..=below(id(6)))),
            ((5, 7, Some(id(9))), Some(id(5)..=below(id(7)))),
            ((5, u64::MAX, Some(id(6))), Some(id(5)..=below(id(6)))),
            ((5, 5, None), None),
            ((7, 5, None), None),
            ((0, 0, None), None),
            ((0, 1, Some(MessageId(0))), None),
            ((5, 7, Some(id(5))), None),
            (((1 << 42) - 1, 1 << 42, None), Some(id((1 << 42) - 1)..=last)),
            ((1 << 42, u64::MAX, None), None),
        ];
        for ((from, until, before), ids) in cases {
            let query = SearchQuery {
                from: UnixMs(from),
                until: UnixMs(until),
                before,
                ..SearchQuery::newest(1)
            };
            assert_eq!(query.ids(), ids, "{from} {until} {before:?}");
        }
    }
}
