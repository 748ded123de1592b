use carillon_storage::journal::FrameSeq;
use parking_lot::{Condvar, Mutex};

/// Where appended payloads wait for the writer. Their order is their numbering.
pub(super) struct Inbox {
    state: Mutex<State>,
    filled: Condvar,
    backlog_bytes_max: u64,
}

struct State {
    payloads: Vec<Vec<u8>>,
    last: FrameSeq,
    /// All that was ever put in.
    bytes_total: u64,
    gate: Gate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// What is inside is still written.
    Closing,
    /// The writer stops as soon as it can.
    Shut,
}

/// Why a payload was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Full { backlog_bytes: u64 },
    Closed,
}

/// What the writer is to do after it took what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// Everything that ever will be was taken.
    Close,
    Stop,
}

impl Inbox {
    pub(super) fn new(last: FrameSeq, backlog_bytes_max: u64) -> Self {
        let state = State {
            payloads: Vec::new(),
            last,
            bytes_total: 0,
            gate: Gate::Open,
        };
        Inbox {
            state: Mutex::new(state),
            filled: Condvar::new(),
            backlog_bytes_max,
        }
    }

    /// `bytes_durable` is how much of what was put in has reached the disk.
    pub(super) fn put(&self, payload: Vec<u8>, bytes_durable: u64) -> Result<FrameSeq, Refusal> {
        let mut state = self.state.lock();
        if state.gate != Gate::Open {
            return Err(Refusal::Closed);
        }
        let backlog_bytes = state.bytes_total.saturating_sub(bytes_durable);
        if backlog_bytes + payload.len() as u64 > self.backlog_bytes_max {
            return Err(Refusal::Full { backlog_bytes });
        }
        state.bytes_total += payload.len() as u64;
        state.last = state.last.next();
        let (seq, was_empty) = (state.last, state.payloads.is_empty());
        state.payloads.push(payload);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
        Ok(seq)
    }

    /// Swaps what is inside with `taken`, which must be empty, after waiting for something when `wait` is set.
    pub(super) fn take(&self, taken: &mut Vec<Vec<u8>>, wait: bool) -> Order {
        debug_assert!(taken.is_empty());
        let mut state = self.state.lock();
        while wait && state.payloads.is_empty() && state.gate == Gate::Open {
            self.filled.wait(&mut state);
        }
        std::mem::swap(&mut state.payloads, taken);
        match state.gate {
            Gate::Open => Order::GoOn,
            Gate::Closing => Order::Close,
            Gate::Shut => Order::Stop,
        }
    }

    /// Takes nothing more in; the writer writes what is there and ends.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        if state.gate == Gate::Open {
            state.gate = Gate::Closing;
        }
        self.filled.notify_one();
    }

    /// Takes nothing more in; the writer ends.
    pub(super) fn shut(&self) {
        let mut state = self.state.lock();
        state.gate = Gate::Shut;
        state.payloads = Vec::new();
        self.filled.notify_one();
    }

    /// The highest number given out.
    pub(super) fn last(&self) -> FrameSeq {
        self.state.lock().last
    }

    pub(super) fn bytes_total(&self) -> u64 {
        self.state.lock().bytes_total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_out_in_the_order_of_their_numbers() {
        let inbox = Inbox::new(FrameSeq(7), 100);
        assert_eq!(inbox.put(vec![1], 0), Ok(FrameSeq(8)));
        assert_eq!(inbox.put(vec![2], 0), Ok(FrameSeq(9)));
        let mut taken = Vec::new();
        assert_eq!(inbox.take(&mut taken, true), Order::GoOn);
        assert_eq!(taken, [[1], [2]]);
    }

    #[test]
    fn the_backlog_is_bounded_by_what_is_not_durable() {
        let inbox = Inbox::new(FrameSeq::ZERO, 10);
        inbox.put(vec![0; 8], 0).unwrap();
        inbox.take(&mut Vec::new(), false);
        assert_eq!(inbox.put(vec![0; 3], 0), Err(Refusal::Full { backlog_bytes: 8 }));
        assert_eq!(
            inbox.put(vec![0; 3], 8),
            Ok(FrameSeq(2)),
            "a refused payload takes no number"
        );
    }

    #[test]
    fn a_closed_inbox_gives_out_what_it_has_and_a_shut_one_nothing() {
        let inbox = Inbox::new(FrameSeq::ZERO, 10);
        inbox.put(vec![1], 0).unwrap();
        inbox.close();
        assert_eq!(inbox.put(vec![2], 0), Err(Refusal::Closed));
        let mut taken = Vec::new();
        assert_eq!(inbox.take(&mut taken, true), Order::Close);
        assert_eq!(taken, [[1]]);
        taken.clear();
        inbox.shut();
        assert_eq!(inbox.take(&mut taken, true), Order::Stop);
        assert!(taken.is_empty());
    }
}
