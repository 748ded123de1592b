//! Client and server against each other: what holds for every protocol.

use crate::support::*;
use carillon_protocols::session::*;

fn an_id(protocol: Protocol) -> SegmentId {
    match protocol {
        Protocol::Smpp34 => SegmentId::Text("6000001".into()),
        _ => SegmentId::Number(0x30b0_0780_006a_0009),
    }
}

#[test]
fn a_submit_its_answer_its_receipt_and_a_reply() {
    for protocol in PROTOCOLS {
        let mut pair = Pair::bound(protocol);
        pair.submit(7).unwrap();
        let events = pair.at_server();
        let [ServerEvent::Submit { tag, submit }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (submit.source.as_str(), &submit.destinations[..]),
            ("10690090", &["13800000001".into()][..])
        );
        assert_eq!(
            (submit.text.as_deref(), submit.receipt, submit.service_id.as_str()),
            (Some("你好"), true, "SVC")
        );

        pair.server.respond_submit(*tag, Ok(an_id(protocol)));
        let submitted = ClientEvent::Submitted {
            token: 7,
            id: an_id(protocol),
            late: false,
        };
        assert_eq!(pair.at_client(), [submitted]);
        assert_eq!(pair.client.in_flight(), 0);

        let mut receipt = receipt(an_id(protocol));
        pair.server
            .deliver_receipt(&receipt, "13800000001", "10690090", 70, 0)
            .unwrap();
        let events = pair.at_client();
        let [
            ClientEvent::Receipt {
                tag,
                receipt: received,
            },
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        if protocol == Protocol::Smpp34 {
            receipt.error = "000".into();
        }
        assert_eq!(received, &receipt);
        pair.client.acknowledge(*tag, true);
        assert_eq!(
            pair.at_server(),
            [ServerEvent::DeliverAnswered { token: 70, code: 0 }]
        );

        let concatenation = Some(Concatenation {
            reference: 0x2a,
            wide: false,
            total: 2,
            number: 1,
        });
        let reply = ReplyOut {
            from: "13800000001",
            to: "10690090",
            coding: DataCoding::Ascii,
            payload: b"TD",
            concatenation,
            service_id: "",
        };
        pair.server.deliver_reply(&reply, 71, 0).unwrap();
        let events = pair.at_client();
        let [ClientEvent::Reply { tag, reply }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (reply.from.as_str(), reply.to.as_str()),
            ("13800000001", "10690090")
        );
        assert_eq!(
            (reply.text.as_deref(), &reply.payload[..]),
            (Some("TD"), &b"TD"[..])
        );
        assert_eq!(reply.concatenation, concatenation);
        pair.client.acknowledge(*tag, false);
        assert!(matches!(
            pair.at_server()[..],
            [ServerEvent::DeliverAnswered { token: 71, code: 1.. }]
        ));
        assert_eq!((pair.client.ignored(), pair.server.ignored()), Default::default());
    }
}
