use super::HistoryPlace;
use super::recount::Recount;
use super::sample::{FINAL_STATES, add_mail, journey, phone};
use crate::conformance::Random;
use crate::history::{Batch, CarrierQuery, GroupBy, History, Resolution, RollupQuery};
use crate::journal::FrameSeq;
use carillon_domain::content::Content;
use carillon_domain::fact::{FallbackReason, FinalState};
use carillon_domain::ids::{AccountId, MessageId, TenantId};
use carillon_domain::journey::{Amendment, AttemptStart, Journey, MessageState, SegmentWord};
use carillon_domain::time::UnixMs;

/// The evening of 2026-02-01 in China: an hour later it is another day there, and in no other place.
const START_MS: u64 = 1_769_958_000_000;
/// Between two messages, so that a few hundred of them go over hours and over midnight.
const STEP_MS: u64 = 37_000;

pub fn every_dimension_adds_up(place: impl HistoryPlace) {
    let history = place.open();
    let journeys = varied(400);
    let amendments = corrected(&journeys);
    for part in journeys.chunks(90) {
        history
            .store(Batch::of(part, &[]), history.stored_upto().next())
            .unwrap();
    }
    history
        .store(Batch::of(&[], &amendments), history.stored_upto().next())
        .unwrap();
    drop(history);
    let history = place.open();
    let recount = Recount::of(with(&journeys, &amendments));
    for query in queries() {
        recount.agrees(&history, &query);
    }
    for resolution in Resolution::ALL {
        for by_time in [false, true] {
            let query = CarrierQuery {
                resolution,
                from: moment(50),
                until: moment(350),
                by_time,
            };
            recount.agrees_on_carriers(&history, &query);
        }
    }
}

pub fn a_batch_handed_over_again_counts_once(place: impl HistoryPlace) {
    let journeys = varied(120);
    let amendments = corrected(&journeys);
    let history = place.open();
    let store = |history: &_, journeys: &[Journey]| {
        History::store(history, Batch::of(journeys, &amendments), FrameSeq(1)).unwrap();
    };
    store(&history, &journeys[..70]);
    store(&history, &journeys[..70]);
    store(&history, &journeys[40..]);
    drop(history);
    let history = place.open();
    store(&history, &journeys);
    let recount = Recount::of(with(&journeys, &amendments));
    for query in queries() {
        recount.agrees(&history, &query);
    }
    recount.agrees_on_carriers(&history, &everything());
}

/// In whatever order corrections come, those that count are counted, and once.
pub fn corrections_are_counted_in_any_order(place: impl HistoryPlace) {
    let mut journeys = varied(4);
    for journey in &mut journeys {
        journey.state = MessageState::Final(FinalState::Unknown);
    }
    let amendment = |place: usize, state, at| Amendment {
        message: journeys[place].message,
        state,
        cause: None,
        at: moment(at),
    };
    let before = amendment(0, FinalState::Delivered, 100);
    let early = amendment(1, FinalState::Expired, 100);
    let late = amendment(1, FinalState::Delivered, 300);
    let with_it = amendment(2, FinalState::Failed, 200);
    let of_nothing = Amendment {
        message: MessageId(1),
        ..before.clone()
    };
    let history = place.open();
    let store = |journeys: &[Journey], amendments: &[&Amendment], frame| {
        let batch = Batch::of(journeys, amendments.iter().copied());
        history.store(batch, FrameSeq(frame)).unwrap();
    };
    store(&[], &[&before, &of_nothing], 1);
    store(&journeys[..3], &[&with_it, &late], 2);
    store(&journeys[3..], &[&early, &with_it], 3);
    store(&[], &[&late, &before], 4);
    let counted = [Some(&before), Some(&late), Some(&with_it), None];
    let recount = Recount::of(journeys.iter().zip(counted));
    for query in queries() {
        recount.agrees(&history, &query);
    }
}

pub fn a_later_journey_counts_instead_of_an_earlier_one(place: impl HistoryPlace) {
    let first = varied(30);
    let mut second = first.clone();
    for journey in &mut second[10..20] {
        journey.attempts[0].segments.clear();
        journey.state = MessageState::Final(FinalState::Cancelled);
    }
    let history = place.open();
    history.store(Batch::of(&first, &[]), FrameSeq(1)).unwrap();
    history
        .store(Batch::of(&second[5..25], &[]), FrameSeq(1))
        .unwrap();
    let recount = Recount::of(with(&second, &[]));
    for query in queries() {
        recount.agrees(&history, &query);
    }
    recount.agrees_on_carriers(&history, &everything());
}

/// Messages of every kind of journey, one after the other.
pub(super) fn varied(count: u64) -> Vec<Journey> {
    let mut random = Random::new(count);
    let vary = |number: u64| {
        let id = (START_MS + number * STEP_MS) << 22;
        // Of two ranges and one ported number, and a foreign one.
        let to = phone(random.below(3) + 10_000 * random.below(3));
        let mut journey = journey(id, to, random.below(3) as u32, &mut random);
        journey.account = AccountId(journey.tenant.0 * 10 + random.below(3) as u32);
        let words = [
            SegmentWord::Delivered,
            SegmentWord::Failed,
            SegmentWord::Expired,
            SegmentWord::Submitted,
        ];
        for segment in &mut journey.attempts[0].segments {
            segment.state = words[random.below(4) as usize];
        }
        if random.percent(30) {
            add_mail(&mut journey, random.below(4));
            let second = journey.attempts[0].segments.clone();
            let reason = FallbackReason::NotDelivered { seconds: 60 };
            let at = moment(number + 2);
            journey.attempts[1].start = AttemptStart::Fallback { reason, at };
            journey.attempts[1].segments = second;
        }
        if random.percent(10) {
            journey.to = None;
        }
        if random.percent(5) {
            journey.attempts[0].content = Content::of_text("");
            journey.attempts[0].segments.clear();
        }
        if random.percent(3) {
            journey.attempts.clear();
        }
        journey
    };
    (0..count).map(vary).collect()
}

/// A late correction of every message that may have one, the third part of them twice.
fn corrected(journeys: &[Journey]) -> Vec<Amendment> {
    let mut random = Random::new(7);
    let amendable = journeys
        .iter()
        .filter(|journey| matches!(journey.state, MessageState::Final(state) if state.is_amendable()));
    let mut amendments = Vec::new();
    for journey in amendable {
        let times = if random.percent(30) { 2 } else { 1 };
        let mut at = UnixMs(journey.message.unix_ms());
        for _ in 0..times {
            at = UnixMs(at.0 + random.below(100 * STEP_MS));
            amendments.push(Amendment {
                message: journey.message,
                state: FINAL_STATES[random.below(7) as usize],
                cause: None,
                at,
            });
        }
    }
    amendments
}

/// Each with the last of its corrections.
fn with<'a>(
    journeys: &'a [Journey],
    amendments: &'a [Amendment],
) -> impl Iterator<Item = (&'a Journey, Option<&'a Amendment>)> {
    journeys.iter().map(|journey| {
        let mut its = amendments
            .iter()
            .filter(|amendment| amendment.message == journey.message);
        (journey, its.next_back())
    })
}

fn moment(number: u64) -> UnixMs {
    UnixMs(START_MS + number * STEP_MS)
}

fn everything() -> CarrierQuery {
    CarrierQuery {
        resolution: Resolution::Day,
        from: UnixMs(0),
        until: UnixMs(u64::MAX),
        by_time: false,
    }
}

/// Every combination of groups over every resolution and several times and owners.
pub(super) fn queries() -> Vec<RollupQuery> {
    let mut queries = Vec::new();
    for bits in 0..128_u32 {
        let is_set = |bit: u32| bits >> bit & 1 == 1;
        let group_by = GroupBy {
            time: is_set(0),
            tenant: is_set(1),
            account: is_set(2),
            kind: is_set(3),
            connection: is_set(4),
            carrier: is_set(5),
            province: is_set(6),
        };
        let resolution = Resolution::ALL[bits as usize % 3];
        let (from, until) = match bits % 4 {
            0 => (UnixMs(0), UnixMs(u64::MAX)),
            1 => (moment(20), moment(90)),
            2 => (moment(90), UnixMs(u64::MAX)),
            _ => (moment(90), moment(20)),
        };
        queries.push(RollupQuery {
            resolution,
            from,
            until,
            tenant: (bits % 5 == 1).then_some(TenantId(1)),
            account: (bits % 7 == 1).then_some(AccountId(11)),
            group_by,
        });
    }
    queries
}
