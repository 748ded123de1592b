use crate::http::{Failure, parameter};
use carillon_actors::LaneHandle;
use carillon_actors::feed::{Cursor, FeedKind, FeedPage};
use carillon_actors::status::Readiness;
use carillon_domain::ids::AccountId;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const WAIT_S_MAX: u32 = 30;
/// How often a waiting reader looks again: it goes on where the look before ended, so that a look reads only what is new.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedParameters {
    after: Option<String>,
    limit: Option<u32>,
    wait: Option<u32>,
}

/// One page; waits for the first event when there is none, as long as asked.
pub async fn read(
    lane: &LaneHandle,
    account: AccountId,
    kind: FeedKind,
    parameters: FeedParameters,
) -> Result<FeedPage, Failure> {
    let after = parameters.after.map(|text| text.parse::<Cursor>()).transpose();
    let mut after = after.map_err(|error| Failure::parameter("after", error.to_string()))?;
    let limit = parameter::limit(parameters.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let wait_s = parameters.wait.unwrap_or(0);
    if wait_s > WAIT_S_MAX {
        return Err(Failure::parameter(
            "wait",
            format!("wait is from 0 to {WAIT_S_MAX} s"),
        ));
    }
    let end = Instant::now() + Duration::from_secs(wait_s.into());
    loop {
        let page = lane.feed(account, kind, after, limit).await?;
        let is_over = Instant::now() >= end || lane.readiness() != Readiness::Ready;
        if !page.events.is_empty() || page.more || is_over {
            return Ok(page);
        }
        after = Some(page.next);
        tokio::time::sleep_until(end.min(Instant::now() + LOOK_EVERY)).await;
    }
}
