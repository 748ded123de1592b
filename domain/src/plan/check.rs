use super::{ChannelKind, Condition};
use crate::fact::PlannedAttempt;

/// The most attempts one message may have.
pub const ATTEMPTS_MAX: usize = 8;
/// How often one kind may stand in a plan.
pub const KIND_REPEATS_MAX: usize = 3;
/// Bounds of the waits in conditions, in seconds: 10 s to 72 h.
pub const WAIT_S: std::ops::RangeInclusive<u32> = 10..=72 * 3600;
/// The most codes one condition may name.
pub const CODES_MAX: usize = 16;
/// The longest code, in bytes.
pub const CODE_BYTES_MAX: usize = 32;

/// What is wrong with a plan. Attempts count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("the plan has no attempt")]
    Empty,
    #[error("the plan has more than {ATTEMPTS_MAX} attempts")]
    TooManyAttempts,
    #[error("attempt {attempt} has no segments")]
    NoSegments { attempt: usize },
    #[error("the first attempt starts at once and has no condition")]
    FirstHasCondition,
    #[error("attempt {attempt} has no condition on which it starts")]
    ConditionMissing { attempt: usize },
    #[error("{kind:?} stands more than {KIND_REPEATS_MAX} times in the plan")]
    KindRepeated { kind: ChannelKind },
    #[error("attempt {attempt} waits {seconds} s; a wait is {first} to {last} s", first = WAIT_S.start(), last = WAIT_S.end())]
    WaitOutOfRange { attempt: usize, seconds: u32 },
    #[error("attempt {attempt} waits for what {before:?} never tells")]
    Impossible { attempt: usize, before: ChannelKind },
    #[error("attempt {attempt} names codes that are empty, too long, named twice or too many")]
    BadCodes { attempt: usize },
}

/// Checks that every attempt of a plan can come to its turn (SEND-2).
pub fn check(plan: &[PlannedAttempt]) -> Result<(), PlanError> {
    if let Some(index) = plan.iter().position(|attempt| attempt.segments == 0) {
        return Err(PlanError::NoSegments { attempt: index + 1 });
    }
    check_steps(plan.iter().map(|attempt| (attempt.kind, attempt.when.as_ref())))
}

/// The same for attempts that have no content yet: the kind of each, and when it starts.
pub fn check_steps<'p>(
    steps: impl IntoIterator<Item = (ChannelKind, Option<&'p Condition>)>,
) -> Result<(), PlanError> {
    let steps: Vec<_> = steps.into_iter().take(ATTEMPTS_MAX + 1).collect();
    let (_, first) = steps.first().ok_or(PlanError::Empty)?;
    if steps.len() > ATTEMPTS_MAX {
        return Err(PlanError::TooManyAttempts);
    }
    if first.is_some() {
        return Err(PlanError::FirstHasCondition);
    }
    for (kind, _) in &steps {
        if steps.iter().filter(|(other, _)| other == kind).count() > KIND_REPEATS_MAX {
            return Err(PlanError::KindRepeated { kind: *kind });
        }
    }
    for (index, pair) in steps.windows(2).enumerate() {
        let attempt = index + 2;
        let condition = pair[1].1.ok_or(PlanError::ConditionMissing { attempt })?;
        check_condition(condition, attempt, pair[0].0)?;
    }
    Ok(())
}

fn check_condition(condition: &Condition, attempt: usize, before: ChannelKind) -> Result<(), PlanError> {
    let (possible, wait_s) = match condition {
        Condition::Together | Condition::NotSubmitted => return Ok(()),
        Condition::Failed { codes } => {
            let sound = codes.len() <= CODES_MAX
                && codes
                    .iter()
                    .all(|code| (1..=CODE_BYTES_MAX).contains(&code.len()))
                && codes
                    .iter()
                    .enumerate()
                    .all(|(index, code)| !codes[..index].contains(code));
            return if sound {
                Ok(())
            } else {
                Err(PlanError::BadCodes { attempt })
            };
        }
        Condition::NotDeliveredWithin { seconds } => (before.tells_delivery(), *seconds),
        Condition::NotReadWithin { seconds } => (true, *seconds),
    };
    if !possible {
        return Err(PlanError::Impossible { attempt, before });
    }
    if !WAIT_S.contains(&wait_s) {
        return Err(PlanError::WaitOutOfRange {
            attempt,
            seconds: wait_s,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use crate::ids::RouteGroupId;
    use ChannelKind::*;

    fn attempt(kind: ChannelKind, when: Option<Condition>) -> PlannedAttempt {
        PlannedAttempt {
            kind,
            group: RouteGroupId(1),
            segments: 1,
            when,
            content: Content::of_text("您好"),
        }
    }

    fn failed(codes: &[&str]) -> Condition {
        Condition::Failed {
            codes: codes.iter().map(|code| (*code).into()).collect(),
        }
    }

    #[test]
    fn sound_plans() {
        let delivered = |seconds| Some(Condition::NotDeliveredWithin { seconds });
        let plans = [
            vec![attempt(Sms, None)],
            vec![
                attempt(Sms, None),
                attempt(Sms, Some(failed(&[]))),
                attempt(Sms, delivered(10)),
            ],
            vec![
                attempt(Sms, None),
                attempt(Mail, Some(Condition::Together)),
                attempt(Push, Some(Condition::NotReadWithin { seconds: 60 })),
            ],
            vec![
                attempt(Push, None),
                attempt(Wechat, Some(Condition::NotReadWithin { seconds: 300 })),
                attempt(Sms, delivered(72 * 3600)),
                attempt(Mail, Some(failed(&["UNDELIV", "MA:0001"]))),
                attempt(Alipay, Some(Condition::NotSubmitted)),
            ],
        ];
        for plan in plans {
            assert_eq!(check(&plan), Ok(()), "{plan:?}");
        }
    }

    #[test]
    fn refused_plans() {
        let sms = |when| attempt(Sms, when);
        let submitted = || Some(Condition::NotSubmitted);
        let read = |seconds| Some(Condition::NotReadWithin { seconds });
        let delivered = |seconds| Some(Condition::NotDeliveredWithin { seconds });
        let many_codes: Vec<String> = (0..17).map(|code| code.to_string()).collect();
        let many_codes: Vec<&str> = many_codes.iter().map(String::as_str).collect();
        let long_code = "c".repeat(33);
        let cases = [
            (vec![], PlanError::Empty),
            (vec![sms(None); 9], PlanError::TooManyAttempts),
            (
                vec![PlannedAttempt {
                    segments: 0,
                    ..sms(None)
                }],
                PlanError::NoSegments { attempt: 1 },
            ),
            (vec![sms(submitted())], PlanError::FirstHasCondition),
            (
                vec![sms(None), attempt(Rcs, None)],
                PlanError::ConditionMissing { attempt: 2 },
            ),
            (
                vec![sms(None), sms(submitted()), sms(submitted()), sms(submitted())],
                PlanError::KindRepeated { kind: Sms },
            ),
            (
                vec![attempt(Mail, None), sms(delivered(60))],
                PlanError::Impossible {
                    attempt: 2,
                    before: Mail,
                },
            ),
            (
                vec![sms(None), sms(delivered(9))],
                PlanError::WaitOutOfRange {
                    attempt: 2,
                    seconds: 9,
                },
            ),
            (
                vec![attempt(Push, None), sms(read(259_201))],
                PlanError::WaitOutOfRange {
                    attempt: 2,
                    seconds: 259_201,
                },
            ),
            (
                vec![sms(None), sms(Some(failed(&[""])))],
                PlanError::BadCodes { attempt: 2 },
            ),
            (
                vec![sms(None), sms(Some(failed(&["A", "A"])))],
                PlanError::BadCodes { attempt: 2 },
            ),
            (
                vec![sms(None), sms(Some(failed(&[&long_code])))],
                PlanError::BadCodes { attempt: 2 },
            ),
            (
                vec![sms(None), sms(Some(failed(&many_codes)))],
                PlanError::BadCodes { attempt: 2 },
            ),
        ];
        for (plan, error) in cases {
            assert_eq!(check(&plan), Err(error), "{plan:?}");
        }
    }
}
