//! Words of the API for states and causes.

use carillon_domain::fact::{FinalState, IntentReason, UncertainCause};
use carillon_domain::journey::{MessageState, SegmentWord};
use carillon_domain::plan::ChannelKind;

pub fn final_state(state: FinalState) -> &'static str {
    MessageState::Final(state).word()
}

pub fn channel(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Sms => "sms",
        ChannelKind::SmartSms => "smart_sms",
        ChannelKind::Rcs => "rcs",
        ChannelKind::RichSms => "rich_sms",
        ChannelKind::Mms => "mms",
        ChannelKind::Wechat => "wechat",
        ChannelKind::MiniProgram => "mini_program",
        ChannelKind::Push => "push",
        ChannelKind::Mail => "mail",
        ChannelKind::Alipay => "alipay",
    }
}

pub fn segment(state: SegmentWord) -> &'static str {
    match state {
        SegmentWord::Waiting => "waiting",
        SegmentWord::Intent => "intent",
        SegmentWord::Submitted => "submitted",
        SegmentWord::Delivered => "delivered",
        SegmentWord::Failed => "failed",
        SegmentWord::Expired => "expired",
        SegmentWord::Rejected => "rejected",
        SegmentWord::Uncertain => "uncertain",
    }
}

pub fn intent(reason: IntentReason) -> &'static str {
    match reason {
        IntentReason::Rule => "by the order or share of its route group",
        IntentReason::Failover => "the connection before it in the group was not able to send",
        IntentReason::Throttle => "again, after the carrier asked to slow down",
        IntentReason::Resend => "again, because its outcome was unknown and the business type re-sends once",
    }
}

pub fn uncertain(cause: UncertainCause) -> &'static str {
    match cause {
        UncertainCause::Crash => "outcome unknown: the service ended before the carrier answered",
        UncertainCause::Cut => "outcome unknown: the session ended before the carrier answered",
        UncertainCause::Timeout => "outcome unknown: the carrier did not answer in time",
    }
}
