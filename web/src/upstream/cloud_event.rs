use crate::http::MediaType;
use crate::send::LineFault;
use carillon_api::Code;

/// Longest of what a header may say, in bytes.
const VALUE_BYTES_MAX: usize = 255;

/// A request as upstream systems put it into Kafka: a CloudEvent in binary mode (CloudEvents 1.0, Kafka protocol binding §3.2), whose
/// value is the body that the REST endpoint takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEvent {
    pub kind: RequestKind,
    /// The name of the account that sends.
    pub account: String,
    pub media_type: MediaType,
    pub source: String,
    pub id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// As `POST /v1/messages`.
    Message,
    /// As `POST /v1/messages/batch`.
    Batch,
}

impl RequestKind {
    pub const ALL: [RequestKind; 2] = [RequestKind::Message, RequestKind::Batch];

    /// The CloudEvent's type.
    pub const fn word(self) -> &'static str {
        match self {
            RequestKind::Message => "carillon.message.send",
            RequestKind::Batch => "carillon.batch.send",
        }
    }
}

/// What of the headers is known; others are the sender's own business.
#[derive(Default)]
struct Headers<'r> {
    version: Option<&'r str>,
    id: Option<&'r str>,
    source: Option<&'r str>,
    kind: Option<&'r str>,
    account: Option<&'r str>,
    content_type: Option<&'r str>,
}

impl CloudEvent {
    /// Reads the headers of a record.
    pub fn of<'r>(headers: impl Iterator<Item = (&'r str, Option<&'r [u8]>)>) -> Result<Self, LineFault> {
        let mut known = Headers::default();
        for (name, value) in headers {
            let place = match name {
                "ce_specversion" => &mut known.version,
                "ce_id" => &mut known.id,
                "ce_source" => &mut known.source,
                "ce_type" => &mut known.kind,
                "ce_account" => &mut known.account,
                "content-type" => &mut known.content_type,
                _ => continue,
            };
            let value = value.and_then(|value| std::str::from_utf8(value).ok());
            let value = value.filter(|value| (1..=VALUE_BYTES_MAX).contains(&value.len()));
            let value =
                value.ok_or_else(|| fault(name, format!("text of 1 to {VALUE_BYTES_MAX} bytes in UTF-8")))?;
            if place.replace(value).is_some() {
                return Err(fault(name, "the header is there twice".to_owned()));
            }
        }
        if known
            .content_type
            .is_some_and(|value| value.starts_with("application/cloudevents"))
        {
            let detail =
                "only the binary mode is taken: attributes are headers, the value is the request alone";
            return Err(fault("content-type", detail.to_owned()));
        }
        let needed = |name: &'static str, value: Option<&'r str>| {
            value.ok_or_else(|| fault(name, "the header is missing".to_owned()))
        };
        if needed("ce_specversion", known.version)? != "1.0" {
            return Err(fault("ce_specversion", "only 1.0 is known".to_owned()));
        }
        let (id, source) = (needed("ce_id", known.id)?, needed("ce_source", known.source)?);
        let kind = needed("ce_type", known.kind)?;
        let kind = RequestKind::ALL.into_iter().find(|known| known.word() == kind);
        let kind = kind.ok_or_else(|| {
            let words = RequestKind::ALL.map(RequestKind::word).join(", ");
            fault("ce_type", format!("known are {words}"))
        })?;
        let media_type = match known.content_type {
            None => MediaType::Json,
            Some(value) => MediaType::parse(value).ok_or_else(|| LineFault {
                code: Code::UnsupportedMediaType,
                ..fault(
                    "content-type",
                    "application/json or, for batches, application/x-ndjson; in UTF-8".to_owned(),
                )
            })?,
        };
        if media_type == MediaType::NdJson && kind == RequestKind::Message {
            return Err(LineFault {
                code: Code::UnsupportedMediaType,
                ..fault("content-type", "a message is application/json".to_owned())
            });
        }
        // With a line feed in them two events could meet under one key.
        for (name, text) in [("ce_id", id), ("ce_source", source)] {
            if text.contains(char::is_control) {
                return Err(fault(name, "no control characters".to_owned()));
            }
        }
        Ok(CloudEvent {
            kind,
            account: needed("ce_account", known.account)?.to_owned(),
            media_type,
            source: source.to_owned(),
            id: id.to_owned(),
        })
    }

    /// Source and id, which name an event for ever: its idempotency key.
    pub fn key(&self) -> String {
        format!("{}\n{}", self.source, self.id)
    }
}

fn fault(field: &str, detail: String) -> LineFault {
    LineFault {
        code: Code::InvalidParameter,
        field: field.to_owned(),
        detail,
        place: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 6] = [
        ("ce_specversion", "1.0"),
        ("ce_id", "4711"),
        ("ce_source", "/his/lab"),
        ("ce_type", "carillon.message.send"),
        ("ce_account", "lab"),
        ("content-type", "application/json; charset=utf-8"),
    ];

    fn read(headers: &[(&str, &[u8])]) -> Result<CloudEvent, LineFault> {
        CloudEvent::of(headers.iter().map(|(name, value)| (*name, Some(*value))))
    }

    fn with(name: &str, value: &[u8]) -> Result<CloudEvent, LineFault> {
        let headers: Vec<_> = WHOLE
            .iter()
            .map(|(known, text)| (*known, if *known == name { value } else { text.as_bytes() }))
            .collect();
        read(&headers)
    }

    #[test]
    fn an_event_is_a_request_of_an_account() {
        let event = with("", b"").unwrap();
        assert_eq!(
            (event.kind, event.account.as_str()),
            (RequestKind::Message, "lab")
        );
        assert_eq!(event.key(), "/his/lab\n4711");
        let batch = with("ce_type", b"carillon.batch.send").unwrap();
        assert_eq!(batch.kind, RequestKind::Batch);
        // Extensions and tracing headers are nothing to us.
        let more: Vec<_> = WHOLE
            .iter()
            .map(|(name, text)| (*name, text.as_bytes()))
            .collect();
        let more = [&more[..], &[("ce_subject", b"x"), ("traceparent", b"\xff")]].concat();
        assert_eq!(read(&more), Ok(event));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, _) in &WHOLE[..5] {
            let without: Vec<_> = WHOLE.iter().filter(|(known, _)| known != name).collect();
            let without: Vec<_> = without
                .iter()
                .map(|(name, text)| (*name, text.as_bytes()))
                .collect();
            let fault = read(&without).unwrap_err();
            assert_eq!(
                (fault.code, fault.field.as_str()),
                (Code::InvalidParameter, *name)
            );
            let doubled: Vec<_> = WHOLE
                .iter()
                .map(|(name, text)| (*name, text.as_bytes()))
                .collect();
            let doubled = [&doubled[..], &[(*name, b"1.0")]].concat();
            assert_eq!(read(&doubled).unwrap_err().field, *name);
            for bad in [&b""[..], b"\xff\xfe", &[b'x'; 256]] {
                assert_eq!(with(name, bad).unwrap_err().field, *name);
            }
        }
        for (name, value) in [
            ("ce_specversion", "0.3"),
            ("ce_type", "carillon.campaign.send"),
            ("ce_id", "a\nb"),
            ("content-type", "application/cloudevents+json"),
            ("content-type", "text/xml"),
            ("content-type", "application/json; charset=gbk"),
            ("content-type", "application/x-ndjson"),
        ] {
            assert_eq!(with(name, value.as_bytes()).unwrap_err().field, name, "{value}");
        }
    }
}
