//! What only CMPP has.

use crate::support::*;
use bytes::BytesMut;
use carillon_protocols::cmpp::{self, MessageId, Version};
use carillon_protocols::session::*;

fn cmpp_pair(version: Protocol) -> Pair {
    Pair::bound(version)
}

fn feed(pair: &mut Pair, bytes: &[u8]) -> Vec<ClientEvent> {
    let mut events = Vec::new();
    pair.client.receive(bytes, pair.now, &mut events);
    events
}

#[test]
fn the_server_speaks_the_version_of_the_client() {
    for (protocol, length) in [(Protocol::Cmpp20, 30), (Protocol::Cmpp30, 33)] {
        let mut server = server_config(protocol);
        server.protocols = vec![Protocol::Cmpp20, Protocol::Cmpp30];
        let mut pair = Pair::new(client_config(protocol), server);
        pair.at_server();
        assert_eq!(pair.server.bind_request().unwrap().protocol, protocol);
        pair.server.accept_bind(SECRET, 0);
        assert_eq!(pair.server.output().len(), length);
        assert_eq!(pair.at_client(), [ClientEvent::Bound { peer_version: 0x30 }]);
    }
}

#[test]
fn versions_that_are_not_taken() {
    let cases = [
        (0x30, vec![Protocol::Cmpp20], 4),
        (0x40, vec![Protocol::Cmpp20, Protocol::Cmpp30], 4),
        (0x20, vec![Protocol::Cmpp30], 5),
        (0x12, vec![Protocol::Cmpp20], 5),
        (0x20, vec![], 5),
    ];
    for (version, protocols, status) in cases {
        let mut config = server_config(Protocol::Cmpp20);
        config.protocols = protocols;
        let mut server = ServerSession::new(config, 0);
        let connect = cmpp::Connect {
            source_address: b"106900",
            authenticator: [0; 16],
            version,
            timestamp: 301_000_000,
        };
        let mut bytes = BytesMut::new();
        connect.encode(1, &mut bytes).unwrap();
        let mut events = Vec::new();
        server.receive(&bytes, 0, &mut events);
        assert_eq!(
            events,
            [ServerEvent::Closed {
                reason: CloseReason::BindRefused
            }]
        );
        let answer = take(server.output());
        assert_eq!(answer.len(), if version >= 0x30 { 33 } else { 30 });
        assert_eq!(
            cmpp::ConnectResp::decode(&answer[12..]).unwrap().status,
            status,
            "{version:#x}"
        );
    }
}

#[test]
fn version_2_1_is_2_0() {
    let mut server = ServerSession::new(server_config(Protocol::Cmpp20), 0);
    let authenticator = cmpp::auth::source(b"900001", b"888888", 1_021_080_510);
    let connect = cmpp::Connect {
        source_address: b"900001",
        authenticator,
        version: 0x21,
        timestamp: 1_021_080_510,
    };
    let mut bytes = BytesMut::new();
    connect.encode(0x17, &mut bytes).unwrap();
    let mut events = Vec::new();
    server.receive(&bytes, 0, &mut events);
    assert_eq!(events, [ServerEvent::BindRequested]);
    let request = server.bind_request().unwrap();
    assert_eq!((request.protocol, request.version), (Protocol::Cmpp20, 0x21));
    assert!(request.verify("888888"));
}

#[test]
fn a_connect_resp_of_the_other_width_is_read_by_its_length() {
    for (protocol, answered) in [(Protocol::Cmpp30, Version::V20), (Protocol::Cmpp20, Version::V30)] {
        let mut config = client_config(protocol);
        config.verify_peer = false;
        let mut pair = Pair::new(config, server_config(protocol));
        let mut bytes = BytesMut::new();
        cmpp::ConnectResp {
            status: 0,
            authenticator: [0; 16],
            version: 0x20,
        }
        .encode(1, answered, &mut bytes);
        assert_eq!(
            feed(&mut pair, &bytes),
            [ClientEvent::Bound { peer_version: 0x20 }]
        );
    }
}

#[test]
fn a_gateway_that_does_not_know_the_secret_is_left_if_asked_to_look() {
    let mut pair = Pair::new(client_config(Protocol::Cmpp20), server_config(Protocol::Cmpp20));
    pair.at_server();
    pair.server.accept_bind("another", 0);
    assert_eq!(
        pair.at_client(),
        [ClientEvent::Closed {
            reason: CloseReason::PeerNotAuthenticated
        }]
    );
}

#[test]
fn an_active_test_resp_of_twelve_or_thirteen_octets_is_a_sign_of_life() {
    for answer in [
        &b"\0\0\0\x0c\x80\0\0\x08\0\0\0\x02"[..],
        b"\0\0\0\x0d\x80\0\0\x08\0\0\0\x02\0",
    ] {
        let mut pair = cmpp_pair(Protocol::Cmpp20);
        pair.tick_client(180_000);
        pair.now = 181_000;
        assert_eq!(feed(&mut pair, answer), []);
        assert_eq!(pair.client.next_tick(), 361_000);
        assert_eq!(pair.client.ignored(), Ignored::default());
    }
}

#[test]
fn a_submit_before_connect_is_answered_with_an_error() {
    let mut pair = Pair::bound(Protocol::Cmpp20);
    pair.submit(1).unwrap();
    let submit = take(pair.client.output());
    let mut server = ServerSession::new(server_config(Protocol::Cmpp20), 0);
    let mut events = Vec::new();
    server.receive(&submit, 0, &mut events);
    assert_eq!(events, []);
    let answer = take(server.output());
    assert_eq!(
        cmpp::SubmitResp::decode(&answer[12..]).unwrap().result,
        cmpp::result::COMMAND
    );
}

#[test]
fn unknown_commands_are_counted_and_the_stream_goes_on() {
    let mut pair = cmpp_pair(Protocol::Cmpp30);
    let unknown = b"\0\0\0\x10\0\0\0\x55\0\0\0\x01abcd";
    let link_test = link_test(Protocol::Cmpp30);
    assert_eq!(feed(&mut pair, &[&unknown[..], &link_test].concat()), []);
    assert_eq!(
        (pair.client.ignored().commands, pair.client.output().len()),
        (1, 13)
    );
}

#[test]
fn a_submit_that_cannot_be_read_is_refused_and_the_stream_goes_on() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    pair.submit(1).unwrap();
    let whole = take(pair.client.output());
    let cases = [
        (whole.len() - 1, cmpp::result::STRUCTURE),
        (whole.len() - 9, cmpp::result::MESSAGE_LENGTH),
        (12, 1),
    ];
    for (length, result) in cases {
        let mut cut = whole[..length].to_vec();
        cut[..4].copy_from_slice(&(length as u32).to_be_bytes());
        let mut events = Vec::new();
        pair.server.receive(&cut, 0, &mut events);
        assert_eq!(events, []);
        let answer = take(pair.server.output());
        assert_eq!(
            cmpp::SubmitResp::decode(&answer[12..]).unwrap().result,
            result,
            "{length}"
        );
    }
    assert_eq!(pair.server.state(), SessionState::Bound);
}

#[test]
fn a_deliver_that_cannot_be_read_is_refused_under_its_own_id() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    let deliver = cmpp::Deliver {
        message_id: 77,
        dest_id: b"10690090",
        service_id: b"",
        tp_pid: 0,
        tp_udhi: 0,
        msg_fmt: 0,
        src_terminal_id: b"13800000001",
        src_terminal_type: 0,
        registered_delivery: 1,
        content: &[0; 59],
        link_id: b"",
    };
    let mut bytes = BytesMut::new();
    deliver.encode(5, Version::V20, &mut bytes).unwrap();
    assert!(matches!(
        feed(&mut pair, &bytes)[..],
        [ClientEvent::Refused { sequence: 5, .. }]
    ));
    let answer = take(pair.client.output());
    let resp = cmpp::DeliverResp::decode(&answer[12..]).unwrap();
    assert_eq!((resp.message_id, resp.result), (77, cmpp::result::STRUCTURE));
}

#[test]
fn answers_in_the_width_of_the_other_version_are_read() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    pair.submitted(1);
    let mut bytes = BytesMut::new();
    cmpp::SubmitResp {
        message_id: 9,
        result: 0,
    }
    .encode(2, Version::V30, &mut bytes);
    let submitted = ClientEvent::Submitted {
        token: 1,
        id: SegmentId::Number(9),
        late: false,
    };
    assert_eq!(feed(&mut pair, &bytes), [submitted]);
}

#[test]
fn an_answer_that_cannot_be_read_leaves_the_submit_open() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    pair.submitted(1);
    let answer = b"\0\0\0\x0e\x80\0\0\x04\0\0\0\x02ab";
    assert_eq!(feed(&mut pair, answer), []);
    assert_eq!((pair.client.in_flight(), pair.client.ignored().malformed), (1, 1));
}

#[test]
fn a_group_send_names_every_destination_and_one_range_of_ids() {
    let mut pair = cmpp_pair(Protocol::Cmpp30);
    let destinations: [&[u8]; 3] = [b"13800000001", b"13800000002", b"13800000003"];
    let submit = cmpp::Submit {
        message_id: 0,
        pk_total: 1,
        pk_number: 1,
        registered_delivery: 1,
        msg_level: 1,
        service_id: b"SVC",
        fee_user_type: 2,
        fee_terminal_id: b"",
        fee_terminal_type: 0,
        tp_pid: 0,
        tp_udhi: 0,
        msg_fmt: 15,
        msg_src: b"106900",
        fee_type: b"01",
        fee_code: b"000000",
        valid_time: b"",
        at_time: b"",
        src_id: b"10690090",
        destinations: cmpp::Destinations::List(&destinations),
        dest_terminal_type: 0,
        content: &[0xbb, 0xd8],
        link_id: b"",
    };
    let mut bytes = BytesMut::new();
    submit.encode(40, Version::V30, &mut bytes).unwrap();
    let mut events = Vec::new();
    pair.server.receive(&bytes, 0, &mut events);
    let [ServerEvent::Submit { tag, submit }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(submit.destinations, ["13800000001", "13800000002", "13800000003"]);
    assert_eq!(submit.text.as_deref(), Some("回"));
    pair.server.respond_submit(*tag, Ok(SegmentId::Number(0x1_ffff)));
    let answer = take(pair.server.output());
    let first = MessageId(cmpp::SubmitResp::decode(&answer[12..]).unwrap().message_id);
    assert_eq!(
        [0, 1, 2].map(|index| first.in_group(index).0),
        [0x1_ffff, 0x1_0000, 0x1_0001]
    );
}

#[test]
fn cancel_is_refused_and_query_is_passed_over() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    let mut bytes = BytesMut::new();
    cmpp::Cancel { message_id: 1 }.encode(50, &mut bytes);
    cmpp::Query {
        time: b"20250301",
        query_type: 0,
        query_code: b"",
    }
    .encode(51, &mut bytes)
    .unwrap();
    pair.server.receive(&bytes, 0, &mut Vec::new());
    assert_eq!(
        take(pair.server.output()),
        b"\0\0\0\x0d\x80\0\0\x07\0\0\0\x32\x01"
    );
    assert_eq!(pair.server.ignored().commands, 1);
}

#[test]
fn ids_of_text_must_be_numbers() {
    let mut pair = cmpp_pair(Protocol::Cmpp20);
    for (text, code) in [("123", None), ("12x", Some(cmpp::result::OTHER))] {
        let tag = pair.submitted(1);
        pair.server.respond_submit(tag, Ok(SegmentId::Text(text.into())));
        let events = pair.at_client();
        match code {
            None => assert!(matches!(
                events[..],
                [ClientEvent::Submitted {
                    id: SegmentId::Number(123),
                    ..
                }]
            )),
            Some(expected) => {
                assert!(matches!(events[..], [ClientEvent::Rejected { code, .. }] if code == expected))
            }
        }
    }
    let receipt = receipt(SegmentId::Text("6000001".into()));
    let refused = pair
        .server
        .deliver_receipt(&receipt, "13800000001", "10690090", 1, 0);
    assert!(matches!(
        refused,
        Err(SubmitError::Unencodable { field: "Msg_Id", .. })
    ));
}

#[test]
fn a_client_writes_the_known_connect_and_submits() {
    for (protocol, name) in [(Protocol::Cmpp20, "cmpp2.0"), (Protocol::Cmpp30, "cmpp3.0")] {
        let mut config = client_config(protocol);
        config.password = "secret".into();
        let mut pair = Pair::new(config, server_config(protocol));
        assert_eq!(
            hex(pair.client.output()),
            vector(name, "CONNECT zero-padded timestamp")
        );
        pair.at_server();
        pair.server.accept_bind("secret", 0);
        assert_eq!(pair.at_client().len(), 1);
        pair.submitted(1);
        let hello = Submit {
            coding: DataCoding::Ascii,
            payload: b"hello",
            receipt: false,
            ..SUBMIT
        };
        pair.client.submit(&hello, 2, 0).unwrap();
        assert_eq!(
            hex(&take(pair.client.output())),
            vector(name, "SUBMIT ASCII, no report")
        );
        let part = Submit {
            concatenation: Some(Concatenation {
                reference: 0x2a,
                wide: false,
                total: 3,
                number: 2,
            }),
            payload: &[0x59, 0x7d].repeat(67),
            ..SUBMIT
        };
        pair.client.submit(&part, 3, 0).unwrap();
        assert_eq!(
            hex(&take(pair.client.output())),
            vector(name, "SUBMIT long part 2/3, 6-byte UDH, UCS2")
        );
    }
}
