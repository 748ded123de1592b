//! Where rows lie. Partitions are meant to hold at most some 100,000 rows.

use carillon_domain::ids::MessageId;
use carillon_domain::time::UnixMs;
use carillon_storage::history::Resolution;
use carillon_storage::history::stored::Key;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The partition of a message's own row: what was accepted within eight seconds lies in four, which are 100,000 messages at 50,000 a second.
pub(crate) fn part(id: u64) -> i64 {
    let ms = MessageId(id).unix_ms();
    (ms >> 13 << 2 | id & 3) as i64
}

/// By what messages are found, and what else the directory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i8)]
pub(crate) enum Kind {
    Tenant = 0,
    Account = 1,
    Campaign = 2,
    Phone = 3,
    Mail = 4,
    /// Periods of figures; the key is lane, kind and resolution.
    Figures = 5,
}

impl Kind {
    /// Milliseconds of a span.
    const fn width(self) -> u64 {
        match self {
            Kind::Tenant | Kind::Account => HOUR_MS,
            Kind::Campaign => DAY_MS,
            Kind::Phone | Kind::Mail | Kind::Figures => 365 * DAY_MS,
        }
    }

    /// Numbers and addresses are many, and each has few messages: all of them together have one list of years.
    const fn is_sparse(self) -> bool {
        matches!(self, Kind::Phone | Kind::Mail)
    }
}

/// What messages are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Under {
    pub kind: Kind,
    pub key: i64,
}

impl Under {
    pub fn of(key: Key) -> Option<Under> {
        let (kind, key) = match key {
            Key::Phone(phone) => (Kind::Phone, phone as i64),
            Key::Mail(hash) => (Kind::Mail, hash),
            Key::Campaign(campaign) => (Kind::Campaign, campaign.into()),
            Key::Id => return None,
        };
        Some(Under { kind, key })
    }

    /// As the directory has it.
    pub fn listed(self) -> Under {
        Under {
            key: if self.kind.is_sparse() { 0 } else { self.key },
            ..self
        }
    }

    pub fn span(self, id: u64) -> i64 {
        (MessageId(id).unix_ms() / self.kind.width()) as i64
    }

    /// Whether its partitions are divided by their number of rows.
    pub fn is_sharded(self) -> bool {
        matches!(self.kind, Kind::Tenant | Kind::Account | Kind::Campaign)
    }
}

/// The part of a table of figures in which a bucket lies: 60 minutes, 24 hours, 30 days.
pub(crate) fn period(resolution: Resolution, at: UnixMs) -> i64 {
    let width = match resolution {
        Resolution::Minute => HOUR_MS,
        Resolution::Hour => DAY_MS,
        Resolution::Day => 30 * DAY_MS,
    };
    (at.0 / width) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_by_their_time() {
        let id = |ms: u64, low: u64| ms << 22 | low;
        assert_eq!(part(id(8_191, 0)), part(id(0, 4)));
        assert_ne!(part(id(8_191, 0)), part(id(8_192, 0)));
        assert_ne!(part(id(8_191, 0)), part(id(8_191, 1)));
        // The highest id has a place as well.
        assert!(part(u64::MAX) > 0);
        let under = |kind| Under { kind, key: 7 };
        assert_eq!(under(Kind::Tenant).span(id(HOUR_MS, 0)), 1);
        assert_eq!(under(Kind::Phone).span(id(365 * DAY_MS - 1, 0)), 0);
        assert_eq!(under(Kind::Phone).listed().key, 0);
        assert_eq!(under(Kind::Campaign).listed().key, 7);
    }
}
