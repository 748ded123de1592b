//! A carrier without sockets against our own client sessions, in simulated time.

use bytes::Buf;
use carillon_loadtest::ledger::{Answer, Frame, LedgerError, Record, Sink, Summary};
use carillon_loadtest::sim::{
    AccountConfig, Behaviour, Carrier, CarrierConfig, IdForm, Moment, PhoneReply, Progress, ProtocolName,
    Range, SessionKey, WeightedStatus,
};
use carillon_protocols::session::{
    ClientConfig, ClientEvent, ClientSession, Concatenation, DataCoding, Receipt, RejectClass, SegmentId,
    SessionState, Submit,
};
use std::sync::{Arc, Mutex};

const PROTOCOLS: [ProtocolName; 3] = [ProtocolName::Cmpp20, ProtocolName::Cmpp30, ProtocolName::Smpp34];

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Frame>>>);

impl Sink for Kept {
    fn frame(&mut self, frame: Frame) -> Result<(), LedgerError> {
        self.0.lock().expect("no panic").push(frame);
        Ok(())
    }
}

struct World {
    carrier: Carrier,
    kept: Kept,
    now: Moment,
}

struct Client {
    session: ClientSession,
    key: SessionKey,
    events: Vec<ClientEvent>,
}

impl World {
    fn new(protocol: ProtocolName, behaviour: Behaviour) -> Self {
        World::with_account(protocol, behaviour, |_| {})
    }

    fn with_account(protocol: ProtocolName, behaviour: Behaviour, change: fn(&mut AccountConfig)) -> Self {
        let mut account = AccountConfig {
            login: "900001".into(),
            password: "secret1".into(),
            sessions: 8,
            rate_per_second: None,
            contract: None,
        };
        change(&mut account);
        let config = CarrierConfig {
            name: "carrier".into(),
            protocol,
            port: 0,
            host: "127.0.0.1".parse().expect("an address"),
            seed: 1,
            keep_texts: true,
            accounts: vec![account],
            behaviour,
        };
        let kept = Kept::default();
        let now = Moment {
            millis: 0,
            unix_us: 1_700_000_000_000_000,
        };
        let sink = Box::new(kept.clone());
        let carrier = Carrier::new(config, 0, sink, Arc::new(Progress::default()), now).expect("a carrier");
        World { carrier, kept, now }
    }

    fn connect(&mut self, protocol: ProtocolName, password: &str) -> Client {
        let config = ClientConfig {
            protocol: protocol.wire(),
            login: "900001".to_owned(),
            password: password.to_owned(),
            window: 64,
            response_timeout: 60_000,
            link_test_interval: 0,
            bind_timeout: 10_000,
            verify_peer: true,
            system_type: String::new(),
        };
        let session = ClientSession::new(config, 301_000_000, self.now.millis).expect("a session");
        let key = self.carrier.connected(self.now);
        let mut client = Client {
            session,
            key,
            events: Vec::new(),
        };
        self.exchange(&mut client);
        client
    }

    fn bound(&mut self, protocol: ProtocolName) -> Client {
        let mut client = self.connect(protocol, "secret1");
        assert_eq!(client.session.state(), SessionState::Bound);
        client.events.clear();
        client
    }

    /// Carries bytes both ways until nothing moves, acknowledging every delivery.
    fn exchange(&mut self, client: &mut Client) {
        loop {
            let up = client.session.output().split();
            if !up.is_empty() {
                self.carrier.received(client.key, &up, self.now).expect("kept");
            }
            let down = self
                .carrier
                .output(client.key)
                .map(|output| output.split())
                .unwrap_or_default();
            let mut events = Vec::new();
            client.session.receive(&down, self.now.millis, &mut events);
            for event in &events {
                if let ClientEvent::Receipt { tag, .. } | ClientEvent::Reply { tag, .. } = event {
                    client.session.acknowledge(*tag, true);
                }
            }
            client.events.extend(events);
            if up.is_empty() && down.is_empty() {
                return;
            }
        }
    }

    fn pass(&mut self, millis: u64) {
        self.now.millis += millis;
        self.now.unix_us += millis * 1_000;
        self.carrier.tick(self.now).expect("kept");
    }

    fn submit(&mut self, client: &mut Client, token: u64, text: &str, part: Option<Concatenation>) {
        let payload: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let submit = Submit {
            source: "10690000",
            destination: "13800000001",
            coding: DataCoding::Ucs2,
            concatenation: part,
            payload: &payload,
            receipt: true,
            service_id: "",
        };
        client
            .session
            .submit(&submit, token, self.now.millis)
            .expect("submitted");
        self.exchange(client);
    }

    fn records(&mut self) -> (Vec<Record>, Summary) {
        self.carrier.book().flush().expect("kept");
        let mut records = Vec::new();
        let mut total = Summary::default();
        for frame in self.kept.0.lock().expect("no panic").drain(..) {
            match frame {
                Frame::Segment(record) => records.push(record),
                Frame::Summary(summary) => total = summary,
                Frame::Account(_) => {}
            }
        }
        (records, total)
    }
}

fn receipts(client: &Client) -> Vec<&Receipt> {
    let mut receipts = Vec::new();
    for event in &client.events {
        if let ClientEvent::Receipt { receipt, .. } = event {
            receipts.push(receipt);
        }
    }
    receipts
}

#[test]
fn a_segment_is_answered_reported_and_entered_in_every_protocol() {
    for protocol in PROTOCOLS {
        let mut world = World::new(
            protocol,
            Behaviour {
                receipt_ms: Range { min: 200, max: 200 },
                ..Behaviour::default()
            },
        );
        let mut client = world.bound(protocol);
        let part = Concatenation {
            reference: 9,
            wide: false,
            total: 2,
            number: 1,
        };
        world.submit(&mut client, 7, "单号#0000000042", Some(part));
        let [
            ClientEvent::Submitted {
                token: 7,
                id,
                late: false,
            },
        ] = &client.events[..]
        else {
            panic!("{protocol:?}: {:?}", client.events);
        };
        let id = id.clone();
        world.pass(199);
        world.exchange(&mut client);
        assert!(receipts(&client).is_empty());
        world.pass(1);
        world.exchange(&mut client);
        let [receipt] = receipts(&client)[..] else {
            panic!("{protocol:?}: {:?}", client.events)
        };
        assert_eq!((&receipt.id, receipt.status.as_str()), (&id, "DELIVRD"));
        assert_eq!(receipt.submit_time, "2311150613");
        let (records, total) = world.records();
        let [record] = &records[..] else {
            panic!("{records:?}")
        };
        assert_eq!(record.marker, Some(42));
        assert_eq!(
            (record.answer, record.part.map(|part| part.number)),
            (Answer::Accepted, Some(1))
        );
        assert_eq!(record.text.as_deref(), Some("单号#0000000042"));
        assert_eq!(
            (record.source.as_str(), record.destination.as_str()),
            ("10690000", "13800000001")
        );
        assert_eq!(record.receipts[0].acknowledged_us, Some(world.now.unix_us));
        assert_eq!(
            (total.segments, total.accepted, total.receipts_acknowledged),
            (1, 1, 1)
        );
        assert_eq!((total.peak_per_second, total.peak_in_flight), (1, 1));
    }
}

#[test]
fn wrong_passwords_and_too_many_sessions_are_refused() {
    for protocol in PROTOCOLS {
        let mut world = World::with_account(protocol, Behaviour::default(), |account| account.sessions = 1);
        let refused = world.connect(protocol, "wrong");
        assert!(
            matches!(refused.events[0], ClientEvent::BindRefused { .. }),
            "{:?}",
            refused.events
        );
        assert!(world.carrier.is_closing(refused.key));
        let first = world.bound(protocol);
        let second = world.connect(protocol, "secret1");
        assert!(
            matches!(second.events[0], ClientEvent::BindRefused { .. }),
            "{:?}",
            second.events
        );
        world.carrier.ended(first.key);
        world.bound(protocol);
    }
}

#[test]
fn receipts_come_first_twice_and_by_another_session_when_asked() {
    let protocol = ProtocolName::Cmpp20;
    let behaviour = Behaviour {
        receipt_first_share: 1.0,
        doubled_share: 1.0,
        ..Behaviour::default()
    };
    let mut world = World::new(protocol, behaviour);
    let mut client = world.bound(protocol);
    world.submit(&mut client, 1, "#0000000001", None);
    assert!(matches!(
        &client.events[..],
        [
            ClientEvent::Receipt { .. },
            ClientEvent::Receipt { .. },
            ClientEvent::Submitted { .. }
        ]
    ));
    *world.carrier.behaviour() = Behaviour {
        other_session_share: 1.0,
        ..Behaviour::default()
    };
    let mut other = world.bound(protocol);
    for token in 2..6 {
        world.submit(&mut client, token, "#0000000001", None);
        world.exchange(&mut other);
    }
    assert_eq!(receipts(&other).len(), 2);
    let (records, total) = world.records();
    assert_eq!(records[0].receipts.len(), 2);
    assert_eq!(total.receipts_acknowledged, 6);
}

#[test]
fn what_was_not_acknowledged_comes_again_after_a_cut() {
    for protocol in PROTOCOLS {
        let mut world = World::new(protocol, Behaviour::default());
        let mut client = world.bound(protocol);
        let payload = [0, b'a'];
        let submit = Submit {
            source: "10690000",
            destination: "13800000001",
            coding: DataCoding::Ucs2,
            concatenation: None,
            payload: &payload,
            receipt: true,
            service_id: "",
        };
        client
            .session
            .submit(&submit, 1, world.now.millis)
            .expect("submitted");
        let up = client.session.output().split();
        world.carrier.received(client.key, &up, world.now).expect("kept");
        world.carrier.cut_all();
        assert!(world.carrier.is_cut(client.key));
        world.carrier.ended(client.key);
        let mut again = world.connect(protocol, "secret1");
        world.exchange(&mut again);
        assert_eq!(receipts(&again).len(), 1);
        let (records, _) = world.records();
        let acknowledged: Vec<_> = records[0]
            .receipts
            .iter()
            .map(|given| given.acknowledged_us.is_some())
            .collect();
        assert_eq!(acknowledged, [false, true]);
    }
}

#[test]
fn more_receipts_than_a_window_wait_for_their_turn() {
    let protocol = ProtocolName::Cmpp20;
    let behaviour = Behaviour {
        receipt_ms: Range { min: 100, max: 100 },
        ..Behaviour::default()
    };
    let mut world = World::new(protocol, behaviour);
    let mut client = world.bound(protocol);
    for token in 0..10_000 {
        world.submit(&mut client, token, "a", None);
    }
    world.pass(100);
    world.exchange(&mut client);
    assert_eq!(receipts(&client).len(), 10_000);
}

#[test]
fn a_refused_delivery_comes_again() {
    let protocol = ProtocolName::Cmpp30;
    let mut world = World::new(
        protocol,
        Behaviour {
            receipt_ms: Range { min: 5, max: 5 },
            ..Behaviour::default()
        },
    );
    let mut client = world.bound(protocol);
    world.submit(&mut client, 1, "#0000000001", None);
    world.pass(5);
    let down = world.carrier.output(client.key).expect("bytes").split();
    let mut events = Vec::new();
    client.session.receive(&down, world.now.millis, &mut events);
    let [ClientEvent::Receipt { tag, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    client.session.acknowledge(*tag, false);
    world.exchange(&mut client);
    assert!(receipts(&client).is_empty());
    world.pass(1_000);
    world.exchange(&mut client);
    assert_eq!(receipts(&client).len(), 1);
}

#[test]
fn over_the_rate_the_carrier_says_slow_down() {
    for protocol in PROTOCOLS {
        let mut world = World::with_account(protocol, Behaviour::default(), |account| {
            account.rate_per_second = Some(2)
        });
        let mut client = world.bound(protocol);
        for token in 0..3 {
            world.submit(&mut client, token, "#0000000001", None);
        }
        let throttled = |event: &&ClientEvent| {
            matches!(
                event,
                ClientEvent::Rejected {
                    class: RejectClass::Throttled,
                    token: 2,
                    ..
                }
            )
        };
        assert_eq!(
            client.events.iter().filter(throttled).count(),
            1,
            "{protocol:?}: {:?}",
            client.events
        );
        world.pass(1_001);
        world.submit(&mut client, 3, "#0000000001", None);
        let (records, total) = world.records();
        assert_eq!(records[2].answer, Answer::Refused(protocol.throttled()));
        assert_eq!((total.accepted, total.refused, total.peak_per_second), (3, 1, 3));
    }
}

#[test]
fn silence_holds_everything_back_and_ends() {
    let protocol = ProtocolName::Smpp34;
    let mut world = World::new(protocol, Behaviour::default());
    let mut client = world.bound(protocol);
    world.carrier.switch(|switches| switches.silent = true);
    world.submit(&mut client, 1, "#0000000001", None);
    assert!(client.events.is_empty());
    world.carrier.switch(|switches| switches.silent = false);
    world.exchange(&mut client);
    assert_eq!(client.events.len(), 2, "{:?}", client.events);
}

#[test]
fn unanswered_segments_are_in_the_ledger_at_once() {
    let protocol = ProtocolName::Cmpp20;
    let mut world = World::new(
        protocol,
        Behaviour {
            silent_share: 1.0,
            ..Behaviour::default()
        },
    );
    let mut client = world.bound(protocol);
    world.submit(&mut client, 1, "#0000000001", None);
    let (records, total) = world.records();
    assert_eq!(
        (records.len(), records[0].answer, total.unanswered),
        (1, Answer::None, 1)
    );
}

#[test]
fn a_session_is_cut_after_so_many_segments() {
    let protocol = ProtocolName::Cmpp20;
    let mut world = World::new(
        protocol,
        Behaviour {
            cut_after: 2,
            ..Behaviour::default()
        },
    );
    let mut client = world.bound(protocol);
    world.submit(&mut client, 1, "a", None);
    assert!(!world.carrier.is_cut(client.key));
    world.submit(&mut client, 2, "a", None);
    assert!(world.carrier.is_cut(client.key));
}

#[test]
fn phones_reply_by_themselves_and_by_order() {
    for protocol in PROTOCOLS {
        let behaviour = Behaviour {
            reply_share: 1.0,
            reply_ms: Range { min: 50, max: 50 },
            ..Behaviour::default()
        };
        let mut world = World::new(protocol, behaviour);
        let mut client = world.bound(protocol);
        world.submit(&mut client, 1, "#0000000001", None);
        world.pass(50);
        let reply = PhoneReply {
            from: "13800000002".into(),
            to: "1069000088".into(),
            text: "好".repeat(100),
        };
        assert!(
            world
                .carrier
                .reply("900001", reply.clone(), world.now)
                .expect("kept")
        );
        assert!(!world.carrier.reply("nobody", reply, world.now).expect("kept"));
        world.exchange(&mut client);
        let replies: Vec<_> = client
            .events
            .iter()
            .filter_map(|event| match event {
                ClientEvent::Reply { reply, .. } => {
                    Some((reply.from.as_str(), reply.to.as_str(), reply.text.clone()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(replies[0], ("13800000001", "10690000", Some("收到".to_owned())));
        assert_eq!(replies[1..].len(), 2);
        let text: String = replies[1..]
            .iter()
            .filter_map(|(_, _, text)| text.clone())
            .collect();
        assert_eq!(text, "好".repeat(100));
        assert_eq!(world.records().1.replies, 3);
    }
}

#[test]
fn smpp_ids_differ_between_response_and_receipt_when_asked() {
    for (form, response_hex) in [(IdForm::ResponseHex, true), (IdForm::ReceiptHex, false)] {
        let protocol = ProtocolName::Smpp34;
        let mut world = World::new(
            protocol,
            Behaviour {
                id_form: form,
                ..Behaviour::default()
            },
        );
        let mut client = world.bound(protocol);
        world.submit(&mut client, 1, "a", None);
        let Some(ClientEvent::Submitted {
            id: SegmentId::Text(response),
            ..
        }) = client.events.first()
        else {
            panic!("{:?}", client.events);
        };
        let SegmentId::Text(receipt) = &receipts(&client)[0].id else {
            panic!("a number")
        };
        let (hex, decimal) = if response_hex {
            (response, receipt)
        } else {
            (receipt, response)
        };
        assert_eq!(u64::from_str_radix(hex, 16), decimal.parse());
        assert_ne!(hex, decimal);
    }
}

#[test]
fn the_same_seed_and_order_give_the_same_run() {
    let run = || {
        let status = |status: &str, weight| WeightedStatus {
            status: status.into(),
            error: "000".into(),
            weight,
        };
        let behaviour = Behaviour {
            receipts: vec![status("DELIVRD", 5), status("MA:0001", 5)],
            reject_share: 0.3,
            response_ms: Range { min: 0, max: 20 },
            ..Behaviour::default()
        };
        let protocol = ProtocolName::Cmpp30;
        let mut world = World::new(protocol, behaviour);
        let mut client = world.bound(protocol);
        for token in 0..50 {
            world.submit(&mut client, token, "#0000000001", None);
        }
        world.pass(100);
        world.exchange(&mut client);
        world.records().0
    };
    let first = run();
    assert_eq!(first.len(), 50);
    assert!(first.iter().any(|record| record.answer == Answer::Refused(9)));
    assert_eq!(first, run());
}

#[test]
fn bytes_that_are_no_protocol_end_the_session_quietly() {
    for protocol in PROTOCOLS {
        let mut world = World::new(protocol, Behaviour::default());
        let key = world.carrier.connected(world.now);
        world.carrier.received(key, &[0xff; 64], world.now).expect("kept");
        assert!(world.carrier.is_closing(key));
        if let Some(output) = world.carrier.output(key) {
            output.advance(output.len());
        }
    }
}
