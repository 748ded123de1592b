use super::Condition;
use crate::fact::{FallbackReason, FinalState, PlannedAttempt, StatusCode};
use std::time::Duration;

/// What is known of the attempt that a condition speaks of: the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttemptFacts<'a> {
    /// How it ended; `None` while something is expected of it.
    pub ended: Option<FinalState>,
    /// The code that decided its end, if there was one.
    pub code: Option<&'a StatusCode>,
    /// Some of it is with the carrier, or may be: UNCERTAIN counts as submitted.
    pub submitted: bool,
    /// It was asked to be told what was delivered.
    pub receipts: bool,
    /// Bound time of its connection since its last segment was submitted; `None` while one of them is not.
    pub waited: Option<Duration>,
    /// No absence counts for so long, whatever was waited: the connection is away or came back just now, or the clocks
    /// disagree.
    pub quiet: Duration,
    /// The person has read the message.
    pub read: bool,
}

/// Whether an attempt starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    Start(FallbackReason),
    /// Not by the passing of time alone before so much of it has passed; an event may decide before.
    NotBefore(Duration),
    /// Only an event decides.
    Wait,
    /// As things stand it cannot start any more.
    Never,
}

/// Whether the condition is met (SEND-2).
pub fn due(condition: &Condition, before: &AttemptFacts<'_>) -> Due {
    let code = || before.code.cloned();
    let failed = matches!(before.ended, Some(FinalState::Failed | FinalState::Expired));
    match condition {
        // It starts in one step with the attempt before, never by itself.
        Condition::Together => Due::Never,
        Condition::NotSubmitted if before.submitted => Due::Never,
        Condition::NotSubmitted if before.ended.is_some() => {
            Due::Start(FallbackReason::NotSubmitted { code: code() })
        }
        Condition::NotSubmitted => Due::Wait,
        Condition::Failed { codes } if failed => {
            let listed = codes.is_empty() || before.code.is_some_and(|code| codes.contains(code));
            if listed {
                Due::Start(FallbackReason::Failed { code: code() })
            } else {
                Due::Never
            }
        }
        Condition::Failed { .. } if before.ended.is_some() => Due::Never,
        Condition::Failed { .. } => Due::Wait,
        Condition::NotDeliveredWithin { seconds } => match before.ended {
            Some(FinalState::Delivered) => Due::Never,
            // Where nobody tells what is delivered, silence says nothing.
            Some(FinalState::Sent) if !before.receipts => Due::Never,
            _ if failed => Due::Start(FallbackReason::Failed { code: code() }),
            _ => after(
                *seconds,
                before,
                FallbackReason::NotDelivered { seconds: *seconds },
            ),
        },
        Condition::NotReadWithin { .. } if before.read => Due::Never,
        Condition::NotReadWithin { .. } if failed => Due::Start(FallbackReason::Failed { code: code() }),
        Condition::NotReadWithin { seconds } => {
            after(*seconds, before, FallbackReason::NotRead { seconds: *seconds })
        }
    }
}

/// The first of `attempts`, and those that start in one step with it.
pub fn starting_together(attempts: &[PlannedAttempt]) -> &[PlannedAttempt] {
    let with_it = attempts
        .iter()
        .skip(1)
        .take_while(|attempt| attempt.when == Some(Condition::Together))
        .count();
    &attempts[..attempts.len().min(1 + with_it)]
}

fn after(seconds: u32, before: &AttemptFacts<'_>, reason: FallbackReason) -> Due {
    let Some(waited) = before.waited else {
        return Due::Wait;
    };
    let left = Duration::from_secs(u64::from(seconds))
        .saturating_sub(waited)
        .max(before.quiet);
    if left.is_zero() {
        Due::Start(reason)
    } else {
        Due::NotBefore(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENDS: [Option<FinalState>; 8] = [
        None,
        Some(FinalState::Delivered),
        Some(FinalState::Sent),
        Some(FinalState::Failed),
        Some(FinalState::Rejected),
        Some(FinalState::Cancelled),
        Some(FinalState::Expired),
        Some(FinalState::Unknown),
    ];

    fn failed_with(codes: &[&str]) -> Condition {
        Condition::Failed {
            codes: codes.iter().map(|code| (*code).into()).collect(),
        }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn not_submitted() {
        let code = StatusCode::from("13");
        let refused = AttemptFacts {
            ended: Some(FinalState::Failed),
            code: Some(&code),
            receipts: true,
            ..AttemptFacts::default()
        };
        let start = Due::Start(FallbackReason::NotSubmitted {
            code: Some(code.clone()),
        });
        let cases = [
            (AttemptFacts::default(), Due::Wait),
            (refused, start),
            // UNCERTAIN, or a part of it with the carrier.
            (
                AttemptFacts {
                    submitted: true,
                    ..AttemptFacts::default()
                },
                Due::Never,
            ),
            (
                AttemptFacts {
                    submitted: true,
                    ..refused
                },
                Due::Never,
            ),
        ];
        for (before, expected) in cases {
            assert_eq!(due(&Condition::NotSubmitted, &before), expected, "{before:?}");
        }
    }

    #[test]
    fn failed() {
        let code = StatusCode::from("MA:0001");
        let with = |ended| AttemptFacts {
            ended,
            code: Some(&code),
            submitted: true,
            receipts: true,
            ..AttemptFacts::default()
        };
        let start = || {
            Due::Start(FallbackReason::Failed {
                code: Some(code.clone()),
            })
        };
        for ended in ENDS {
            let (any, listed, other) = match ended {
                None => (Due::Wait, Due::Wait, Due::Wait),
                Some(FinalState::Failed | FinalState::Expired) => (start(), start(), Due::Never),
                Some(_) => (Due::Never, Due::Never, Due::Never),
            };
            assert_eq!(due(&failed_with(&[]), &with(ended)), any, "{ended:?}");
            assert_eq!(
                due(&failed_with(&["UNDELIV", "MA:0001"]), &with(ended)),
                listed,
                "{ended:?}"
            );
            assert_eq!(due(&failed_with(&["MA:0002"]), &with(ended)), other, "{ended:?}");
        }
        let nameless = AttemptFacts {
            code: None,
            ..with(Some(FinalState::Failed))
        };
        assert_eq!(due(&failed_with(&["MA:0001"]), &nameless), Due::Never);
    }

    #[test]
    fn absence() {
        let delivered = Condition::NotDeliveredWithin { seconds: 300 };
        let read = Condition::NotReadWithin { seconds: 300 };
        let waited = |ended, waited, quiet| AttemptFacts {
            ended,
            submitted: true,
            receipts: true,
            waited,
            quiet: secs(quiet),
            ..AttemptFacts::default()
        };
        let not_delivered = || Due::Start(FallbackReason::NotDelivered { seconds: 300 });
        let not_read = || Due::Start(FallbackReason::NotRead { seconds: 300 });
        let failed = || Due::Start(FallbackReason::Failed { code: None });
        let in_s = |seconds| Due::NotBefore(secs(seconds));
        let cases = [
            // Nothing, or not all of it, is submitted.
            (waited(None, None, 0), Due::Wait, Due::Wait),
            (waited(None, Some(secs(0)), 0), in_s(300), in_s(300)),
            (waited(None, Some(secs(299)), 0), in_s(1), in_s(1)),
            (waited(None, Some(secs(300)), 0), not_delivered(), not_read()),
            // The connection is away, or came back just now.
            (waited(None, Some(secs(900)), 60), in_s(60), in_s(60)),
            (waited(None, Some(secs(290)), 7), in_s(10), in_s(10)),
            // A failure cuts the wait short.
            (
                waited(Some(FinalState::Failed), Some(secs(1)), 60),
                failed(),
                failed(),
            ),
            (waited(Some(FinalState::Expired), None, 60), failed(), failed()),
            (
                waited(Some(FinalState::Delivered), Some(secs(1)), 0),
                Due::Never,
                in_s(299),
            ),
            // The receipt wait is over, the bound time is not.
            (
                waited(Some(FinalState::Sent), Some(secs(100)), 0),
                in_s(200),
                in_s(200),
            ),
            (
                waited(Some(FinalState::Unknown), Some(secs(300)), 0),
                not_delivered(),
                not_read(),
            ),
            // Nobody was asked to tell.
            (
                AttemptFacts {
                    receipts: false,
                    ..waited(Some(FinalState::Sent), Some(secs(900)), 0)
                },
                Due::Never,
                not_read(),
            ),
            (
                AttemptFacts {
                    read: true,
                    ..waited(None, Some(secs(900)), 0)
                },
                not_delivered(),
                Due::Never,
            ),
        ];
        for (before, by_delivery, by_reading) in cases {
            assert_eq!(due(&delivered, &before), by_delivery, "{before:?}");
            assert_eq!(due(&read, &before), by_reading, "{before:?}");
        }
    }

    fn any_condition() -> impl Strategy<Value = Condition> {
        prop_oneof![
            Just(Condition::Together),
            Just(Condition::NotSubmitted),
            prop::collection::vec("[AB]", 0..3).prop_map(|codes| Condition::Failed {
                codes: codes.into_iter().map(Into::into).collect()
            }),
            (10..400u32).prop_map(|seconds| Condition::NotDeliveredWithin { seconds }),
            (10..400u32).prop_map(|seconds| Condition::NotReadWithin { seconds }),
        ]
    }

    proptest! {
        /// Absence starts nothing before its time, nor in a quiet time; and when the time that was told has passed, it does.
        #[test]
        fn absence_is_counted_to_the_end(
            condition in any_condition(),
            ended in 0..ENDS.len(),
            waited in 0..500u64,
            quiet in 0..100u64,
            submitted: bool,
            receipts: bool,
            read: bool,
        ) {
            let before = AttemptFacts {
                ended: ENDS[ended],
                code: None,
                submitted,
                receipts,
                waited: submitted.then(|| secs(waited)),
                quiet: secs(quiet),
                read,
            };
            match due(&condition, &before) {
                Due::Start(FallbackReason::NotDelivered { seconds } | FallbackReason::NotRead { seconds }) => {
                    prop_assert!(waited >= u64::from(seconds) && quiet == 0);
                }
                Due::NotBefore(left) => {
                    let later = AttemptFacts {
                        waited: Some(secs(waited) + left),
                        quiet: Duration::ZERO,
                        ..before
                    };
                    prop_assert!(matches!(due(&condition, &later), Due::Start(_)), "{left:?}");
                }
                _ => {}
            }
        }

        /// What has ended waits for time at most, so that a plan comes to an end (MSG-1).
        #[test]
        fn an_end_is_never_waited_for_without_a_time(
            condition in any_condition(),
            ended in 1..ENDS.len(),
            submitted: bool,
            receipts: bool,
        ) {
            let before = AttemptFacts {
                ended: ENDS[ended],
                submitted,
                receipts,
                waited: Some(Duration::ZERO),
                ..AttemptFacts::default()
            };
            prop_assert_ne!(due(&condition, &before), Due::Wait);
        }
    }
}
