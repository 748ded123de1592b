use super::{BORROWING, vectors};
use crate::Target;
use bytes::BytesMut;
use carillon_protocols::cmpp::{Header, Pdu, Report, Request, Version};

/// One PDU of CMPP 2.0 or 3.0. What was decoded can be written, and comes back as the same.
pub static CMPP_PDU: Target = Target {
    name: "cmpp_pdu",
    run,
    seeds,
    words: &[
        "\0\0\0\u{1}",
        "\0\0\0\u{4}",
        "\0\0\0\u{5}",
        "DELIVRD",
        "13800000001",
        "106900",
    ],
    memory: BORROWING,
    input_bytes_max: 5_000,
};

/// The version, then the PDU from its length field on.
fn run(input: &[u8]) {
    let Some((version, frame)) = input.split_first() else {
        return;
    };
    let version = if version.is_multiple_of(2) {
        Version::V20
    } else {
        Version::V30
    };
    let Some((header, body)) = Header::split(frame) else {
        return;
    };
    let Ok(pdu) = Pdu::decode(header.command, body, version) else {
        return;
    };
    if let Pdu::Request(Request::Deliver(deliver)) = &pdu
        && deliver.is_report()
    {
        // A content that is no receipt is an error, and one that is may say anything.
        let _any = Report::decode(deliver.content);
    }
    if let Pdu::Request(Request::Submit(submit)) = &pdu {
        assert_eq!(submit.destinations.iter().count(), submit.destinations.len());
    }
    let mut written = BytesMut::new();
    if pdu.encode(header.sequence, version, &mut written).is_err() {
        assert!(written.is_empty(), "a failed PDU leaves nothing behind");
        return;
    }
    let (header, body) = Header::split(&written).expect("a written PDU has its header");
    let read = Pdu::decode(header.command, body, version).expect("what was written is read");
    let mut again = BytesMut::new();
    read.encode(header.sequence, version, &mut again)
        .expect("what was written once is written again");
    assert_eq!(again, written);
}

fn seeds() -> Vec<Vec<u8>> {
    let of_version = |version: u8, protocol: fn(&str) -> bool| {
        let pdus = vectors::pdus(protocol);
        pdus.into_iter().map(move |pdu| [&[version], &pdu[..]].concat())
    };
    let v20 = of_version(0, |protocol| protocol == "cmpp2.0");
    v20.chain(of_version(1, |protocol| protocol == "cmpp3.0"))
        .collect()
}
