use super::declaration::{SchemaOf, array_of, schema_of};
use crate::upstream::{ACCEPTED, RECEIPT, REFUSED, REPLY, RequestKind, topic};
use carillon_api::{AcceptedEvent, Code, MessageRequest, ReceiptEvent, ReplyEvent};
use serde_json::{Map, Value, json};
use utoipa::openapi::ComponentsBuilder;

/// A record of a topic, as the document describes it.
struct Described {
    name: &'static str,
    channel: Channel,
    /// The CloudEvent's type.
    kind: &'static str,
    summary: &'static str,
    content_type: &'static str,
    /// What the record's key is.
    key: &'static str,
    headers: &'static [Header],
    payload: Option<SchemaOf>,
}

/// A header of one kind of record, beside those of all of them.
struct Header {
    name: &'static str,
    needed: bool,
    description: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Requests,
    Refused,
    Events,
}

impl Channel {
    const ALL: [Channel; 3] = [Channel::Requests, Channel::Refused, Channel::Events];

    const fn name(self) -> &'static str {
        match self {
            Channel::Requests => "requests",
            Channel::Refused => "refused",
            Channel::Events => "events",
        }
    }

    fn address(self) -> String {
        const PREFIX: &str = "{prefix}";
        match self {
            Channel::Requests => topic::requests(PREFIX),
            Channel::Refused => topic::refused(PREFIX),
            Channel::Events => topic::events(PREFIX),
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Channel::Requests => {
                "What upstream systems ask for. A request is known by its `ce_source` and `ce_id`: one that comes again is the same."
            }
            Channel::Refused => {
                "Requests that cannot be taken, each as it came, with the reason in its headers."
            }
            Channel::Events => {
                "What becomes of messages. The same event may be told again, with the same `ce_id`."
            }
        }
    }
}

const ACCOUNT: Header = Header {
    name: "ce_account",
    needed: true,
    description: "The name of the account.",
};

const MESSAGE_KEY: &str = "The message's id: what is told of a message is told in order.";

const RECORDS: &[Described] = &[
    Described {
        name: "sendMessage",
        channel: Channel::Requests,
        kind: RequestKind::Message.word(),
        summary: "Send one message",
        content_type: "application/json",
        key: "The sender's own business.",
        headers: &[ACCOUNT],
        payload: Some(schema_of::<MessageRequest<'static>>),
    },
    Described {
        name: "sendBatch",
        channel: Channel::Requests,
        kind: RequestKind::Batch.word(),
        summary: "Send many messages; or as application/x-ndjson, one in each line",
        content_type: "application/json",
        key: "The sender's own business.",
        headers: &[ACCOUNT],
        payload: Some(array_of::<MessageRequest<'static>>),
    },
    Described {
        name: "requestRefused",
        channel: Channel::Refused,
        kind: REFUSED,
        summary: "A request, or a line of a batch, cannot be taken",
        content_type: "application/json",
        key: "That of the request.",
        headers: &[
            Header {
                name: "ce_code",
                needed: true,
                description: "Why, as a code of the REST interface.",
            },
            Header {
                name: "ce_field",
                needed: true,
                description: "The header or field that is wrong; empty when it is none of them.",
            },
            Header {
                name: "ce_reason",
                needed: true,
                description: "For people.",
            },
            Header {
                name: "ce_topic",
                needed: true,
                description: "Where the request lies.",
            },
            Header {
                name: "ce_partition",
                needed: true,
                description: "A number, from 0.",
            },
            Header {
                name: "ce_offset",
                needed: true,
                description: "A number, from 0.",
            },
            Header {
                name: "ce_line",
                needed: false,
                description: "Of a batch, the line, from 1; the value is that line alone.",
            },
            Header {
                name: "ce_bytesleft",
                needed: false,
                description: "The value is not here, since the topic does not take so many bytes.",
            },
        ],
        payload: None,
    },
    Described {
        name: "messageAccepted",
        channel: Channel::Events,
        kind: ACCEPTED,
        summary: "A message is durable: from now on it is neither lost nor sent twice",
        content_type: "application/json",
        key: MESSAGE_KEY,
        headers: &[ACCOUNT],
        payload: Some(schema_of::<AcceptedEvent>),
    },
    Described {
        name: "messageReceipt",
        channel: Channel::Events,
        kind: RECEIPT,
        summary: "A message has ended, or its end was corrected",
        content_type: "application/json",
        key: MESSAGE_KEY,
        headers: &[ACCOUNT],
        payload: Some(schema_of::<ReceiptEvent>),
    },
    Described {
        name: "messageReply",
        channel: Channel::Events,
        kind: REPLY,
        summary: "Somebody has written from a phone (上行)",
        content_type: "application/json",
        key: "The number that wrote: a conversation keeps its order.",
        headers: &[ACCOUNT],
        payload: Some(schema_of::<ReplyEvent>),
    },
];

/// The AsyncAPI 3.0 document of what goes through Kafka (API-2).
pub fn asyncapi() -> Value {
    let mut components = ComponentsBuilder::new();
    let mut messages = Map::new();
    for record in RECORDS {
        let payload = record.payload.map(|schema_of| {
            let (next, schema) = schema_of(std::mem::take(&mut components));
            components = next;
            serde_json::to_value(schema).expect("a schema is plain JSON")
        });
        messages.insert(record.name.to_owned(), message(record, payload));
    }
    let components = serde_json::to_value(components.build()).expect("schemas are plain JSON");
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Carillon",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Messages to people through every channel that reaches them, asked for by Kafka. Records are CloudEvents 1.0 in \
                            binary mode: attributes are headers, the value is the data alone.",
        },
        "defaultContentType": "application/json",
        "channels": by_name(Channel::ALL, Channel::name, channel),
        "operations": by_name(Channel::ALL, operation_name, operation),
        "components": { "messages": messages, "schemas": components["schemas"] },
    })
}

fn by_name<T: Copy>(all: [T; 3], name: fn(T) -> &'static str, value: fn(T) -> Value) -> Map<String, Value> {
    all.into_iter()
        .map(|one| (name(one).to_owned(), value(one)))
        .collect()
}

fn channel(channel: Channel) -> Value {
    let records = RECORDS.iter().filter(|record| record.channel == channel);
    let reference = |record: &Described| json!({ "$ref": format!("#/components/messages/{}", record.name) });
    let messages: Map<_, _> = records
        .map(|record| (record.name.to_owned(), reference(record)))
        .collect();
    json!({
        "address": channel.address(),
        "description": channel.description(),
        "parameters": { "prefix": { "default": "carillon", "description": "The setting `upstream.topic_prefix`." } },
        "messages": messages,
    })
}

const fn operation_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Requests => "takeRequests",
        Channel::Refused => "tellRefused",
        Channel::Events => "tellEvents",
    }
}

/// What Carillon does with a channel.
fn operation(channel: Channel) -> Value {
    let action = match channel {
        Channel::Requests => "receive",
        Channel::Refused | Channel::Events => "send",
    };
    json!({ "action": action, "channel": { "$ref": format!("#/channels/{}", channel.name()) } })
}

fn message(record: &Described, payload: Option<Value>) -> Value {
    let content_type =
        json!({ "type": "string", "description": format!("`{}` when absent.", record.content_type) });
    let mut properties = Map::from_iter([
        ("ce_specversion".to_owned(), json!({ "const": "1.0" })),
        ("ce_type".to_owned(), json!({ "const": record.kind })),
        (
            "ce_source".to_owned(),
            text("Who made the event; 1 to 255 bytes."),
        ),
        (
            "ce_id".to_owned(),
            text("Names the event within its source; 1 to 255 bytes."),
        ),
        ("content-type".to_owned(), content_type),
    ]);
    if record.channel != Channel::Requests {
        properties.insert("ce_time".to_owned(), text("When it was told: RFC 3339, UTC+8."));
    }
    let mut needed = vec!["ce_specversion", "ce_type", "ce_source", "ce_id"];
    for header in record.headers {
        properties.insert(header.name.to_owned(), text(header.description));
        needed.extend(header.needed.then_some(header.name));
    }
    if let Some(code) = properties.get_mut("ce_code") {
        code["enum"] = Code::ALL.iter().map(|code| code.word()).collect();
    }
    let mut message = json!({
        "name": record.kind,
        "summary": record.summary,
        "contentType": record.content_type,
        "headers": { "type": "object", "properties": properties, "required": needed },
        "bindings": { "kafka": { "key": { "type": "string", "description": record.key } } },
    });
    if let Some(payload) = payload {
        message["payload"] = payload;
    }
    message
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_described_and_every_reference_leads_somewhere() {
        let document = asyncapi();
        let described: Vec<_> = RECORDS.iter().map(|record| record.kind).collect();
        for kind in RequestKind::ALL.map(RequestKind::word) {
            assert!(described.contains(&kind), "{kind}");
        }
        let text = document.to_string();
        let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).collect();
        assert!(references.len() > 10);
        for reference in references {
            let place = reference.split('"').next().unwrap();
            assert!(document.pointer(place).is_some(), "{place} is missing");
        }
        assert_eq!(
            document["channels"]["refused"]["address"],
            "{prefix}.requests.dlq"
        );
    }
}
