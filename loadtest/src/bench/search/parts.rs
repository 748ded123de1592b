//! What a journey is made of.

use super::mix::mix;
use carillon_domain::fact::{CarrierId, FinalState, IntentReason, StatusCode, UncertainCause};
use carillon_domain::ids::{ConnectionId, MessageId};
use carillon_domain::journey::{SegmentJourney, SegmentWord, Step, StepKind};
use carillon_domain::time::UnixMs;

const TEXTS: [(&str, &str); 5] = [
    (
        "【示范医院】您好，您预约的检查号",
        "将于明日上午进行，请携带有效证件按时到院，检查前请空腹八小时。",
    ),
    (
        "【示范医院】您的检查报告已出，单号",
        "，请凭就诊卡到自助机打印或在手机上查询。",
    ),
    (
        "【示范学校】各位家长，通知第",
        "号：本周五下午三点召开家长会，请准时参加。",
    ),
    ("【示范公司】您的验证码为", "，五分钟内有效，请勿告诉他人。"),
    (
        "【示范医院】药房提醒：处方",
        "已配好，请于今日十七点前到二号窗口取药，逾期请重新排队。",
    ),
];
const LONG_TAIL: &str = "正在服用抗凝药物者请提前告知医生；如需改期，请至少提前一日联系预约中心，逾期未到视为放弃，\
                         号源不予保留，感谢您的理解与配合。";

/// A text as hospitals, schools and companies send it.
pub fn text(chance: u64, is_long: bool) -> Box<str> {
    let (before, after) = TEXTS[(chance >> 16) as usize % TEXTS.len()];
    let tail = if is_long { LONG_TAIL } else { "" };
    format!("{before}{:06}{after}{tail}", (chance >> 24) % 1_000_000).into()
}

/// What carriers say, or we.
pub fn code_of(state: FinalState) -> Option<StatusCode> {
    match state {
        FinalState::Delivered => Some("DELIVRD".into()),
        FinalState::Failed => Some("UNDELIV".into()),
        FinalState::Rejected => Some("8".into()),
        _ => None,
    }
}

/// A segment with the steps that led to such an end.
pub fn segment(
    message: MessageId,
    connection: ConnectionId,
    ended: FinalState,
    code: Option<StatusCode>,
    chance: u64,
    after_ms: u64,
) -> SegmentJourney {
    let carrier_id = CarrierId::Number(mix(chance));
    let step = |after_ms: u64, what| Step {
        at: UnixMs(message.unix_ms() + after_ms),
        what,
    };
    let mut steps = vec![step(
        2 + (chance >> 20) % 8,
        StepKind::Intent {
            connection,
            try_number: 1,
            reason: IntentReason::Rule,
        },
    )];
    let submitted = step(
        15 + (chance >> 28) % 50,
        StepKind::Submitted {
            carrier_id: carrier_id.clone(),
        },
    );
    let (state, is_submitted, last) = match ended {
        FinalState::Delivered | FinalState::Failed => {
            let receipt = StepKind::Receipt {
                status: code.clone().unwrap_or_default(),
                error: "000".into(),
            };
            let word = match ended {
                FinalState::Delivered => SegmentWord::Delivered,
                _ => SegmentWord::Failed,
            };
            (word, true, Some(step(after_ms, receipt)))
        }
        FinalState::Rejected => {
            let rejected = StepKind::Rejected {
                code: code.clone().unwrap_or_default(),
                retried: false,
            };
            (SegmentWord::Rejected, false, Some(step(after_ms, rejected)))
        }
        FinalState::Unknown => {
            let uncertain = StepKind::Uncertain {
                cause: UncertainCause::Cut,
            };
            (SegmentWord::Uncertain, false, Some(step(after_ms, uncertain)))
        }
        _ => (SegmentWord::Submitted, true, None),
    };
    steps.extend(is_submitted.then_some(submitted));
    steps.extend(last);
    SegmentJourney {
        state,
        connection: Some(connection),
        carrier_id: is_submitted.then_some(carrier_id),
        code,
        steps,
    }
}
