use crate::cluster::{Cluster, Sized_};
use crate::failed::{failed, unreadable};
use crate::journeys::by_part;
use crate::lanes::Lanes;
use crate::place::part;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::Amendment;
use carillon_domain::time::UnixMs;
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::code;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;

const AT_ONCE: usize = 32;

/// A message's correction, and the one before it, which counts until the newer one's batch is whole.
pub(crate) struct Correction {
    lane: i32,
    frame: i64,
    what: Amendment,
    before: Option<Amendment>,
}

impl Correction {
    /// The one that counts.
    pub fn counting(&self, lanes: &Lanes) -> Option<&Amendment> {
        match lanes.has(self.lane, self.frame) {
            true => Some(&self.what),
            false => self.before.as_ref(),
        }
    }
}

/// part, id, lane, frame, what, before, TTL
pub(crate) type CorrectionRow = (i64, i64, i32, i64, Vec<u8>, Vec<u8>, i32);

impl Sized_ for CorrectionRow {
    fn bytes(&self) -> usize {
        60 + self.4.len() + self.5.len()
    }
}

pub(crate) fn row_of(
    amendment: &Amendment,
    before: Option<&Amendment>,
    lane: i32,
    frame: i64,
    ttl: i32,
) -> CorrectionRow {
    let id = amendment.message.0;
    let before = before.map(encode).unwrap_or_default();
    (
        part(id),
        code::to_sql(id),
        lane,
        frame,
        encode(amendment),
        before,
        ttl,
    )
}

/// The corrections of messages that have one.
pub(crate) async fn read(
    cluster: &Cluster,
    ids: impl IntoIterator<Item = u64>,
) -> Result<HashMap<u64, Correction>, HistoryError> {
    let operation = "reading corrections";
    let statement = &cluster.statements.corrections;
    let asked = stream::iter(by_part(ids)).map(async |(part, ids)| {
        let rows = cluster.rows(operation, statement, (part, ids)).await?;
        let rows = rows
            .rows::<(i64, i32, i64, Vec<u8>, Vec<u8>)>()
            .map_err(failed(operation, &cluster.place))?;
        rows.map(|row| {
            let (id, lane, frame, what, before) = row.map_err(failed(operation, &cluster.place))?;
            let id = code::from_sql(id);
            let decode = |bytes: &[u8]| {
                let wrong = || unreadable(&cluster.place, format!("the correction of message {id:016x}"));
                decode(MessageId(id), bytes).ok_or_else(wrong)
            };
            let before = (!before.is_empty()).then(|| decode(&before)).transpose()?;
            let what = decode(&what)?;
            Ok((
                id,
                Correction {
                    lane,
                    frame,
                    what,
                    before,
                },
            ))
        })
        .collect::<Result<Vec<_>, HistoryError>>()
    });
    let found: Vec<Vec<_>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// State, moment, cause.
type Stored<'a> = (u8, u64, Option<&'a str>);

fn encode(amendment: &Amendment) -> Vec<u8> {
    let stored: Stored<'_> = (
        code::encode_final(amendment.state),
        amendment.at.0,
        amendment.cause.as_deref(),
    );
    postcard::to_stdvec(&stored).expect("numbers and a text have a form")
}

fn decode(message: MessageId, bytes: &[u8]) -> Option<Amendment> {
    let (state, at, cause) = postcard::from_bytes::<Stored<'_>>(bytes).ok()?;
    Some(Amendment {
        message,
        state: code::decode_final(state)?,
        cause: cause.map(Into::into),
        at: UnixMs(at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::fact::FinalState;

    #[test]
    fn a_correction_comes_back() {
        for cause in [None, Some(""), Some("DELIVRD")] {
            let amendment = Amendment {
                message: MessageId(7),
                state: FinalState::Delivered,
                cause: cause.map(Into::into),
                at: UnixMs(u64::MAX),
            };
            assert_eq!(decode(MessageId(7), &encode(&amendment)), Some(amendment));
        }
        for broken in [&[][..], &[2], &[99, 0, 0], &[2, 1, 1, 200]] {
            assert_eq!(decode(MessageId(7), broken), None);
        }
    }
}
