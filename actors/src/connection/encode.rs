//! From a row to what the carrier is given, and from what the carrier gives to facts' values.

use crate::columns::{Body, BodyContent, Row};
use crate::lane::{CarrierReceipt, CarrierReply};
use carillon_domain::carrier_id;
use carillon_domain::catalog::{ConcatenationReference, Connection, Protocol as Configured};
use carillon_domain::fact::{CarrierId, ReplyPart};
use carillon_domain::phone::PhoneNumber;
use carillon_domain::receipt_status;
use carillon_domain::segment::{self, Coding, SegmentError, SegmentLimits};
use carillon_protocols::session::{
    ClientConfig, Concatenation, DataCoding, Protocol, Receipt, Reply, SegmentId, Submit,
};
use compact_str::{CompactString, ToCompactString, format_compact};
use std::fmt::Write;
use std::time::Duration;

/// Milliseconds of silence after which a link test is sent (CMPP: C, 3 min; shorter here so that NAT entries live).
const LINK_TEST_INTERVAL: Duration = Duration::from_secs(30);
const BIND_TIMEOUT: Duration = Duration::from_secs(10);

/// What one session of the connection needs to bind; `None` for a mail relay, which speaks no carrier's protocol.
pub fn client_config(connection: &Connection) -> Option<ClientConfig> {
    Some(ClientConfig {
        protocol: match connection.protocol {
            Configured::Cmpp20 => Protocol::Cmpp20,
            Configured::Cmpp30 => Protocol::Cmpp30,
            Configured::Smpp34 => Protocol::Smpp34,
            Configured::Smtp => return None,
        },
        login: connection.login.to_string(),
        password: connection.password.reveal().to_owned(),
        window: connection.window,
        response_timeout: u64::from(connection.response_timeout_s) * 1000,
        link_test_interval: LINK_TEST_INTERVAL.as_millis() as u64,
        bind_timeout: BIND_TIMEOUT.as_millis() as u64,
        verify_peer: connection.verify_peer,
        system_type: String::new(),
    })
}

/// Encodes one segment of a row with this packed body and passes it on.
pub fn with_submit<R>(
    row: &Row,
    body: &[u8],
    segment: u8,
    connection: &Connection,
    receipt: bool,
    pass: impl FnOnce(&Submit<'_>) -> R,
) -> Result<R, SegmentError> {
    let unsendable = SegmentError::Indivisible {
        segments: row.segment_count,
    };
    let (BodyContent::Text { text, extension, .. }, Some(to)) = (Body::unpack(body).content, row.to) else {
        return Err(unsendable);
    };
    let limits = SegmentLimits::strictest([connection]);
    let mut segments = segment::split(text, row.segment_count, &limits)?;
    let part = segments.nth(usize::from(segment)).ok_or(unsendable)?;
    let payload = part.payload();
    let source = format_compact!("{}{}", connection.source_number, extension);
    let concatenation = (row.segment_count > 1).then(|| Concatenation {
        reference: row.concatenation,
        wide: connection.concatenation == ConcatenationReference::SixteenBit,
        total: row.segment_count,
        number: part.number,
    });
    Ok(pass(&Submit {
        source: &source,
        destination: &destination(to, connection.protocol),
        coding: match part.coding {
            Coding::Gsm7 => DataCoding::Gsm7,
            Coding::Ucs2 => DataCoding::Ucs2,
        },
        concatenation,
        payload: &payload,
        receipt,
        service_id: &connection.service_id,
    }))
}

/// The number as the carrier wants it: CMPP the national form of Chinese numbers, SMPP international digits.
fn destination(to: PhoneNumber, protocol: Configured) -> CompactString {
    let mut text = CompactString::default();
    let number = match (protocol, to.national()) {
        (Configured::Cmpp20 | Configured::Cmpp30, Some(national)) => national,
        _ => to.as_u64(),
    };
    write!(text, "{number}").expect("a string takes everything");
    text
}

/// The id of a submit's response, in the one form that receipts are compared in.
pub fn response_id(id: SegmentId, connection: &Connection) -> CarrierId {
    match id {
        SegmentId::Number(number) => CarrierId::Number(number),
        SegmentId::Text(text) => carrier_id::from_response(&text, connection.receipt_id_form),
    }
}

pub fn receipt(receipt: Receipt, connection: &Connection) -> CarrierReceipt {
    CarrierReceipt {
        carrier_id: match receipt.id {
            SegmentId::Number(number) => CarrierId::Number(number),
            SegmentId::Text(text) => carrier_id::from_receipt(&text, connection.receipt_id_form),
        },
        status: receipt.status.to_compact_string(),
        error: receipt.error.to_compact_string(),
        outcome: receipt_status::outcome(&receipt.status),
        to: receipt.to.to_compact_string(),
        submit_time: receipt.submit_time.to_compact_string(),
        done_time: receipt.done_time.to_compact_string(),
        segment: None,
    }
}

pub fn reply(reply: Reply) -> CarrierReply {
    CarrierReply {
        from: reply.from.to_compact_string(),
        to: reply.to.to_compact_string(),
        // Binary content is kept as its bytes in hexadecimal, so that nothing is lost.
        text: reply.text.unwrap_or_else(|| hex(&reply.payload)).into(),
        part: reply.concatenation.map(|part| ReplyPart {
            reference: part.reference,
            total: part.total,
            number: part.number,
        }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
}
