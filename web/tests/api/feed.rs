//! Feeds over a journal that already holds what carriers told.

use super::harness::{Harness, answer, apply, key, problem};
use carillon_domain::catalog::{CapPeriods, Priority, Snapshot};
use carillon_domain::content::Content;
use carillon_domain::fact::{Accepted, Fact, FinalState, Finished, PlannedAttempt, Reply};
use carillon_domain::frame::FrameBuilder;
use carillon_domain::ids::{AccountId, ConnectionId, MessageId};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::plan::ChannelKind;
use carillon_domain::time::UnixMs;
use carillon_embedded::files::RealFiles;
use carillon_embedded::journal::{EmbeddedJournal, JournalOptions};
use carillon_storage::journal::Journal;
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

fn account(catalog: &Snapshot, name: &str) -> AccountId {
    catalog
        .accounts
        .values()
        .find(|account| account.name == name)
        .unwrap()
        .id
}

/// Three messages of `his` that ended in different ways, and a reply to each account.
fn tell(folder: &TempDir, catalog: &Snapshot) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let his = account(catalog, "his");
    let mut frame = FrameBuilder::default();
    for (n, state) in [
        (0, FinalState::Delivered),
        (1, FinalState::Failed),
        (2, FinalState::Expired),
    ] {
        let message = MessageId::new(now, 0, n);
        frame.push(&accepted(catalog, his, message, now)).unwrap();
        let finished = Finished {
            message,
            account: his,
            to: PhoneNumber::parse("13800000001").ok(),
            reference: Some("visit-1".into()),
            state,
            cause: (state == FinalState::Failed).then(|| "MA:0001".into()),
            at: UnixMs(now),
        };
        frame.push(&Fact::Final(Box::new(finished))).unwrap();
    }
    for (n, name) in [(3, "his"), (4, "lis")] {
        let reply = Reply {
            id: MessageId::new(now, 0, n),
            connection: ConnectionId(1),
            account: Some(account(catalog, name)),
            from: "13800000001".into(),
            to: "106900000101".into(),
            text: "收到".into(),
            part: None,
            at: UnixMs(now),
        };
        frame.push(&Fact::Reply(Box::new(reply))).unwrap();
    }
    let options = JournalOptions::default();
    let journal =
        EmbeddedJournal::open(&folder.path().join("journal"), options, Arc::new(RealFiles)).unwrap();
    journal.append(frame.take()).unwrap();
    journal.close().unwrap();
}

fn accepted(catalog: &Snapshot, account: AccountId, message: MessageId, now: u64) -> Fact {
    let account = &catalog.accounts[&account];
    Fact::Accepted(Box::new(Accepted {
        message,
        tenant: account.tenant,
        account: account.id,
        business_type: account.business_type,
        priority: Priority::Medium,
        to: PhoneNumber::parse("13800000001").ok(),
        plan: vec![PlannedAttempt {
            kind: ChannelKind::Sms,
            group: *catalog.route_groups.keys().next().unwrap(),
            segments: 1,
            when: None,
            content: Content::of_text("您好"),
        }],
        not_before: UnixMs(0),
        person_window: None,
        counted: CapPeriods::default(),
        valid_until: UnixMs(now + 3_600_000),
        idempotency: None,
        reference: Some("visit-1".into()),
        price_per_segment: 0,
        catalog_version: catalog.version,
        campaign: None,
    }))
}

async fn start() -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let catalog = apply(&folder).await;
    tell(&folder, &catalog);
    Harness::on(folder, |_| {}).await
}

fn words(page: &Value, field: &str) -> Vec<String> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e[field].as_str().unwrap_or("").to_owned())
        .collect()
}

#[actix_web::test]
async fn receipts_are_read_once_each_with_a_cursor() {
    let harness = start().await;
    let (status, page) = answer(harness.get("/v1/receipts?limit=2")).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(words(&page, "status"), ["delivered", "failed"]);
    assert_eq!(words(&page, "cause"), ["", "MA:0001"]);
    assert_eq!(words(&page, "to"), ["13800000001", "13800000001"]);
    assert_eq!(page["events"][0]["reference"], "visit-1");
    let next = page["next"].as_str().unwrap();
    let (_, page) = answer(harness.get(&format!("/v1/receipts?after={next}"))).await;
    assert_eq!(words(&page, "status"), ["expired"]);
    let next = page["next"].as_str().unwrap();
    let (_, page) = answer(harness.get(&format!("/v1/receipts?after={next}"))).await;
    assert_eq!(
        (words(&page, "status").len(), page["more"].as_bool()),
        (0, Some(false))
    );
    let of_lis = harness
        .request(Method::GET, "/v1/receipts")
        .bearer_auth(key("lis"));
    assert_eq!(
        words(&answer(of_lis).await.1, "status").len(),
        0,
        "another account sees none of them"
    );
    harness.end().await;
}

#[actix_web::test]
async fn replies_belong_to_their_account() {
    let harness = start().await;
    let (_, page) = answer(harness.get("/v1/replies")).await;
    assert_eq!(words(&page, "text"), ["收到"]);
    assert_eq!(words(&page, "connection"), ["mobile"]);
    assert_eq!(words(&page, "from"), ["13800000001"]);
    harness.end().await;
}

#[actix_web::test]
async fn a_finished_message_is_found_by_its_number() {
    let harness = start().await;
    let (_, page) = answer(harness.get("/v1/messages?to=13800000001")).await;
    let found: Vec<_> = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["status"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["expired", "failed", "delivered"]);
    assert_eq!(page["messages"][1]["cause"], "MA:0001");
    harness.end().await;
}

#[actix_web::test]
async fn a_reader_waits_as_long_as_it_asks() {
    let harness = start().await;
    let (_, page) = answer(harness.get("/v1/receipts")).await;
    let next = page["next"].as_str().unwrap().to_owned();
    let begin = Instant::now();
    let (status, page) = answer(harness.get(&format!("/v1/receipts?after={next}&wait=1"))).await;
    assert_eq!((status, words(&page, "status").len()), (200, 0));
    assert!(begin.elapsed() >= Duration::from_secs(1));
    harness.end().await;
}

#[actix_web::test]
async fn cursors_and_limits_that_are_not_valid_are_refused() {
    let harness = start().await;
    for query in [
        "after=x",
        "after=1",
        "after=-1-0",
        "limit=0",
        "limit=1001",
        "wait=31",
        "kind=all",
    ] {
        let refused = problem(harness.get(&format!("/v1/receipts?{query}"))).await;
        assert_eq!(refused, (400, "invalid_parameter".to_owned()), "{query}");
    }
    harness.end().await;
}
