use super::Map;
use carillon_domain::ids::AccountId;
use carillon_domain::plan::ChannelKind;
use serde::{Deserialize, Serialize};

/// Segments used per account on its newest day. A fold of ACCEPTED and of ends before the first INTENT, so exact after a crash.
#[derive(Debug, Default)]
pub struct Quotas {
    days: Map<AccountId, DayUse>,
}

/// What an attempt takes of its account's quota: segments of SMS.
pub fn quota_segments(kind: ChannelKind, segments: u8) -> u64 {
    match kind {
        ChannelKind::Sms => u64::from(segments),
        _ => 0,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayUse {
    /// Days since the epoch in UTC+8.
    pub day: u32,
    pub segments: u64,
}

impl Quotas {
    pub fn used(&self, account: AccountId, day: u32) -> u64 {
        self.days
            .get(&account)
            .filter(|used| used.day == day)
            .map_or(0, |used| used.segments)
    }

    pub fn take(&mut self, account: AccountId, day: u32, segments: u64) {
        let used = self.days.entry(account).or_insert(DayUse { day, segments: 0 });
        if used.day < day {
            *used = DayUse { day, segments: 0 };
        }
        if used.day == day {
            used.segments += segments;
        }
    }

    /// Gives back what a message took on `day`; nothing when that day is over.
    pub fn give_back(&mut self, account: AccountId, day: u32, segments: u64) {
        if let Some(used) = self.days.get_mut(&account).filter(|used| used.day == day) {
            used.segments = used.segments.saturating_sub(segments);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (AccountId, DayUse)> {
        self.days.iter().map(|(account, used)| (*account, *used))
    }

    pub fn restore(&mut self, account: AccountId, used: DayUse) {
        self.days.insert(account, used);
    }
}
