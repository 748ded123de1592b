use crate::{Memory, Target};
use carillon_domain::campaign::CampaignChange;
use carillon_domain::catalog::{CapPeriods, Priority};
use carillon_domain::content::Content;
use carillon_domain::fact::{
    Accepted, Batch, CarrierId, Fact, FinalState, Finished, IdempotencyKey, Intent, IntentReason,
    PlannedAttempt, Receipt, ReceiptOutcome, RefusedLine, RejectAction, Reply, SegmentKey, Session,
    SessionChange, UncertainCause,
};
use carillon_domain::frame::{self, FrameBuilder};
use carillon_domain::ids::{
    AccountId, BusinessTypeId, CampaignId, ConnectionId, MessageId, RouteGroupId, TenantId,
};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::time::UnixMs;

/// The payload of a journal's frame: what can be read comes back from its own encoding, and the index of events names events.
pub static FACTS: Target = Target {
    name: "facts",
    run,
    seeds,
    words: &["\u{4}", "\0\0\0\0", "\u{1}\0\0\0"],
    // A list is reserved for up to a mebibyte on the word of its length, inside of others.
    memory: Memory {
        fixed_bytes: 8 << 20,
        per_input_byte: 1_024,
    },
    input_bytes_max: 16 * 1024,
};

fn run(input: &[u8]) {
    let Ok(facts) = frame::decode(input) else {
        assert!(frame::decode_events(input).is_err());
        return;
    };
    let facts: Vec<Fact> = facts.map_while(Result::ok).collect();
    if let Ok(events) = frame::decode_events(input) {
        events.map_while(Result::ok).for_each(drop);
    }
    let mut builder = FrameBuilder::default();
    for fact in &facts {
        builder.push(fact).expect("what was read can be written");
    }
    let payload = builder.take();
    let again: Vec<Fact> = frame::decode(&payload)
        .expect("our own frame")
        .collect::<Result<_, _>>()
        .expect("our own facts");
    assert_eq!(again, facts);
    let events = frame::decode_events(&payload)
        .expect("our own index")
        .filter_map(Result::ok);
    assert_eq!(
        events.count(),
        facts.iter().filter(|fact| fact.is_event()).count()
    );
}

fn seeds() -> Vec<Vec<u8>> {
    let sample = sample();
    let mut seeds = vec![payload(&sample), payload(&[])];
    seeds.extend(sample.iter().map(|fact| payload(std::slice::from_ref(fact))));
    seeds
}

fn payload(facts: &[Fact]) -> Vec<u8> {
    let mut builder = FrameBuilder::default();
    for fact in facts {
        builder.push(fact).expect("a sound fact");
    }
    builder.take()
}

/// The life of a message with a plan, and what else is recorded.
pub fn sample() -> Vec<Fact> {
    let (connection, account) = (ConnectionId(1), AccountId(1));
    let id = MessageId::new(1_772_000_000_000, 0, 1);
    let at = |ms: u64| UnixMs(1_772_000_000_000 + ms);
    let to = PhoneNumber::from_e164(8_613_800_000_001).expect("a sound number");
    let segment = SegmentKey {
        message: id,
        attempt: 0,
        segment: 0,
    };
    let attempt = |when| PlannedAttempt {
        kind: ChannelKind::Sms,
        group: RouteGroupId(1),
        segments: 2,
        when,
        content: Content::of_text("您好，您的检查报告已出。"),
    };
    let receipt = Receipt {
        connection,
        carrier_id: CarrierId::Text("6A".into()),
        status: "DELIVRD".into(),
        error: "000".into(),
        outcome: ReceiptOutcome::Delivered,
        to: "13800000001".into(),
        submit_time: "2503011200".into(),
        done_time: "2503011201".into(),
        segment: Some(segment),
        account: Some(account),
        duplicate: false,
        at: at(30),
    };
    let finished = Box::new(Finished {
        message: id,
        account,
        to: Some(to),
        reference: Some("visit-1".into()),
        state: FinalState::Sent,
        cause: Some("DELIVRD".into()),
        at: at(40),
    });
    vec![
        Fact::Accepted(Box::new(Accepted {
            message: id,
            tenant: TenantId(1),
            account,
            business_type: BusinessTypeId(1),
            priority: Priority::Medium,
            to: Some(to),
            plan: vec![
                attempt(None),
                attempt(Some(Condition::NotDeliveredWithin { seconds: 60 })),
            ],
            not_before: UnixMs(0),
            person_window: None,
            counted: CapPeriods::default(),
            valid_until: at(86_400_000),
            idempotency: Some(IdempotencyKey {
                key: [7; 16],
                fingerprint: 9,
            }),
            reference: Some("visit-1".into()),
            price_per_segment: 450,
            catalog_version: 1,
            campaign: None,
        })),
        Fact::Batch(Box::new(Batch {
            account,
            idempotency: None,
            first_line: 0,
            lines: 2,
            lines_total: 2,
            accepted: vec![id],
            refused: vec![RefusedLine {
                line: 1,
                code: "invalid_phone".into(),
                ..RefusedLine::default()
            }],
            at: at(1),
        })),
        Fact::Session(Session {
            connection,
            session: 0,
            epoch: 1,
            change: SessionChange::Bound,
            at: at(2),
        }),
        Fact::Intent(Intent {
            segment,
            try_number: 1,
            connection,
            session: 0,
            epoch: 1,
            concatenation: 7,
            reason: IntentReason::Rule,
            at: at(3),
        }),
        Fact::Submitted {
            segment,
            carrier_id: CarrierId::Text("6A".into()),
            at: at(4),
        },
        Fact::Receipt(Box::new(receipt.clone())),
        Fact::Receipt(Box::new(Receipt {
            carrier_id: CarrierId::Number(77),
            segment: None,
            ..receipt
        })),
        Fact::ReceiptMatched {
            connection,
            carrier_id: CarrierId::Number(77),
            segment,
            at: at(31),
        },
        Fact::Rejected {
            segment,
            code: "8".into(),
            action: RejectAction::RetryLater,
            at: at(32),
        },
        Fact::Uncertain {
            segment,
            cause: UncertainCause::Cut,
            at: at(33),
        },
        Fact::Returned { segment, at: at(34) },
        Fact::Reply(Box::new(Reply {
            id: MessageId::new(1_772_000_000_035, 0, 2),
            connection,
            account: Some(account),
            from: "13800000001".into(),
            to: "1069009001".into(),
            text: "Y".into(),
            part: None,
            at: at(35),
        })),
        Fact::Campaign {
            campaign: CampaignId(1),
            change: CampaignChange::Started,
            at: at(36),
        },
        Fact::Final(finished.clone()),
        Fact::Amended(Box::new(Finished {
            state: FinalState::Delivered,
            ..*finished
        })),
        Fact::Read {
            message: id,
            at: at(50),
        },
        Fact::ClockSet {
            by_ms: -5,
            at: at(60),
        },
        Fact::Session(Session {
            connection,
            session: 0,
            epoch: 1,
            change: SessionChange::Lost { cause: "eof".into() },
            at: at(61),
        }),
    ]
}
