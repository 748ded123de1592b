use super::cloud_event::CloudEvent;
use crate::send::LineFault;
use rdkafka::message::{BorrowedMessage, Headers, Message};

/// Where a record came from, and what it carried beside its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A record of the requests' topic.
#[derive(Debug)]
pub struct Incoming {
    pub origin: Origin,
    pub event: Result<CloudEvent, LineFault>,
    /// The request; a record need not have one.
    pub value: Option<Vec<u8>>,
}

impl Origin {
    pub fn content_type(&self) -> Option<&str> {
        let header = self.headers.iter().find(|(name, _)| name == "content-type");
        header.and_then(|(_, value)| std::str::from_utf8(value.as_ref()?).ok())
    }
}

impl Incoming {
    pub fn of(record: &BorrowedMessage<'_>) -> Self {
        let headers = record.headers().map(|headers| {
            let owned = headers
                .iter()
                .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
            owned.collect()
        });
        Incoming::new(
            Origin {
                partition: record.partition(),
                offset: record.offset(),
                key: record.key().unwrap_or_default().to_vec(),
                headers: headers.unwrap_or_default(),
            },
            record.payload().map(<[u8]>::to_vec),
        )
    }

    pub fn new(origin: Origin, value: Option<Vec<u8>>) -> Self {
        let headers = origin.headers.iter();
        let event = CloudEvent::of(headers.map(|(name, value)| (name.as_str(), value.as_deref())));
        Incoming { origin, event, value }
    }

    pub fn body(&self) -> &[u8] {
        self.value.as_deref().unwrap_or_default()
    }
}
