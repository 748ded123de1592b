//! What only SMPP has.

use crate::support::*;
use bytes::BytesMut;
use carillon_protocols::session::*;
use carillon_protocols::smpp::{self, Address, BindKind, Header, ShortMessage, TlvBuffer, status, tlv};

fn server_bound_as(kind: BindKind, interface_version: u8) -> ServerSession {
    let mut server = ServerSession::new(server_config(Protocol::Smpp34), 0);
    let bind = smpp::Bind {
        kind,
        system_id: b"hospital",
        password: b"secret08",
        system_type: b"",
        interface_version,
        addr_ton: 0,
        addr_npi: 0,
        address_range: b"",
    };
    let mut bytes = BytesMut::new();
    bind.encode(1, &mut bytes).unwrap();
    let mut events = Vec::new();
    server.receive(&bytes, 0, &mut events);
    assert_eq!(events, [ServerEvent::BindRequested]);
    server.accept_bind(SECRET, 0);
    assert_eq!(server.state(), SessionState::Bound);
    server
}

fn feed(session: &mut ServerSession, bytes: &[u8]) -> Vec<ServerEvent> {
    let mut events = Vec::new();
    session.receive(bytes, 0, &mut events);
    events
}

fn feed_client(pair: &mut Pair, bytes: &[u8]) -> Vec<ClientEvent> {
    let mut events = Vec::new();
    pair.client.receive(bytes, pair.now, &mut events);
    events
}

fn headers(mut bytes: &[u8]) -> Vec<Header> {
    let mut headers = Vec::new();
    while let Some((header, _)) = Header::split(bytes) {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        headers.push(header);
        bytes = &bytes[length..];
    }
    headers
}

fn answers(session: &mut ServerSession) -> Vec<Header> {
    headers(&take(session.output()))
}

fn encode(encode: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut bytes = BytesMut::new();
    encode(&mut bytes);
    bytes
}

fn a_message() -> ShortMessage<'static> {
    ShortMessage {
        source: Address::service(b"10690090"),
        destination: Address::international(b"8613800000001"),
        short_message: b"hello",
        registered_delivery: 1,
        ..ShortMessage::default()
    }
}

#[test]
fn the_roles_of_a_bind_are_kept_to() {
    let submit = encode(|out| smpp::SubmitSm(a_message()).encode(9, out).unwrap());
    let cases = [
        (BindKind::Transmitter, true, false),
        (BindKind::Receiver, false, true),
        (BindKind::Transceiver, true, true),
    ];
    for (kind, submits, receives) in cases {
        let mut server = server_bound_as(kind, 0x34);
        take(server.output());
        assert_eq!(feed(&mut server, &submit).len(), usize::from(submits), "{kind:?}");
        if !submits {
            assert_eq!(answers(&mut server)[0].status, status::INVBNDSTS);
        }
        let delivered =
            server.deliver_receipt(&receipt(SegmentId::Number(1)), "8613800000001", "10690090", 1, 0);
        assert_eq!(
            delivered,
            if receives {
                Ok(())
            } else {
                Err(SubmitError::NotBound)
            }
        );
    }
}

#[test]
fn requests_in_the_wrong_state_get_their_own_response_with_the_error() {
    let mut server = ServerSession::new(server_config(Protocol::Smpp34), 0);
    let submit = encode(|out| smpp::SubmitSm(a_message()).encode(9, out).unwrap());
    assert_eq!(feed(&mut server, &submit), []);
    let expected = Header {
        command: smpp::SubmitSmResp::COMMAND,
        status: status::INVBNDSTS,
        sequence: 9,
    };
    assert_eq!(answers(&mut server), [expected]);

    let mut server = server_bound_as(BindKind::Transceiver, 0x34);
    take(server.output());
    let again = encode(|out| {
        smpp::Bind {
            kind: BindKind::Transmitter,
            system_id: b"",
            password: b"",
            system_type: b"",
            interface_version: 0x34,
            addr_ton: 0,
            addr_npi: 0,
            address_range: b"",
        }
        .encode(2, out)
        .unwrap();
    });
    feed(&mut server, &again);
    assert_eq!(
        answers(&mut server),
        [Header {
            command: 0x8000_0002,
            status: status::ALYBND,
            sequence: 2
        }]
    );
}

#[test]
fn unknown_requests_get_a_generic_nack_and_unknown_responses_nothing() {
    for (command, expected) in [(0x0000_0555, Some(status::INVCMDID)), (0x8000_0555, None)] {
        let unknown = encode(|out| {
            Header {
                command,
                status: 0,
                sequence: 8,
            }
            .put_empty(out)
        });
        let nack = expected.map(|status| Header {
            command: 0x8000_0000,
            status,
            sequence: 8,
        });
        let mut server = server_bound_as(BindKind::Transceiver, 0x34);
        take(server.output());
        assert_eq!(feed(&mut server, &unknown), []);
        assert_eq!(answers(&mut server), Vec::from_iter(nack));
        let mut pair = Pair::bound(Protocol::Smpp34);
        assert_eq!(feed_client(&mut pair, &unknown), []);
        assert_eq!(headers(&take(pair.client.output())), Vec::from_iter(nack));
    }
}

#[test]
fn a_lost_stream_gets_a_generic_nack_and_ends() {
    for length in [0u32, 15, 65_553, u32::MAX] {
        let mut server = server_bound_as(BindKind::Transceiver, 0x34);
        take(server.output());
        let events = feed(&mut server, &length.to_be_bytes());
        assert!(
            matches!(events[..], [ServerEvent::Closed { reason: CloseReason::Frame(error) }] if error.length == length)
        );
        let nack = Header {
            command: 0x8000_0000,
            status: status::INVCMDLEN,
            sequence: 0,
        };
        assert_eq!(answers(&mut server), [nack]);
    }
}

#[test]
fn errors_without_a_body_and_generic_nacks_answer_a_submit() {
    let mut pair = Pair::bound(Protocol::Smpp34);
    let cases = [
        (
            smpp::SubmitSmResp::COMMAND,
            status::THROTTLED,
            RejectClass::Throttled,
        ),
        (
            smpp::SubmitSmResp::COMMAND,
            status::MSGQFUL,
            RejectClass::Throttled,
        ),
        (
            smpp::SubmitSmResp::COMMAND,
            status::INVDSTADR,
            RejectClass::Permanent,
        ),
        (smpp::GenericNack::COMMAND, status::SYSERR, RejectClass::Temporary),
        (
            smpp::GenericNack::COMMAND,
            status::INVCMDID,
            RejectClass::Permanent,
        ),
    ];
    for (token, (command, code, class)) in (0..).zip(cases) {
        pair.submit(token).unwrap();
        let submit = take(pair.client.output());
        let sequence = headers(&submit)[0].sequence;
        let answer = encode(|out| {
            Header {
                command,
                status: code,
                sequence,
            }
            .put_empty(out)
        });
        let rejected = ClientEvent::Rejected {
            token,
            code,
            class,
            late: false,
        };
        assert_eq!(feed_client(&mut pair, &answer), [rejected]);
    }
}

#[test]
fn a_bind_refused_by_generic_nack() {
    let mut pair = Pair::new(client_config(Protocol::Smpp34), server_config(Protocol::Smpp34));
    let nack = encode(|out| smpp::GenericNack.encode(status::INVCMDID, 1, out));
    assert!(matches!(
        feed_client(&mut pair, &nack)[..],
        [
            ClientEvent::BindRefused {
                code: status::INVCMDID,
                ..
            },
            ClientEvent::Closed { .. }
        ]
    ));
}

#[test]
fn old_peers_are_sent_no_optional_parameters() {
    for (interface_version, tlvs) in [(0x34, true), (0x33, false), (0x00, false)] {
        let mut server = server_bound_as(BindKind::Transceiver, interface_version);
        let resp = take(server.output());
        let resp = smpp::BindResp::decode(BindKind::Transceiver, &resp[16..]).unwrap();
        assert_eq!(resp.system_id, b"CARRIER");
        assert_eq!(resp.tlvs.find_u8(tlv::SC_INTERFACE_VERSION).is_some(), tlvs);
        let receipt = receipt(SegmentId::Text("6000001".into()));
        server
            .deliver_receipt(&receipt, "8613800000001", "10690090", 1, 0)
            .unwrap();
        let bytes = take(server.output());
        let message = smpp::DeliverSm::decode(&bytes[16..]).unwrap().0;
        assert_eq!(
            message.tlvs.find(tlv::RECEIPTED_MESSAGE_ID),
            tlvs.then_some(&b"6000001\0"[..])
        );
        assert_eq!(message.tlvs.find_u8(tlv::MESSAGE_STATE), tlvs.then_some(2));
    }
}

#[test]
fn receipts_in_the_forms_that_smscs_send() {
    let text = "id:6000001 stat:UNDELIV err:021 submit date:2503011200 done date:250301120130";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let receipted_id: (u16, &[u8]) = (tlv::RECEIPTED_MESSAGE_ID, b"A1_b\0");
    let delivered: (u16, &[u8]) = (tlv::MESSAGE_STATE, &[2]);
    let network_error: (u16, &[u8]) = (tlv::NETWORK_ERROR_CODE, &[3, 0, 27]);
    let payload: (u16, &[u8]) = (tlv::MESSAGE_PAYLOAD, text.as_bytes());
    // esm_class, data_coding, short_message, TLVs; id, status, error
    type Case<'a> = (
        u8,
        u8,
        &'a [u8],
        Vec<(u16, &'a [u8])>,
        Option<(&'a str, &'a str, &'a str)>,
    );
    let cases: Vec<Case<'_>> = vec![
        (
            0x04,
            0,
            text.as_bytes(),
            vec![],
            Some(("6000001", "UNDELIV", "021")),
        ),
        (0x04, 8, &utf16, vec![], Some(("6000001", "UNDELIV", "021"))),
        (0x04, 0, b"", vec![payload], Some(("6000001", "UNDELIV", "021"))),
        (
            0x04,
            0,
            text.as_bytes(),
            vec![receipted_id, delivered],
            Some(("A1_b", "UNDELIV", "021")),
        ),
        (
            0x04,
            0,
            b"",
            vec![receipted_id, delivered, network_error],
            Some(("A1_b", "DELIVRD", "27")),
        ),
        (
            0x00,
            0,
            b"",
            vec![delivered, receipted_id],
            Some(("A1_b", "DELIVRD", "")),
        ),
        (
            0x20,
            0,
            text.as_bytes(),
            vec![],
            Some(("6000001", "UNDELIV", "021")),
        ),
        (
            0x04,
            0,
            b"id:a$b_c stat:EXPIRED",
            vec![],
            Some(("a$b_c", "EXPIRED", "")),
        ),
        (0x04, 0, b"no id in here", vec![delivered], None),
        (0x04, 0, b"", vec![(tlv::RECEIPTED_MESSAGE_ID, b"\0")], None),
    ];
    for (esm_class, data_coding, short_message, list, expected) in cases {
        let mut buffer = TlvBuffer::default();
        for (tag, value) in list {
            buffer.push(tag, value).unwrap();
        }
        let message = ShortMessage {
            source: Address::international(b"8613800000001"),
            esm_class,
            data_coding,
            short_message,
            tlvs: buffer.tlvs(),
            ..a_message()
        };
        let mut pair = Pair::bound(Protocol::Smpp34);
        let bytes = encode(|out| smpp::DeliverSm(message).encode(3, out).unwrap());
        let events = feed_client(&mut pair, &bytes);
        let Some((id, status, error)) = expected else {
            assert!(
                matches!(events[..], [ClientEvent::Refused { sequence: 3, .. }]),
                "{events:?}"
            );
            assert_eq!(headers(&take(pair.client.output()))[0].status, status::X_P_APPN);
            continue;
        };
        let [ClientEvent::Receipt { receipt, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(receipt.id, SegmentId::Text(id.into()));
        assert_eq!((receipt.status.as_str(), receipt.error.as_str()), (status, error));
        assert_eq!(receipt.to, "8613800000001");
    }
}

#[test]
fn deliver_sm_resp_is_one_nul_also_in_a_refusal() {
    let mut pair = Pair::bound(Protocol::Smpp34);
    let deliver = encode(|out| smpp::DeliverSm(a_message()).encode(3, out).unwrap());
    let [ClientEvent::Reply { tag, reply }] = &feed_client(&mut pair, &deliver)[..] else {
        panic!("a reply expected")
    };
    assert_eq!(reply.text.as_deref(), Some("hello"));
    pair.client.acknowledge(*tag, true);
    assert_eq!(
        take(pair.client.output()),
        b"\0\0\0\x11\x80\0\0\x05\0\0\0\0\0\0\0\x03\0"
    );
    let mut cut = deliver[..deliver.len() - 1].to_vec();
    cut[3] -= 1;
    assert!(matches!(
        feed_client(&mut pair, &cut)[..],
        [ClientEvent::Refused { .. }]
    ));
    assert_eq!(
        take(pair.client.output()),
        b"\0\0\0\x11\x80\0\0\x05\0\0\0\x01\0\0\0\x03\0"
    );
}

#[test]
fn data_sm_both_ways() {
    let mut buffer = TlvBuffer::default();
    buffer.push(tlv::MESSAGE_PAYLOAD, b"hello").unwrap();
    let data = smpp::DataSm {
        source: Address::service(b"10690090"),
        destination: Address::international(b"8613800000001"),
        registered_delivery: 1,
        tlvs: buffer.tlvs(),
        ..smpp::DataSm::default()
    };
    let bytes = encode(|out| data.encode(9, out).unwrap());
    let mut pair = Pair::bound(Protocol::Smpp34);
    let [ClientEvent::Reply { tag, reply }] = &feed_client(&mut pair, &bytes)[..] else {
        panic!("a reply expected")
    };
    assert_eq!(reply.payload, b"hello");
    pair.client.acknowledge(*tag, true);
    assert_eq!(
        headers(&take(pair.client.output()))[0].command,
        smpp::DataSmResp::COMMAND
    );

    let mut server = server_bound_as(BindKind::Transceiver, 0x34);
    take(server.output());
    let [ServerEvent::Submit { tag, submit }] = &feed(&mut server, &bytes)[..] else {
        panic!("a submit expected")
    };
    assert_eq!((&submit.payload[..], submit.receipt), (&b"hello"[..], true));
    server.respond_submit(*tag, Ok(SegmentId::Text("A1".into())));
    assert_eq!(take(server.output())[16..], *b"A1\0");
}

#[test]
fn submit_multi_with_addresses_and_without_lists() {
    let list = [
        smpp::Destination::Address(Address::international(b"8613800000001")),
        smpp::Destination::Address(Address::international(b"8613800000002")),
        smpp::Destination::DistributionList(b"ward"),
    ];
    let multi = |count| {
        let destinations = smpp::Destinations::List(&list[..count]);
        let message = ShortMessage {
            destination: Address::default(),
            ..a_message()
        };
        encode(|out| {
            smpp::SubmitMulti {
                destinations,
                message,
            }
            .encode(9, out)
            .unwrap()
        })
    };
    let mut server = server_bound_as(BindKind::Transceiver, 0x34);
    take(server.output());
    let [ServerEvent::Submit { tag, submit }] = &feed(&mut server, &multi(2))[..] else {
        panic!("a submit expected")
    };
    assert_eq!(submit.destinations, ["8613800000001", "8613800000002"]);
    server.respond_submit(*tag, Ok(SegmentId::Text("M1".into())));
    assert_eq!(take(server.output())[16..], *b"M1\0\0");
    assert_eq!(feed(&mut server, &multi(3)), []);
    assert_eq!(answers(&mut server)[0].status, status::INVDLNAME);
}

#[test]
fn what_is_on_its_way_is_neither_found_nor_changed() {
    let mut server = server_bound_as(BindKind::Transceiver, 0x34);
    take(server.output());
    let source = Address::service(b"10690090");
    let requests = encode(|out| {
        smpp::QuerySm {
            message_id: b"A1",
            source,
        }
        .encode(1, out)
        .unwrap();
        smpp::CancelSm {
            service_type: b"",
            message_id: b"A1",
            source,
            destination: source,
        }
        .encode(2, out)
        .unwrap();
        smpp::ReplaceSm {
            message_id: b"A1",
            source,
            schedule_delivery_time: b"",
            validity_period: b"",
            registered_delivery: 0,
            sm_default_msg_id: 0,
            short_message: b"x",
        }
        .encode(3, out)
        .unwrap();
        smpp::AlertNotification {
            source,
            esme: source,
            tlvs: smpp::Tlvs::default(),
        }
        .encode(4, out)
        .unwrap();
        smpp::Outbind {
            system_id: b"",
            password: b"",
        }
        .encode(5, out)
        .unwrap();
    });
    assert_eq!(feed(&mut server, &requests), []);
    let statuses: Vec<u32> = answers(&mut server).iter().map(|header| header.status).collect();
    assert_eq!(
        statuses,
        [status::QUERYFAIL, status::CANCELFAIL, status::REPLACEFAIL]
    );
    assert_eq!(server.ignored().commands, 5);
}

#[test]
fn long_payloads_go_as_message_payload() {
    let mut pair = Pair::bound(Protocol::Smpp34);
    let payload = [b'x'; 300];
    pair.client
        .submit(
            &Submit {
                payload: &payload,
                coding: DataCoding::Ascii,
                ..SUBMIT
            },
            1,
            0,
        )
        .unwrap();
    let [ServerEvent::Submit { submit, .. }] = &pair.at_server()[..] else {
        panic!("a submit expected")
    };
    assert_eq!(submit.payload, payload);
}

#[test]
fn sar_parameters_say_the_same_as_a_user_data_header() {
    let mut buffer = TlvBuffer::default();
    buffer.push(tlv::SAR_MSG_REF_NUM, &[0x01, 0x2a]).unwrap();
    buffer.push_u8(tlv::SAR_TOTAL_SEGMENTS, 2);
    buffer.push_u8(tlv::SAR_SEGMENT_SEQNUM, 1);
    let message = ShortMessage {
        tlvs: buffer.tlvs(),
        ..a_message()
    };
    let mut server = server_bound_as(BindKind::Transceiver, 0x34);
    let bytes = encode(|out| smpp::SubmitSm(message).encode(3, out).unwrap());
    let [ServerEvent::Submit { submit, .. }] = &feed(&mut server, &bytes)[..] else {
        panic!("a submit expected")
    };
    let expected = Concatenation {
        reference: 0x012a,
        wide: true,
        total: 2,
        number: 1,
    };
    assert_eq!(submit.concatenation, Some(expected));
}

#[test]
fn unreadable_fields_name_their_own_status() {
    let whole = encode(|out| smpp::SubmitSm(a_message()).encode(9, out).unwrap());
    let mut both = TlvBuffer::default();
    both.push(tlv::MESSAGE_PAYLOAD, b"x").unwrap();
    let twice = encode(|out| {
        smpp::SubmitSm(ShortMessage {
            tlvs: both.tlvs(),
            ..a_message()
        })
        .encode(9, out)
        .unwrap()
    });
    let mut long = whole.to_vec();
    long.splice(17..19, [b'7'; 30]);
    let mut tail = whole.to_vec();
    tail.extend([4, 0x24, 0]);
    let cases = [
        (whole[..whole.len() - 1].to_vec(), status::INVMSGLEN),
        (whole[..16].to_vec(), status::INVSERTYP),
        (twice.to_vec(), status::OPTPARNOTALLWD),
        (tail, status::INVOPTPARSTREAM),
        (long, status::INVSRCADR),
    ];
    for (mut bytes, expected) in cases {
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        let mut server = server_bound_as(BindKind::Transceiver, 0x34);
        take(server.output());
        assert_eq!(feed(&mut server, &bytes), []);
        let refusal = Header {
            command: smpp::SubmitSmResp::COMMAND,
            status: expected,
            sequence: 9,
        };
        assert_eq!(answers(&mut server), [refusal]);
    }
}

#[test]
fn a_client_writes_the_known_submits() {
    let mut pair = Pair::bound(Protocol::Smpp34);
    let named = Submit {
        source: "ACME",
        destination: "8613800000001",
        service_id: "",
        ..SUBMIT
    };
    pair.client.submit(&named, 1, 0).unwrap();
    let expected = vector("smpp3.4", "submit_sm UCS2, alphanumeric source, report on final");
    assert_eq!(hex(&take(pair.client.output())), expected);
    let part = Submit {
        source: "10690090",
        concatenation: Some(Concatenation {
            reference: 0x2a,
            wide: false,
            total: 2,
            number: 1,
        }),
        payload: &[0x59, 0x7d].repeat(67),
        ..named
    };
    pair.client.submit(&part, 2, 0).unwrap();
    let expected = vector("smpp3.4", "submit_sm long part 1/2 (esm_class 0x40)");
    assert_eq!(hex(&take(pair.client.output())), expected);
}
