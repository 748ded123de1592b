//! Msg_Id (CMPP 2.0 §7.4.3.2): 64 bits that a gateway gives to a segment.
//!
//! | bits | meaning |
//! |---|---|
//! | 63–60 | month |
//! | 59–55 | day |
//! | 54–50 | hour |
//! | 49–44 | minute |
//! | 43–38 | second |
//! | 37–16 | gateway code |
//! | 15–0 | sequence |

/// Any 64 bits: many gateways do not keep to the layout, so nothing but the sequence is ever looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub u64);

/// What the specification puts into a [`MessageId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageIdParts {
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// 22 bits.
    pub gateway: u32,
    pub sequence: u16,
}

impl MessageId {
    /// Parts wider than their field are cut to it.
    pub fn new(parts: MessageIdParts) -> Self {
        let field = |value: u64, bits: u32, shift: u32| (value & ((1 << bits) - 1)) << shift;
        Self(
            field(parts.month.into(), 4, 60)
                | field(parts.day.into(), 5, 55)
                | field(parts.hour.into(), 5, 50)
                | field(parts.minute.into(), 6, 44)
                | field(parts.second.into(), 6, 38)
                | field(parts.gateway.into(), 22, 16)
                | u64::from(parts.sequence),
        )
    }

    pub fn parts(self) -> MessageIdParts {
        let field = |bits: u32, shift: u32| (self.0 >> shift) & ((1 << bits) - 1);
        MessageIdParts {
            month: field(4, 60) as u8,
            day: field(5, 55) as u8,
            hour: field(5, 50) as u8,
            minute: field(6, 44) as u8,
            second: field(6, 38) as u8,
            gateway: field(22, 16) as u32,
            sequence: self.0 as u16,
        }
    }

    /// The id of the destination at `index` in a group send whose response carried `self`: the sequence counts up and wraps
    /// to 0 without touching the gateway code (CMPP 2.0 §7.4.3.2).
    pub fn in_group(self, index: u16) -> Self {
        let sequence = (self.0 as u16).wrapping_add(index);
        Self(self.0 & !0xffff | u64::from(sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_ids() {
        let cases = [
            (0xb4c5_5300_0001_0000, (11, 9, 17, 21, 12, 1, 0)),
            (0xb2b9_da80_0001_0000, (11, 5, 14, 29, 42, 1, 0)),
            (0x30b0_0780_006a_0009, (3, 1, 12, 0, 30, 106, 9)),
        ];
        for (id, (month, day, hour, minute, second, gateway, sequence)) in cases {
            let parts = MessageIdParts {
                month,
                day,
                hour,
                minute,
                second,
                gateway,
                sequence,
            };
            assert_eq!(MessageId(id).parts(), parts);
            assert_eq!(MessageId::new(parts), MessageId(id));
        }
    }

    #[test]
    fn a_group_wraps_inside_the_sequence() {
        let first = MessageId(0x30b0_0780_006a_fffe);
        let ids: Vec<u64> = (0..4).map(|index| first.in_group(index).0 & 0xff_ffff).collect();
        assert_eq!(ids, [0x6a_fffe, 0x6a_ffff, 0x6a_0000, 0x6a_0001]);
    }

    proptest! {
        #[test]
        fn parts_lose_nothing(id: u64) {
            prop_assert_eq!(MessageId::new(MessageId(id).parts()), MessageId(id));
        }
    }
}
