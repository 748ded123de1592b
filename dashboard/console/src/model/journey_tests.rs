use super::*;
use carillon_api::{CampaignLineView, WaitingView};

fn step(at: &str, what: StepWhat) -> StepView {
    StepView {
        at: at.to_owned(),
        what,
        words: "in English".to_owned(),
        reason: None,
        try_number: None,
        connection: None,
        code: None,
        error: None,
    }
}

fn attempt(channel: &str, started_at: Option<&str>, segments: Vec<SegmentView>) -> AttemptView {
    AttemptView {
        channel: channel.to_owned(),
        when: None,
        condition: None,
        start: String::new(),
        fallback: None,
        started_at: started_at.map(str::to_owned),
        mail: None,
        subject: None,
        text: "报告已出".to_owned(),
        attachments: Vec::new(),
        segments,
    }
}

fn segment(number: u32, status: &str, steps: Vec<StepView>) -> SegmentView {
    SegmentView {
        number,
        status: status.to_owned(),
        connection: Some("移动主".to_owned()),
        carrier_id: Some("1124104121071608841".to_owned()),
        code: None,
        steps,
    }
}

const ACCEPTED: &str = "2026-03-01T10:41:20.114+08:00";
const NOW: i64 = 1_772_333_000_000;

/// A short message that failed, and the mail that followed it.
fn fallen_back() -> MessageView {
    let intent = StepView {
        reason: Some("failover".to_owned()),
        try_number: Some(2),
        connection: Some("移动备".to_owned()),
        ..step("2026-03-01T10:41:20.129+08:00", StepWhat::Intent)
    };
    let receipt = StepView {
        code: Some("UNDELIV".to_owned()),
        error: Some("006".to_owned()),
        ..step("2026-03-01T10:41:21.694+08:00", StepWhat::Receipt)
    };
    let submitted = step("2026-03-01T10:41:20.140+08:00", StepWhat::Submitted);
    let sms = segment(1, "failed", vec![intent, submitted, receipt]);
    let mail = AttemptView {
        fallback: Some(FallbackView {
            reason: "failed".to_owned(),
            code: Some("UNDELIV".to_owned()),
            seconds: None,
        }),
        ..attempt(
            "mail",
            Some("2026-03-01T10:41:21.702+08:00"),
            vec![segment(1, "submitted", vec![])],
        )
    };
    MessageView {
        id: "msg_0e5v7q2k0r401".parse().unwrap(),
        status: "sent".to_owned(),
        is_final: true,
        to: Some("138****0001".to_owned()),
        mail: None,
        text: "报告已出".to_owned(),
        account: "lis".to_owned(),
        business_type: "report".to_owned(),
        template: None,
        reference: None,
        campaign: Some(CampaignLineView {
            id: "cmp_0000001".to_owned(),
            line: 7,
        }),
        cause: None,
        accepted_at: ACCEPTED.to_owned(),
        final_at: Some("2026-03-01T10:41:22.824+08:00".to_owned()),
        read_at: None,
        waiting: None,
        attempts: vec![attempt("sms", Some(ACCEPTED), vec![sms]), mail],
    }
}

#[test]
fn every_step_is_told_in_its_order() {
    let told = told(&fallen_back(), NOW);
    let titles: Vec<_> = told.lines.iter().map(|line| line.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "受理",
            "提交 移动备",
            "运营商收下",
            "回执：失败",
            "回落到邮件",
            "结束：已发出"
        ]
    );
    let offsets: Vec<_> = told.lines.iter().filter_map(|line| line.offset_ms).collect();
    assert_eq!(offsets, [0, 15, 26, 1_580, 1_588, 2_710]);
    assert_eq!(told.lines[3].raw, "UNDELIV 006");
    assert!(told.lines[1].why.contains("第 2 次"), "{}", told.lines[1].why);
    assert!(told.lines[0].why.contains("cmp_0000001"), "{}", told.lines[0].why);
    assert!(told.lines.iter().all(|line| !line.why.contains("English")));
    assert_eq!((told.took_ms, told.fallbacks, told.segments), (Some(2_710), 1, 2));
    assert_eq!((told.outcome, told.tone), ("record.sent", Tone::Ok));
}

#[test]
fn the_strip_is_to_scale() {
    let legs = told(&fallen_back(), NOW).legs;
    let seen: Vec<_> = legs
        .iter()
        .map(|leg| (leg.ms, leg.tone, leg.words.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (1_588, Tone::Crit, "短信 1.58 秒 · 失败"),
            (1_122, Tone::Info, "邮件 1.12 秒 · 等回执"),
        ]
    );
}

#[test]
fn what_has_not_happened_stands_at_the_end_without_a_time() {
    let mut message = fallen_back();
    message.status = "accepted".to_owned();
    message.final_at = None;
    message.waiting = Some(WaitingView {
        why: "quiet_hours".to_owned(),
        until: "2026-03-02T07:00:00.000+08:00".to_owned(),
    });
    message.attempts = vec![
        attempt("sms", Some(ACCEPTED), vec![segment(1, "waiting", vec![])]),
        AttemptView {
            condition: Some(ConditionEntry(Condition::NotDeliveredWithin { seconds: 300 })),
            ..attempt("mail", None, vec![])
        },
    ];
    let told = told(&message, NOW);
    let last: Vec<_> = told.lines[1..]
        .iter()
        .map(|line| (line.at_ms, line.title.as_str()))
        .collect();
    assert_eq!(last, [(None, "等待"), (None, "未启用：邮件")]);
    assert!(told.lines[2].why.contains("5 分 0 秒"), "{}", told.lines[2].why);
    assert_eq!((told.took_ms, told.legs.len()), (None, 1));
}

#[test]
fn parts_of_a_long_message_are_told_apart() {
    let mut message = fallen_back();
    let parts = [1, 2].map(|number| segment(number, "submitted", vec![step(ACCEPTED, StepWhat::Intent)]));
    message.attempts = vec![attempt("sms", Some(ACCEPTED), parts.into())];
    let told = told(&message, NOW);
    assert!(
        told.lines[1].title.ends_with("第 1 段"),
        "{}",
        told.lines[1].title
    );
    assert!(
        told.lines[2].title.ends_with("第 2 段"),
        "{}",
        told.lines[2].title
    );
}

#[test]
fn times_that_cannot_be_read_break_nothing() {
    let mut message = fallen_back();
    message.accepted_at = "yesterday".to_owned();
    let told = told(&message, NOW);
    assert_eq!(told.took_ms, None);
    assert!(told.lines.iter().all(|line| line.offset_ms.is_none()));
}
