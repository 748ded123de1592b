//! WIN-1, time-outs and answers that come late, twice or for nothing.

use crate::support::*;
use carillon_protocols::session::*;

const ID: SegmentId = SegmentId::Number(9);

#[test]
fn a_full_window_refuses_and_the_answer_frees_one_slot() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        for token in 0..4 {
            assert_eq!(pair.submit(token), Ok(()));
        }
        let written = pair.client.output_total();
        assert_eq!(pair.submit(4), Err(SubmitError::WindowFull));
        assert_eq!(
            (pair.client.output_total(), pair.client.in_flight()),
            (written, 4)
        );

        let events = pair.at_server();
        let tags: Vec<SubmitTag> = events.iter().filter_map(tag_of).collect();
        assert_eq!(tags.len(), 4);
        pair.server.respond_submit(tags[2], Ok(ID));
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::Submitted {
                token: 2,
                late: false,
                ..
            }]
        ));
        assert_eq!(pair.client.window_free(), 1);
        assert_eq!(pair.submit(4), Ok(()));
        assert_eq!(pair.submit(5), Err(SubmitError::WindowFull));
    }
}

#[test]
fn a_second_answer_frees_nothing() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        pair.submitted(1);
        let tag = pair.submitted(2);
        pair.server.respond_submit(tag, Ok(ID));
        pair.server.respond_submit(tag, Ok(ID));
        assert_eq!(pair.at_client().len(), 1);
        assert_eq!((pair.client.in_flight(), pair.client.ignored().answers), (1, 1));
    }
}

#[test]
fn a_time_out_frees_the_slot_and_the_late_answer_is_told_as_such() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let first = pair.submitted(1);
        pair.now = 10_000;
        let second = pair.submitted(2);
        assert_eq!(pair.client.next_tick(), 60_000);
        assert_eq!(pair.tick_client(59_999), []);
        assert_eq!(pair.tick_client(60_000), [ClientEvent::TimedOut { token: 1 }]);
        assert_eq!((pair.client.in_flight(), pair.client.next_tick()), (1, 70_000));
        assert_eq!(pair.tick_client(70_000), [ClientEvent::TimedOut { token: 2 }]);

        pair.server.respond_submit(first, Ok(ID));
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::Submitted {
                token: 1,
                late: true,
                ..
            }]
        ));
        pair.server.respond_submit(second, Err(8));
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::Rejected {
                token: 2,
                code: 8,
                late: true,
                ..
            }]
        ));
        pair.server.respond_submit(first, Ok(ID));
        assert_eq!(pair.at_client(), []);
        assert_eq!(pair.client.ignored().answers, 1);
    }
}

#[test]
fn open_submits_tell_where_they_begin_in_the_stream() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let mut offsets = Vec::new();
        for token in 10..14 {
            offsets.push(pair.client.output_total());
            pair.submit(token).unwrap();
        }
        let tags: Vec<SubmitTag> = pair.at_server().iter().filter_map(tag_of).collect();
        pair.server.respond_submit(tags[1], Ok(ID));
        pair.at_client();
        let open: Vec<(u64, u64)> = pair
            .client
            .open_submits()
            .iter()
            .map(|submit| (submit.token, submit.offset))
            .collect();
        assert_eq!(open, [(10, offsets[0]), (12, offsets[2]), (13, offsets[3])]);
    }
}

#[test]
fn a_request_without_an_answer_does_not_hold_up_a_long_stream() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let stuck = pair.submitted(0);
        for token in 1..1000 {
            let tag = pair.submitted(token);
            pair.server.respond_submit(tag, Ok(ID));
            assert_eq!(pair.at_client().len(), 1);
        }
        assert_eq!(pair.client.open_submits().len(), 1);
        pair.server.respond_submit(stuck, Ok(ID));
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::Submitted {
                token: 0,
                late: false,
                ..
            }]
        ));
    }
}

#[test]
fn silence_counts_from_the_oldest_open_submit_or_the_last_octet() {
    let mut pair = Pair::bound(Protocol::Cmpp20);
    assert_eq!(pair.client.silence(5_000), None);
    pair.now = 100_000;
    let tag = pair.submitted(1);
    assert_eq!(pair.client.silence(104_000), Some(4_000));
    pair.submitted(2);
    pair.now = 106_000;
    pair.server.respond_submit(tag, Ok(ID));
    pair.at_client();
    assert_eq!(pair.client.silence(107_000), Some(1_000));
}

#[test]
fn the_server_holds_its_own_window_and_its_time_outs() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let receipt = receipt(ID);
        let deliver = |pair: &mut Pair, token| {
            pair.server
                .deliver_receipt(&receipt, "13800000001", "10690090", token, pair.now)
        };
        for token in 0..4 {
            assert_eq!(deliver(&mut pair, token), Ok(()));
        }
        assert_eq!(deliver(&mut pair, 4), Err(SubmitError::WindowFull));
        let events = pair.at_client();
        let ClientEvent::Receipt { tag, .. } = events[0] else {
            panic!("{events:?}")
        };
        pair.client.acknowledge(tag, true);
        assert_eq!(
            pair.at_server(),
            [ServerEvent::DeliverAnswered { token: 0, code: 0 }]
        );
        let ClientEvent::Receipt { tag, .. } = events[1] else {
            panic!("{events:?}")
        };
        assert_eq!(pair.tick_server(60_000).len(), 3);
        pair.client.acknowledge(tag, true);
        assert_eq!(pair.at_server(), [], "too late to count");
        assert_eq!(pair.server.ignored().answers, 1);
    }
}

#[test]
fn submits_beyond_the_window_are_throttled() {
    for protocol in PROTOCOLS {
        let mut greedy = client_config(protocol);
        greedy.window = 6;
        let mut pair = Pair::new(greedy, server_config(protocol));
        pair.at_server();
        pair.server.accept_bind(SECRET, 0);
        pair.at_client();
        for token in 0..6 {
            pair.submit(token).unwrap();
        }
        assert_eq!(pair.at_server().len(), 4);
        assert_eq!(pair.server.ignored().beyond_window, 2);
        let throttled = pair.at_client();
        assert_eq!(throttled.len(), 2);
        for event in throttled {
            assert!(matches!(
                event,
                ClientEvent::Rejected {
                    class: RejectClass::Throttled,
                    token: 4..,
                    ..
                }
            ));
        }
    }
}

#[test]
fn what_cannot_be_written_takes_no_slot() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let before = pair.client.output_total();
        let long = "1".repeat(40);
        let wrong_part = Concatenation {
            reference: 1,
            wide: false,
            total: 2,
            number: 3,
        };
        let cases = [
            Submit {
                source: &long,
                ..SUBMIT
            },
            Submit {
                destination: &long,
                ..SUBMIT
            },
            Submit {
                source: "1069\u{e9}",
                ..SUBMIT
            },
            Submit {
                destination: "1380\0",
                ..SUBMIT
            },
            Submit {
                service_id: "longer than both",
                ..SUBMIT
            },
            Submit {
                payload: &[0; 70_000],
                ..SUBMIT
            },
            Submit {
                concatenation: Some(wrong_part),
                ..SUBMIT
            },
        ];
        for submit in cases {
            let refused = pair.client.submit(&submit, 1, 0);
            assert!(
                matches!(refused, Err(SubmitError::Unencodable { .. })),
                "{submit:?}"
            );
        }
        assert_eq!((pair.client.output_total(), pair.client.in_flight()), (before, 0));
        assert!(pair.client.output().is_empty());
    }
}
