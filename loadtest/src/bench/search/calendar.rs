use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use std::ops::Range;

/// When messages were accepted: as many every day, few of them at night, each in a millisecond of its own.
#[derive(Debug)]
pub struct Calendar {
    per_day: u64,
}

pub const DAYS: u64 = 20;
/// Above, messages would share milliseconds in the busiest hour.
pub const MESSAGES_MAX: u64 = 400_000_000;
const FIRST: UnixMs = UnixMs(1_770_000_000_000);
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Thousandths of a day's messages in each of its hours.
const HOURS: [u64; 24] = [
    5, 3, 2, 2, 3, 8, 20, 55, 90, 100, 95, 70, 45, 60, 85, 90, 80, 60, 45, 32, 22, 15, 8, 5,
];
const THOUSAND: u64 = 1_000;
/// Makes the ids; no lane has this number.
const MAKER: u16 = (1 << MessageId::MAKER_BITS) - 1;

impl Calendar {
    pub fn of(messages: u64) -> Self {
        Calendar {
            per_day: messages.div_ceil(DAYS).max(1),
        }
    }

    /// Ids rise with the messages' numbers.
    pub fn id(&self, message: u64) -> MessageId {
        MessageId::new(self.at(message).0, MAKER, 0)
    }

    fn at(&self, message: u64) -> UnixMs {
        let (day, in_day) = (message / self.per_day, message % self.per_day);
        // In thousandths of a message, so that an hour need not have whole ones.
        let mut left = in_day * THOUSAND;
        let mut hours = (0..).zip(HOURS);
        let in_day_ms = hours.find_map(|(hour, share)| {
            let messages = self.per_day * share;
            if left < messages {
                Some(hour * HOUR_MS + left * HOUR_MS / messages)
            } else {
                left -= messages;
                None
            }
        });
        UnixMs(FIRST.0 + day * DAY_MS + in_day_ms.unwrap_or_default())
    }

    /// The messages of some days.
    pub fn messages(&self, days: Range<u64>) -> Range<u64> {
        days.start * self.per_day..days.end * self.per_day
    }

    /// The time in which they were accepted.
    pub fn time(days: Range<u64>) -> Range<UnixMs> {
        UnixMs(FIRST.0 + days.start * DAY_MS)..UnixMs(FIRST.0 + days.end * DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_a_moment_of_its_day_after_the_one_before() {
        assert_eq!(HOURS.iter().sum::<u64>(), THOUSAND);
        for messages in [20, 7_777, 200_000] {
            let calendar = Calendar::of(messages);
            for day in 0..DAYS {
                let time = Calendar::time(day..day + 1);
                let ids = calendar
                    .messages(day..day + 1)
                    .map(|message| calendar.id(message));
                assert!(ids.clone().is_sorted_by(|before, after| before < after));
                assert!(ids.map(|id| UnixMs(id.unix_ms())).all(|at| time.contains(&at)));
            }
        }
        // In the busiest hour of the most that is allowed.
        let calendar = Calendar::of(MESSAGES_MAX);
        let busiest = calendar.per_day * 3 / 10;
        let ids = (busiest..busiest + 100_000).map(|message| calendar.id(message));
        assert!(ids.is_sorted_by(|before, after| before < after));
    }
}
