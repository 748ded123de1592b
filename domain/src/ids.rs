//! Identifiers. Every one is a type of its own, so that an account can never stand where a connection is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_id!(
    /// A top organisation: the unit of fairness and of isolation.
    TenantId(u32)
);
numeric_id!(
    /// Credentials under which an upstream system sends (接入账号).
    AccountId(u32)
);
numeric_id!(
    /// One configured link to one carrier account (通道).
    ConnectionId(u16)
);
numeric_id!(
    /// A set of connections that serve the same messages (主备 or 比例分流).
    RouteGroupId(u16)
);
numeric_id!(
    /// What a message is for, and the policy that follows from it (业务类型).
    BusinessTypeId(u16)
);
numeric_id!(
    /// A content template with typed variables (模板).
    TemplateId(u32)
);

numeric_id!(
    /// One act of sending to many (发送任务).
    CampaignId(u32)
);
numeric_id!(
    /// A stored plan of attempts (发送策略).
    StrategyId(u32)
);
numeric_id!(
    /// A list of sensitive words (敏感词库).
    WordListId(u32)
);
numeric_id!(
    /// A black or white list of numbers and addresses (黑白名单).
    NumberListId(u32)
);

impl CampaignId {
    /// Each lane has as many ids as the rest of 32 bits has room for.
    const LANE_SHIFT: u32 = u32::BITS - MessageId::MAKER_BITS;

    /// The lane it is on.
    pub fn lane(self) -> u16 {
        (self.0 >> Self::LANE_SHIFT) as u16
    }

    /// The id before the first one of a lane.
    pub fn before_those_of(lane: u16) -> CampaignId {
        CampaignId(u32::from(lane) << Self::LANE_SHIFT)
    }
}

/// A message's identity: 42 bits of milliseconds since the Unix epoch, 10 bits of maker (lane or node), 12 bits of sequence.
///
/// Written for callers as `msg_` and 13 characters of Crockford's base 32, so that the text sorts by time as the number does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u64);

impl MessageId {
    pub const SEQUENCE_BITS: u32 = 12;
    pub const MAKER_BITS: u32 = 10;
    pub const PREFIX: &str = "msg_";

    pub fn new(unix_ms: u64, maker: u16, sequence: u16) -> Self {
        debug_assert!(
            unix_ms < 1 << 42 && maker < 1 << Self::MAKER_BITS && sequence < 1 << Self::SEQUENCE_BITS
        );
        MessageId(
            unix_ms << (Self::SEQUENCE_BITS + Self::MAKER_BITS)
                | u64::from(maker) << Self::SEQUENCE_BITS
                | u64::from(sequence),
        )
    }

    /// The lane that accepted it.
    pub fn lane(self) -> u16 {
        (self.0 >> Self::SEQUENCE_BITS) as u16 & ((1 << Self::MAKER_BITS) - 1)
    }

    /// The moment of acceptance, in milliseconds since the Unix epoch.
    pub fn unix_ms(self) -> u64 {
        self.0 >> (Self::SEQUENCE_BITS + Self::MAKER_BITS)
    }
}

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_DIGITS: usize = 13;

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; TEXT_DIGITS];
        for (place, digit) in text.iter_mut().enumerate() {
            let shift = 5 * (TEXT_DIGITS - 1 - place);
            *digit = CROCKFORD[(self.0 >> shift) as usize & 31];
        }
        f.write_str(Self::PREFIX)?;
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message id: expected `msg_` and 13 characters")]
pub struct InvalidMessageId;

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(text: &str) -> Result<Self, InvalidMessageId> {
        let digits = text
            .strip_prefix(Self::PREFIX)
            .ok_or(InvalidMessageId)?
            .as_bytes();
        if digits.len() != TEXT_DIGITS {
            return Err(InvalidMessageId);
        }
        let mut value: u64 = 0;
        for (place, digit) in digits.iter().enumerate() {
            let position = CROCKFORD
                .iter()
                .position(|c| c == &digit.to_ascii_lowercase())
                .ok_or(InvalidMessageId)? as u64;
            // The first character carries only 4 of its 5 bits.
            if place == 0 && position > 15 {
                return Err(InvalidMessageId);
            }
            value = value << 5 | position;
        }
        Ok(MessageId(value))
    }
}

/// Makes [`MessageId`]s that strictly increase, also when the clock steps back and over a restart.
#[derive(Clone, Debug)]
pub struct MessageIdMaker {
    maker: u16,
    last_ms: u64,
    next_sequence: u16,
}

impl MessageIdMaker {
    /// `last` is the highest id this maker ever gave out, as recovered from the journal.
    pub fn new(maker: u16, last: Option<MessageId>) -> Self {
        let last_ms = last.map_or(0, |id| id.unix_ms() + 1);
        MessageIdMaker {
            maker,
            last_ms,
            next_sequence: 0,
        }
    }

    pub fn make(&mut self, now_unix_ms: u64) -> MessageId {
        if now_unix_ms > self.last_ms {
            self.last_ms = now_unix_ms;
            self.next_sequence = 0;
        } else if self.next_sequence >> MessageId::SEQUENCE_BITS != 0 {
            self.last_ms += 1;
            self.next_sequence = 0;
        }
        let id = MessageId::new(self.last_ms, self.maker, self.next_sequence);
        self.next_sequence += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_increase_when_the_clock_steps_back_and_over_a_restart() {
        let mut maker = MessageIdMaker::new(3, None);
        let first = maker.make(1_700_000_000_000);
        let second = maker.make(1_600_000_000_000);
        assert!(second > first);
        let mut restarted = MessageIdMaker::new(3, Some(second));
        assert!(restarted.make(1_600_000_000_000) > second);
    }

    #[test]
    fn an_id_says_its_lane() {
        for lane in [0, 1, 700, 1023] {
            assert_eq!(MessageId::new(1_700_000_000_000, lane, 4095).lane(), lane);
            assert_eq!(CampaignId(CampaignId::before_those_of(lane).0 + 1).lane(), lane);
        }
    }

    #[test]
    fn more_than_4096_ids_in_one_millisecond_borrow_from_the_next() {
        let mut maker = MessageIdMaker::new(0, None);
        let ids: Vec<_> = (0..10_000).map(|_| maker.make(5)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    proptest! {
        #[test]
        fn text_and_number_agree(value: u64, other: u64) {
            let (id, other) = (MessageId(value), MessageId(other));
            prop_assert_eq!(id.to_string().parse::<MessageId>(), Ok(id));
            prop_assert_eq!(id.cmp(&other), id.to_string().cmp(&other.to_string()));
        }

        #[test]
        fn foreign_text_is_refused_without_panic(text in ".{0,40}") {
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text.to_ascii_lowercase());
            }
        }
    }
}
