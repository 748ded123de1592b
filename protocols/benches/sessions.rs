//! Nanoseconds per PDU of the hot path, without sockets: `cargo bench -p carillon-protocols`. Of all batches the fastest and
//! the mean are shown; the distance between them is what else ran on the machine.

use bytes::Buf;
use carillon_protocols::session::*;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 20_000;
const BATCH: u32 = 16;

fn main() {
    for protocol in [Protocol::Cmpp20, Protocol::Cmpp30, Protocol::Smpp34] {
        measure(protocol);
    }
}

/// Submits, answers and receipts in batches of one window; each step on its own clock.
fn measure(protocol: Protocol) {
    let (mut client, mut server) = bound(protocol);
    let mut clocks = Clocks::default();
    let (mut client_events, mut server_events) = (Vec::new(), Vec::new());
    let submit = Submit {
        source: "10690090",
        destination: "13800000001",
        coding: DataCoding::Ucs2,
        concatenation: Some(Concatenation {
            reference: 1,
            wide: false,
            total: 2,
            number: 1,
        }),
        payload: &[0x59; 134],
        receipt: true,
        service_id: "SVC",
    };
    for round in 0..u64::from(ROUNDS) {
        clocks.time(Step::Submit, || {
            for token in 0..u64::from(BATCH) {
                client
                    .submit(black_box(&submit), token, round)
                    .expect("a free slot");
            }
        });
        clocks.time(Step::ReceiveSubmit, || {
            pass(client.output(), |bytes| {
                server.receive(bytes, round, &mut server_events)
            })
        });
        clocks.time(Step::Respond, || {
            for event in server_events.drain(..) {
                if let ServerEvent::Submit { tag, .. } = event {
                    server.respond_submit(tag, Ok(id(protocol)));
                }
            }
        });
        clocks.time(Step::ReceiveAnswer, || {
            pass(server.output(), |bytes| {
                client.receive(bytes, round, &mut client_events)
            })
        });
        client_events.clear();
        clocks.time(Step::DeliverReceipt, || {
            for token in 0..u64::from(BATCH) {
                server
                    .deliver_receipt(
                        black_box(&receipt(protocol)),
                        "13800000001",
                        "10690090",
                        token,
                        round,
                    )
                    .expect("a free slot");
            }
        });
        clocks.time(Step::ReceiveReceipt, || {
            pass(server.output(), |bytes| {
                client.receive(bytes, round, &mut client_events)
            })
        });
        clocks.time(Step::Acknowledge, || {
            for event in client_events.drain(..) {
                if let ClientEvent::Receipt { tag, .. } = event {
                    client.acknowledge(tag, true);
                }
            }
        });
        clocks.time(Step::ReceiveAcknowledgement, || {
            pass(client.output(), |bytes| {
                server.receive(bytes, round, &mut server_events)
            })
        });
        server_events.clear();
    }
    clocks.print(protocol);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit,
    ReceiveSubmit,
    Respond,
    ReceiveAnswer,
    DeliverReceipt,
    ReceiveReceipt,
    Acknowledge,
    ReceiveAcknowledgement,
}

#[derive(Default)]
struct Clocks([Clock; 8]);

#[derive(Clone, Copy, Default)]
struct Clock {
    total: u128,
    fastest: Option<u128>,
}

impl Clocks {
    fn time(&mut self, step: Step, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        let taken = start.elapsed().as_nanos();
        let clock = &mut self.0[step as usize];
        clock.total += taken;
        clock.fastest = Some(clock.fastest.map_or(taken, |fastest| fastest.min(taken)));
    }

    fn print(&self, protocol: Protocol) {
        let steps = [
            Step::Submit,
            Step::ReceiveSubmit,
            Step::Respond,
            Step::ReceiveAnswer,
            Step::DeliverReceipt,
            Step::ReceiveReceipt,
            Step::Acknowledge,
            Step::ReceiveAcknowledgement,
        ];
        for step in steps {
            let clock = self.0[step as usize];
            let fastest = clock.fastest.unwrap_or_default() / u128::from(BATCH);
            let mean = clock.total / u128::from(ROUNDS * BATCH);
            println!("{protocol:?} {step:?}: {fastest} ns, mean {mean} ns");
        }
    }
}

fn pass(output: &mut bytes::BytesMut, receive: impl FnOnce(&[u8])) {
    receive(output);
    output.advance(output.len());
}

fn id(protocol: Protocol) -> SegmentId {
    match protocol {
        Protocol::Smpp34 => SegmentId::Text("6000001".into()),
        _ => SegmentId::Number(0x30b0_0780_006a_0009),
    }
}

fn receipt(protocol: Protocol) -> Receipt {
    Receipt {
        id: id(protocol),
        status: "DELIVRD".into(),
        error: "".into(),
        to: "13800000001".into(),
        submit_time: "2503011200".into(),
        done_time: "2503011201".into(),
    }
}

fn bound(protocol: Protocol) -> (ClientSession, ServerSession) {
    let client = ClientConfig {
        protocol,
        login: "106900".into(),
        password: "secret08".into(),
        window: BATCH as u16,
        response_timeout: 60_000,
        link_test_interval: 0,
        bind_timeout: 10_000,
        verify_peer: true,
        system_type: String::new(),
    };
    let server = ServerConfig {
        protocols: vec![protocol],
        window: BATCH as u16,
        link_test_interval: 0,
        response_timeout: 60_000,
        bind_timeout: 10_000,
        system_id: "CARRIER".into(),
    };
    let mut client = ClientSession::new(client, 301_000_000, 0).expect("a valid configuration");
    let mut server = ServerSession::new(server, 0);
    pass(client.output(), |bytes| server.receive(bytes, 0, &mut Vec::new()));
    server.accept_bind("secret08", 0);
    pass(server.output(), |bytes| client.receive(bytes, 0, &mut Vec::new()));
    (client, server)
}
