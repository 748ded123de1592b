//! What is counted while it happens is what journeys count for (STAT-1).

use super::{Columns, Tally};
use crate::columns::{Applied, ColumnLimits, FactPlace, Restoring};
use carillon_domain::catalog::{CapPeriods, Priority};
use carillon_domain::content::{Content, TextContent};
use carillon_domain::fact::{
    Accepted, CarrierId, Fact, Fallback, FallbackReason, FinalState, Finished, Intent, IntentReason,
    PlannedAttempt, Receipt, ReceiptOutcome, RejectAction, SegmentKey, UncertainCause,
};
use carillon_domain::frame::FrameBuilder;
use carillon_domain::ids::{AccountId, BusinessTypeId, ConnectionId, MessageId, RouteGroupId, TenantId};
use carillon_domain::number_range::NumberRanges;
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::{ChannelKind, Condition};
use carillon_domain::quota::day_utc8;
use carillon_domain::tally::{Counts, Dimensions, LATENCY_BUCKETS, contributions, corrections};
use carillon_domain::time::UnixMs;
use carillon_embedded::files::SimulatedFiles;
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::{FrameSeq, Journal};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

const MESSAGES: u64 = 4;
/// 2026-01-01T23:59:50+08:00: what happens crosses midnight.
const BEGIN: u64 = 1_767_283_190_000;
const STEP_MS: u64 = 500;

/// One thing that may happen, whether it fits or not.
#[derive(Clone, Debug)]
enum Event {
    Accept {
        message: u64,
    },
    Intent {
        segment: SegmentKey,
        connection: u16,
        reason: IntentReason,
    },
    Returned {
        segment: SegmentKey,
    },
    Submitted {
        segment: SegmentKey,
        id: u64,
    },
    Rejected {
        segment: SegmentKey,
        action: RejectAction,
    },
    Uncertain {
        segment: SegmentKey,
    },
    Receipt {
        segment: Option<SegmentKey>,
        connection: u16,
        id: u64,
        outcome: ReceiptOutcome,
    },
    Matched {
        segment: SegmentKey,
        connection: u16,
        id: u64,
    },
    Fallback {
        message: u64,
    },
    Final {
        message: u64,
        state: FinalState,
    },
    Amended {
        message: u64,
        state: FinalState,
    },
    Restart,
}

fn journal() -> Arc<dyn Journal> {
    let (options, files) = (JournalOptions::default(), SimulatedFiles::new(1));
    let options = JournalOptions {
        volume_bytes: 256 * 1024,
        ..options
    };
    Arc::new(EmbeddedJournal::open(Path::new("/journal"), options, Arc::new(files)).unwrap())
}

/// Durable on return.
fn record(journal: &dyn Journal, fact: &Fact) -> FrameSeq {
    let mut frame = FrameBuilder::default();
    frame.push(fact).unwrap();
    let seq = journal.append(frame.take()).unwrap();
    while journal.durable() < seq {
        std::thread::yield_now();
    }
    seq
}

fn id(message: u64) -> MessageId {
    MessageId::new(BEGIN + message, 0, message as u16)
}

fn segments() -> impl Strategy<Value = SegmentKey> {
    (0..MESSAGES, 0..2u8, 0..2u8).prop_map(|(message, attempt, segment)| SegmentKey {
        message: id(message),
        attempt,
        segment,
    })
}

fn events() -> impl Strategy<Value = Event> {
    use FinalState::{Delivered, Expired, Failed, Sent, Unknown};
    let reasons = select(vec![
        IntentReason::Rule,
        IntentReason::Throttle,
        IntentReason::Resend,
    ]);
    let actions = select(vec![RejectAction::Fail, RejectAction::RetryLater]);
    let outcomes = select(vec![
        ReceiptOutcome::Delivered,
        ReceiptOutcome::Failed,
        ReceiptOutcome::Expired,
        ReceiptOutcome::Pending,
    ]);
    let (connections, ids) = (1..3u16, 0..6u64);
    let finals = select(vec![Delivered, Sent, Failed, Expired, Unknown]);
    prop_oneof![
        2 => (0..MESSAGES).prop_map(|message| Event::Accept { message }),
        6 => (segments(), connections.clone(), reasons)
            .prop_map(|(segment, connection, reason)| Event::Intent { segment, connection, reason }),
        1 => segments().prop_map(|segment| Event::Returned { segment }),
        6 => (segments(), ids.clone()).prop_map(|(segment, id)| Event::Submitted { segment, id }),
        2 => (segments(), actions).prop_map(|(segment, action)| Event::Rejected { segment, action }),
        2 => segments().prop_map(|segment| Event::Uncertain { segment }),
        8 => (proptest::option::weighted(0.8, segments()), connections.clone(), ids.clone(), outcomes).prop_map(
            |(segment, connection, id, outcome)| Event::Receipt { segment, connection, id, outcome }
        ),
        2 => (segments(), connections, ids)
            .prop_map(|(segment, connection, id)| Event::Matched { segment, connection, id }),
        1 => (0..MESSAGES).prop_map(|message| Event::Fallback { message }),
        1 => (0..MESSAGES, finals.clone()).prop_map(|(message, state)| Event::Final { message, state }),
        1 => (0..MESSAGES, finals).prop_map(|(message, state)| Event::Amended { message, state }),
        1 => Just(Event::Restart),
    ]
}

fn accepted(message: u64) -> Accepted {
    let attempt = |kind, segments, when| PlannedAttempt {
        kind,
        group: RouteGroupId(1),
        segments,
        when,
        content: Content::Text(TextContent {
            text: "您好".into(),
            extension: "".into(),
            template: None,
        }),
    };
    Accepted {
        message: id(message),
        tenant: TenantId(1 + (message % 2) as u32),
        account: AccountId(1 + message as u32),
        business_type: BusinessTypeId(1),
        priority: Priority::Medium,
        to: (message != 3).then(|| PhoneNumber::from_e164(8_613_800_000_000 + message * 10_000).unwrap()),
        plan: vec![
            attempt(ChannelKind::Sms, 2, None),
            attempt(
                ChannelKind::RichSms,
                1,
                Some(Condition::NotDeliveredWithin { seconds: 1 }),
            ),
        ],
        not_before: UnixMs(0),
        person_window: None,
        counted: CapPeriods::default(),
        valid_until: UnixMs(u64::MAX / 2),
        idempotency: None,
        reference: None,
        price_per_segment: 1,
        catalog_version: 1,
        campaign: None,
    }
}

fn fact(event: &Event, at: UnixMs) -> Option<Fact> {
    let finished = |message: u64, state| {
        Box::new(Finished {
            message: id(message),
            account: AccountId(1),
            to: None,
            reference: None,
            state,
            cause: None,
            at,
        })
    };
    Some(match *event {
        Event::Accept { message } => Fact::Accepted(Box::new(accepted(message))),
        Event::Intent {
            segment,
            connection,
            reason,
        } => Fact::Intent(Intent {
            segment,
            try_number: 1,
            connection: ConnectionId(connection),
            session: 0,
            epoch: 1,
            concatenation: 0,
            reason,
            at,
        }),
        Event::Returned { segment } => Fact::Returned { segment, at },
        Event::Submitted { segment, id } => Fact::Submitted {
            segment,
            carrier_id: CarrierId::Number(id),
            at,
        },
        Event::Rejected { segment, action } => Fact::Rejected {
            segment,
            code: "8".into(),
            action,
            at,
        },
        Event::Uncertain { segment } => Fact::Uncertain {
            segment,
            cause: UncertainCause::Cut,
            at,
        },
        Event::Receipt {
            segment,
            connection,
            id,
            outcome,
        } => Fact::Receipt(Box::new(Receipt {
            connection: ConnectionId(connection),
            carrier_id: CarrierId::Number(id),
            status: "DELIVRD".into(),
            error: "".into(),
            outcome,
            to: "".into(),
            submit_time: "".into(),
            done_time: "".into(),
            segment,
            account: None,
            duplicate: false,
            at,
        })),
        Event::Matched {
            segment,
            connection,
            id,
        } => Fact::ReceiptMatched {
            connection: ConnectionId(connection),
            carrier_id: CarrierId::Number(id),
            segment,
            at,
        },
        Event::Fallback { message } => Fact::Fallback(Fallback {
            message: id(message),
            attempt: 1,
            reason: FallbackReason::NotDelivered { seconds: 1 },
            at,
        }),
        Event::Final { message, state } => Fact::Final(finished(message, state)),
        Event::Amended { message, state } => Fact::Amended(finished(message, state)),
        Event::Restart => return None,
    })
}

type Sums = HashMap<(u32, Dimensions), Counts>;

fn sums(tally: &Tally) -> Sums {
    let mut sums = Sums::new();
    for day in tally.days() {
        for (dimensions, counts) in tally.of_day(day) {
            sums.entry((day, *dimensions)).or_default().add(counts);
        }
    }
    sums.retain(|_, counts| !counts.is_zero());
    sums
}

fn latencies(tally: &Tally) -> HashMap<(TenantId, ConnectionId), Vec<u64>> {
    let latencies = tally.latencies();
    latencies
        .map(|(tenant, connection, histogram)| ((tenant, connection), histogram.to_vec()))
        .collect()
}

/// The same from journeys, as the history does it.
#[derive(Default)]
struct Told {
    sums: Sums,
    latencies: HashMap<(TenantId, ConnectionId), Vec<u64>>,
}

impl Told {
    fn add(&mut self, part: &carillon_domain::tally::Contribution<'_>) {
        let cell = self.sums.entry((day_utc8(part.at), part.dimensions)).or_default();
        cell[part.measure] += part.by;
        if let (Some(latency), Some(connection)) = (part.latency, part.dimensions.connection) {
            let histogram = self.latencies.entry((part.dimensions.tenant, connection));
            histogram.or_insert_with(|| vec![0; LATENCY_BUCKETS])[latency.index()] += 1;
        }
    }

    fn finish(mut self) -> Self {
        self.sums.retain(|_, counts| !counts.is_zero());
        self
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_counted_is_what_journeys_count_for(events in proptest::collection::vec(events(), 0..80)) {
        let ranges = NumberRanges::parse("1380000,北京,北京,mobile\n1380001,广东,深圳,unicom\n").unwrap();
        let ranges = Arc::new(ranges);
        let journal = journal();
        let mut columns = Columns::new(ColumnLimits::default());
        columns.set_number_ranges(ranges.clone());
        let (mut live, mut told) = (Vec::new(), Told::default());
        let mut seen = [false; MESSAGES as usize];
        let mut stored = HashMap::new();
        for (number, event) in (0..).zip(&events) {
            let at = UnixMs(BEGIN + 100 + number * STEP_MS);
            match event {
                Event::Accept { message } if std::mem::replace(&mut seen[*message as usize], true) => continue,
                Event::Restart => {
                    live.push(columns.take_tally());
                    let changed = columns.changed_parts(&[], 0).unwrap();
                    let standings = columns.standings().clone();
                    let mut restoring = Restoring::new(ColumnLimits::default());
                    stored.extend(changed.parts.into_iter().map(|part| (part.key, part)));
                    stored.values().for_each(|part| restoring.part(part).unwrap());
                    columns = restoring.end().unwrap().columns;
                    columns.read_bodies_from(journal.clone());
                    columns.set_number_ranges(ranges.clone());
                    for (tenant, standing) in &standings {
                        let restored = columns.standings().get(tenant).copied().unwrap_or_default();
                        prop_assert_eq!(restored, *standing);
                    }
                    continue;
                }
                _ => {}
            }
            let fact = fact(event, at).expect("a restart was handled");
            let before = match &fact {
                Fact::Amended(finished) => columns.ended_as(finished.message),
                _ => None,
            };
            match columns.apply(FactPlace::new(record(&*journal, &fact), 0), &fact) {
                Applied::Ended(ended) => contributions(&ended.journey, &ranges, |part| told.add(&part)),
                Applied::Amended(amendment) => {
                    if let Some((dimensions, before)) = before {
                        corrections(dimensions, before, &amendment, |part| told.add(&part));
                    }
                }
                _ => {}
            }
        }
        live.push(columns.take_tally());
        let mut open = Told::default();
        for (_, head) in columns.rows().filter(|(_, row)| row.attempt == 0) {
            let journey = columns.journey(head);
            contributions(&journey, &ranges, |part| {
                told.add(&part);
                open.add(&part);
            });
        }
        let mut of_open = Tally::default();
        columns.tally_of_open(&mut of_open);
        prop_assert_eq!(sums(&of_open), open.finish().sums);

        let mut lived = Told::default();
        for tally in &live {
            for (key, counts) in sums(tally) {
                lived.sums.entry(key).or_default().add(&counts);
            }
            for (key, histogram) in latencies(tally) {
                let sum = lived.latencies.entry(key).or_insert_with(|| vec![0; LATENCY_BUCKETS]);
                sum.iter_mut().zip(histogram).for_each(|(sum, more)| *sum += more);
            }
        }
        let (lived, told) = (lived.finish(), told.finish());
        prop_assert_eq!(lived.sums, told.sums);
        prop_assert_eq!(lived.latencies, told.latencies);
    }
}
