use super::incoming::{Incoming, Origin};
use super::options::UpstreamOptions;
use crate::http::time::{now, rfc3339};
use crate::send::LineFault;
use carillon_api::{AcceptedEvent, ReceiptEvent, ReplyEvent};
use carillon_domain::ids::MessageId;
use serde::Serialize;

/// Of a refused request, as many of its own headers are passed on.
const HEADERS_MAX: usize = 64;
const HEADERS_BYTES_MAX: usize = 32 * 1024;

/// A record to send: a CloudEvent in binary mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub topic: String,
    /// None for the one that the key says.
    pub partition: Option<i32>,
    pub key: Vec<u8>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub value: Option<Vec<u8>>,
}

/// Kinds of events, as their `type` says.
pub const ACCEPTED: &str = "carillon.message.accepted";
pub const RECEIPT: &str = "carillon.message.receipt";
pub const REPLY: &str = "carillon.message.reply";
pub const REFUSED: &str = "carillon.request.refused";

/// Makes records; one for the whole service.
#[derive(Clone, Debug)]
pub struct Writer {
    source: String,
    requests: String,
    refused: String,
    events: String,
    refused_bytes_max: usize,
}

impl Writer {
    pub fn new(options: &UpstreamOptions, refused_bytes_max: usize) -> Self {
        Writer {
            source: options.source(),
            requests: options.requests(),
            refused: options.refused(),
            events: options.events(),
            refused_bytes_max,
        }
    }

    /// A message was taken. Its key is the message's id, as that of its receipts, so that they stay in their order.
    pub fn accepted(&self, account: &str, event: &AcceptedEvent) -> Outgoing {
        let id = event.id.to_string();
        self.event(ACCEPTED, &format!("{id}/accepted"), account, id.clone(), event)
    }

    /// A message has ended, or its end was put right.
    pub fn receipt(&self, account: &str, event: &ReceiptEvent) -> Outgoing {
        let id = MessageId::to_string(&event.id);
        // A message ends once; afterwards its end may be put right, once per moment.
        let name = match event.amended {
            false => format!("{id}/receipt"),
            true => format!("{id}/receipt/{}", event.at),
        };
        self.event(RECEIPT, &name, account, id, event)
    }

    /// Somebody has written. The key is the number: a conversation keeps its order.
    pub fn reply(&self, account: &str, event: &ReplyEvent) -> Outgoing {
        let name = format!("{}/reply", event.id);
        self.event(REPLY, &name, account, event.from.clone(), event)
    }

    fn event(&self, kind: &str, id: &str, account: &str, key: String, data: &impl Serialize) -> Outgoing {
        let mut headers = self.head(kind, id, Some("application/json"));
        headers.push(header("ce_account", account));
        Outgoing {
            topic: self.events.clone(),
            partition: None,
            key: key.into_bytes(),
            headers,
            value: Some(serde_json::to_vec(data).expect("texts and numbers are JSON")),
        }
    }

    /// What cannot be taken, as it came, and why. `line` counts from 1, and then `value` is that line alone. A value that the topic
    /// does not take is left where it is: the headers name the place.
    pub fn refusal(
        &self,
        origin: &Origin,
        value: Option<&[u8]>,
        line: Option<u32>,
        fault: &LineFault,
    ) -> Outgoing {
        let (partition, offset) = (origin.partition, origin.offset);
        let place = format!("{}/{partition}/{offset}", self.requests);
        let id = match line {
            None => place,
            Some(line) => format!("{place}/{line}"),
        };
        let content_type = match line {
            None => origin.content_type(),
            Some(_) => Some("application/json"),
        };
        let mut headers = self.head(REFUSED, &id, content_type);
        let reason = match fault.place {
            None => fault.detail.clone(),
            Some((line, column)) => format!("{}, line {line}, column {column}", fault.detail),
        };
        headers.extend([
            header("ce_code", fault.code.word()),
            header("ce_field", &fault.field),
            header("ce_reason", &reason),
            header("ce_topic", &self.requests),
            header("ce_partition", &partition.to_string()),
            header("ce_offset", &offset.to_string()),
        ]);
        headers.extend(line.map(|line| header("ce_line", &line.to_string())));
        if let Some(left) = value.filter(|value| value.len() > self.refused_bytes_max) {
            headers.push(header("ce_bytesleft", &left.len().to_string()));
        }
        let mut bytes = 0;
        let own = origin
            .headers
            .iter()
            .take(HEADERS_MAX)
            .take_while(|(name, value)| {
                bytes += name.len() + value.as_ref().map_or(0, Vec::len);
                bytes <= HEADERS_BYTES_MAX
            });
        headers.extend(own.map(|(name, value)| (format!("origin_{name}"), value.clone())));
        Outgoing {
            topic: self.refused.clone(),
            partition: None,
            key: origin.key.clone(),
            headers,
            value: value
                .filter(|value| value.len() <= self.refused_bytes_max)
                .map(<[u8]>::to_vec),
        }
    }

    /// A request for another lane, as it came, where that lane looks for its requests.
    pub fn forwarded(&self, incoming: &Incoming, lane: u16) -> Outgoing {
        Outgoing {
            topic: self.requests.clone(),
            partition: Some(lane.into()),
            key: incoming.origin.key.clone(),
            headers: incoming.origin.headers.clone(),
            value: incoming.value.clone(),
        }
    }

    fn head(&self, kind: &str, id: &str, content_type: Option<&str>) -> Vec<(String, Option<Vec<u8>>)> {
        let mut headers = vec![
            header("ce_specversion", "1.0"),
            header("ce_type", kind),
            header("ce_source", &self.source),
            header("ce_id", id),
            header("ce_time", &rfc3339(now())),
        ];
        headers.extend(content_type.map(|text| header("content-type", text)));
        headers
    }
}

fn header(name: &str, value: &str) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::Code;
    use carillon_domain::catalog::LanePlace;

    fn writer() -> Writer {
        let options = UpstreamOptions {
            brokers: String::new(),
            prefix: "carillon".to_owned(),
            group: "house".to_owned(),
            place: LanePlace::ONLY,
            accounts: Default::default(),
            partitions: 1,
            replication: 1,
            min_in_sync: 1,
        };
        Writer::new(&options, 100)
    }

    fn origin(headers: usize, value_bytes: usize) -> Origin {
        let header = |n: usize| (format!("h{n}"), Some(vec![0xff; value_bytes]));
        Origin {
            partition: 3,
            offset: 88,
            headers: (0..headers).map(header).collect(),
            ..Origin::default()
        }
    }

    fn text<'r>(record: &'r Outgoing, name: &str) -> Option<&'r str> {
        let (_, value) = record.headers.iter().find(|(known, _)| known == name)?;
        Some(std::str::from_utf8(value.as_ref()?).unwrap())
    }

    fn fault() -> LineFault {
        LineFault {
            code: Code::InvalidJson,
            field: String::new(),
            detail: "no comma".to_owned(),
            place: Some((1, 7)),
        }
    }

    #[test]
    fn a_refusal_names_its_place() {
        let record = writer().refusal(&origin(0, 0), Some(b"{"), Some(2), &fault());
        assert_eq!(record.topic, "carillon.requests.dlq");
        assert_eq!(text(&record, "ce_id"), Some("carillon.requests/3/88/2"));
        assert_eq!(text(&record, "ce_line"), Some("2"));
        assert_eq!(text(&record, "ce_reason"), Some("no comma, line 1, column 7"));
        assert_eq!(record.value.as_deref(), Some(&b"{"[..]));
    }

    #[test]
    fn what_the_topic_does_not_take_is_left_and_said_to_be() {
        let whole = writer().refusal(&origin(0, 0), Some(&[b'x'; 100]), None, &fault());
        assert_eq!(
            (whole.value.as_ref().map(Vec::len), text(&whole, "ce_bytesleft")),
            (Some(100), None)
        );
        let large = writer().refusal(&origin(0, 0), Some(&[b'x'; 101]), None, &fault());
        assert_eq!(text(&large, "ce_bytesleft"), Some("101"));
        assert_eq!(large.value, None);
    }

    #[test]
    fn headers_without_measure_are_not_passed_on() {
        let own = |record: Outgoing| {
            let names = record.headers.iter();
            names.filter(|(name, _)| name.starts_with("origin_")).count()
        };
        assert_eq!(own(writer().refusal(&origin(3, 10), None, None, &fault())), 3);
        assert_eq!(
            own(writer().refusal(&origin(1_000, 10), None, None, &fault())),
            HEADERS_MAX
        );
        assert_eq!(
            own(writer().refusal(&origin(10, 10_000), None, None, &fault())),
            3
        );
    }
}
