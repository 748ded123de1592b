use carillon_storage::journal::{Frame, FrameReader, FrameSeq, Journal, JournalError, JournalStatus, Part};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A journal on a disk in memory. What is appended becomes durable only when the simulation says so; a crash leaves what is
/// durable, and of the rest as many frames as chance has it.
#[derive(Clone, Default)]
pub struct SimulatedJournal {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Default)]
struct Disk {
    frames: Vec<Arc<Vec<u8>>>,
    durable: FrameSeq,
    checkpoint: Checkpoint,
    checkpoint_before: Checkpoint,
    backlog_bytes: u64,
    free_bytes: Option<u64>,
    /// The process that wrote it is gone.
    dead: bool,
}

/// The newest of each part, as they were after frame `at`; none after frame 0.
#[derive(Clone, Default)]
struct Checkpoint {
    at: FrameSeq,
    parts: BTreeMap<u64, Arc<[u8]>>,
}

impl SimulatedJournal {
    /// Everything up to and including `upto` is durable.
    pub fn sync(&self, upto: FrameSeq) {
        let disk = &mut *self.disk.lock();
        for frame in disk.durable.0..upto.0 {
            disk.backlog_bytes -= disk.frames[frame as usize].len() as u64;
        }
        disk.durable = disk.durable.max(upto);
    }

    /// The last frame appended.
    pub fn appended(&self) -> FrameSeq {
        FrameSeq(self.disk.lock().frames.len() as u64)
    }

    /// What a frame holds, durable or not.
    pub fn payload(&self, seq: FrameSeq) -> Option<Arc<Vec<u8>>> {
        self.disk
            .lock()
            .frames
            .get(seq.0.checked_sub(1)? as usize)
            .cloned()
    }

    /// The process dies. What the next one finds: the frames up to `kept`, never less than what is durable; with
    /// `half_checkpoint` the newest checkpoint was not finished, and the one before it holds.
    pub fn crash(&self, kept: FrameSeq, half_checkpoint: bool) -> SimulatedJournal {
        let mut disk = self.disk.lock();
        disk.dead = true;
        let kept = kept.max(disk.durable);
        let checkpoint = match half_checkpoint {
            true => disk.checkpoint_before.clone(),
            false => disk.checkpoint.clone(),
        };
        let next = Disk {
            frames: disk.frames[..kept.0 as usize].to_vec(),
            durable: kept,
            checkpoint_before: checkpoint.clone(),
            checkpoint,
            free_bytes: disk.free_bytes,
            ..Disk::default()
        };
        SimulatedJournal {
            disk: Arc::new(Mutex::new(next)),
        }
    }

    /// Where the newest checkpoint stands.
    pub fn checkpoint_at(&self) -> FrameSeq {
        self.disk.lock().checkpoint.at
    }

    pub fn set_free_bytes(&self, bytes: Option<u64>) {
        self.disk.lock().free_bytes = bytes;
    }
}

impl Journal for SimulatedJournal {
    fn append(&self, payload: Vec<u8>) -> Result<FrameSeq, JournalError> {
        let disk = &mut *self.disk.lock();
        if disk.dead {
            return Err(JournalError::Closed);
        }
        disk.backlog_bytes += payload.len() as u64;
        disk.frames.push(Arc::new(payload));
        Ok(FrameSeq(disk.frames.len() as u64))
    }

    fn durable(&self) -> FrameSeq {
        self.disk.lock().durable
    }

    /// Nobody waits on another thread: who syncs looks by itself.
    fn on_durable(&self, _notify: Box<dyn Fn() + Send + Sync>) {}

    fn failure(&self) -> Option<String> {
        None
    }

    fn read(&self, from: FrameSeq) -> Result<Box<dyn FrameReader>, JournalError> {
        Ok(Box::new(Reader {
            journal: self.clone(),
            next: from.max(FrameSeq(1)),
        }))
    }

    fn frame(&self, seq: FrameSeq) -> Result<Frame, JournalError> {
        let durable = self.durable();
        let payload = self.payload(seq).filter(|_| seq <= durable);
        let payload = payload.ok_or(JournalError::NotDurable { wanted: seq, durable })?;
        Ok(Frame {
            seq,
            payload: payload.to_vec(),
        })
    }

    fn oldest(&self) -> FrameSeq {
        FrameSeq(1)
    }

    fn save_checkpoint(&self, at: FrameSeq, changed: &[Part]) -> Result<(), JournalError> {
        let disk = &mut *self.disk.lock();
        if disk.dead || at > disk.durable {
            return Err(JournalError::Closed);
        }
        disk.checkpoint_before = disk.checkpoint.clone();
        disk.checkpoint.at = at;
        for Part { key, bytes } in changed {
            match bytes.is_empty() {
                true => disk.checkpoint.parts.remove(key),
                false => disk.checkpoint.parts.insert(*key, bytes.as_slice().into()),
            };
        }
        Ok(())
    }

    fn load_checkpoint(&self, take: &mut dyn FnMut(Part)) -> Result<Option<FrameSeq>, JournalError> {
        let Checkpoint { at, parts } = self.disk.lock().checkpoint.clone();
        for (key, bytes) in parts {
            let bytes = bytes.to_vec();
            take(Part { key, bytes });
        }
        Ok((at > FrameSeq::ZERO).then_some(at))
    }

    /// Everything is kept: the replay from the first frame on is what the state is compared with.
    fn release(&self, _upto: FrameSeq) -> Result<(), JournalError> {
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        JournalStatus {
            backlog_bytes: self.disk.lock().backlog_bytes,
            ..JournalStatus::default()
        }
    }

    fn disk_free_bytes(&self) -> Option<u64> {
        self.disk.lock().free_bytes
    }

    fn close(&self) -> Result<(), JournalError> {
        self.disk.lock().dead = true;
        Ok(())
    }
}

struct Reader {
    journal: SimulatedJournal,
    next: FrameSeq,
}

impl FrameReader for Reader {
    fn next_frame(&mut self) -> Result<Option<Frame>, JournalError> {
        let seq = self.next;
        if seq > self.journal.durable() {
            return Ok(None);
        }
        let Some(payload) = self.journal.payload(seq) else {
            return Ok(None);
        };
        self.next = seq.next();
        Ok(Some(Frame {
            seq,
            payload: payload.to_vec(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_storage::conformance::journal::WholeState;

    fn read(journal: &SimulatedJournal) -> Vec<Vec<u8>> {
        let mut reader = journal.read(FrameSeq(1)).unwrap();
        std::iter::from_fn(|| reader.next_frame().unwrap())
            .map(|frame| frame.payload)
            .collect()
    }

    #[test]
    fn only_what_is_synced_is_read_and_sure_to_survive() {
        let journal = SimulatedJournal::default();
        for number in 1..=4 {
            assert_eq!(journal.append(vec![number]).unwrap(), FrameSeq(u64::from(number)));
        }
        assert_eq!((read(&journal), journal.status().backlog_bytes), (vec![], 4));
        journal.sync(FrameSeq(2));
        assert_eq!(read(&journal), [[1], [2]]);
        let next = journal.crash(FrameSeq(1), false);
        assert_eq!(read(&next), [[1], [2]], "what is durable stays");
        assert!(journal.append(vec![5]).is_err(), "its process is gone");
        let next = journal.crash(FrameSeq(3), false);
        assert_eq!(
            (read(&next), next.durable()),
            (vec![vec![1], vec![2], vec![3]], FrameSeq(3))
        );
    }

    #[test]
    fn a_half_checkpoint_leaves_the_one_before() {
        let journal = SimulatedJournal::default();
        journal.append(vec![1]).unwrap();
        journal.append(vec![2]).unwrap();
        assert!(journal.save_state(FrameSeq(1), b"early").is_err(), "not durable");
        journal.sync(FrameSeq(2));
        journal.save_state(FrameSeq(1), b"one").unwrap();
        journal.save_state(FrameSeq(2), b"two").unwrap();
        for (half, at, state) in [(true, 1, b"one"), (false, 2, b"two")] {
            let next = journal.crash(FrameSeq(2), half);
            let found = next.load_state().unwrap().unwrap();
            assert_eq!((found.at, &*found.state), (FrameSeq(at), &state[..]));
        }
    }
}
