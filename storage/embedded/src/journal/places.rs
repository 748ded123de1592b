use super::cursor::Cursor;
use super::error::io_error;
use super::frame::FrameKind;
use super::volume::{FRAMES_AT, Volume};
use super::volume_list::MARK_EVERY_BYTES;
use carillon_storage::journal::{FrameSeq, JournalError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Volumes whose places are remembered. More would only be needed by reads all over the journal.
const VOLUMES_MAX: usize = 256;

/// Where frames begin in volumes that were written before the journal was opened and not read then; found out when one of them
/// is asked for. A place about every [`MARK_EVERY_BYTES`], so that little is read to get to any frame.
#[derive(Debug, Default)]
pub(super) struct Places {
    volumes: Mutex<BTreeMap<u64, Arc<[Place]>>>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    seq: FrameSeq,
    offset: u64,
}

impl Places {
    /// An offset in the volume from which frame `seq` is reached by reading on.
    pub(super) fn locate(&self, volume: &Volume, seq: FrameSeq) -> Result<u64, JournalError> {
        let known = self.volumes.lock().get(&volume.index).cloned();
        let places = match known {
            Some(places) => places,
            None => {
                let places: Arc<[Place]> = find(volume)
                    .map_err(io_error("looking for frames", &volume.path))?
                    .into();
                let mut volumes = self.volumes.lock();
                // The oldest goes: it is the next that will be released.
                while volumes.len() >= VOLUMES_MAX && volumes.pop_first().is_some() {}
                volumes.insert(volume.index, places.clone());
                places
            }
        };
        let after = places.partition_point(|place| place.seq <= seq);
        let place = after.checked_sub(1).and_then(|last| places.get(last));
        Ok(place.map_or(FRAMES_AT, |place| place.offset))
    }
}

/// Reads headers only. Ends at the first that is not whole: what comes after it is found damaged by whoever reads on.
fn find(volume: &Volume) -> io::Result<Vec<Place>> {
    let mut cursor = Cursor::new(volume.clone());
    let mut places: Vec<Place> = Vec::new();
    while let Some(found) = cursor.header(volume.bytes)? {
        let far = |last: &Place| cursor.offset >= last.offset + MARK_EVERY_BYTES;
        if found.header.kind == FrameKind::Data && places.last().is_none_or(far) {
            places.push(Place {
                seq: found.header.seq,
                offset: cursor.offset,
            });
        }
        cursor.step_over(&found.header);
    }
    Ok(places)
}
