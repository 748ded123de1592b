//! Numbers of states, kinds and carriers on disk. A number once used keeps its meaning.

use carillon_domain::catalog::Carrier;
use carillon_domain::fact::FinalState;
use carillon_domain::journey::MessageState;
use carillon_domain::plan::ChannelKind;

const KINDS: [ChannelKind; 10] = [
    ChannelKind::Sms,
    ChannelKind::SmartSms,
    ChannelKind::Rcs,
    ChannelKind::RichSms,
    ChannelKind::Mms,
    ChannelKind::Wechat,
    ChannelKind::MiniProgram,
    ChannelKind::Push,
    ChannelKind::Mail,
    ChannelKind::Alipay,
];
/// The unknown has 0, whatever is added.
const CARRIERS: [Carrier; 6] = [
    Carrier::Unknown,
    Carrier::Mobile,
    Carrier::Unicom,
    Carrier::Telecom,
    Carrier::Broadnet,
    Carrier::Virtual,
];

pub fn encode_kind(kind: ChannelKind) -> u8 {
    match kind {
        ChannelKind::Sms => 0,
        ChannelKind::SmartSms => 1,
        ChannelKind::Rcs => 2,
        ChannelKind::RichSms => 3,
        ChannelKind::Mms => 4,
        ChannelKind::Wechat => 5,
        ChannelKind::MiniProgram => 6,
        ChannelKind::Push => 7,
        ChannelKind::Mail => 8,
        ChannelKind::Alipay => 9,
    }
}

pub fn decode_kind(code: u8) -> Option<ChannelKind> {
    KINDS.get(usize::from(code)).copied()
}

pub fn encode_carrier(carrier: Carrier) -> u8 {
    match carrier {
        Carrier::Unknown => 0,
        Carrier::Mobile => 1,
        Carrier::Unicom => 2,
        Carrier::Telecom => 3,
        Carrier::Broadnet => 4,
        Carrier::Virtual => 5,
    }
}

pub fn decode_carrier(code: u8) -> Option<Carrier> {
    CARRIERS.get(usize::from(code)).copied()
}

pub fn encode(state: MessageState) -> u8 {
    match state {
        MessageState::Accepted => 0,
        MessageState::Active => 1,
        MessageState::Final(state) => encode_final(state),
    }
}

pub fn encode_final(state: FinalState) -> u8 {
    match state {
        FinalState::Delivered => 2,
        FinalState::Sent => 3,
        FinalState::Failed => 4,
        FinalState::Rejected => 5,
        FinalState::Cancelled => 6,
        FinalState::Expired => 7,
        FinalState::Unknown => 8,
    }
}

pub fn decode(code: u8) -> Option<MessageState> {
    match code {
        0 => Some(MessageState::Accepted),
        1 => Some(MessageState::Active),
        code => decode_final(code).map(MessageState::Final),
    }
}

pub fn decode_final(code: u8) -> Option<FinalState> {
    match code {
        2 => Some(FinalState::Delivered),
        3 => Some(FinalState::Sent),
        4 => Some(FinalState::Failed),
        5 => Some(FinalState::Rejected),
        6 => Some(FinalState::Cancelled),
        7 => Some(FinalState::Expired),
        8 => Some(FinalState::Unknown),
        _ => None,
    }
}

/// SQLite's integers are signed; this keeps the order of the unsigned ones.
pub fn to_sql(id: u64) -> i64 {
    (id ^ 1 << 63) as i64
}

pub fn from_sql(id: i64) -> u64 {
    id as u64 ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_code_means_one_state() {
        let known: Vec<_> = (0..=u8::MAX)
            .filter_map(|code| Some((code, decode(code)?)))
            .collect();
        assert_eq!(known.len(), 9);
        for (code, state) in known {
            assert_eq!(encode(state), code);
        }
    }

    #[test]
    fn every_kind_and_carrier_has_its_place() {
        for (code, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(usize::from(encode_kind(kind)), code);
        }
        for (code, carrier) in CARRIERS.into_iter().enumerate() {
            assert_eq!(usize::from(encode_carrier(carrier)), code);
        }
        assert_eq!((decode_kind(10), decode_carrier(6)), (None, None));
    }

    proptest! {
        #[test]
        fn numbers_keep_their_order(a: u64, b: u64) {
            prop_assert_eq!(from_sql(to_sql(a)), a);
            prop_assert_eq!(a.cmp(&b), to_sql(a).cmp(&to_sql(b)));
        }
    }
}
