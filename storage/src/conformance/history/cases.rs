use super::HistoryPlace;
use super::sample::{FINAL_STATES, add_mail, journey, phone};
use crate::conformance::Random;
use crate::history::{Batch, History, HistoryError, PAGE_ROWS_MAX, SearchQuery};
use crate::journal::FrameSeq;
use carillon_domain::content::Content;
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, MessageId, TenantId};
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_domain::time::UnixMs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Ids as they come: milliseconds of 2026 in the upper bits.
const FIRST_ID: u64 = 1_770_000_000_000 << 22;

pub fn a_new_history_is_empty(place: impl HistoryPlace) {
    let history = place.open();
    assert_eq!(history.stored_upto(), FrameSeq::ZERO);
    assert_eq!(history.journey(MessageId(FIRST_ID)).unwrap(), None);
    assert_eq!(history.search(&to_first_phone(10)).unwrap().journeys, []);
}

pub fn what_was_stored_comes_back_whole(place: impl HistoryPlace) {
    let mut journeys = sample(50, 3);
    for (journey, state) in journeys.iter_mut().zip(FINAL_STATES) {
        journey.state = MessageState::Final(state);
    }
    journeys[7].attempts.clear();
    journeys[8].final_at = None;
    journeys[9].attempts[0].content = Content::of_text("");
    place
        .open()
        .store(Batch::of(&journeys, &[]), FrameSeq(17))
        .unwrap();
    let history = place.open();
    assert_eq!(history.stored_upto(), FrameSeq(17));
    for journey in &journeys {
        assert_eq!(history.journey(journey.message).unwrap().as_ref(), Some(journey));
    }
    assert_eq!(history.journey(MessageId(FIRST_ID + 50)).unwrap(), None);
}

pub fn a_number_is_searched_newest_first_page_by_page(place: impl HistoryPlace) {
    let history = place.open();
    let journeys = sample(200, 3);
    // In the order of ending, which is not the order of the ids: each batch has every seventh.
    for batch in 0..7 {
        let batch: Vec<Journey> = journeys.iter().skip(batch).step_by(7).rev().cloned().collect();
        history
            .store(Batch::of(&batch, &[]), history.stored_upto().next())
            .unwrap();
    }
    let wanted: Vec<Journey> = journeys
        .into_iter()
        .rev()
        .filter(|journey| journey.to == Some(phone(1)))
        .collect();
    for limit in [1, 2, 7, 66, 67, 1000, usize::MAX] {
        let mut query = to_first_phone(limit);
        let mut found = Vec::new();
        loop {
            let page = history.search(&query).unwrap().journeys;
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            query.before = Some(last.message);
            found.extend(page);
        }
        assert_eq!(found, wanted, "pages of {limit}");
    }
}

pub fn a_search_can_be_limited_to_one_organisation(place: impl HistoryPlace) {
    let history = place.open();
    let mut random = Random::new(5);
    let journeys: Vec<Journey> = (0..60)
        .map(|number| journey(FIRST_ID + number, phone(1), number as u32 % 3, &mut random))
        .collect();
    history.store(Batch::of(&journeys, &[]), FrameSeq(1)).unwrap();
    let query = SearchQuery {
        tenant: Some(TenantId(2)),
        ..to_first_phone(15)
    };
    let found = history.search(&query).unwrap().journeys;
    let wanted: Vec<Journey> = journeys
        .into_iter()
        .rev()
        .filter(|journey| journey.tenant == TenantId(2))
        .take(15)
        .collect();
    assert_eq!(found, wanted);
}

pub fn a_search_can_be_limited_in_every_way(place: impl HistoryPlace) {
    let history = place.open();
    let journeys = varied(1200);
    for part in journeys.chunks(250) {
        history
            .store(Batch::of(part, &[]), history.stored_upto().next())
            .unwrap();
    }
    let time = |number: u64| UnixMs(MessageId(FIRST_ID).unix_ms() + number);
    let all = || SearchQuery {
        tenant: Some(TenantId(1)),
        from: time(0),
        until: time(1200),
        ..SearchQuery::newest(10_000)
    };
    let (account, campaign) = (Some(AccountId(3)), Some(CampaignId(1)));
    let mail = || Some("Person-2@EXAMPLE.org".to_owned());
    let states = vec![
        MessageState::Final(FinalState::Failed),
        MessageState::Final(FinalState::Expired),
    ];
    let queries = [
        all(),
        SearchQuery { account, ..all() },
        SearchQuery { campaign, ..all() },
        SearchQuery {
            campaign,
            account,
            from: time(100),
            ..all()
        },
        SearchQuery {
            phone: Some(phone(2)),
            ..all()
        },
        SearchQuery {
            mail: mail(),
            ..all()
        },
        SearchQuery {
            mail: mail(),
            phone: Some(phone(2)),
            ..all()
        },
        SearchQuery {
            states: states.clone(),
            ..all()
        },
        SearchQuery {
            states,
            account,
            tenant: None,
            from: time(50),
            until: time(900),
            before: Some(MessageId(FIRST_ID + (700 << 22))),
            ..all()
        },
    ];
    for query in queries {
        let wanted: Vec<_> = journeys
            .iter()
            .rev()
            .filter(|journey| query.fits(journey))
            .cloned()
            .collect();
        assert!(!wanted.is_empty(), "{query:?}");
        assert_eq!(paged(&history, &query), wanted, "{query:?}");
        let limit = 3;
        assert_eq!(
            paged(&history, &SearchQuery { limit, ..query }),
            wanted,
            "pages of {limit}"
        );
    }
    for states in [vec![MessageState::Active], vec![MessageState::Accepted]] {
        assert_eq!(paged(&history, &SearchQuery { states, ..all() }), []);
    }
}

pub fn a_search_of_everything_is_refused(place: impl HistoryPlace) {
    let history = place.open();
    for query in [
        SearchQuery::newest(10),
        SearchQuery {
            account: Some(AccountId(1)),
            ..SearchQuery::newest(10)
        },
    ] {
        assert!(matches!(history.search(&query), Err(HistoryError::TooBroad(_))));
    }
}

pub fn a_state_is_searched_as_corrected(place: impl HistoryPlace) {
    let history = place.open();
    let mut journeys = unknown(6, 1);
    let in_state = |state| SearchQuery {
        states: vec![MessageState::Final(state)],
        ..to_first_phone(10)
    };
    let corrections = [
        amendment(1, FinalState::Delivered, 5),
        amendment(4, FinalState::Failed, 5),
    ];
    history
        .store(Batch::of(&journeys, &corrections), FrameSeq(1))
        .unwrap();
    journeys[1].amend(&corrections[0]);
    journeys[4].amend(&corrections[1]);
    for (state, places) in [
        (FinalState::Delivered, &[1][..]),
        (FinalState::Failed, &[4]),
        (FinalState::Unknown, &[5, 3, 2, 0]),
        (FinalState::Sent, &[]),
    ] {
        let wanted: Vec<Journey> = places.iter().map(|place| journeys[*place].clone()).collect();
        assert_eq!(paged(&history, &in_state(state)), wanted, "{state:?}");
    }
}

pub fn handing_over_again_changes_nothing(place: impl HistoryPlace) {
    let journeys = unknown(40, 2);
    let amendment = amendment(3, FinalState::Delivered, 5);
    let history = place.open();
    history
        .store(Batch::of(&journeys[..25], [&amendment]), FrameSeq(1))
        .unwrap();
    drop(history);
    let history = place.open();
    history
        .store(Batch::of(&journeys[10..], [&amendment]), FrameSeq(1))
        .unwrap();
    history
        .store(Batch::of(&journeys, [&amendment]), FrameSeq(1))
        .unwrap();
    let found = history.search(&to_first_phone(100)).unwrap().journeys;
    let wanted: Vec<Journey> = journeys
        .iter()
        .rev()
        .filter(|journey| journey.to == Some(phone(1)))
        .map(|journey| amended(journey, &amendment))
        .collect();
    assert_eq!(found, wanted);
}

pub fn progress_never_goes_back(place: impl HistoryPlace) {
    let history = place.open();
    history.store(Batch::default(), FrameSeq(9)).unwrap();
    history.store(Batch::of(&sample(3, 1), &[]), FrameSeq(4)).unwrap();
    history.store(Batch::default(), FrameSeq(5)).unwrap();
    assert_eq!(history.stored_upto(), FrameSeq(9));
    drop(history);
    assert_eq!(place.open().stored_upto(), FrameSeq(9));
}

pub fn a_correction_counts_whenever_it_comes(place: impl HistoryPlace) {
    let journeys = unknown(4, 1);
    let history = place.open();
    let (before, with, after) = (
        amendment(0, FinalState::Delivered, 1000),
        amendment(1, FinalState::Failed, 1001),
        amendment(2, FinalState::Delivered, 1002),
    );
    history.store(Batch::of(&[], [&before]), FrameSeq(1)).unwrap();
    assert_eq!(history.journey(before.message).unwrap(), None);
    history.store(Batch::of(&journeys, [&with]), FrameSeq(2)).unwrap();
    history.store(Batch::of(&[], [&after]), FrameSeq(3)).unwrap();
    drop(history);
    let history = place.open();
    for (journey, amendment) in journeys.iter().zip([before, with, after]) {
        let wanted = amended(journey, &amendment);
        assert_eq!(history.journey(journey.message).unwrap(), Some(wanted));
    }
    assert_eq!(
        history.journey(journeys[3].message).unwrap(),
        Some(journeys[3].clone())
    );
    let found = history.search(&to_first_phone(1)).unwrap().journeys;
    assert_eq!(found, journeys[3..]);
}

pub fn the_latest_correction_counts(place: impl HistoryPlace) {
    let journeys = unknown(1, 1);
    let history = place.open();
    let (early, late) = (
        amendment(0, FinalState::Unknown, 1000),
        amendment(0, FinalState::Delivered, 2000),
    );
    history
        .store(Batch::of(&journeys, &[early.clone(), late.clone()]), FrameSeq(1))
        .unwrap();
    history.store(Batch::of(&[], &[early]), FrameSeq(2)).unwrap();
    assert_eq!(
        history.journey(late.message).unwrap(),
        Some(amended(&journeys[0], &late))
    );
}

pub fn a_later_journey_of_a_message_stands_for_an_earlier_one(place: impl HistoryPlace) {
    let first = sample(3, 1);
    let mut second = first.clone();
    second[1].attempts[0].content = Content::of_text("again");
    let mut third = second.clone();
    third[2].attempts[0].content = Content::of_text("and again");
    let history = place.open();
    history.store(Batch::of(&first, &[]), FrameSeq(1)).unwrap();
    let twice: Vec<Journey> = second.iter().chain(&third).cloned().collect();
    history.store(Batch::of(&twice, &[]), FrameSeq(1)).unwrap();
    third.reverse();
    assert_eq!(history.search(&to_first_phone(10)).unwrap().journeys, third);
    assert_eq!(history.journey(third[0].message).unwrap(), Some(third[0].clone()));
}

pub fn edges_of_ids_and_limits_are_no_special_cases(place: impl HistoryPlace) {
    let history = place.open();
    let mut random = Random::new(1);
    let ids = [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 1, 0];
    let journeys: Vec<Journey> = ids
        .iter()
        .map(|id| journey(*id, phone(1), 1, &mut random))
        .collect();
    history
        .store(Batch::of(&journeys, &[]), FrameSeq(u64::MAX >> 1))
        .unwrap();
    assert_eq!(history.search(&to_first_phone(100)).unwrap().journeys, journeys);
    assert_eq!(history.search(&to_first_phone(0)).unwrap().journeys, []);
    for (place, id) in ids.iter().enumerate() {
        assert_eq!(
            history.journey(MessageId(*id)).unwrap().as_ref(),
            Some(&journeys[place])
        );
        let below = SearchQuery {
            before: Some(MessageId(*id)),
            ..to_first_phone(2)
        };
        let wanted = &journeys[place + 1..(place + 3).min(journeys.len())];
        assert_eq!(history.search(&below).unwrap().journeys, wanted, "below {id}");
    }
    assert_eq!(history.journey(MessageId(2)).unwrap(), None);
}

pub fn hostile_text_is_only_text(place: impl HistoryPlace) {
    let mut journeys = sample(5, 1);
    journeys[0].attempts[0].content = Content::of_text("'; DROP TABLE journey; --\0\u{202e}");
    journeys[1].attempts[0].content = Content::of_text("𠮷👩‍⚕️".repeat(20_000));
    journeys[2].reference = Some("%s ?1 :a $1".into());
    journeys[3].cause = Some("\0".into());
    let history = place.open();
    history.store(Batch::of(&journeys, &[]), FrameSeq(1)).unwrap();
    journeys.reverse();
    assert_eq!(history.search(&to_first_phone(10)).unwrap().journeys, journeys);
}

/// A reader sees all of a batch or nothing of it, on every thread and while files are merged.
pub fn readers_see_whole_batches_while_they_are_stored(place: impl HistoryPlace) {
    const BATCH: u64 = 10;
    let history = place.open();
    let stored_all = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = || {
            let mut seen = 0;
            while !stored_all.load(Ordering::Acquire) {
                let found = history.search(&to_first_phone(PAGE_ROWS_MAX)).unwrap().journeys;
                assert_eq!(found.len() as u64 % BATCH, 0);
                assert!(found.len() >= seen, "{} messages after {seen}", found.len());
                assert!(found.windows(2).all(|pair| pair[0].message > pair[1].message));
                seen = found.len();
            }
        };
        let readers = [scope.spawn(reading), scope.spawn(reading)];
        let mut random = Random::new(3);
        for batch in 0..40 {
            let ids = FIRST_ID + batch * BATCH..FIRST_ID + (batch + 1) * BATCH;
            let journeys: Vec<Journey> = ids.map(|id| journey(id, phone(1), 1, &mut random)).collect();
            history
                .store(Batch::of(&journeys, &[]), FrameSeq(batch + 1))
                .unwrap();
        }
        stored_all.store(true, Ordering::Release);
        for reader in readers {
            reader.join().expect("a reader found what it must not");
        }
    });
    assert_eq!(
        history
            .search(&to_first_phone(PAGE_ROWS_MAX))
            .unwrap()
            .journeys
            .len() as u64,
        40 * BATCH
    );
}

/// Journeys one a millisecond, of few organisations, accounts, campaigns, numbers and addresses.
fn varied(count: u64) -> Vec<Journey> {
    let mut random = Random::new(count);
    let vary = |number| {
        let to = phone(random.below(4));
        let tenant = random.below(2) as u32;
        let mut journey = journey(FIRST_ID + (number << 22), to, tenant, &mut random);
        if random.percent(50) {
            add_mail(&mut journey, random.below(4));
        }
        if random.percent(10) {
            journey.to = None;
        }
        journey
    };
    (0..count).map(vary).collect()
}

/// Everything a query finds, page by page.
pub(super) fn paged(history: &impl History, query: &SearchQuery) -> Vec<Journey> {
    let mut query = query.clone();
    let mut found = Vec::new();
    loop {
        let page = history.search(&query).unwrap();
        assert!(page.journeys.len() <= query.limit);
        found.extend(page.journeys);
        let Some(next) = page.next else { return found };
        assert!(
            query.before.is_none_or(|before| next < before),
            "the search stands still at {next}"
        );
        query.before = Some(next);
    }
}

/// `count` journeys with rising ids to `phones` numbers in turn, the first to [`phone`]`(1)`.
fn sample(count: u64, phones: u64) -> Vec<Journey> {
    let mut random = Random::new(count);
    (0..count)
        .map(|number| journey(FIRST_ID + number, phone(1 + number % phones), 1, &mut random))
        .collect()
}

/// The same, and of none is it known what became of it: corrections may come.
fn unknown(count: u64, phones: u64) -> Vec<Journey> {
    let mut journeys = sample(count, phones);
    for journey in &mut journeys {
        journey.state = MessageState::Final(FinalState::Unknown);
    }
    journeys
}

fn to_first_phone(limit: usize) -> SearchQuery {
    SearchQuery {
        phone: Some(phone(1)),
        ..SearchQuery::newest(limit)
    }
}

/// A correction of the `number`-th message of a sample.
fn amendment(number: u64, state: FinalState, at: u64) -> Amendment {
    Amendment {
        message: MessageId(FIRST_ID + number),
        state,
        cause: Some("LATE".into()),
        at: UnixMs(at),
    }
}

fn amended(journey: &Journey, amendment: &Amendment) -> Journey {
    let mut journey = journey.clone();
    if journey.message == amendment.message {
        journey.amend(amendment);
    }
    journey
}
