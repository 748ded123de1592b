//! How a lane keeps out of the way of its next owner, where the journal may have one without its knowledge.

use super::core::LaneCore;
use super::effect::WriteOrder;
use carillon_domain::time::{Monotonic, Now};
use carillon_storage::journal::FrameSeq;
use std::time::Duration;

/// What was written by a process before may still count in the carrier's second (RATE-1).
const QUIET_AFTER_START: Duration = Duration::from_secs(1);

/// How the journal answers.
#[derive(Debug, Default)]
pub(super) struct JournalWatch {
    durable: FrameSeq,
    /// When it last answered, or had nothing to answer.
    since: Monotonic,
    silent: bool,
}

impl JournalWatch {
    /// What the journal says now; whether it has become silent or answers again, when that changed.
    fn look(
        &mut self,
        durable: FrameSeq,
        appended: FrameSeq,
        silence_max: Duration,
        now: Monotonic,
    ) -> Option<bool> {
        if durable >= appended || durable != self.durable {
            self.since = now;
            self.durable = durable;
        }
        let silent = now - self.since >= silence_max;
        (silent != std::mem::replace(&mut self.silent, silent)).then_some(silent)
    }
}

impl LaneCore {
    /// Looks whether the journal still answers. When it is silent for too long, connections end their sessions; when it answers
    /// again, they go on.
    pub fn watch_journal(&mut self, now: Now) {
        let Some(tenure) = self.options.tenure else {
            return;
        };
        let (durable, appended) = (self.journal().durable(), self.appended());
        let Some(silent) = self
            .journal_watch
            .look(durable, appended, tenure.silence_max, now.monotonic)
        else {
            return;
        };
        if silent {
            tracing::error!(
                for_s = tenure.silence_max.as_secs(),
                "the journal does not answer; the sessions with carriers end, since another node may have the lane"
            );
        } else {
            tracing::info!("the journal answers again; sessions are opened");
        }
        let connections: Vec<_> = self.links.keys().copied().collect();
        for connection in connections {
            self.post(connection, |mail| mail.poked = true);
        }
    }

    /// Whether the journal has been silent for so long that the lane may have another owner.
    pub fn journal_is_silent(&self) -> bool {
        self.journal_watch.silent
    }

    /// Whether an INTENT may not be acted on any more: by now the lane may have another owner, for whom the segment is uncertain.
    pub fn is_too_old(&self, order: WriteOrder, now: Now) -> bool {
        let tenure = self.options.tenure;
        tenure.is_some_and(|tenure| now.monotonic - order.intended >= tenure.intent_life)
    }

    /// How long a connection writes nothing after its start.
    pub fn quiet_after_start(&self) -> Duration {
        let tenure = self.options.tenure.map(|tenure| tenure.intent_life);
        tenure.unwrap_or_default().max(QUIET_AFTER_START)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_silent_that_owes_an_answer_for_too_long() {
        let mut watch = JournalWatch::default();
        // Seconds, durable, appended, what is told.
        let story = [
            (0, 0, 0, None),
            // Nothing to say is no silence.
            (100, 0, 0, None),
            (101, 0, 3, None),
            (104, 0, 9, None),
            // A little is an answer.
            (104, 1, 9, None),
            (108, 1, 9, None),
            (109, 1, 9, Some(true)),
            (200, 1, 9, None),
            (201, 2, 9, Some(false)),
            (205, 2, 9, None),
            (206, 2, 9, Some(true)),
            (207, 9, 9, Some(false)),
            (300, 9, 9, None),
        ];
        for (second, durable, appended, told) in story {
            let now = Monotonic(Duration::from_secs(second));
            let found = watch.look(FrameSeq(durable), FrameSeq(appended), Duration::from_secs(5), now);
            assert_eq!(found, told, "after {second} s");
        }
    }
}
