//! Binds that fail, link tests, and the ways a session ends.

use crate::support::*;
use carillon_protocols::session::*;

#[test]
fn nothing_can_be_submitted_before_the_bind_is_answered() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::new(client_config(protocol), server_config(protocol));
        assert_eq!(pair.submit(1), Err(SubmitError::NotBound));
        assert_eq!(pair.client.state(), SessionState::Binding);
    }
}

#[test]
fn the_secret_decides() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::new(client_config(protocol), server_config(protocol));
        let unsent = format!("{:?}", pair.client);
        pair.at_server();
        let request = pair.server.bind_request().unwrap().clone();
        assert_eq!((request.login.as_str(), request.protocol), ("106900", protocol));
        assert!(request.verify(SECRET));
        assert!(!request.verify("secret09") && !request.verify("secret0") && !request.verify(""));
        let shown = format!(
            "{unsent} {request:?} {:?} {:?}",
            client_config(protocol),
            pair.server
        );
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn refused_binds_say_why_in_the_protocols_own_code() {
    let cases = [
        (BindRefusal::UnknownLogin, 2, 0x0f),
        (BindRefusal::WrongPassword, 3, 0x0e),
        (BindRefusal::NotAllowed, 5, 0x0d),
        (BindRefusal::Version, 4, 0x0d),
        (BindRefusal::Unavailable, 5, 0x08),
    ];
    for protocol in PROTOCOLS {
        for (refusal, cmpp, smpp) in cases {
            let mut pair = Pair::new(client_config(protocol), server_config(protocol));
            pair.at_server();
            pair.server.refuse_bind(refusal);
            assert_eq!(pair.server.state(), SessionState::Closed);
            let expected = if protocol == Protocol::Smpp34 { smpp } else { cmpp };
            let events = pair.at_client();
            assert!(
                matches!(events[..], [
                    ClientEvent::BindRefused { code, .. },
                    ClientEvent::Closed { reason: CloseReason::BindRefused },
                ] if code == expected),
                "{protocol:?} {refusal:?} {events:?}"
            );
        }
    }
}

#[test]
fn a_bind_without_an_answer_and_a_connection_without_a_bind_end() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::new(client_config(protocol), server_config(protocol));
        assert_eq!(
            (pair.client.next_tick(), pair.server.next_tick()),
            (10_000, 10_000)
        );
        assert_eq!(pair.tick_client(9_999), []);
        assert_eq!(
            pair.tick_client(10_000),
            [ClientEvent::Closed {
                reason: CloseReason::BindTimeout
            }]
        );
        assert_eq!(
            pair.tick_server(10_000),
            [ServerEvent::Closed {
                reason: CloseReason::BindTimeout
            }]
        );
        assert_eq!(pair.client.next_tick(), Millis::MAX);
        assert_eq!(pair.tick_client(20_000), []);
    }
}

#[test]
fn link_tests_are_answered_in_every_state_and_with_a_full_window() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        for token in 0..4 {
            pair.submit(token).unwrap();
        }
        take(pair.client.output());
        assert_eq!(pair.tick_server(180_000), []);
        assert_eq!(pair.at_client(), []);
        let answer = take(pair.client.output());
        assert!(!answer.is_empty());
        let mut events = Vec::new();
        pair.server.receive(&answer, 180_001, &mut events);
        assert_eq!((events, pair.server.next_tick()), (vec![], 360_001));

        let mut unbound = Pair::new(client_config(protocol), server_config(protocol));
        take(unbound.client.output());
        unbound.client.receive(&link_test(protocol), 0, &mut Vec::new());
        unbound.server.receive(&link_test(protocol), 0, &mut Vec::new());
        assert_eq!(take(unbound.client.output()), take(unbound.server.output()));
        assert_eq!(unbound.client.state(), SessionState::Binding);
    }
}

#[test]
fn three_link_tests_without_a_sign_of_life_end_the_session() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        for due in [180_000, 240_000, 300_000] {
            assert_eq!(pair.client.next_tick(), due);
            assert_eq!(pair.tick_client(due), []);
            assert!(!take(pair.client.output()).is_empty());
        }
        let reason = CloseReason::LinkTestTimeout { count: 3 };
        assert_eq!(pair.tick_client(360_000), [ClientEvent::Closed { reason }]);
        assert_eq!(pair.client.state(), SessionState::Closed);
    }
}

#[test]
fn the_client_unbinds_after_its_open_submits() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let tag = pair.submitted(1);
        pair.client.unbind(0);
        assert_eq!(pair.client.state(), SessionState::Unbinding);
        assert!(pair.client.output().is_empty());
        assert_eq!(pair.submit(2), Err(SubmitError::NotBound));
        pair.server.respond_submit(tag, Ok(SegmentId::Number(9)));
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::Submitted { token: 1, .. }]
        ));
        let reason = CloseReason::PeerUnbound;
        assert_eq!(
            pair.at_server(),
            [ServerEvent::PeerUnbound, ServerEvent::Closed { reason }]
        );
        let reason = CloseReason::Unbound;
        assert_eq!(pair.at_client(), [ClientEvent::Closed { reason }]);
    }
}

#[test]
fn an_unbind_waits_for_time_outs_and_for_its_own_answer_only_so_long() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        pair.submitted(1);
        pair.client.unbind(1_000);
        assert_eq!(pair.tick_client(60_000), [ClientEvent::TimedOut { token: 1 }]);
        assert!(!take(pair.client.output()).is_empty());
        assert_eq!(pair.client.next_tick(), 120_000);
        let reason = CloseReason::UnbindTimeout;
        assert_eq!(pair.tick_client(120_000), [ClientEvent::Closed { reason }]);
    }
}

#[test]
fn the_server_unbinds_and_open_submits_stay_known() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        pair.submit(1).unwrap();
        take(pair.client.output());
        pair.server.unbind(0);
        let reason = CloseReason::PeerUnbound;
        assert_eq!(
            pair.at_client(),
            [ClientEvent::PeerUnbound, ClientEvent::Closed { reason }]
        );
        assert_eq!(pair.client.open_submits().len(), 1);
        let reason = CloseReason::Unbound;
        assert_eq!(pair.at_server(), [ServerEvent::Closed { reason }]);
    }
}

#[test]
fn the_server_answers_what_it_owes_before_it_unbinds() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let first = pair.submitted(1);
        pair.submitted(2);
        pair.server.unbind(0);
        assert!(pair.server.output().is_empty());
        assert_eq!(pair.submit(3), Ok(()));
        assert_eq!(pair.at_server(), [], "no new submit is taken");
        pair.server.respond_submit(first, Ok(SegmentId::Number(9)));
        assert_eq!(pair.at_client().len(), 2);
        assert_eq!((pair.server.next_tick(), pair.client.in_flight()), (60_000, 1));
        assert_eq!(
            pair.tick_server(60_000),
            [],
            "whoever never answers is not waited for"
        );
        assert!(matches!(
            pair.at_client()[..],
            [ClientEvent::PeerUnbound, ClientEvent::Closed { .. }]
        ));
    }
}

#[test]
fn an_unbind_is_due_at_once_after_the_last_answer() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let tag = pair.submitted(1);
        pair.server.unbind(0);
        pair.server.respond_submit(tag, Ok(SegmentId::Number(9)));
        assert_eq!(pair.server.next_tick(), 0);
        assert_eq!(pair.tick_server(1), []);
        assert_eq!(pair.at_client().len(), 3);
    }
}

#[test]
fn a_closed_session_is_silent() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        let receipt = receipt(SegmentId::Number(9));
        pair.server
            .deliver_receipt(&receipt, "13800000001", "10690090", 1, 0)
            .unwrap();
        let ClientEvent::Receipt { tag, .. } = pair.at_client()[0] else {
            panic!("a receipt expected")
        };
        pair.client.unbind(0);
        pair.at_server();
        pair.at_client();
        assert_eq!(pair.client.state(), SessionState::Closed);
        pair.client.acknowledge(tag, true);
        pair.client.unbind(0);
        pair.client.receive(&link_test(protocol), 0, &mut Vec::new());
        assert_eq!(pair.submit(1), Err(SubmitError::NotBound));
        assert!(pair.client.output().is_empty());
    }
}

#[test]
fn configurations_that_cannot_work() {
    for protocol in PROTOCOLS {
        let session = |change: fn(&mut ClientConfig)| {
            let mut config = client_config(protocol);
            change(&mut config);
            ClientSession::new(config, 301_000_000, 0).err()
        };
        assert_eq!(session(|_| ()), None);
        assert_eq!(session(|config| config.window = 0), Some(ConfigError::NoWindow));
        for change in [
            (|config| config.login = "1".repeat(17)) as fn(&mut ClientConfig),
            |config| config.login = "106\0".into(),
            |config| config.login = "1069\u{e9}".into(),
        ] {
            assert!(matches!(session(change), Some(ConfigError::Unencodable { .. })));
        }
    }
}
