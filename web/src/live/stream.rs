use bytestring::ByteString;
use carillon_api::live::{LiveMessage, Panels, PanelsChange, Place};
use std::collections::VecDeque;
use std::sync::Arc;

/// Changes kept for those whose link was lost: a minute of them.
pub const CHANGES_MAX: usize = 120;

/// The changes of one scope, each written once for all who read it.
#[derive(Debug)]
pub struct Stream {
    epoch: u64,
    /// Of the newest change.
    seq: u64,
    at_ms: u64,
    panels: Arc<Panels>,
    /// Oldest first; they end with `seq`.
    changes: VecDeque<ByteString>,
}

/// What brings a reader up to date.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// It is.
    Nothing,
    /// These, in their order.
    Changes(Vec<ByteString>),
    /// Only everything anew.
    Snapshot,
}

impl Stream {
    pub fn new(epoch: u64, panels: Panels, at_ms: u64) -> Self {
        Stream {
            epoch,
            seq: 0,
            at_ms,
            panels: Arc::new(panels),
            changes: VecDeque::new(),
        }
    }

    pub fn place(&self) -> Place {
        Place {
            epoch: self.epoch,
            seq: self.seq,
        }
    }

    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    pub fn panels(&self) -> &Arc<Panels> {
        &self.panels
    }

    /// Takes the panels as they are now, as the next change.
    pub fn advance(&mut self, panels: Panels, at_ms: u64) {
        let place = Place {
            epoch: self.epoch,
            seq: self.seq + 1,
        };
        let change = panels.change_since(&self.panels);
        self.changes.push_back(written(place, at_ms, change));
        if self.changes.len() > CHANGES_MAX {
            self.changes.pop_front();
        }
        self.seq = place.seq;
        self.at_ms = at_ms;
        self.panels = Arc::new(panels);
    }

    /// What a reader needs who is at `place`, whatever it claims.
    pub fn next(&self, place: Place) -> Next {
        if place.epoch != self.epoch {
            return Next::Snapshot;
        }
        match self.seq.checked_sub(place.seq) {
            Some(0) => Next::Nothing,
            Some(missed) if missed <= self.changes.len() as u64 => {
                let first = self.changes.len() - missed as usize;
                Next::Changes(self.changes.range(first..).cloned().collect())
            }
            _ => Next::Snapshot,
        }
    }
}

fn written(place: Place, at_ms: u64, panels: PanelsChange) -> ByteString {
    text(&LiveMessage::Change {
        place,
        at_ms,
        panels: Box::new(panels),
    })
}

/// A message as it goes over the wire.
pub fn text(message: &LiveMessage) -> ByteString {
    serde_json::to_string(message)
        .expect("messages are plain data with text keys")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::live::LiveState;
    use proptest::prelude::*;

    fn panels(second: u64) -> Panels {
        let mut panels = Panels::default();
        panels.backlog.at_ms = second;
        panels.backlog.data.waiting = second / 3;
        panels
    }

    fn stream(last: u64) -> Stream {
        let mut stream = Stream::new(7, panels(0), 0);
        (1..=last).for_each(|second| stream.advance(panels(second), second));
        stream
    }

    fn snapshot(stream: &Stream) -> LiveMessage {
        LiveMessage::Snapshot {
            place: stream.place(),
            at_ms: stream.at_ms(),
            build: String::new(),
            scope: String::new(),
            scopes: Vec::new(),
            panels: Box::new((**stream.panels()).clone()),
        }
    }

    proptest! {
        /// Whatever a reader says where it is, it comes to the newest panels.
        #[test]
        fn every_place_leads_to_the_newest_panels(
            last in 0..400u64,
            epoch in prop_oneof![9 => Just(7), 1 => any::<u64>()],
            seq in prop_oneof![9 => 0..420u64, 1 => any::<u64>()],
        ) {
            let stream = stream(last);
            let mut state = LiveState::default();
            match stream.next(Place { epoch, seq }) {
                Next::Nothing => prop_assert_eq!((epoch, seq), (7, last)),
                Next::Snapshot => {
                    prop_assert!(epoch != 7 || seq > last || last - seq > CHANGES_MAX as u64);
                    state.apply(snapshot(&stream)).unwrap();
                    prop_assert_eq!(&state.panels, &**stream.panels());
                }
                Next::Changes(changes) => {
                    prop_assert!(changes.len() <= CHANGES_MAX);
                    state.place = Some(Place { epoch, seq });
                    state.panels = panels(seq);
                    for change in changes {
                        state.apply(serde_json::from_str(&change).unwrap()).unwrap();
                    }
                    prop_assert_eq!(&state.panels, &**stream.panels());
                    prop_assert_eq!(state.place, Some(stream.place()));
                }
            }
        }
    }
}
