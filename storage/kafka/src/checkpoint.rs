//! Checkpoints in a compacted topic: parts cut into pieces, and a list of them, the head. Nothing of it counts until the lane's own
//! partition has a record that names the head; so a checkpoint is whole or is not there, and one of a former owner never counts.

use crate::client::Client;
use crate::error::damaged;
use crate::record::Checkpointed;
use carillon_storage::journal::{JournalError, Part};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Far enough below what brokers take in one record by default, 1 MiB.
pub(crate) const PIECE_BYTES: usize = 512 * 1024;

const PART: u8 = b'p';
const HEAD: u8 = b'h';

/// Which of all checkpoints: that of an owner, and the number it had there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Version {
    pub epoch: u64,
    pub number: u64,
}

/// Where a part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartPlace {
    pub version: Version,
    pub pieces: u32,
    /// Of the first piece.
    pub offset: u64,
}

/// All parts of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub parts: BTreeMap<u64, PartPlace>,
}

/// The key of a piece; no two pieces ever have the same one, so that compaction never takes a piece that is still needed.
pub(crate) fn part_key(part: u64, version: Version, piece: u32) -> Vec<u8> {
    let mut key = vec![PART];
    key.extend(part.to_be_bytes());
    key.extend(version.epoch.to_be_bytes());
    key.extend(version.number.to_be_bytes());
    key.extend(piece.to_be_bytes());
    key
}

pub(crate) fn head_key(version: Version, piece: u32) -> Vec<u8> {
    let mut key = vec![HEAD];
    key.extend(version.epoch.to_be_bytes());
    key.extend(version.number.to_be_bytes());
    key.extend(piece.to_be_bytes());
    key
}

impl Head {
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("a vector takes everything")
    }

    /// The head that a mark names.
    pub fn read(client: &Arc<Client>, topic: &str, mark: &Checkpointed) -> Result<Self, JournalError> {
        let version = Version {
            epoch: mark.epoch,
            number: mark.number,
        };
        let keys: Vec<_> = (0..mark.head_pieces)
            .map(|piece| head_key(version, piece))
            .collect();
        let mut bytes = Vec::new();
        let mut found = 0;
        let end = client.offsets(topic)?.end;
        client.scan(topic, mark.head_offset..end, |_, key, value| {
            if keys.get(found).is_some_and(|wanted| wanted == key) {
                bytes.extend_from_slice(value.unwrap_or_default());
                found += 1;
            }
            Ok(match found == keys.len() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        let broken = |detail: &str| damaged(&client.place(topic), mark.head_offset, detail);
        if found < keys.len() {
            return Err(broken("pieces of the checkpoint's list of parts are missing"));
        }
        match postcard::take_from_bytes(&bytes) {
            Ok((head, [])) => Ok(head),
            _ => Err(broken("the checkpoint's list of parts cannot be read")),
        }
    }

    /// Hands over every part once.
    pub fn read_parts(
        &self,
        client: &Arc<Client>,
        topic: &str,
        take: &mut dyn FnMut(Part),
    ) -> Result<(), JournalError> {
        let Some(first) = self.parts.values().map(|place| place.offset).min() else {
            return Ok(());
        };
        let mut missing: HashMap<Vec<u8>, (u64, u32)> = HashMap::new();
        for (part, place) in &self.parts {
            for piece in 0..place.pieces {
                missing.insert(part_key(*part, place.version, piece), (*part, piece));
            }
        }
        let mut begun: HashMap<u64, Vec<u8>> = HashMap::new();
        let end = client.offsets(topic)?.end;
        let place = client.place(topic);
        client.scan(topic, first..end, |offset, key, value| {
            let Some((part, piece)) = missing.remove(key) else {
                return Ok(ControlFlow::Continue(()));
            };
            let bytes =
                value.ok_or_else(|| damaged(&place, offset, "a part of the checkpoint was removed"))?;
            let pieces = self.parts[&part].pieces;
            if pieces == 1 {
                take(Part {
                    key: part,
                    bytes: bytes.to_vec(),
                });
            } else {
                // Pieces of a part were written in their order.
                let whole = begun.entry(part).or_default();
                whole.extend_from_slice(bytes);
                if piece + 1 == pieces {
                    let bytes = begun.remove(&part).unwrap_or_default();
                    take(Part { key: part, bytes });
                }
            }
            Ok(match missing.is_empty() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        match missing.values().next() {
            None => Ok(()),
            Some((part, _)) => Err(damaged(
                &place,
                self.parts[part].offset,
                format!(
                    "part {part} of the checkpoint is missing, with {} pieces",
                    missing.len()
                ),
            )),
        }
    }
}
