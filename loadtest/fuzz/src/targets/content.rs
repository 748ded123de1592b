use crate::{Memory, Target};
use bytes::BytesMut;
use carillon_domain::segment::decode_gsm7;
use carillon_protocols::coding::DataCoding;
use carillon_protocols::{concat, text};

/// The content of a short message: its user data header and its text in any coding.
pub static CONTENT: Target = Target {
    name: "content",
    run,
    seeds: || {
        vec![
            b"\x00\x05\x00\x03\x2a\x02\x01hello".to_vec(),
            b"\x02\x06\x08\x04\x12\x34\x02\x02\x4f\x60\x59\x7d".to_vec(),
            b"\x03\xc4\xe3\xba\xc3".to_vec(),
            b"\x0a\x1b$B\x30\x21\x1b(B".to_vec(),
            b"\x01\x1be\x1b<caf\xe9".to_vec(),
        ]
    },
    words: &["\u{5}\0\u{3}", "\u{6}\u{8}\u{4}", "\u{1b}e"],
    // A replacement character has three octets.
    memory: Memory {
        fixed_bytes: 16 * 1024,
        per_input_byte: 32,
    },
    input_bytes_max: 1_000,
};

/// The coding, then the content.
fn run(input: &[u8]) {
    let Some((coding, content)) = input.split_first() else {
        return;
    };
    let (concatenation, payload) = concat::split(content);
    assert!(content.ends_with(payload));
    if let Some(concatenation) = concatenation.filter(|concatenation| concatenation.is_valid()) {
        let mut written = BytesMut::new();
        concatenation.encode(&mut written);
        assert_eq!(written.len(), concatenation.header_length());
        assert_eq!(concat::split(&written), (Some(concatenation), &[][..]));
    }
    let named = [
        DataCoding::Gsm7,
        DataCoding::Ascii,
        DataCoding::Ucs2,
        DataCoding::Gbk,
        DataCoding::Binary,
    ];
    for coding in named.into_iter().chain([DataCoding::Other(*coding)]) {
        let length = text::decode(coding, payload).map_or(0, |text| text.chars().count());
        assert!(length <= payload.len() + 1, "no octet is two characters");
    }
    assert!(decode_gsm7(payload).chars().count() <= payload.len() + 1);
}
