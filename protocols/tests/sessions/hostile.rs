//! Whatever a peer sends: no panic, bounded memory, and the invariants hold.

use crate::support::*;
use carillon_protocols::session::*;
use proptest::prelude::*;

fn a_protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(&PROTOCOLS[..])
}

/// What a bound client writes in a short life: all of a server's usual diet.
fn client_bytes(protocol: Protocol) -> Vec<u8> {
    let mut pair = Pair::bound(protocol);
    for token in 0..3 {
        pair.submit(token).unwrap();
    }
    pair.tick_client(180_000);
    take(pair.client.output())
}

/// What a server writes in a short life: all of a client's usual diet.
fn server_bytes(protocol: Protocol) -> Vec<u8> {
    let mut pair = Pair::bound(protocol);
    let tag = pair.submitted(1);
    pair.server.respond_submit(tag, Ok(SegmentId::Number(9)));
    pair.server
        .deliver_receipt(&receipt(SegmentId::Number(9)), "13800000001", "10690090", 1, 0)
        .unwrap();
    pair.tick_server(180_000);
    take(pair.server.output())
}

fn mutated(mut bytes: Vec<u8>, mutations: &[(usize, u8)]) -> Vec<u8> {
    for &(position, octet) in mutations {
        let position = position % bytes.len();
        bytes[position] = octet;
    }
    bytes
}

fn mutations() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((any::<usize>(), any::<u8>()), 0..6)
}

proptest! {
    #[test]
    fn sessions_survive_random_bytes(protocol in a_protocol(), bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 1usize..80) {
        let mut pair = Pair::bound(protocol);
        pair.submit(1).unwrap();
        for chunk in bytes.chunks(cut) {
            pair.client.receive(chunk, 1, &mut Vec::new());
            pair.server.receive(chunk, 1, &mut Vec::new());
        }
        prop_assert!(pair.client.in_flight() <= 1);
        prop_assert!(pair.client.output().len() <= 64 * (bytes.len() + 16));
    }

    #[test]
    fn sessions_survive_mutated_streams(protocol in a_protocol(), mutations in mutations(), cut in 1usize..300) {
        let mut pair = Pair::bound(protocol);
        for token in 0..4 {
            pair.submit(token).unwrap();
        }
        let (mut client_events, mut server_events) = (Vec::new(), Vec::new());
        for chunk in mutated(server_bytes(protocol), &mutations).chunks(cut) {
            pair.client.receive(chunk, 1, &mut client_events);
        }
        for chunk in mutated(client_bytes(protocol), &mutations).chunks(cut) {
            pair.server.receive(chunk, 1, &mut server_events);
        }
        let settled = client_events
            .iter()
            .filter(|event| matches!(event, ClientEvent::Submitted { .. } | ClientEvent::Rejected { .. }))
            .count();
        prop_assert_eq!(settled + pair.client.in_flight(), 4, "every submit is open or answered once");
        let closes = client_events.iter().filter(|event| matches!(event, ClientEvent::Closed { .. })).count();
        prop_assert_eq!(closes, usize::from(pair.client.state() == SessionState::Closed));
    }

    #[test]
    fn any_cut_of_a_stream_means_the_same(protocol in a_protocol(), cut in 1usize..200) {
        let events_by = |cut| {
            let mut pair = Pair::bound(protocol);
            pair.submit(1).unwrap();
            let mut events = Vec::new();
            for chunk in server_bytes(protocol).chunks(cut) {
                pair.client.receive(chunk, 1, &mut events);
            }
            events
        };
        prop_assert_eq!(events_by(cut), events_by(usize::MAX));
    }
}
