//! Numbers of states on disk. A number once used keeps its meaning.

use carillon_domain::fact::FinalState;
use carillon_domain::journey::MessageState;

pub(super) fn encode(state: MessageState) -> u8 {
    match state {
        MessageState::Accepted => 0,
        MessageState::Active => 1,
        MessageState::Final(state) => encode_final(state),
    }
}

pub(super) fn encode_final(state: FinalState) -> u8 {
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

pub(super) fn decode(code: u8) -> Option<MessageState> {
    match code {
        0 => Some(MessageState::Accepted),
        1 => Some(MessageState::Active),
        code => decode_final(code).map(MessageState::Final),
    }
}

pub(super) fn decode_final(code: u8) -> Option<FinalState> {
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
pub(super) fn to_sql(id: u64) -> i64 {
    (id ^ 1 << 63) as i64
}

pub(super) fn from_sql(id: i64) -> u64 {
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

    proptest! {
        #[test]
        fn numbers_keep_their_order(a: u64, b: u64) {
            prop_assert_eq!(from_sql(to_sql(a)), a);
            prop_assert_eq!(a.cmp(&b), to_sql(a).cmp(&to_sql(b)));
        }
    }
}
