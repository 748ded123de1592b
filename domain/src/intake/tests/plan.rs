use super::*;
use crate::catalog::fixture::*;
use crate::catalog::{Priority, SendingStrategy, StrategyStep};
use crate::day_window::DayWindow;
use crate::ids::TemplateId;
use crate::intake::{PlanDraft, StepDraft};
use crate::plan::{ChannelKind, Condition};
use crate::time::UnixMs;
use ChannelKind::{Mail, Sms};
use proptest::prelude::*;
use std::sync::Arc;

const WAIT: Condition = Condition::NotDeliveredWithin { seconds: 300 };

/// To a number and an address.
fn to_both<'a>(words: Words<'a>, plan: PlanDraft<'a>) -> Draft<'a> {
    Draft {
        mail: Some(MAIL),
        words,
        plan,
        ..Draft::of_text(TO, "")
    }
}

fn step(channel: ChannelKind, when: Option<Condition>) -> StepDraft<'static> {
    StepDraft {
        channel,
        words: Words::default(),
        when,
    }
}

fn words() -> Words<'static> {
    Words {
        text: Some("您好"),
        subject: Some("报告"),
        ..Words::default()
    }
}

/// Kind and condition of each attempt.
fn shape(prepared: &Prepared) -> Vec<(ChannelKind, Option<Condition>)> {
    prepared
        .plan
        .iter()
        .map(|attempt| (attempt.kind, attempt.when.clone()))
        .collect()
}

#[test]
fn a_plan_that_waits_past_the_validity_is_refused() {
    let steps = [step(Sms, None), step(Mail, Some(WAIT))];
    let for_seconds = |validity_s| {
        let draft = Draft {
            validity_s: Some(validity_s),
            ..to_both(words(), PlanDraft::Steps(&steps))
        };
        prepare_for(HIS, &draft).map_err(|refusal| (refusal.code, refusal.field.to_string()))
    };
    assert_eq!(
        for_seconds(300).unwrap_err(),
        (RefusalCode::ValidityOutOfRange, "validity_s".to_owned())
    );
    assert!(for_seconds(301).is_ok());
}

#[test]
fn a_plan_of_the_request_is_kept_in_its_order() {
    let steps = [
        step(Sms, None),
        StepDraft {
            words: Words {
                text: Some("另一个"),
                ..Words::default()
            },
            ..step(Mail, Some(WAIT))
        },
        step(Sms, Some(Condition::NotSubmitted)),
    ];
    let prepared = prepare_for(HIS, &to_both(words(), PlanDraft::Steps(&steps))).unwrap();
    assert_eq!(
        shape(&prepared),
        [
            (Sms, None),
            (Mail, Some(WAIT)),
            (Sms, Some(Condition::NotSubmitted))
        ]
    );
    assert_eq!(
        prepared
            .plan
            .iter()
            .map(|attempt| attempt.group)
            .collect::<Vec<_>>(),
        [BOTH, MAILS, BOTH]
    );
    assert_eq!(prepared.plan[0].content.text(), Some("【示范医院】您好"));
    // The step's own text, the message's subject.
    let mail = prepared.plan[1].content.mail().unwrap();
    assert_eq!((&*mail.subject, &*mail.text), ("报告", "另一个"));
}

#[test]
fn refused_with_code_and_field() {
    use RefusalCode::*;
    let bad = |step| [step, super::plan::step(Mail, Some(WAIT))];
    let own = |words| StepDraft {
        words,
        ..step(Sms, None)
    };
    let cases: Vec<(Vec<StepDraft<'_>>, RefusalCode, &str)> = vec![
        (vec![], PlanInvalid, "plan"),
        (vec![step(Sms, None); 9], PlanInvalid, "plan"),
        (vec![step(Sms, Some(WAIT))], PlanInvalid, "plan"),
        (vec![step(Sms, None), step(Mail, None)], PlanInvalid, "plan"),
        // Mail never tells that it was delivered.
        (vec![step(Mail, None), step(Sms, Some(WAIT))], PlanInvalid, "plan"),
        (
            vec![step(ChannelKind::Wechat, None)],
            PlanInvalid,
            "plan[0].channel",
        ),
        (
            bad(own(Words {
                subject: Some("a"),
                ..Words::default()
            }))
            .into(),
            PlanInvalid,
            "plan[0].subject",
        ),
        (
            bad(own(Words {
                html: Some("a"),
                ..Words::default()
            }))
            .into(),
            PlanInvalid,
            "plan[0].html",
        ),
        (bad(own(said(Some(" ")))).into(), TextEmpty, "plan[0].text"),
        (bad(own(said(Some("赌博")))).into(), ForbiddenWord, "plan[0].text"),
        (
            bad(own(named("nothing"))).into(),
            UnknownTemplate,
            "plan[0].template",
        ),
        (
            bad(own(Words {
                text: Some("a"),
                ..named("visit")
            }))
            .into(),
            TextAndTemplate,
            "plan[0].template",
        ),
        (bad(own(named("visit"))).into(), MissingVariable, "variables.姓名"),
    ];
    for (steps, code, field) in cases {
        let result = prepare_for(HIS, &to_both(words(), PlanDraft::Steps(&steps)));
        assert_eq!(refused(result), (code, field.to_owned()));
    }
    // What the message says is at fault there, whichever step says it.
    let steps = [step(Sms, None), step(Mail, Some(WAIT))];
    let result = prepare_for(HIS, &to_both(said(Some("您好")), PlanDraft::Steps(&steps)));
    assert_eq!(refused(result), (SubjectMissing, "subject".into()));
    // Every step of a request's plan needs somebody to reach.
    for (draft, field) in [
        (
            Draft {
                mail: None,
                ..to_both(words(), PlanDraft::Steps(&steps))
            },
            "plan[1].channel",
        ),
        (
            Draft {
                to: None,
                ..to_both(words(), PlanDraft::Steps(&steps))
            },
            "plan[0].channel",
        ),
    ] {
        assert_eq!(
            refused(prepare_for(HIS, &draft)),
            (RecipientMissing, field.to_owned())
        );
    }
    let result = prepare_for(HIS, &to_both(words(), PlanDraft::Strategy("nothing")));
    assert_eq!(refused(result), (UnknownStrategy, "strategy".into()));
}

#[test]
fn a_strategy_gives_the_steps_and_the_request_the_words_it_leaves_open() {
    let draft = Draft {
        variables: &[("姓名", "张三")],
        ..to_both(said(Some("您好")), PlanDraft::Strategy("sms then mail"))
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    assert_eq!(shape(&prepared), [(Sms, None), (Mail, Some(WAIT))]);
    assert_eq!(prepared.text(), "【示范医院】您好");
    let mail = prepared.plan[1].content.mail().unwrap();
    assert_eq!((&*mail.subject, mail.template), ("张三的报告", Some(REPORT)));
}

fn with_strategy(steps: Vec<StrategyStep>) -> Compiled {
    let mut snapshot = fixture::snapshot();
    let strategy = SendingStrategy {
        id: SMS_THEN_MAIL,
        tenant: HOSPITAL,
        name: "s".into(),
        steps,
    };
    snapshot.strategies.insert(strategy.id, strategy);
    Compiled::new(Arc::new(snapshot)).unwrap()
}

fn stored(channel: ChannelKind, when: Option<Condition>) -> StrategyStep {
    StrategyStep {
        channel,
        template: None,
        when,
    }
}

#[test]
fn a_step_that_reaches_nobody_gives_its_condition_to_the_next() {
    let failed = || Condition::Failed {
        codes: vec!["UNDELIV".into()],
    };
    let read = || Condition::NotReadWithin { seconds: 600 };
    let cases = [
        // The first is left out: the next starts at once.
        (
            vec![(Sms, None), (Mail, Some(failed()))],
            Mail,
            vec![(Mail, None)],
        ),
        (vec![(Mail, None), (Sms, Some(read()))], Sms, vec![(Sms, None)]),
        (vec![(Sms, None), (Mail, Some(failed()))], Sms, vec![(Sms, None)]),
        (
            vec![(Sms, None), (Mail, Some(WAIT)), (Sms, Some(failed()))],
            Sms,
            vec![(Sms, None), (Sms, Some(WAIT))],
        ),
        (
            vec![
                (Sms, None),
                (Mail, Some(WAIT)),
                (Mail, Some(failed())),
                (Sms, Some(read())),
            ],
            Sms,
            vec![(Sms, None), (Sms, Some(WAIT))],
        ),
        (
            vec![
                (Sms, None),
                (Mail, Some(Condition::Together)),
                (Sms, Some(read())),
            ],
            Mail,
            vec![(Mail, None)],
        ),
    ];
    for (steps, reached, expected) in cases {
        let catalog = with_strategy(
            steps
                .iter()
                .cloned()
                .map(|(kind, when)| stored(kind, when))
                .collect(),
        );
        let draft = to_both(words(), PlanDraft::Strategy("s"));
        let draft = match reached {
            Mail => Draft { to: None, ..draft },
            _ => Draft { mail: None, ..draft },
        };
        let prepared = prepare_with(&catalog, HIS, &draft).unwrap();
        assert_eq!(shape(&prepared), expected, "{steps:?} by {reached:?}");
    }
    let catalog = with_strategy(vec![stored(Sms, None)]);
    let draft = Draft {
        to: None,
        ..to_both(words(), PlanDraft::Strategy("s"))
    };
    assert_eq!(
        refused(prepare_with(&catalog, HIS, &draft)),
        (RefusalCode::RecipientMissing, "strategy".into())
    );
}

#[test]
fn a_strategy_whose_template_went_is_refused() {
    let mut step = stored(Sms, None);
    step.template = Some(TemplateId(99));
    let catalog = with_strategy(vec![step]);
    let result = prepare_with(&catalog, HIS, &to_both(words(), PlanDraft::Strategy("s")));
    assert_eq!(refused(result), (RefusalCode::UnknownTemplate, "strategy".into()));
}

#[test]
fn the_business_type_is_that_of_the_template_used_first() {
    let steps = [
        StepDraft {
            words: said(Some("a")),
            ..step(Sms, None)
        },
        StepDraft {
            words: named("login"),
            ..step(Sms, Some(WAIT))
        },
    ];
    let draft = Draft {
        variables: &[("code", "123456")],
        ..to_both(Words::default(), PlanDraft::Steps(&steps))
    };
    // That type takes no free text, not even in another step.
    assert_eq!(
        refused(prepare_for(HIS, &draft)),
        (RefusalCode::TemplateRequired, "plan[0].template".into())
    );
    let draft = Draft {
        plan: PlanDraft::Steps(&steps[1..]),
        ..draft
    };
    assert_eq!(
        refused(prepare_for(HIS, &draft)).0,
        RefusalCode::PlanInvalid,
        "the condition stands in the first step"
    );
}

#[test]
fn priority_window_and_moment_are_taken_over() {
    let window: DayWindow = "09:00-18:00".parse().unwrap();
    let draft = Draft {
        priority: Some(Priority::Low),
        window: Some(window),
        not_before: Some(UnixMs(1_767_196_800_000)),
        ..Draft::of_text(TO, "您好")
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    assert_eq!(
        (prepared.priority, prepared.person_window, prepared.not_before),
        (Priority::Low, Some(window), Some(UnixMs(1_767_196_800_000)))
    );
    let draft = Draft {
        priority: Some(Priority::High),
        ..draft
    };
    assert_eq!(
        refused(prepare_for(HIS, &draft)),
        (RefusalCode::PriorityTooHigh, "priority".into())
    );
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        Just(Condition::Together),
        Just(Condition::NotSubmitted),
        Just(Condition::Failed { codes: vec![] }),
        (0..400u32).prop_map(|seconds| Condition::NotDeliveredWithin { seconds }),
        (0..400u32).prop_map(|seconds| Condition::NotReadWithin { seconds }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(ChannelKind, Option<Condition>)>> {
    let channel = prop_oneof![4 => Just(Sms), 4 => Just(Mail), 1 => Just(ChannelKind::Push)];
    proptest::collection::vec((channel, proptest::option::weighted(0.8, condition())), 0..6)
}

proptest! {
    /// Whatever plan is taken, it is sound, and each attempt has somebody to reach.
    #[test]
    fn any_plan_is_answered(steps in steps(), has_to: bool, has_mail: bool, stored_one: bool) {
        let mut steps = steps;
        if stored_one && let Some(first) = steps.first_mut() {
            first.1 = None;
        }
        let drafts: Vec<_> = steps.iter().cloned().map(|(kind, when)| step(kind, when)).collect();
        let stored: Vec<_> = steps.iter().cloned().map(|(kind, when)| stored(kind, when)).collect();
        let catalog = with_strategy(stored);
        let plan = if stored_one { PlanDraft::Strategy("s") } else { PlanDraft::Steps(&drafts) };
        let draft = Draft {
            to: has_to.then_some(TO),
            mail: has_mail.then_some(MAIL),
            ..to_both(words(), plan)
        };
        if let Ok(prepared) = prepare_with(&catalog, HIS, &draft) {
            prop_assert_eq!(crate::plan::check(&prepared.plan), Ok(()));
            for attempt in &prepared.plan {
                let reached = if attempt.kind == Mail { has_mail } else { has_to };
                prop_assert!(reached);
                prop_assert_eq!(attempt.content.mail().is_some(), attempt.kind == Mail);
            }
            if !stored_one {
                prop_assert_eq!(shape(&prepared), steps);
            }
        }
    }
}
