use super::BORROWING;
use crate::Target;
use carillon_protocols::smpp::tlv::{self, TlvBuffer, Tlvs};

/// Optional parameters of SMPP.
pub static TLV: Target = Target {
    name: "tlv",
    run,
    seeds: || {
        vec![
            b"\x04\x24\x00\x02hi\x04\x27\x00\x01\x02".to_vec(),
            b"\x00\x1e\x00\x03id\x00\x02\x0c\x00\x02\x00\x07\x02\x0e\x00\x01\x02\x02\x0f\x00\x01\x01"
                .to_vec(),
        ]
    },
    words: &["\u{4}$", "\u{4}'", "\0\u{1e}", "\u{2}\u{c}"],
    memory: BORROWING,
    input_bytes_max: 5_000,
};

fn run(input: &[u8]) {
    let Ok(tlvs) = Tlvs::decode(input) else {
        return;
    };
    let mut buffer = TlvBuffer::default();
    for (tag, value) in tlvs.iter() {
        buffer.push(tag, value).expect("it came with a length field");
        assert!(tlvs.find(tag).is_some());
    }
    assert_eq!(buffer.tlvs(), tlvs, "every octet belongs to a parameter");
    for tag in [
        tlv::MESSAGE_STATE,
        tlv::SAR_MSG_REF_NUM,
        tlv::RECEIPTED_MESSAGE_ID,
    ] {
        assert!(tlvs.find_u8(tag).is_none() || tlvs.find_u16(tag).is_none());
    }
}
