use crate::conformance::Random;
use carillon_domain::campaign::CampaignLine;
use carillon_domain::content::{Content, MailContent, TextContent};
use carillon_domain::fact::{CarrierId, FinalState, IntentReason, UncertainCause};
use carillon_domain::ids::{
    AccountId, BusinessTypeId, CampaignId, ConnectionId, MessageId, TemplateId, TenantId,
};
use carillon_domain::journey::{
    AttemptJourney, AttemptStart, Journey, MessageState, SegmentJourney, SegmentWord, Step, StepKind,
};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::time::UnixMs;

pub(super) const FINAL_STATES: [FinalState; 7] = [
    FinalState::Delivered,
    FinalState::Sent,
    FinalState::Failed,
    FinalState::Rejected,
    FinalState::Cancelled,
    FinalState::Expired,
    FinalState::Unknown,
];

/// The `number`-th phone of the suite.
pub fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::from_e164(8_613_800_000_000 + number).expect("a Chinese mobile number")
}

/// By what the suite's places count carriers and provinces: the numbers below 10,000 are of one, the next 10,000 of another, and
/// further ones unknown.
pub fn ranges() -> NumberRanges {
    let table = "1380000,北京,北京,mobile\n1380001,广东,深圳,unicom\n";
    let mut ranges = NumberRanges::parse(table).expect("a table of two lines");
    ranges
        .load_ported("13800000001,telecom\n")
        .expect("a table of one line");
    ranges
}

/// Gives a journey's plan a mail to the `number`-th address of the suite.
pub fn add_mail(journey: &mut Journey, number: u64) {
    journey.attempts.push(AttemptJourney {
        kind: ChannelKind::Mail,
        content: Content::Mail(Box::new(MailContent {
            address: format!("person-{number}@example.org").into(),
            subject: "检查报告".into(),
            text: "您好，您的检查报告已出。".into(),
            html: None,
            template: None,
            attachments: Vec::new(),
        })),
        when: Some(Condition::NotDeliveredWithin { seconds: 300 }),
        start: AttemptStart::NotYet,
        segments: Vec::new(),
    });
}

/// A finished journey with every kind of step; the details vary with `random`.
pub fn journey(id: u64, to: PhoneNumber, tenant: u32, random: &mut Random) -> Journey {
    let message = MessageId(id);
    let at = |after: u64| UnixMs(message.unix_ms() + after);
    let carrier_id = match random.below(2) {
        0 => CarrierId::Number(random.next_u64()),
        _ => CarrierId::Text(format!("{:x}", random.next_u64()).into()),
    };
    let connection = ConnectionId(random.below(4) as u16);
    let intent = |try_number, reason| StepKind::Intent {
        connection,
        try_number,
        reason,
    };
    let steps = [
        Step {
            at: at(3),
            what: intent(1, IntentReason::Rule),
        },
        Step {
            at: at(4),
            what: StepKind::Returned,
        },
        Step {
            at: at(5),
            what: intent(2, IntentReason::Failover),
        },
        Step {
            at: at(9),
            what: StepKind::Rejected {
                code: "8".into(),
                retried: true,
            },
        },
        Step {
            at: at(12),
            what: intent(3, IntentReason::Throttle),
        },
        Step {
            at: at(19),
            what: StepKind::Uncertain {
                cause: UncertainCause::Timeout,
            },
        },
        Step {
            at: at(20),
            what: StepKind::Submitted {
                carrier_id: carrier_id.clone(),
            },
        },
        Step {
            at: at(900),
            what: StepKind::Receipt {
                status: "DELIVRD".into(),
                error: "000".into(),
            },
        },
    ];
    let segment = SegmentJourney {
        state: SegmentWord::Delivered,
        connection: Some(connection),
        carrier_id: Some(carrier_id),
        code: Some("DELIVRD".into()),
        steps: steps[random.below(8) as usize..].to_vec(),
    };
    Journey {
        message,
        tenant: TenantId(tenant),
        account: AccountId(random.below(9) as u32),
        business_type: BusinessTypeId(random.below(5) as u16),
        to: Some(to),
        reference: random.percent(50).then(|| format!("visit-{id}").into()),
        state: MessageState::Final(FINAL_STATES[random.below(7) as usize]),
        cause: random.percent(50).then(|| "DELIVRD".into()),
        final_at: Some(at(900)),
        campaign: random.percent(20).then(|| CampaignLine {
            campaign: CampaignId(random.below(3) as u32),
            line: random.below(1000) as u32,
        }),
        read_at: random.percent(10).then(|| at(1_000)),
        waiting: None,
        attempts: vec![AttemptJourney {
            kind: ChannelKind::Sms,
            content: Content::Text(TextContent {
                text: format!(
                    "【示范医院】{}您好，您的检查报告已出，请凭就诊卡查询。",
                    random.below(1000)
                )
                .into(),
                template: random.percent(50).then_some(TemplateId(7)),
                extension: "01".into(),
            }),
            when: None,
            start: AttemptStart::AtOnce,
            segments: vec![segment],
        }],
    }
}
