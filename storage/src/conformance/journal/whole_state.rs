use crate::journal::{FrameSeq, Journal, JournalError, Part};

/// A checkpoint whose state is one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub at: FrameSeq,
    pub state: Vec<u8>,
}

/// Checkpoints for those to whom parts do not matter.
pub trait WholeState {
    fn save_state(&self, at: FrameSeq, state: &[u8]) -> Result<(), JournalError>;

    fn load_state(&self) -> Result<Option<Checkpoint>, JournalError>;
}

const KEY: u64 = 7;

impl<J: Journal + ?Sized> WholeState for J {
    fn save_state(&self, at: FrameSeq, state: &[u8]) -> Result<(), JournalError> {
        let bytes = state.to_vec();
        self.save_checkpoint(at, &[Part { key: KEY, bytes }])
    }

    fn load_state(&self) -> Result<Option<Checkpoint>, JournalError> {
        let mut state = None;
        let at = self.load_checkpoint(&mut |part| {
            assert_eq!(part.key, KEY);
            assert_eq!(state.replace(part.bytes), None);
        })?;
        Ok(at.map(|at| Checkpoint {
            at,
            state: state.unwrap_or_default(),
        }))
    }
}
