use super::{BORROWING, vectors};
use crate::Target;
use bytes::BytesMut;
use carillon_protocols::smpp::{Header, Pdu, Request, Response, status};

/// One PDU of SMPP 3.4. What was decoded can be written, and comes back as the same.
pub static SMPP_PDU: Target = Target {
    name: "smpp_pdu",
    run,
    seeds: || vectors::pdus(|protocol| protocol == "smpp3.4"),
    words: &[
        "\0\0\0\u{4}",
        "\0\0\0\u{5}",
        "\0\u{1e}",
        "\u{4}$",
        "stat:DELIVRD",
        "id:",
    ],
    memory: BORROWING,
    input_bytes_max: 5_000,
};

fn run(frame: &[u8]) {
    let Some((header, body)) = Header::split(frame) else {
        return;
    };
    let _words = status::describe(header.status);
    let pdu = match Pdu::decode(header.command, body) {
        Ok(pdu) => pdu,
        Err(error) => {
            assert_ne!(
                status::of_decode_error(error),
                status::OK,
                "an error is answered as one"
            );
            return;
        }
    };
    look(&pdu);
    let mut written = BytesMut::new();
    if pdu.encode(header.status, header.sequence, &mut written).is_err() {
        assert!(written.is_empty(), "a failed PDU leaves nothing behind");
        return;
    }
    let (header, body) = Header::split(&written).expect("a written PDU has its header");
    let read = Pdu::decode(header.command, body).expect("what was written is read");
    let mut again = BytesMut::new();
    read.encode(header.status, header.sequence, &mut again)
        .expect("what was written once is written again");
    assert_eq!(again, written);
}

/// Whatever is read only when it is asked for.
fn look(pdu: &Pdu<'_>) {
    match pdu {
        Pdu::Request(Request::SubmitMulti(multi)) => {
            assert_eq!(multi.destinations.iter().count(), multi.destinations.len());
        }
        Pdu::Response(Response::SubmitMulti(answer)) => {
            answer.unsuccessful.iter().for_each(drop);
        }
        Pdu::Request(Request::DeliverSm(deliver)) => {
            assert!(deliver.0.content().len() <= usize::from(u16::MAX));
            deliver.0.tlvs.iter().for_each(drop);
        }
        _ => {}
    }
}
