//! What a new owner reads: where the newest checkpoint is, and everything from there to its own claim.

use crate::client::Client;
use crate::error::damaged;
use crate::log::{LaneLog, Taken};
use crate::record::{Checkpointed, Record, RecordError};
use carillon_storage::journal::JournalError;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Records that are looked at first for a pointer to the checkpoint.
const WINDOW: u64 = 64;

/// The log's end before the claim.
pub(crate) struct End {
    pub low: u64,
    /// The offset of the record of the newest checkpoint that any record points to.
    pub checkpoint: Option<u64>,
    mark: Option<Checkpointed>,
}

pub(crate) struct Found {
    pub log: LaneLog,
    pub low: u64,
    /// Of frames after the newest checkpoint.
    pub payload_bytes: u64,
}

/// Looks backwards for a pointer to a checkpoint that is still there. The newest one is pointed to by a record that stays as long as the
/// checkpoint is needed, but a former owner's late records, which point to older ones, may lie after it.
pub(crate) fn look_for_the_end(client: &Arc<Client>, topic: &str) -> Result<End, JournalError> {
    let Range {
        start: low,
        end: high,
    } = client.offsets(topic)?;
    let mut window = WINDOW;
    let mut looked_from = high;
    while looked_from > low {
        let from = high.saturating_sub(window).max(low);
        let mut newest = None;
        client.scan(topic, from..looked_from, |offset, _, value| {
            let record = decode(client, topic, offset, value)?;
            newest = newest.max(record.and_then(|record| record.checkpoint()));
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(checkpoint) = newest.filter(|checkpoint| *checkpoint >= low)
            && let Some(mark) = read_mark(client, topic, checkpoint)?
        {
            return Ok(End {
                low,
                checkpoint: Some(checkpoint),
                mark: Some(mark),
            });
        }
        looked_from = from;
        window = window.saturating_mul(8);
    }
    Ok(End {
        low,
        checkpoint: None,
        mark: None,
    })
}

fn read_mark(client: &Arc<Client>, topic: &str, at: u64) -> Result<Option<Checkpointed>, JournalError> {
    let mut found = None;
    client.scan(topic, at..at + 1, |offset, _, value| {
        if let Some(Record::Checkpointed(mark)) = decode(client, topic, offset, value)? {
            found = Some(mark);
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The lane's log from its newest checkpoint, or from its beginning, up to the claim at `epoch`.
pub(crate) fn read_to_the_claim(
    client: &Arc<Client>,
    topic: &str,
    end: End,
    epoch: u64,
    nonce: u64,
) -> Result<Found, JournalError> {
    let place = client.place(topic);
    let (mut log, from) = match (end.checkpoint, end.mark) {
        (Some(offset), Some(mark)) => {
            let from = mark.read_from;
            (LaneLog::at_checkpoint(offset, mark), from)
        }
        _ => (LaneLog::default(), 0),
    };
    if from < end.low && log.checkpoint().is_none_or(|(_, mark)| mark.read_from < end.low) {
        return Err(damaged(
            &place,
            from,
            format!(
                "records before {} are gone, and no checkpoint holds what they said",
                end.low
            ),
        ));
    }
    let mut payload_bytes = Vec::new();
    let mut is_ours = false;
    client.scan(topic, from..epoch + 1, |offset, _, value| {
        let Some(record) = decode(client, topic, offset, value)? else {
            return Ok(ControlFlow::Continue(()));
        };
        if let (Taken::Frame(seq), Record::Frame { payload, .. }) = (log.take(offset, &record), &record) {
            payload_bytes.push((seq, payload.len() as u64));
        }
        is_ours = matches!(&record, Record::Claim(claim) if claim.nonce == nonce);
        Ok(ControlFlow::Continue(()))
    })?;
    if !is_ours || log.epoch() != Some(epoch) {
        return Err(damaged(
            &place,
            epoch,
            "our claim is not where the broker said that it is",
        ));
    }
    let after = log.checkpoint().map(|(_, mark)| mark.at);
    let bytes = payload_bytes.into_iter().filter(|(seq, _)| Some(*seq) > after);
    Ok(Found {
        payload_bytes: bytes.map(|(_, bytes)| bytes).sum(),
        low: end.low,
        log,
    })
}

/// A record; none when it is somebody else's.
fn decode<'v>(
    client: &Client,
    topic: &str,
    offset: u64,
    value: Option<&'v [u8]>,
) -> Result<Option<Record<'v>>, JournalError> {
    match Record::decode(value.unwrap_or_default()) {
        Ok(record) => Ok(Some(record)),
        Err(RecordError::Foreign) => {
            tracing::warn!(
                place = client.place(topic),
                offset,
                "somebody else has written into the lane's topic"
            );
            Ok(None)
        }
        Err(error) => Err(damaged(&client.place(topic), offset, error)),
    }
}
