use super::calendar::{Calendar, DAYS};
use super::people::People;
use super::rows::{CAMPAIGN_EVERY, Rows};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, MessageId};
use carillon_domain::journey::MessageState;
use carillon_domain::time::UnixMs;
use carillon_storage::history::SearchQuery;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::ops::Range;

/// Journeys on a page.
pub const PAGE: usize = 50;
const WEEK: u64 = 7;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Number,
    /// One with thousands of messages.
    BusyNumber,
    UnknownNumber,
    /// Of an organisation, in a week.
    OrganisationWeek,
    Campaign,
    /// Of an account, in all the time.
    AccountFailed,
    /// The same with a state that one of a thousand has: the search pauses on its way.
    AccountUnknown,
}

impl Topic {
    pub const ALL: [Topic; 7] = [
        Topic::Number,
        Topic::BusyNumber,
        Topic::UnknownNumber,
        Topic::OrganisationWeek,
        Topic::Campaign,
        Topic::AccountFailed,
        Topic::AccountUnknown,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Topic::Number => "number",
            Topic::BusyNumber => "busy number",
            Topic::UnknownNumber => "unknown number",
            Topic::OrganisationWeek => "organisation and week",
            Topic::Campaign => "campaign",
            Topic::AccountFailed => "account and state",
            Topic::AccountUnknown => "account and rare state",
        }
    }

    /// The pages that are opened, counted from 1.
    pub fn pages(self) -> &'static [usize] {
        match self {
            Topic::BusyNumber | Topic::OrganisationWeek | Topic::Campaign => &[1, 10, 100],
            _ => &[1],
        }
    }
}

/// A search whose answer is known.
#[derive(Debug)]
pub struct Question {
    pub query: SearchQuery,
    among: Among,
}

/// Where the rows that fit are.
#[derive(Debug)]
enum Among {
    /// Newest first.
    These(Vec<u64>),
    All(Range<u64>),
}

impl Question {
    pub fn new(topic: Topic, rows: &Rows, random: &mut SmallRng) -> Self {
        let some_row = random.random_range(0..rows.count);
        let all_time = Calendar::time(0..DAYS);
        let owned = |query: SearchQuery, time: Range<UnixMs>| SearchQuery {
            from: time.start,
            until: time.end,
            ..query
        };
        let newest = || SearchQuery::newest(PAGE);
        let of_account = |account: AccountId, state| {
            let query = SearchQuery {
                account: Some(account),
                states: vec![MessageState::Final(state)],
                ..newest()
            };
            (owned(query, all_time.clone()), Among::All(0..rows.count))
        };
        let (query, among) = match topic {
            Topic::Number => to(rows, rows.people.person(some_row)),
            Topic::BusyNumber => to(rows, rows.people.busy(random.random())),
            Topic::UnknownNumber => to(rows, rows.people.nobody(random.random())),
            Topic::OrganisationWeek => {
                let first = random.random_range(0..=DAYS - WEEK);
                let query = SearchQuery {
                    tenant: Some(rows.head(some_row).tenant),
                    ..newest()
                };
                let messages = rows.calendar.messages(first..first + WEEK);
                (
                    owned(query, Calendar::time(first..first + WEEK)),
                    Among::All(messages.start.min(rows.count)..messages.end.min(rows.count)),
                )
            }
            Topic::Campaign => {
                let campaign = some_row / CAMPAIGN_EVERY;
                let query = SearchQuery {
                    campaign: Some(CampaignId(campaign as u32)),
                    ..newest()
                };
                let begin = campaign * CAMPAIGN_EVERY;
                (query, Among::All(begin..(begin + CAMPAIGN_EVERY).min(rows.count)))
            }
            Topic::AccountFailed => of_account(rows.head(some_row).account, FinalState::Failed),
            Topic::AccountUnknown => of_account(rows.head(some_row).account, FinalState::Unknown),
        };
        Question { query, among }
    }

    /// The rows that fit, from an id on and below the query's page before, newest first.
    pub fn answer<'a>(&'a self, rows: &'a Rows, from: MessageId) -> impl Iterator<Item = u64> + 'a {
        let upto = self
            .query
            .before
            .map_or(rows.count, |before| rows.first_from(before));
        let open = rows.first_from(from)..upto;
        let (these, all) = match &self.among {
            Among::These(these) => (&these[..], 0..0),
            Among::All(all) => (&[][..], all.start.max(open.start)..all.end.min(open.end)),
        };
        let these = these.iter().copied().filter(move |row| open.contains(row));
        these.chain(all.rev()).filter(|row| {
            let (query, head) = (&self.query, rows.head(*row));
            query.tenant.is_none_or(|tenant| head.tenant == tenant)
                && query.account.is_none_or(|account| head.account == account)
                && query
                    .campaign
                    .is_none_or(|campaign| head.campaign == Some(campaign))
                && query.fits_state(MessageState::Final(head.state))
        })
    }

    /// The same question for a later page; `None` when there are not so many.
    pub fn page(mut self, number: usize, rows: &Rows) -> Option<Self> {
        if let Some(shown) = (number * PAGE).checked_sub(PAGE + 1) {
            let last_shown = self.answer(rows, MessageId(0)).nth(shown)?;
            self.query.before = Some(rows.calendar.id(last_shown));
        }
        Some(self)
    }
}

fn to(rows: &Rows, person: u64) -> (SearchQuery, Among) {
    let query = SearchQuery {
        phone: Some(People::phone(person)),
        ..SearchQuery::newest(PAGE)
    };
    let messages = rows.people.messages(person).into_iter();
    (
        query,
        Among::These(messages.filter(|row| *row < rows.count).collect()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn an_answer_is_every_row_that_fits() {
        let rows = Rows::new(60_000, 9);
        let mut random = SmallRng::seed_from_u64(4);
        for topic in Topic::ALL {
            for _ in 0..3 {
                let question = Question::new(topic, &rows, &mut random);
                assert!(question.query.check().is_ok(), "{topic:?}");
                let fits = |row: &u64| question.query.fits(&rows.found(*row));
                let expected: Vec<_> = (0..rows.count).rev().filter(fits).collect();
                let known: Vec<_> = question.answer(&rows, MessageId(0)).collect();
                assert_eq!(known, expected, "{topic:?}");
                if let [first, second, ..] = expected[..] {
                    let newest: Vec<_> = question.answer(&rows, rows.calendar.id(second)).collect();
                    assert_eq!(newest, [first, second], "{topic:?}");
                }
                match topic {
                    Topic::UnknownNumber => assert!(expected.is_empty()),
                    // A state may be rarer than an account's messages are many.
                    Topic::AccountFailed | Topic::AccountUnknown => {}
                    _ => assert!(!expected.is_empty(), "{topic:?}"),
                }
                if let Some(second) = question.page(2, &rows) {
                    assert_eq!(
                        second.answer(&rows, MessageId(0)).collect::<Vec<_>>(),
                        expected[PAGE..],
                        "{topic:?}"
                    );
                } else {
                    assert!(expected.len() < PAGE);
                }
            }
        }
    }
}
