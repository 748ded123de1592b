use super::call_error::Outcome;
use carillon_actors::feed::FeedKind;
use carillon_actors::status::Counter;

/// What webhooks count.
#[derive(Default)]
pub struct Figures {
    calls: [Counter; Outcome::ALL.len()],
    receipts: Counter,
    replies: Counter,
    /// Times a webhook was behind what the journal keeps.
    pub gaps: Counter,
}

impl Figures {
    pub fn called(&self, outcome: Outcome) {
        self.calls[outcome as usize].add(1);
    }

    pub fn calls(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome, self.calls[outcome as usize].get()))
    }

    pub fn delivered(&self, kind: FeedKind, events: usize) {
        self.of(kind).add(events as u64);
    }

    pub fn delivered_total(&self, kind: FeedKind) -> u64 {
        self.of(kind).get()
    }

    fn of(&self, kind: FeedKind) -> &Counter {
        match kind {
            FeedKind::Receipts => &self.receipts,
            FeedKind::Replies => &self.replies,
        }
    }
}
