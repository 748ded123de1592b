//! Codecs: what is written is read again, and no bytes make a codec fall over.

use bytes::BytesMut;
use carillon_protocols::cmpp::{self, Version};
use carillon_protocols::smpp::{self, Address, BindKind, ShortMessage, TlvBuffer};
use proptest::prelude::*;

fn octets(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), range)
}

/// Octets of a text field: anything but NUL.
fn field(limit: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(1u8.., 0..=limit)
}

const CMPP_COMMANDS: [u32; 14] = [
    0x01,
    0x02,
    0x04,
    0x05,
    0x06,
    0x07,
    0x08,
    0x8000_0001,
    0x8000_0002,
    0x8000_0004,
    0x8000_0005,
    0x8000_0006,
    0x8000_0007,
    0x8000_0008,
];

const SMPP_COMMANDS: [u32; 25] = [
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x07,
    0x08,
    0x09,
    0x0b,
    0x15,
    0x21,
    0x102,
    0x103,
    0x8000_0000,
    0x8000_0001,
    0x8000_0002,
    0x8000_0003,
    0x8000_0004,
    0x8000_0005,
    0x8000_0006,
    0x8000_0009,
    0x8000_0015,
    0x8000_0021,
    0x8000_0103,
];

fn a_version() -> impl Strategy<Value = Version> {
    prop::sample::select(&[Version::V20, Version::V30][..])
}

/// Known PDUs, a good start for damage.
fn seeds(protocol: &str) -> Vec<Vec<u8>> {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("vectors.json")).expect("valid JSON");
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    vectors
        .iter()
        .filter(|vector| {
            vector["protocol"]
                .as_str()
                .is_some_and(|name| name.starts_with(protocol))
        })
        .map(|vector| hex(vector["hex"].as_str().unwrap()))
        .collect()
}

/// Octets changed, cut off or put on.
fn damaged(protocol: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<usize>(), any::<u8>()), 0..5);
    (
        prop::sample::select(seeds(protocol)),
        changes,
        any::<usize>(),
        octets(0..8),
    )
        .prop_map(|(mut pdu, changes, end, tail)| {
            for (at, octet) in changes {
                let at = at % pdu.len();
                pdu[at] = octet;
            }
            pdu.truncate(12 + end % (pdu.len() * 2));
            pdu.extend(tail);
            pdu
        })
}

/// If it can be read, then what is written from it is read as the same, and written as the same.
fn cmpp_round_trip(command: u32, body: &[u8], version: Version) -> Result<(), TestCaseError> {
    let Ok(pdu) = cmpp::Pdu::decode(command, body, version) else {
        return Ok(());
    };
    let mut first = BytesMut::new();
    // A result of four octets does not fit into the one of 2.0.
    if pdu.encode(7, version, &mut first).is_err()
        || (version == Version::V20 && command & cmpp::RESPONSE != 0)
    {
        return Ok(());
    }
    let (header, body) = cmpp::Header::split(&first).unwrap();
    let again = cmpp::Pdu::decode(header.command, body, version);
    prop_assert_eq!(again, Ok(pdu));
    Ok(())
}

fn smpp_round_trip(command: u32, body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(pdu) = smpp::Pdu::decode(command, body) else {
        return Ok(());
    };
    let mut first = BytesMut::new();
    pdu.encode(0, 7, &mut first)
        .expect("what was read can be written");
    let (header, body) = smpp::Header::split(&first).unwrap();
    prop_assert_eq!(smpp::Pdu::decode(header.command, body), Ok(pdu));
    Ok(())
}

proptest! {
    #[test]
    fn cmpp_reads_any_bytes(command in prop::sample::select(&CMPP_COMMANDS[..]), body in octets(0..400), version in a_version()) {
        cmpp_round_trip(command, &body, version)?;
    }

    #[test]
    fn cmpp_reads_damaged_pdus(pdu in damaged("cmpp"), version in a_version()) {
        let (header, body) = cmpp::Header::split(&pdu).unwrap();
        cmpp_round_trip(header.command, body, version)?;
    }

    #[test]
    fn smpp_reads_any_bytes(command in prop::sample::select(&SMPP_COMMANDS[..]), body in octets(0..400)) {
        smpp_round_trip(command, &body)?;
    }

    #[test]
    fn smpp_reads_damaged_pdus(pdu in damaged("smpp")) {
        if let Some((header, body)) = smpp::Header::split(&pdu) {
            smpp_round_trip(header.command, body)?;
        }
    }

    #[test]
    fn cmpp_submit_comes_back(
        version in a_version(),
        numbers in prop::collection::vec(field(21), 1..=100),
        (service_id, msg_src, fee_terminal_id, src_id) in (field(10), field(6), field(21), field(21)),
        (valid_time, at_time, fee_type, fee_code, link_id) in (field(17), field(17), field(2), field(6), field(8)),
        content in octets(0..256),
        (message_id, small) in (any::<u64>(), any::<[u8; 8]>()),
    ) {
        let numbers: Vec<&[u8]> = numbers.iter().map(Vec::as_slice).collect();
        let only_v30 = |octet| if version == Version::V30 { octet } else { 0 };
        let submit = cmpp::Submit {
            message_id,
            pk_total: small[0],
            pk_number: small[1],
            registered_delivery: small[2],
            msg_level: small[3],
            service_id: &service_id,
            fee_user_type: small[4],
            fee_terminal_id: &fee_terminal_id,
            fee_terminal_type: only_v30(small[5]),
            tp_pid: small[6],
            tp_udhi: small[7],
            msg_fmt: small[0],
            msg_src: &msg_src,
            fee_type: &fee_type,
            fee_code: &fee_code,
            valid_time: &valid_time,
            at_time: &at_time,
            src_id: &src_id,
            destinations: cmpp::Destinations::List(&numbers),
            dest_terminal_type: only_v30(small[1]),
            content: &content,
            link_id: &link_id,
        };
        let mut out = BytesMut::new();
        submit.encode(1, version, &mut out).unwrap();
        prop_assert!(out.len() <= cmpp::PDU_LIMIT);
        let fixed = if version == Version::V30 { 12 + 151 + 32 * numbers.len() } else { 12 + 126 + 21 * numbers.len() };
        prop_assert_eq!(out.len(), fixed + content.len());
        prop_assert_eq!(cmpp::Submit::decode(&out[12..], version), Ok(submit));
    }

    #[test]
    fn cmpp_deliver_comes_back(
        version in a_version(),
        (dest_id, service_id, src_terminal_id, link_id) in (field(21), field(10), field(21), field(8)),
        content in octets(0..256),
        (message_id, small) in (any::<u64>(), any::<[u8; 5]>()),
    ) {
        let deliver = cmpp::Deliver {
            message_id,
            dest_id: &dest_id,
            service_id: &service_id,
            tp_pid: small[0],
            tp_udhi: small[1],
            msg_fmt: small[2],
            src_terminal_id: &src_terminal_id,
            src_terminal_type: if version == Version::V30 { small[3] } else { 0 },
            registered_delivery: small[4],
            content: &content,
            link_id: &link_id,
        };
        let mut out = BytesMut::new();
        deliver.encode(1, version, &mut out).unwrap();
        prop_assert_eq!(cmpp::Deliver::decode(&out[12..], version), Ok(deliver));
    }

    #[test]
    fn cmpp_answers_come_back(version in a_version(), message_id: u64, code in 0u32..256) {
        let mut out = BytesMut::new();
        cmpp::SubmitResp { message_id, result: code }.encode(1, version, &mut out);
        prop_assert_eq!(cmpp::SubmitResp::decode(&out[12..]), Ok(cmpp::SubmitResp { message_id, result: code }));
        out.clear();
        cmpp::CancelResp { success_id: code }.encode(1, version, &mut out);
        prop_assert_eq!(cmpp::CancelResp::decode(&out[12..]), Ok(cmpp::CancelResp { success_id: code }));
    }

    #[test]
    fn smpp_messages_come_back(
        (service_type, source, destination, schedule, validity) in (field(5), field(20), field(20), field(16), field(16)),
        short_message in octets(0..255),
        small: [u8; 11],
        list in prop::collection::vec((0u16..0x0400, octets(0..20)), 0..5),
    ) {
        let mut tlvs = TlvBuffer::default();
        for (tag, value) in &list {
            tlvs.push(*tag, value).unwrap();
        }
        let message = ShortMessage {
            service_type: &service_type,
            source: Address { ton: small[0], npi: small[1], address: &source },
            destination: Address { ton: small[2], npi: small[3], address: &destination },
            esm_class: small[4],
            protocol_id: small[5],
            priority_flag: small[6],
            schedule_delivery_time: &schedule,
            validity_period: &validity,
            registered_delivery: small[7],
            replace_if_present_flag: small[8],
            data_coding: small[9],
            sm_default_msg_id: small[10],
            short_message: &short_message,
            tlvs: tlvs.tlvs(),
        };
        let mut out = BytesMut::new();
        smpp::SubmitSm(message).encode(1, &mut out).unwrap();
        prop_assert_eq!(smpp::SubmitSm::decode(&out[16..]), Ok(smpp::SubmitSm(message)));
    }

    #[test]
    fn smpp_binds_come_back(
        kind in prop::sample::select(&[BindKind::Receiver, BindKind::Transmitter, BindKind::Transceiver][..]),
        (system_id, password, system_type, address_range) in (field(15), field(8), field(12), field(40)),
        small: [u8; 3],
    ) {
        let bind = smpp::Bind {
            kind,
            system_id: &system_id,
            password: &password,
            system_type: &system_type,
            interface_version: small[0],
            addr_ton: small[1],
            addr_npi: small[2],
            address_range: &address_range,
        };
        let mut out = BytesMut::new();
        bind.encode(1, &mut out).unwrap();
        prop_assert_eq!(smpp::Bind::decode(kind, &out[16..]), Ok(bind));
    }
}

#[test]
fn fields_that_do_not_fit_are_refused_and_leave_nothing_behind() {
    let long = [b'1'; 255];
    for width in [22, 33, 255] {
        let mut out = BytesMut::new();
        let address = Address {
            ton: 0,
            npi: 0,
            address: &long[..width],
        };
        assert!(
            smpp::SubmitSm(ShortMessage {
                source: address,
                ..ShortMessage::default()
            })
            .encode(1, &mut out)
            .is_err()
        );
        let query = cmpp::Query {
            time: b"20250301",
            query_type: 0,
            query_code: &long[..width],
        };
        assert!(query.encode(1, &mut out).is_err());
        assert!(out.is_empty());
    }
    let message = ShortMessage {
        short_message: &long,
        ..ShortMessage::default()
    };
    assert!(
        smpp::SubmitSm(message).encode(1, &mut BytesMut::new()).is_err(),
        "sm_length is at most 254"
    );
}

#[test]
fn lists_longer_than_their_limits_are_refused() {
    let one: &[u8] = b"13800000001";
    let many = vec![one; 101];
    let mut body = vec![0; 126 + 101 * 21];
    body[8 + 4 + 10 + 1 + 21 + 3 + 6 + 2 + 6 + 34 + 21] = 101;
    assert!(cmpp::Submit::decode(&body, Version::V20).is_err());
    assert_eq!(cmpp::Destinations::List(&many).len(), 101);
    let destination = smpp::Destination::DistributionList(b"ward");
    let list = vec![destination; 255];
    for count in [0, 255] {
        let multi = smpp::SubmitMulti {
            destinations: smpp::Destinations::List(&list[..count]),
            message: ShortMessage::default(),
        };
        assert!(multi.encode(1, &mut BytesMut::new()).is_err(), "{count}");
    }
}
