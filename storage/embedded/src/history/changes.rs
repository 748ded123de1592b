use super::scan::{Found, Scan};
use super::store::Shared;
use carillon_domain::ids::MessageId;
use carillon_domain::journey::{Amendment, Journey, MessageState};
use carillon_storage::history::HistoryError;
use carillon_storage::history::stored::{Fold, Key, counting, later};
use std::collections::BTreeMap;

/// Sums after which a part of the rollups made anew is written.
const FOLD_MAX: usize = 500_000;

/// What storing a batch changes the rollups by.
///
/// At every moment the rollups are the fold over the messages that are stored and, of each, the correction that counts. So a
/// batch takes away what it replaces and adds what it brings, in whatever order things come.
pub(super) struct Changes<'b> {
    fold: Fold,
    /// Journeys of a new batch are known to be the first of their messages.
    is_new: bool,
    /// The corrections of the batch that count, until their messages have come.
    latest: BTreeMap<MessageId, &'b Amendment>,
}

impl<'b> Changes<'b> {
    pub fn new(amendments: &[&'b Amendment], is_new: bool) -> Self {
        let mut latest: BTreeMap<MessageId, &Amendment> = BTreeMap::new();
        for &amendment in amendments {
            latest
                .entry(amendment.message)
                .and_modify(|known| *known = later(known, amendment))
                .or_insert(amendment);
        }
        Changes {
            fold: Fold::default(),
            is_new,
            latest,
        }
    }

    /// A journey of the batch; each message once.
    pub fn journey(&mut self, shared: &Shared, journey: &Journey) -> Result<(), HistoryError> {
        let ranges = &shared.options.ranges;
        let known = shared.amendment_of(journey)?;
        if !self.is_new
            && let Some(before) = shared.stored(journey.message)?
        {
            self.fold.remove(&before, known.as_ref(), ranges);
        }
        let brought = self.latest.remove(&journey.message);
        self.fold.add(journey, counting(known.as_ref(), brought), ranges);
        Ok(())
    }

    /// After all journeys: what the corrections of earlier messages change, and all of it.
    pub fn finish(self, shared: &Shared) -> Result<Fold, HistoryError> {
        let ranges = &shared.options.ranges;
        let mut fold = self.fold;
        for (message, amendment) in self.latest {
            let journey = match shared.stored(message) {
                Ok(Some(journey)) => journey,
                // Of a message that has not come yet, it counts when that comes.
                Ok(None) => continue,
                Err(error) if shared.is_lost(message) => {
                    tracing::error!(%error, %message, "a correction is stored and not counted: its message cannot be read");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let known = shared.manifest.amendment(message)?;
            fold.remove(&journey, known.as_ref(), ranges);
            fold.add(&journey, counting(known.as_ref(), Some(amendment)), ranges);
        }
        Ok(fold)
    }
}

impl Shared {
    /// Folds everything that is stored once more.
    pub fn remake_rollups(&self) -> Result<(), HistoryError> {
        tracing::info!("the figures of the history are made anew from its files");
        let mut messages = 0_u64;
        self.manifest.remake_rollups(|write| {
            let mut fold = Fold::default();
            let mut all = Scan::new(
                &self.shelf.files(),
                Key::Id,
                0..=u64::MAX,
                usize::MAX,
                None,
                |_| true,
            );
            while let Found::Row(row) = all.next()? {
                let journey = self.decode(&row)?;
                fold.add(
                    &journey,
                    self.amendment_of(&journey)?.as_ref(),
                    &self.options.ranges,
                );
                messages += 1;
                if fold.len() >= FOLD_MAX {
                    write(&std::mem::take(&mut fold))?;
                }
            }
            write(&fold)
        })?;
        tracing::info!(messages, "the figures of the history are complete");
        Ok(())
    }

    /// The correction of a journey that is there; only those that may have one are looked up (RCP-1).
    fn amendment_of(&self, journey: &Journey) -> Result<Option<Amendment>, HistoryError> {
        match journey.state {
            MessageState::Final(state) if state.is_amendable() => self.manifest.amendment(journey.message),
            _ => Ok(None),
        }
    }
}
