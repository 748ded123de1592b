use carillon_storage::journal::FrameSeq;
use serde::{Deserialize, Serialize};

/// What all our records begin with. Records without it are somebody else's, who took the wrong topic.
const MAGIC: [u8; 2] = *b"Cj";
const VERSION: u8 = 1;
const FRAME: u8 = 1;
const CLAIM: u8 = 2;
const CHECKPOINTED: u8 = 3;
const POINTER: u8 = 4;

/// Magic, version, kind, epoch, number, checkpoint.
const FRAME_HEAD_BYTES: usize = 4 + 3 * 8;

/// A record of a lane's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'p> {
    Frame {
        /// The offset of the claim of the owner who wrote it.
        epoch: u64,
        seq: FrameSeq,
        /// The offset of the newest [`Record::Checkpointed`] that its owner knew.
        checkpoint: Option<u64>,
        payload: &'p [u8],
    },
    /// From here on the lane is this owner's. Its offset is the epoch.
    Claim(Claim),
    /// A checkpoint is whole in the other topic.
    Checkpointed(Checkpointed),
    /// Says where the newest checkpoint is when no frame does, so that what lies before that may go.
    Pointer(Pointer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    pub epoch: u64,
    /// The offset of the [`Record::Checkpointed`].
    pub checkpoint: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The name of the node, for people and for error texts.
    pub owner: String,
    /// Tells this claim from any other one.
    pub nonce: u64,
    pub checkpoint: Option<u64>,
}

/// Frames that lie side by side: frame `seq + n` is at `offset + n`, until the next span begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub seq: FrameSeq,
    pub offset: u64,
    pub epoch: u64,
}

/// From where a lane is rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpointed {
    pub epoch: u64,
    /// The state is that after this frame.
    pub at: FrameSeq,
    /// From which offset on the log is read: the one after the frame, 0 when nothing was ever written.
    pub read_from: u64,
    /// The epoch at that offset.
    pub epoch_then: Option<u64>,
    /// Where the frames up to it lie.
    pub spans: Vec<Span>,
    /// Which of the owner's checkpoints it is.
    pub number: u64,
    /// The pieces of the list of parts, side by side or not, the first of them at this offset of the other topic.
    pub head_pieces: u32,
    pub head_offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("it is not one of Carillon's records")]
    Foreign,
    #[error("it has version {0}, this program knows {VERSION}; take a newer program")]
    Version(u8),
    #[error("its kind is {0}, which this program does not know; take a newer program")]
    Kind(u8),
    #[error("it is not whole")]
    Broken,
}

impl<'p> Record<'p> {
    /// Errors: [`RecordError::Foreign`] for whatever was not written by Carillon; the others for what was and must not be skipped.
    pub fn decode(bytes: &'p [u8]) -> Result<Self, RecordError> {
        let Some((head, rest)) = bytes.split_first_chunk::<4>() else {
            return Err(RecordError::Foreign);
        };
        if head[..2] != MAGIC {
            return Err(RecordError::Foreign);
        }
        if head[2] != VERSION {
            return Err(RecordError::Version(head[2]));
        }
        match head[3] {
            FRAME => decode_frame(rest).ok_or(RecordError::Broken),
            CLAIM => decode(rest).map(Record::Claim),
            CHECKPOINTED => decode(rest).map(Record::Checkpointed),
            POINTER => decode(rest).map(Record::Pointer),
            kind => Err(RecordError::Kind(kind)),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        match self {
            Record::Frame {
                epoch,
                seq,
                checkpoint,
                payload,
            } => {
                let mut bytes = Vec::with_capacity(FRAME_HEAD_BYTES + payload.len());
                bytes.extend(head(FRAME));
                bytes.extend(epoch.to_le_bytes());
                bytes.extend(seq.0.to_le_bytes());
                bytes.extend(checkpoint.unwrap_or(NO_CHECKPOINT).to_le_bytes());
                bytes.extend_from_slice(payload);
                bytes
            }
            Record::Claim(claim) => encode(CLAIM, claim),
            Record::Checkpointed(mark) => encode(CHECKPOINTED, mark),
            Record::Pointer(pointer) => encode(POINTER, pointer),
        }
    }

    /// The newest checkpoint that its writer knew, by the offset of its record.
    pub fn checkpoint(&self) -> Option<u64> {
        match self {
            Record::Frame { checkpoint, .. } => *checkpoint,
            Record::Claim(claim) => claim.checkpoint,
            Record::Pointer(pointer) => Some(pointer.checkpoint),
            Record::Checkpointed(_) => None,
        }
    }
}

/// Of a frame whose owner knew none.
const NO_CHECKPOINT: u64 = u64::MAX;

fn head(kind: u8) -> [u8; 4] {
    [MAGIC[0], MAGIC[1], VERSION, kind]
}

fn decode_frame(bytes: &[u8]) -> Option<Record<'_>> {
    let (numbers, payload) = bytes.split_at_checked(FRAME_HEAD_BYTES - 4)?;
    let mut numbers = numbers.chunks_exact(8);
    let mut next = || Some(u64::from_le_bytes(numbers.next()?.try_into().ok()?));
    let (epoch, seq, checkpoint) = (next()?, FrameSeq(next()?), next()?);
    if payload.is_empty() || seq == FrameSeq::ZERO {
        return None;
    }
    Some(Record::Frame {
        epoch,
        seq,
        checkpoint: (checkpoint != NO_CHECKPOINT).then_some(checkpoint),
        payload,
    })
}

fn decode<'p, T: Deserialize<'p>>(bytes: &'p [u8]) -> Result<T, RecordError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(RecordError::Broken),
    }
}

fn encode(kind: u8, value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, head(kind).to_vec()).expect("a vector takes everything")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records() -> Vec<Vec<u8>> {
        let span = Span {
            seq: FrameSeq(1),
            offset: 3,
            epoch: 2,
        };
        let records = [
            Record::Frame {
                epoch: 5,
                seq: FrameSeq(9),
                checkpoint: None,
                payload: b"p",
            },
            Record::Frame {
                epoch: 5,
                seq: FrameSeq(9),
                checkpoint: Some(7),
                payload: &[0; 1000],
            },
            Record::Claim(Claim {
                owner: "node-1".into(),
                nonce: 4,
                checkpoint: Some(2),
            }),
            Record::Checkpointed(Checkpointed {
                epoch: 2,
                at: FrameSeq(8),
                read_from: 11,
                epoch_then: Some(2),
                spans: vec![span],
                number: 3,
                head_pieces: 1,
                head_offset: 100,
            }),
            Record::Pointer(Pointer {
                epoch: 2,
                checkpoint: 12,
            }),
        ];
        for record in &records {
            assert_eq!(Record::decode(&record.encode()).as_ref(), Ok(record));
        }
        records.iter().map(Record::encode).collect()
    }

    #[test]
    fn what_is_cut_off_or_longer_is_broken_and_what_is_newer_is_refused() {
        for bytes in records() {
            for end in 0..bytes.len() {
                let cut = Record::decode(&bytes[..end]);
                match cut {
                    Err(RecordError::Foreign) => assert!(end < 4),
                    Err(error) => assert_eq!(error, RecordError::Broken),
                    // A shorter payload is a payload: Kafka keeps records whole.
                    Ok(record) => assert!(matches!(record, Record::Frame { .. }) && end > FRAME_HEAD_BYTES),
                }
            }
            let changed = |at: usize, to: u8| {
                let mut changed = bytes.clone();
                changed[at] = to;
                Record::decode(&changed).map(|_| ()).unwrap_err()
            };
            assert_eq!(changed(0, b'X'), RecordError::Foreign);
            assert_eq!(changed(2, 2), RecordError::Version(2));
            assert_eq!(changed(3, 9), RecordError::Kind(9));
            if bytes[3] != FRAME {
                let longer = [&bytes[..], &[0]].concat();
                assert_eq!(Record::decode(&longer), Err(RecordError::Broken));
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(mut bytes: Vec<u8>, ours: bool) {
            if ours && bytes.len() >= 4 {
                bytes[..3].copy_from_slice(&[MAGIC[0], MAGIC[1], VERSION]);
                bytes[3] %= 6;
            }
            let _ = Record::decode(&bytes);
        }
    }
}
