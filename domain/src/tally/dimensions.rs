use crate::catalog::Carrier;
use crate::ids::{AccountId, ConnectionId, TenantId};
use crate::number_range::NumberRanges;
use crate::phone::PhoneNumber;
use crate::plan::ChannelKind;
use crate::province::Province;
use serde::{Deserialize, Serialize};

/// Along what is counted. Adding up over keys gives the figure for less of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimensions {
    pub tenant: TenantId,
    pub account: AccountId,
    /// Of messages, the kind of the plan's first attempt; of segments, that of their attempt.
    pub kind: ChannelKind,
    /// Where the segment was written to; `None` for what is counted by message.
    pub connection: Option<ConnectionId>,
    pub carrier: Carrier,
    pub province: Province,
}

impl Dimensions {
    /// Those of a message with its first attempt's kind. Without a number, carrier and province are unknown.
    pub fn of_message(
        tenant: TenantId,
        account: AccountId,
        kind: ChannelKind,
        to: Option<PhoneNumber>,
        ranges: &NumberRanges,
    ) -> Self {
        let origin = to.map(|to| ranges.origin(to));
        Dimensions {
            tenant,
            account,
            kind,
            connection: None,
            carrier: origin.map_or(Carrier::Unknown, |origin| origin.carrier),
            province: origin.map_or(Province::UNKNOWN, |origin| origin.unit),
        }
    }

    /// Those of a segment of one of its attempts.
    pub fn of_segment(self, kind: ChannelKind, connection: Option<ConnectionId>) -> Self {
        Dimensions {
            kind,
            connection,
            ..self
        }
    }
}
