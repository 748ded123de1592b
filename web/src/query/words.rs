//! Words of the API for states and causes.

use carillon_api::FallbackView;
use carillon_domain::fact::{FallbackReason, FinalState, IntentReason, StatusCode, UncertainCause};
use carillon_domain::journey::{AttemptStart, MessageState, SegmentWord};
use carillon_domain::plan::{ChannelKind, Condition};

pub fn final_state(state: FinalState) -> &'static str {
    MessageState::Final(state).word()
}

/// All states of a message.
pub const STATES: [MessageState; 9] = [
    MessageState::Accepted,
    MessageState::Active,
    MessageState::Final(FinalState::Delivered),
    MessageState::Final(FinalState::Sent),
    MessageState::Final(FinalState::Failed),
    MessageState::Final(FinalState::Rejected),
    MessageState::Final(FinalState::Cancelled),
    MessageState::Final(FinalState::Expired),
    MessageState::Final(FinalState::Unknown),
];

/// The state of a word.
pub fn state(word: &str) -> Option<MessageState> {
    STATES.into_iter().find(|state| state.word() == word)
}

/// On what an attempt waits: what must become of the one before.
pub fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Together => "together with the attempt before".to_owned(),
        Condition::NotSubmitted => "if the attempt before is not submitted".to_owned(),
        Condition::Failed { codes } if codes.is_empty() => "if the attempt before fails".to_owned(),
        Condition::Failed { codes } => format!("if the attempt before fails with {}", codes.join(" or ")),
        Condition::NotDeliveredWithin { seconds } => {
            format!("if the attempt before is not delivered within {seconds} s")
        }
        Condition::NotReadWithin { seconds } => {
            format!("if the attempt before is not read within {seconds} s")
        }
    }
}

/// Why an attempt started, or that it has not.
pub fn start(start: &AttemptStart) -> String {
    match start {
        AttemptStart::NotYet => "not started".to_owned(),
        AttemptStart::AtOnce => "with the message".to_owned(),
        AttemptStart::Fallback { reason, .. } => match reason {
            FallbackReason::NotSubmitted { code } => {
                format!("the attempt before was not submitted{}", with_code(code))
            }
            FallbackReason::Failed { code } => format!("the attempt before failed{}", with_code(code)),
            FallbackReason::NotDelivered { seconds } => {
                format!("the attempt before was not delivered within {seconds} s")
            }
            FallbackReason::NotRead { seconds } => {
                format!("the attempt before was not read within {seconds} s")
            }
        },
    }
}

fn with_code(code: &Option<StatusCode>) -> String {
    code.as_ref().map_or_else(String::new, |code| format!(": {code}"))
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

pub fn fallback(reason: &FallbackReason) -> FallbackView {
    let (reason, code, seconds) = match reason {
        FallbackReason::NotSubmitted { code } => ("not_submitted", code.as_ref(), None),
        FallbackReason::Failed { code } => ("failed", code.as_ref(), None),
        FallbackReason::NotDelivered { seconds } => ("not_delivered", None, Some(*seconds)),
        FallbackReason::NotRead { seconds } => ("not_read", None, Some(*seconds)),
    };
    FallbackView {
        reason: reason.to_owned(),
        code: code.map(ToString::to_string),
        seconds,
    }
}

pub fn intent_reason(reason: IntentReason) -> &'static str {
    match reason {
        IntentReason::Rule => "rule",
        IntentReason::Failover => "failover",
        IntentReason::Throttle => "throttle",
        IntentReason::Resend => "resend",
    }
}

pub fn uncertain_reason(cause: UncertainCause) -> &'static str {
    match cause {
        UncertainCause::Crash => "crash",
        UncertainCause::Cut => "cut",
        UncertainCause::Timeout => "timeout",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_word() {
        for state_of_word in STATES {
            assert_eq!(state(state_of_word.word()), Some(state_of_word));
        }
        assert_eq!(state("Delivered"), None);
    }

    #[test]
    fn attempts_are_told_in_words() {
        let code = || Some("UNDELIV".into());
        let fallback = |reason| AttemptStart::Fallback {
            reason,
            at: carillon_domain::time::UnixMs(0),
        };
        for (attempt, words) in [
            (AttemptStart::NotYet, "not started"),
            (
                fallback(FallbackReason::Failed { code: code() }),
                "the attempt before failed: UNDELIV",
            ),
            (
                fallback(FallbackReason::NotSubmitted { code: None }),
                "the attempt before was not submitted",
            ),
            (
                fallback(FallbackReason::NotRead { seconds: 60 }),
                "the attempt before was not read within 60 s",
            ),
        ] {
            assert_eq!(start(&attempt), words);
        }
        let codes = vec!["UNDELIV".into(), "MA:0001".into()];
        assert_eq!(
            condition(&Condition::Failed { codes }),
            "if the attempt before fails with UNDELIV or MA:0001"
        );
    }
}
