//! The search over the whole lane: open, ended and stored messages together.

use crate::LaneHandle;
use crate::handle::QueryError;
use crate::intake::{BatchIntake, SingleIntake};
use crate::supervision_tests::{node, prepared, until};
use carillon_domain::fact::FinalState;
use carillon_domain::ids::{AccountId, CampaignId, MessageId, TenantId};
use carillon_domain::intake::Prepared;
use carillon_domain::journey::{Journey, MessageState};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::time::UnixMs;
use carillon_embedded::history::{EmbeddedHistory, HistoryOptions};
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{journey, phone};
use carillon_storage::history::{Batch, History, RANGE_MAX, SearchQuery};
use carillon_storage::journal::FrameSeq;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ACCOUNT: AccountId = AccountId(1);
const WAIT: Duration = Duration::from_secs(30);
const DAY_MS: u64 = 86_400_000;
/// Nobody listens there.
const NO_CARRIER: u16 = 9;

#[actix::test]
async fn open_ended_and_stored_messages_are_found_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut sent = stored(&folder.path().join("history"), 20);
    let (handle, _journal) = node(folder.path(), NO_CARRIER);
    sent.extend(send(&handle, 15, 1).await);
    ended(&handle, sent.len()).await;
    sent.extend(send(&handle, 3_000, 3_600).await);
    sent.sort_by(|a, b| b.cmp(a));

    let by_account = of_account();
    let by_number = SearchQuery {
        phone: PhoneNumber::parse("13800000001").ok(),
        ..SearchQuery::newest(0)
    };
    for limit in [500, 7] {
        // Pages of seven go far enough to meet all three places.
        let from = if limit == 7 { sent.len() - 42 } else { 0 };
        let before = from.checked_sub(1).map(|place| sent[place]);
        for query in [&by_account, &by_number] {
            let query = SearchQuery {
                limit,
                before,
                ..query.clone()
            };
            assert_eq!(found(&handle, query).await, sent[from..], "pages of {limit}");
        }
    }
    let in_state = |state| SearchQuery {
        states: vec![state],
        limit: 500,
        ..of_account()
    };
    assert_eq!(
        found(&handle, in_state(MessageState::Final(FinalState::Expired))).await,
        sent[3_000..]
    );
    assert_eq!(
        found(&handle, in_state(MessageState::Accepted)).await,
        sent[..3_000]
    );
    let nobodys = [
        in_state(MessageState::Active),
        SearchQuery {
            account: Some(AccountId(2)),
            ..of_account()
        },
        SearchQuery {
            tenant: Some(TenantId(2)),
            ..by_number
        },
        SearchQuery {
            campaign: Some(CampaignId(1)),
            ..of_account()
        },
        SearchQuery {
            mail: Some("a@example.org".into()),
            ..of_account()
        },
        SearchQuery {
            until: UnixMs(1),
            ..of_account()
        },
    ];
    for query in nobodys {
        assert_eq!(found(&handle, query).await, []);
    }
    let refused = handle.search(SearchQuery::newest(10)).await;
    assert!(matches!(refused, Err(QueryError::TooBroad(_))));
    handle.stop(WAIT).await.unwrap();
}

/// Puts messages of yesterday into a history: expired ones to the number that [`send`] sends to.
fn stored(folder: &Path, count: u64) -> Vec<MessageId> {
    let yesterday = now().0 - DAY_MS;
    let mut random = Random::new(1);
    let journeys: Vec<Journey> = (0..count)
        .map(|number| {
            let id = MessageId::new(yesterday + number, 0, 0);
            Journey {
                account: ACCOUNT,
                state: MessageState::Final(FinalState::Expired),
                campaign: None,
                ..journey(id.0, phone(1), 1, &mut random)
            }
        })
        .collect();
    let history = EmbeddedHistory::open(folder, HistoryOptions::default()).unwrap();
    history.store(Batch::of(&journeys, &[]), FrameSeq::ZERO).unwrap();
    journeys.iter().map(|journey| journey.message).collect()
}

/// Sends to one number, the first by itself.
async fn send(handle: &LaneHandle, count: usize, validity_s: u32) -> Vec<MessageId> {
    let message = || Prepared {
        validity_s,
        ..prepared(handle, "您好")
    };
    let single = SingleIntake {
        account: ACCOUNT,
        idempotency: None,
        message: message(),
    };
    let mut sent = vec![handle.accept(single).await.unwrap().id];
    let batch = BatchIntake {
        account: ACCOUNT,
        idempotency: None,
        lines: (1..count).map(|_| Ok(message())).collect(),
    };
    let taken = handle.accept_batch(batch).await.unwrap();
    sent.extend(taken.accepted.iter().map(|(_, id)| *id));
    sent
}

/// Waits until so many have expired.
async fn ended(handle: &LaneHandle, count: usize) {
    let expired = || SearchQuery {
        states: vec![MessageState::Final(FinalState::Expired)],
        ..of_account()
    };
    until(|| async { found(handle, expired()).await.len() == count }).await;
}

fn of_account() -> SearchQuery {
    let tomorrow = UnixMs(now().0 + DAY_MS);
    SearchQuery {
        account: Some(ACCOUNT),
        from: UnixMs(tomorrow.0 - RANGE_MAX.as_millis() as u64),
        until: tomorrow,
        ..SearchQuery::newest(500)
    }
}

fn now() -> UnixMs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMs(now.as_millis() as u64)
}

/// Everything a query finds, page by page.
async fn found(handle: &LaneHandle, mut query: SearchQuery) -> Vec<MessageId> {
    let mut found = Vec::new();
    loop {
        let page = handle.search(query.clone()).await.unwrap();
        assert!(page.journeys.len() <= query.limit);
        found.extend(page.journeys.iter().map(|journey| journey.message));
        let Some(next) = page.next else { return found };
        assert!(query.before.is_none_or(|before| next < before));
        query.before = Some(next);
    }
}
