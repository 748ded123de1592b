//! Bodies leave memory and are found again (MSG-1).

use super::body::Body;
use super::{Applied, BodyError, BodyPlace, ColumnLimits, Columns, FactPlace};
use carillon_domain::catalog::{CapPeriods, Priority};
use carillon_domain::content::Content;
use carillon_domain::fact::{Accepted, Fact, FinalState, Finished, PlannedAttempt};
use carillon_domain::frame::FrameBuilder;
use carillon_domain::ids::{AccountId, BusinessTypeId, MessageId, RouteGroupId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::time::UnixMs;
use carillon_embedded::files::SimulatedFiles;
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

fn accepted(number: u16, priority: Priority) -> Accepted {
    Accepted {
        message: MessageId::new(1_000, 0, number),
        tenant: TenantId(1),
        account: AccountId(1),
        business_type: BusinessTypeId(1),
        priority,
        to: None,
        plan: vec![PlannedAttempt {
            kind: ChannelKind::Sms,
            group: RouteGroupId(1),
            segments: 1,
            when: None,
            content: Content::of_text(format!("您的号码是{number}")),
        }],
        not_before: UnixMs(0),
        person_window: None,
        counted: CapPeriods::default(),
        valid_until: UnixMs(5_000_000),
        idempotency: None,
        reference: None,
        price_per_segment: 0,
        catalog_version: 1,
        campaign: None,
    }
}

struct Bench {
    files: SimulatedFiles,
    journal: Arc<dyn Journal>,
    columns: Columns,
}

impl Bench {
    fn new(bodies_bytes_max: usize) -> Self {
        let files = SimulatedFiles::new(1);
        let options = JournalOptions {
            volume_bytes: 256 * 1024,
            ..JournalOptions::default()
        };
        let journal = EmbeddedJournal::open(Path::new("/journal"), options, Arc::new(files.clone()));
        let journal: Arc<dyn Journal> = Arc::new(journal.unwrap());
        let mut columns = Columns::new(ColumnLimits {
            bodies_bytes_max,
            ..ColumnLimits::default()
        });
        columns.read_bodies_from(journal.clone());
        Bench {
            files,
            journal,
            columns,
        }
    }

    /// Records each in a frame of its own, and lets bodies go.
    fn record(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            let mut frame = FrameBuilder::default();
            frame.push(&fact).unwrap();
            let seq = self.journal.append(frame.take()).unwrap();
            self.columns.apply(FactPlace::new(seq, 0), &fact);
            while self.journal.durable() < seq {
                std::thread::yield_now();
            }
            self.columns.let_bodies_go(seq);
        }
    }

    fn in_memory(&self) -> Vec<u16> {
        let kept = self.columns.rows().filter(|(_, row)| !row.body.is_empty());
        kept.map(|(_, row)| (row.id.0 & 0xfff) as u16).collect()
    }
}

fn facts(numbers: std::ops::Range<u16>, priority: Priority) -> impl Iterator<Item = Fact> {
    numbers.map(move |number| Fact::Accepted(Box::new(accepted(number, priority))))
}

#[test]
fn the_oldest_stay_and_codes_longer() {
    let bytes = Body::pack(&accepted(0, Priority::Low)).len();
    let mut bench = Bench::new(3 * bytes);
    bench.record(facts(0..6, Priority::Low));
    assert_eq!(bench.in_memory(), [0, 1, 2]);
    bench.record(facts(6..10, Priority::High));
    assert_eq!(bench.in_memory(), [0, 1, 2, 6, 7, 8]);
    assert_eq!(bench.columns.waiting_body_bytes(), 6 * bytes);
    let all: Vec<_> = bench.columns.rows().map(|(at, _)| at).collect();
    for (number, at) in (0..).zip(all) {
        let row = bench.columns.row(at).unwrap();
        assert_eq!(
            *bench.columns.body(row),
            *Body::pack(&accepted(number, Priority::Low))
        );
        // It was read just now.
        assert_eq!(bench.columns.bring_body(at), BodyPlace::Memory);
    }
    assert_eq!(bench.columns.waiting_body_bytes(), 10 * bytes);
}

#[test]
fn a_carried_message_is_read_where_it_stands_now() {
    let mut bench = Bench::new(0);
    bench.record(facts(0..1, Priority::Low));
    let (at, row) = bench.columns.rows().next().unwrap();
    let (first, accepted) = (row.place, bench.columns.accepted_of(row));
    bench.record([Fact::Carried(accepted.clone()), Fact::Carried(accepted.clone())]);
    let row = bench.columns.row(at).unwrap();
    assert_eq!((first.frame(), row.place.frame()), (FrameSeq(1), FrameSeq(3)));
    assert_eq!((row.body.len(), bench.columns.waiting_body_bytes()), (0, 0));
    assert_eq!(bench.columns.accepted_of(row), accepted);
}

#[test]
fn a_text_that_cannot_be_read_is_named() {
    let mut bench = Bench::new(0);
    bench.record(facts(0..2, Priority::Low));
    let volume = Path::new("/journal/volume-000000000001");
    let text = "号码是1".as_bytes();
    bench.files.tamper(volume, |content| {
        let at = content.windows(text.len()).position(|window| window == text);
        content[at.unwrap()] ^= 1;
    });
    let end = |number| {
        Fact::Final(Box::new(Finished {
            message: MessageId::new(1_000, 0, number),
            account: AccountId(1),
            to: None,
            reference: None,
            state: FinalState::Expired,
            cause: None,
            at: UnixMs(2_000),
        }))
    };
    let (columns, place) = (&mut bench.columns, FactPlace::new(FrameSeq(3), 0));
    assert!(matches!(columns.apply(place, &end(0)), Applied::Ended(_)));
    let outcome = catch_unwind(AssertUnwindSafe(|| columns.apply(place, &end(1))));
    assert!(outcome.is_err());
    let lost = columns.take_lost_body();
    assert!(
        matches!(
            lost,
            Some(BodyError::Journal {
                source: JournalError::Damaged { .. },
                ..
            })
        ),
        "{lost:?}"
    );
}
