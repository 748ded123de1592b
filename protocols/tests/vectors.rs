//! Known PDUs, both ways: read, compared field by field, and written again octet for octet. Some were built from the tables of
//! the specifications, some are what gateways send (numbers and texts replaced). Independent decoders agree on all of them.

use bytes::BytesMut;
use carillon_protocols::concat;
use carillon_protocols::{cmpp, smpp, text};
use serde_json::{Map, Value, json};

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors.json")).expect("valid JSON")
}

#[test]
fn cmpp_vectors() {
    let mut seen = 0;
    for vector in vectors() {
        let versions: &[cmpp::Version] = match vector["protocol"].as_str().unwrap() {
            "cmpp2.0" | "cmpp2.1" => &[cmpp::Version::V20],
            "cmpp3.0" => &[cmpp::Version::V30],
            "cmpp" => &[cmpp::Version::V20, cmpp::Version::V30],
            _ => continue,
        };
        for &version in versions {
            let bytes = octets(&vector);
            let (header, body) = cmpp::Header::split(&bytes).unwrap();
            let pdu = cmpp::Pdu::decode(header.command, body, version)
                .unwrap_or_else(|error| panic!("{error}: {vector}"));
            compare(&vector, &cmpp_fields(&pdu));
            let mut again = BytesMut::new();
            pdu.encode(header.sequence, version, &mut again).unwrap();
            assert_eq!(hex(&again), hex(&bytes), "{vector}");
            seen += 1;
        }
    }
    assert_eq!(seen, 54);
}

#[test]
fn smpp_vectors() {
    let mut seen = 0;
    for vector in vectors().iter().filter(|vector| vector["protocol"] == "smpp3.4") {
        let bytes = octets(vector);
        let (header, body) = smpp::Header::split(&bytes).unwrap();
        let pdu = smpp::Pdu::decode(header.command, body).unwrap_or_else(|error| panic!("{error}: {vector}"));
        let mut fields = smpp_fields(&pdu);
        fields.insert("status".into(), header.status.into());
        compare(vector, &fields);
        // A failed response may leave its body out, and some peers write a longer id than its text.
        if body.is_empty() && header.status != 0 {
            let mut again = BytesMut::new();
            header.put_empty(&mut again);
            assert_eq!(hex(&again), hex(&bytes), "{vector}");
        } else {
            let mut again = BytesMut::new();
            pdu.encode(header.status, header.sequence, &mut again).unwrap();
            assert_eq!(hex(&again), hex(&bytes), "{vector}");
        }
        seen += 1;
    }
    assert_eq!(seen, 22);
}

fn octets(vector: &Value) -> Vec<u8> {
    let hex = vector["hex"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(bytes[..4], (bytes.len() as u32).to_be_bytes());
    bytes
}

/// Every field that the vector names must have been read as it says.
fn compare(vector: &Value, fields: &Map<String, Value>) {
    for (name, expected) in vector["fields"].as_object().unwrap() {
        assert_eq!(fields.get(name), Some(expected), "{name} of {vector}");
    }
}

fn cmpp_fields(pdu: &cmpp::Pdu<'_>) -> Map<String, Value> {
    use cmpp::{Request, Response};
    let fields = match pdu {
        cmpp::Pdu::Request(Request::Connect(connect)) => {
            let secret = [b"secret".as_slice(), b"888888"].into_iter().find(|secret| {
                cmpp::auth::verify_source(
                    &connect.authenticator,
                    connect.source_address,
                    secret,
                    connect.timestamp,
                )
            });
            json!({
                "source_addr": string(connect.source_address),
                "secret": string(secret.unwrap_or_default()),
                "timestamp": format!("{:010}", connect.timestamp),
                "auth": hex(&connect.authenticator),
                "version": format!("{:#x}", connect.version),
            })
        }
        cmpp::Pdu::Request(Request::Submit(submit)) => {
            let (udh, payload) = content(cmpp::format::has_header(submit.tp_udhi), submit.content);
            json!({
                "dests": submit.destinations.iter().map(string).collect::<Vec<_>>(),
                "dest": submit.destinations.iter().map(string).next(),
                "text": text::decode(cmpp::format::coding_of(submit.msg_fmt), payload),
                "fmt": submit.msg_fmt,
                "src": string(if submit.src_id.starts_with(b"1069") { submit.src_id } else { submit.msg_src }),
                "udh": hex(udh),
                "msg_length": submit.content.len(),
                "fee_type": string(submit.fee_type),
                "fee_code": string(submit.fee_code),
                "valid": string(submit.valid_time),
            })
        }
        cmpp::Pdu::Request(Request::Deliver(deliver)) if deliver.is_report() => {
            let report = cmpp::Report::decode(deliver.content).unwrap();
            json!({
                "msg_id": format!("{:016x}", deliver.message_id),
                "report_len": deliver.content.len(),
                "report_msg_id": format!("{:016x}", report.message_id),
                "stat": string(report.stat),
                "smsc_sequence": report.smsc_sequence,
                "link_id": string(deliver.link_id),
            })
        }
        cmpp::Pdu::Request(Request::Deliver(deliver)) => {
            let (udh, payload) = content(cmpp::format::has_header(deliver.tp_udhi), deliver.content);
            json!({
                "text": text::decode(cmpp::format::coding_of(deliver.msg_fmt), payload),
                "fmt": deliver.msg_fmt,
                "tp_udhi": deliver.tp_udhi,
                "udh": hex(udh),
            })
        }
        cmpp::Pdu::Request(Request::Query(query)) => {
            json!({ "time": string(query.time), "type": query.query_type })
        }
        cmpp::Pdu::Response(Response::Connect(resp)) => {
            json!({ "status": resp.status, "auth_ismg": hex(&resp.authenticator) })
        }
        cmpp::Pdu::Response(Response::Submit(resp)) => {
            json!({ "msg_id": format!("{:016x}", resp.message_id), "result": resp.result })
        }
        cmpp::Pdu::Response(Response::Deliver(resp)) => json!({ "result": resp.result }),
        cmpp::Pdu::Response(Response::Query(resp)) => json!({ "counters": [
            resp.mt_messages, resp.mt_users, resp.mt_succeeded, resp.mt_waiting, resp.mt_failed,
            resp.mo_succeeded, resp.mo_waiting, resp.mo_failed,
        ] }),
        cmpp::Pdu::Response(Response::ActiveTest(_)) => json!({ "reserved": 0 }),
        _ => json!({}),
    };
    object(fields)
}

fn smpp_fields(pdu: &smpp::Pdu<'_>) -> Map<String, Value> {
    use smpp::{Request, Response, tlv};
    let fields = match pdu {
        smpp::Pdu::Request(Request::Bind(bind)) => json!({
            "system_id": string(bind.system_id),
            "password": string(bind.password),
            "system_type": string(bind.system_type),
            "interface_version": format!("{:#x}", bind.interface_version),
            "ton": bind.addr_ton,
            "npi": bind.addr_npi,
        }),
        smpp::Pdu::Response(Response::Bind(resp)) => json!({
            "system_id": string(resp.system_id),
            "sc_interface_version": resp.tlvs.find_u8(tlv::SC_INTERFACE_VERSION).map(|version| format!("{version:#x}")),
        }),
        smpp::Pdu::Request(Request::SubmitSm(smpp::SubmitSm(message))) => {
            let (udh, payload) = content(smpp::esm_class::has_header(message.esm_class), message.content());
            json!({
                "src": string(message.source.address),
                "dst": string(message.destination.address),
                "data_coding": message.data_coding,
                "text": text::decode(smpp::data_coding::coding_of(message.data_coding), payload),
                "udh": hex(udh),
                "sm_length": message.short_message.len(),
                "message_payload_len": message.tlvs.find(tlv::MESSAGE_PAYLOAD).map(<[u8]>::len),
                "ref": message.tlvs.find_u16(tlv::SAR_MSG_REF_NUM),
                "total": message.tlvs.find_u8(tlv::SAR_TOTAL_SEGMENTS),
                "seq": message.tlvs.find_u8(tlv::SAR_SEGMENT_SEQNUM),
            })
        }
        smpp::Pdu::Request(Request::DeliverSm(smpp::DeliverSm(message))) => {
            let receipt = smpp::ReceiptText::decode(message.short_message);
            json!({
                "receipt": string(message.short_message),
                "receipted_message_id":
                    message.tlvs.find(tlv::RECEIPTED_MESSAGE_ID).map(|id| string(id.strip_suffix(b"\0").unwrap_or(id))),
                "message_state": message.tlvs.find_u8(tlv::MESSAGE_STATE),
                "id": string(receipt.id),
                "stat": string(receipt.stat),
                "err": string(receipt.err),
            })
        }
        smpp::Pdu::Response(Response::SubmitSm(resp)) => json!({ "message_id": string(resp.message_id) }),
        smpp::Pdu::Request(Request::AlertNotification(alert)) => {
            json!({ "ms_availability_status": alert.tlvs.find_u8(tlv::MS_AVAILABILITY_STATUS) })
        }
        smpp::Pdu::Request(Request::SubmitMulti(multi)) => {
            let name = |destination| match destination {
                smpp::Destination::Address(address) => string(address.address),
                smpp::Destination::DistributionList(name) => format!("list:{}", string(name)),
            };
            json!({ "dests": multi.destinations.iter().map(name).collect::<Vec<_>>() })
        }
        smpp::Pdu::Response(Response::SubmitMulti(resp)) => {
            let failed =
                |failed: smpp::Unsuccessful<'_>| json!([string(failed.address.address), failed.status]);
            json!({
                "message_id": string(resp.message_id),
                "unsuccess": resp.unsuccessful.iter().map(failed).collect::<Vec<_>>(),
            })
        }
        smpp::Pdu::Response(Response::QuerySm(resp)) => {
            json!({ "final_date": string(resp.final_date), "message_state": resp.message_state })
        }
        _ => json!({}),
    };
    object(fields)
}

fn content(has_header: bool, octets: &[u8]) -> (&[u8], &[u8]) {
    if !has_header {
        return (&[], octets);
    }
    let (_, payload) = concat::split(octets);
    octets.split_at(octets.len() - payload.len())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("an object, not {other}"),
    }
}

fn string(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
