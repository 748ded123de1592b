//! A frame's payload: a version byte, facts one after the other, then where the events among them stand.
//!
//! A frame is the unit of atomicity: after a crash either all facts of it are there or none. Unknown versions are refused,
//! never skipped. The index of events ([`Fact::is_event`]) lets a feed read past what is not for it: a pair of variable-length
//! numbers per event (facts and bytes since the event before), and the bytes of all pairs as the last four of the frame, little-endian.

use crate::fact::Fact;

/// The version this code writes. Older ones it can read are listed in [`decode`].
pub const VERSION: u8 = 4;

/// The largest payload a frame may have; a batch is spread over several frames.
pub const PAYLOAD_BYTES_MAX: usize = 512 * 1024;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FrameError {
    #[error("the frame is empty")]
    Empty,
    #[error("the frame has version {found}, this program reads up to {VERSION}")]
    UnknownVersion { found: u8 },
    #[error("fact {index} at byte {offset} cannot be read: {reason}")]
    Malformed {
        index: usize,
        offset: usize,
        reason: postcard::Error,
    },
    #[error("the index of events cannot be read")]
    Index,
    #[error("a fact cannot be written: {0}")]
    Encode(postcard::Error),
}

/// Bytes that hold the length of the index.
const INDEX_LENGTH_BYTES: usize = size_of::<u32>();

/// Collects facts into one payload.
#[derive(Debug)]
pub struct FrameBuilder {
    payload: Vec<u8>,
    index: Vec<u8>,
    facts: u32,
    last_event: Place,
}

/// Where a fact stands: its number, and its first byte after the version byte.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    fact: u32,
    byte: u32,
}

impl Default for FrameBuilder {
    fn default() -> Self {
        FrameBuilder {
            payload: vec![VERSION],
            index: Vec::new(),
            facts: 0,
            last_event: Place::default(),
        }
    }
}

impl FrameBuilder {
    pub fn push(&mut self, fact: &Fact) -> Result<(), FrameError> {
        if fact.is_event() {
            let place = Place {
                fact: self.facts,
                byte: self.payload.len() as u32 - 1,
            };
            let step = (
                place.fact - self.last_event.fact,
                place.byte - self.last_event.byte,
            );
            let index = std::mem::take(&mut self.index);
            self.index = postcard::to_extend(&step, index).map_err(FrameError::Encode)?;
            self.last_event = place;
        }
        let payload = std::mem::take(&mut self.payload);
        self.payload = postcard::to_extend(fact, payload).map_err(FrameError::Encode)?;
        self.facts += 1;
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.payload.len() <= 1
    }

    /// Bytes the payload has so far.
    pub fn len(&self) -> usize {
        self.payload.len() + self.index.len() + INDEX_LENGTH_BYTES
    }

    /// Where the next fact will stand; see [`fact_at`].
    pub fn next_place(&self) -> u32 {
        self.payload.len() as u32 - 1
    }

    /// The payload; the builder is empty afterwards.
    pub fn take(&mut self) -> Vec<u8> {
        let FrameBuilder {
            mut payload, index, ..
        } = std::mem::take(self);
        payload.extend_from_slice(&index);
        payload.extend_from_slice(&(index.len() as u32).to_le_bytes());
        payload
    }
}

/// The facts of one payload, in order. Stops at the first that cannot be read.
pub fn decode(payload: &[u8]) -> Result<FactReader<'_>, FrameError> {
    let (facts, _) = parts(payload)?;
    Ok(FactReader {
        whole: facts.len() + 1,
        rest: facts,
        index: 0,
    })
}

/// The one fact that stands at `place`: its first byte after the version byte. Nothing else is decoded.
pub fn fact_at(payload: &[u8], place: u32) -> Result<Fact, FrameError> {
    let (facts, _) = parts(payload)?;
    let malformed = |reason| FrameError::Malformed {
        index: 0,
        offset: place as usize + 1,
        reason,
    };
    let rest = facts
        .get(place as usize..)
        .ok_or(malformed(postcard::Error::DeserializeUnexpectedEnd))?;
    let (fact, _) = postcard::take_from_bytes(rest).map_err(malformed)?;
    Ok(fact)
}

/// The events of one payload with the numbers of their facts, in order; nothing else is decoded. Stops at the first that
/// cannot be read.
pub fn decode_events(payload: &[u8]) -> Result<EventReader<'_>, FrameError> {
    let (facts, index) = parts(payload)?;
    Ok(EventReader {
        facts,
        index,
        last: Place::default(),
    })
}

/// The facts and the index.
fn parts(payload: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    let (version, rest) = payload.split_first().ok_or(FrameError::Empty)?;
    if *version != VERSION {
        return Err(FrameError::UnknownVersion { found: *version });
    }
    let (rest, length) = rest.split_last_chunk().ok_or(FrameError::Index)?;
    let index_bytes = u32::from_le_bytes(*length) as usize;
    let facts_bytes = rest.len().checked_sub(index_bytes).ok_or(FrameError::Index)?;
    Ok(rest.split_at(facts_bytes))
}

pub struct FactReader<'a> {
    whole: usize,
    rest: &'a [u8],
    index: usize,
}

impl FactReader<'_> {
    /// Where the next fact stands; see [`fact_at`].
    pub fn next_place(&self) -> u32 {
        (self.whole - self.rest.len() - 1) as u32
    }
}

impl Iterator for FactReader<'_> {
    type Item = Result<Fact, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.whole - self.rest.len();
        match postcard::take_from_bytes(self.rest) {
            Ok((fact, rest)) => {
                self.rest = rest;
                self.index += 1;
                Some(Ok(fact))
            }
            Err(reason) => {
                self.rest = &[];
                Some(Err(FrameError::Malformed {
                    index: self.index,
                    offset,
                    reason,
                }))
            }
        }
    }
}

pub struct EventReader<'a> {
    facts: &'a [u8],
    index: &'a [u8],
    last: Place,
}

impl EventReader<'_> {
    fn read(&mut self) -> Result<(u32, Fact), FrameError> {
        let ((facts, bytes), rest): ((u32, u32), _) =
            postcard::take_from_bytes(self.index).map_err(|_| FrameError::Index)?;
        self.index = rest;
        let step = |last: u32, by: u32| last.checked_add(by).ok_or(FrameError::Index);
        self.last = Place {
            fact: step(self.last.fact, facts)?,
            byte: step(self.last.byte, bytes)?,
        };
        let offset = self.last.byte as usize;
        let encoded = self.facts.get(offset..).ok_or(FrameError::Index)?;
        let (fact, _) = postcard::take_from_bytes(encoded).map_err(|reason| FrameError::Malformed {
            index: self.last.fact as usize,
            offset: offset + 1,
            reason,
        })?;
        Ok((self.last.fact, fact))
    }
}

impl Iterator for EventReader<'_> {
    type Item = Result<(u32, Fact), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.index = &[];
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{FinalState, Finished};
    use crate::ids::{AccountId, MessageId};
    use crate::time::UnixMs;
    use proptest::prelude::*;

    fn ended(n: u64) -> Fact {
        Fact::Final(Box::new(Finished {
            message: MessageId::new(n, 0, 0),
            account: AccountId(1),
            to: None,
            reference: None,
            state: FinalState::Delivered,
            cause: None,
            at: UnixMs(n),
        }))
    }

    fn other(n: u64) -> Fact {
        Fact::Read {
            message: MessageId::new(n, 0, 0),
            at: UnixMs(n),
        }
    }

    fn frame(facts: &[Fact]) -> Vec<u8> {
        let mut builder = FrameBuilder::default();
        facts.iter().for_each(|fact| builder.push(fact).unwrap());
        let bytes = builder.len();
        let payload = builder.take();
        assert_eq!(payload.len(), bytes);
        assert!(builder.is_empty());
        payload
    }

    #[test]
    fn nothing_and_another_version_are_refused() {
        assert_eq!(decode(&[]).err(), Some(FrameError::Empty));
        assert_eq!(
            decode(&[2, 0, 0, 0, 0]).err(),
            Some(FrameError::UnknownVersion { found: 2 })
        );
        assert_eq!(decode(&[VERSION]).err(), Some(FrameError::Index));
        assert_eq!(
            decode_events(&[VERSION, 9, 0, 0, 0]).err(),
            Some(FrameError::Index)
        );
        assert!(decode(&FrameBuilder::default().take()).unwrap().next().is_none());
    }

    proptest! {
        #[test]
        fn events_are_the_facts_that_are_events(kinds in proptest::collection::vec(any::<bool>(), 0..200)) {
            let facts: Vec<_> = (1u64..)
                .zip(&kinds)
                .map(|(n, event)| if *event { ended(n) } else { other(n) })
                .collect();
            let payload = frame(&facts);
            let all: Vec<_> = decode(&payload).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(&all, &facts);
            let events: Vec<_> = decode_events(&payload).unwrap().map(Result::unwrap).collect();
            let wanted: Vec<_> = (0u32..).zip(facts).filter(|(_, fact)| fact.is_event()).collect();
            prop_assert_eq!(events, wanted);
        }

        #[test]
        fn a_fact_is_found_at_its_place(kinds in proptest::collection::vec(any::<bool>(), 1..50)) {
            let facts: Vec<_> = (1u64..)
                .zip(&kinds)
                .map(|(n, event)| if *event { ended(n) } else { other(n) })
                .collect();
            let mut builder = FrameBuilder::default();
            let places: Vec<_> = facts
                .iter()
                .map(|fact| {
                    let place = builder.next_place();
                    builder.push(fact).unwrap();
                    place
                })
                .collect();
            let payload = builder.take();
            let mut reader = decode(&payload).unwrap();
            for (fact, place) in facts.iter().zip(&places) {
                prop_assert_eq!(reader.next_place(), *place);
                prop_assert_eq!(reader.next(), Some(Ok(fact.clone())));
                prop_assert_eq!(fact_at(&payload, *place), Ok(fact.clone()));
            }
            let end = payload.len() as u32;
            prop_assert!(fact_at(&payload, end).is_err());
        }

        #[test]
        fn damaged_frames_end_with_an_error_or_as_facts(
            mut payload in Just(frame(&[ended(1), other(2), ended(3)])),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            kept in any::<prop::sample::Index>(),
        ) {
            for (at, byte) in changes {
                let at = at.index(payload.len());
                payload[at] = byte;
            }
            payload.truncate(kept.index(payload.len() + 1));
            let _ = decode(&payload).map(|facts| facts.count());
            let _ = decode_events(&payload).map(|events| events.count());
        }
    }
}
