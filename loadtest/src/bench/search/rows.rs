use super::calendar::Calendar;
use super::mix::mix;
use super::parts::{code_of, segment, text};
use super::people::People;
use carillon_domain::campaign::CampaignLine;
use carillon_domain::content::{Content, TextContent};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{
    AccountId, BusinessTypeId, CampaignId, ConnectionId, MessageId, TemplateId, TenantId,
};
use carillon_domain::journey::{Amendment, AttemptJourney, AttemptStart, Journey, MessageState};
use carillon_domain::plan::ChannelKind;
use carillon_domain::time::UnixMs;

/// Messages of which everything is known by their number, so that every answer about them is known as well.
#[derive(Debug)]
pub struct Rows {
    pub count: u64,
    pub people: People,
    pub calendar: Calendar,
    seed: u64,
    /// Of the organisations, the first with the highest share.
    shares_upto: Vec<u64>,
}

const ORGANISATIONS: u64 = 40;
const ACCOUNTS: u64 = 3;
const CONNECTIONS: u64 = 4;
/// One message of so many goes by another connection than its account's own.
const OTHER_CONNECTION_SHARE: u64 = 10;
/// One message of so many belongs to the campaign of its time.
const CAMPAIGN_SHARE: u64 = 4;
/// Messages from the beginning of one campaign to that of the next.
pub const CAMPAIGN_EVERY: u64 = 50_000;
const TEN_THOUSAND: u64 = 10_000;
const LONG_SHARE: u64 = 10;
const TEMPLATE: TemplateId = TemplateId(7);

/// What is searched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub tenant: TenantId,
    pub account: AccountId,
    pub campaign: Option<CampaignId>,
    /// With the correction, where there is one.
    pub state: FinalState,
}

impl Rows {
    pub fn new(count: u64, seed: u64) -> Self {
        let mut upto = 0;
        let shares = (1..=ORGANISATIONS).map(|place| {
            upto += TEN_THOUSAND / place;
            upto
        });
        Rows {
            count,
            people: People::of(count, seed),
            calendar: Calendar::of(count),
            seed,
            shares_upto: shares.collect(),
        }
    }

    /// The first row whose id is not below this one; their number when there is none.
    pub fn first_from(&self, id: MessageId) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            match self.calendar.id(middle) < id {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// Chance of a message, of each kind its own.
    fn chance(&self, row: u64, kind: u64) -> u64 {
        mix(mix(self.seed ^ row).wrapping_add(kind))
    }

    pub fn head(&self, row: u64) -> Head {
        let campaign = self
            .chance(row, 1)
            .is_multiple_of(CAMPAIGN_SHARE)
            .then_some(row / CAMPAIGN_EVERY);
        // A campaign has one account.
        let owner = campaign.map_or_else(|| self.chance(row, 2), |campaign| mix(self.seed ^ !campaign));
        let tenant = self.organisation(owner);
        Head {
            tenant: TenantId(tenant as u32),
            account: AccountId((tenant * ACCOUNTS + (owner >> 32) % ACCOUNTS) as u32),
            campaign: campaign.map(|number| CampaignId(number as u32)),
            state: match self.ended(row) {
                _ if self.is_corrected(row) => FinalState::Delivered,
                state => state,
            },
        }
    }

    fn organisation(&self, chance: u64) -> u64 {
        let all = self.shares_upto.last().copied().unwrap_or(1);
        let place = chance % all;
        self.shares_upto.partition_point(|upto| *upto <= place) as u64
    }

    /// How it ended at first.
    fn ended(&self, row: u64) -> FinalState {
        match self.chance(row, 3) % TEN_THOUSAND {
            0..9_600 => FinalState::Delivered,
            9_600..9_900 => FinalState::Failed,
            9_900..9_950 => FinalState::Rejected,
            9_950..9_980 => FinalState::Expired,
            _ => FinalState::Unknown,
        }
    }

    fn is_corrected(&self, row: u64) -> bool {
        self.ended(row) == FinalState::Unknown && self.chance(row, 4).is_multiple_of(4)
    }

    /// What a late receipt corrects.
    pub fn amendment(&self, row: u64) -> Option<Amendment> {
        let message = self.calendar.id(row);
        self.is_corrected(row).then(|| Amendment {
            message,
            state: FinalState::Delivered,
            cause: Some("DELIVRD".into()),
            at: UnixMs(message.unix_ms() + 3_600_000),
        })
    }

    /// The journey as it is found: with its correction.
    pub fn found(&self, row: u64) -> Journey {
        let mut journey = self.journey(row);
        if let Some(amendment) = self.amendment(row) {
            journey.amend(&amendment);
        }
        journey
    }

    /// The journey as it is stored.
    pub fn journey(&self, row: u64) -> Journey {
        let head = self.head(row);
        let message = self.calendar.id(row);
        let chance = self.chance(row, 5);
        let ended = self.ended(row);
        let code = code_of(ended);
        let connection = match (chance >> 12).is_multiple_of(OTHER_CONNECTION_SHARE) {
            true => chance >> 16,
            false => head.account.0.into(),
        };
        let connection = ConnectionId((connection % CONNECTIONS) as u16);
        let is_long = chance.is_multiple_of(LONG_SHARE);
        let after_ms = 800 + (chance >> 8) % 30_000;
        Journey {
            message,
            tenant: head.tenant,
            account: head.account,
            business_type: BusinessTypeId((chance >> 4) as u16 % 5),
            to: Some(People::phone(self.people.person(row))),
            reference: (chance >> 3)
                .is_multiple_of(2)
                .then(|| format!("visit-{}", chance >> 40).into()),
            state: MessageState::Final(ended),
            cause: code.clone(),
            final_at: Some(UnixMs(message.unix_ms() + after_ms)),
            campaign: head.campaign.map(|campaign| CampaignLine {
                campaign,
                line: (row % CAMPAIGN_EVERY) as u32,
            }),
            read_at: None,
            waiting: None,
            attempts: vec![AttemptJourney {
                kind: ChannelKind::Sms,
                content: Content::Text(TextContent {
                    text: text(chance, is_long),
                    template: (chance >> 5).is_multiple_of(2).then_some(TEMPLATE),
                    extension: "01".into(),
                }),
                when: None,
                start: AttemptStart::AtOnce,
                segments: (0..=u64::from(is_long))
                    .map(|number| {
                        segment(
                            message,
                            connection,
                            ended,
                            code.clone(),
                            chance ^ number,
                            after_ms,
                        )
                    })
                    .collect(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn journeys_are_as_their_heads_say_and_spread() {
        let rows = Rows::new(20_000, 3);
        let mut by_tenant = BTreeMap::<_, u32>::new();
        let mut by_state = BTreeMap::<_, u32>::new();
        for row in 0..rows.count {
            let (head, journey) = (rows.head(row), rows.found(row));
            assert_eq!((journey.tenant, journey.account), (head.tenant, head.account));
            assert_eq!(journey.state, MessageState::Final(head.state));
            assert_eq!(journey.campaign.map(|line| line.campaign), head.campaign);
            assert_eq!(journey, rows.found(row));
            *by_tenant.entry(head.tenant.0).or_default() += 1;
            *by_state.entry(format!("{:?}", head.state)).or_default() += 1;
        }
        assert_eq!(by_tenant.len() as u64, ORGANISATIONS);
        assert!(
            by_tenant[&0] > 3 * by_tenant[&9] && by_state.len() == 5,
            "{by_tenant:?} {by_state:?}"
        );
        assert!((0..rows.count).any(|row| rows.amendment(row).is_some()));
        for row in [0, 1, 777, rows.count - 1] {
            let id = rows.calendar.id(row);
            assert_eq!(
                (rows.first_from(id), rows.first_from(MessageId(id.0 + 1))),
                (row, row + 1)
            );
        }
    }
}
