use carillon_storage::journal::FrameSeq;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// A mark is set about this often, so that a reader finds any frame after reading at most so many bytes.
pub(super) const MARK_EVERY_BYTES: u64 = 64 * 1024;

/// The volumes with frames, oldest first, and marks into the newer ones.
#[derive(Debug, Default)]
pub(super) struct VolumeList {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    volumes: VecDeque<ListedVolume>,
    marks: VecDeque<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedVolume {
    pub(super) index: u64,
    /// The first data frame in it, or the one that will be.
    pub(super) first: FrameSeq,
    /// Length of the file.
    pub(super) bytes: u64,
}

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seq: FrameSeq,
    pub(super) volume: u64,
    pub(super) offset: u64,
    /// Payload bytes of the frames before it, counted from the checkpoint that was the newest when the journal was opened.
    pub(super) payload_bytes_before: u64,
}

impl VolumeList {
    pub(super) fn begin(&self, volume: ListedVolume) {
        self.state.lock().volumes.push_back(volume);
    }

    /// Offers a place to mark; taken when the last mark is far enough away.
    pub(super) fn mark(&self, mark: Mark) {
        let marks = &mut self.state.lock().marks;
        let near = |last: &Mark| last.volume == mark.volume && mark.offset < last.offset + MARK_EVERY_BYTES;
        if !marks.back().is_some_and(near) {
            marks.push_back(mark);
        }
    }

    /// A volume and an offset from which frame `seq` is reached by reading on; `None` when it is older than all.
    pub(super) fn locate(&self, seq: FrameSeq) -> Option<(u64, Option<u64>)> {
        let state = self.state.lock();
        let after = state.volumes.partition_point(|volume| volume.first <= seq);
        let volume = state.volumes.get(after.checked_sub(1)?)?.index;
        let after = state.marks.partition_point(|mark| mark.seq <= seq);
        let mark = after.checked_sub(1).and_then(|last| state.marks.get(last));
        Some((
            volume,
            mark.filter(|mark| mark.volume == volume).map(|mark| mark.offset),
        ))
    }

    /// The first data frame kept, or the one that will be.
    pub(super) fn oldest(&self) -> Option<FrameSeq> {
        self.state.lock().volumes.front().map(|volume| volume.first)
    }

    /// Takes the oldest volume off the list when all its frames are at or below `upto` and the next one's first is durable.
    pub(super) fn take_below(&self, upto: FrameSeq, durable: FrameSeq) -> Option<u64> {
        let state = &mut *self.state.lock();
        let next = state.volumes.get(1)?.first;
        if next > upto.next() || next > durable {
            return None;
        }
        let gone = state.volumes.pop_front()?.index;
        while state.marks.front().is_some_and(|mark| mark.volume <= gone) {
            state.marks.pop_front();
        }
        Some(gone)
    }

    /// Payload bytes up to and including frame `seq`, rounded down to a mark; counted as in [`Mark`].
    pub(super) fn payload_bytes_upto(&self, seq: FrameSeq) -> u64 {
        let state = self.state.lock();
        let after = state.marks.partition_point(|mark| mark.seq <= seq.next());
        after
            .checked_sub(1)
            .and_then(|last| state.marks.get(last))
            .map_or(0, |mark| mark.payload_bytes_before)
    }

    /// How many there are, and their bytes on disk.
    pub(super) fn size(&self) -> (usize, u64) {
        let state = self.state.lock();
        (
            state.volumes.len(),
            state.volumes.iter().map(|volume| volume.bytes).sum(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> VolumeList {
        let list = VolumeList::default();
        for (index, first) in [(4, 10), (5, 20), (6, 30)] {
            list.begin(ListedVolume {
                index,
                first: FrameSeq(first),
                bytes: 100,
            });
        }
        for (seq, volume, offset) in [(20, 5, 4096), (21, 5, 5000), (25, 5, 2_000_000), (30, 6, 4096)] {
            list.mark(Mark {
                seq: FrameSeq(seq),
                volume,
                offset,
                payload_bytes_before: seq * 10,
            });
        }
        list
    }

    #[test]
    fn frames_are_located_by_volume_and_mark() {
        let list = list();
        let cases = [
            (9, None),
            (10, Some((4, None))),
            (19, Some((4, None))),
            (24, Some((5, Some(4096)))),
            (25, Some((5, Some(2_000_000)))),
            (99, Some((6, Some(4096)))),
        ];
        for (seq, place) in cases {
            assert_eq!(list.locate(FrameSeq(seq)), place, "frame {seq}");
        }
    }

    #[test]
    fn a_volume_goes_when_it_is_wholly_released_and_followed_by_a_durable_frame() {
        let list = list();
        assert_eq!(list.take_below(FrameSeq(18), FrameSeq(99)), None);
        assert_eq!(list.take_below(FrameSeq(19), FrameSeq(99)), Some(4));
        assert_eq!(list.oldest(), Some(FrameSeq(20)));
        assert_eq!(
            list.take_below(FrameSeq(29), FrameSeq(29)),
            None,
            "frame 30 is not durable yet"
        );
        assert_eq!(list.take_below(FrameSeq(29), FrameSeq(30)), Some(5));
        assert_eq!(
            list.take_below(FrameSeq(99), FrameSeq(99)),
            None,
            "the newest stays"
        );
        assert_eq!(list.size(), (1, 100));
    }

    #[test]
    fn bytes_are_known_to_the_last_mark() {
        let list = list();
        assert_eq!(
            [5, 18, 19, 24, 26, 29].map(|seq| list.payload_bytes_upto(FrameSeq(seq))),
            [0, 0, 200, 250, 250, 300]
        );
    }
}
