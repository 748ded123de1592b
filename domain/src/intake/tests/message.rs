use super::*;
use crate::catalog::Priority;
use crate::catalog::fixture::*;
use crate::content::Content;
use crate::intake::VALIDITY_S;
use crate::plan::ChannelKind;
use proptest::prelude::*;

fn short(prepared: &Prepared) -> &crate::content::TextContent {
    match &prepared.plan[0].content {
        Content::Text(content) => content,
        Content::Mail(_) => panic!("a short message is expected"),
    }
}

#[test]
fn a_text_takes_everything_else_from_the_account() {
    let prepared = prepare_for(HIS, &Draft::of_text(TO, "您好")).unwrap();
    assert_eq!(prepared.to.unwrap().as_u64(), 8_613_800_000_009);
    assert_eq!(prepared.text(), "【示范医院】您好");
    assert_eq!(short(&prepared).extension, "01");
    assert_eq!(short(&prepared).template, None);
    assert_eq!(
        (prepared.business_type, prepared.priority),
        (NOTICE, Priority::Medium)
    );
    assert_eq!((prepared.validity_s, prepared.price_per_segment), (86_400, 450));
    assert_eq!(prepared.reference, None);
    assert_eq!(prepared.plan.len(), 1);
    let attempt = &prepared.plan[0];
    assert_eq!(
        (attempt.kind, attempt.group, attempt.segments),
        (ChannelKind::Sms, BOTH, 1)
    );
    assert_eq!(attempt.when, None);
}

#[test]
fn what_the_request_names_goes_first() {
    let draft = Draft {
        signature: Some("体检中心"),
        business_type: Some("campaign"),
        reference: Some("visit-1"),
        validity_s: Some(600),
        ..Draft::of_text(TO, "您好")
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    assert_eq!(prepared.text(), "【体检中心】您好，退订回T");
    assert_eq!(prepared.business_type, CAMPAIGN);
    assert_eq!(prepared.reference.as_deref(), Some("visit-1"));
    assert_eq!(prepared.validity_s, 600);
    let unsigned = Draft {
        signature: Some(""),
        reference: Some(""),
        ..Draft::of_text(TO, "您好")
    };
    let prepared = prepare_for(HIS, &unsigned).unwrap();
    assert_eq!((prepared.text(), &prepared.reference), ("您好", &None));
}

#[test]
fn a_template_brings_its_text_and_business_type() {
    let draft = Draft {
        words: named("login"),
        variables: &[("code", "123456")],
        ..Draft::of_text(TO, "")
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    assert_eq!(prepared.text(), "【示范医院】验证码123456");
    assert_eq!(short(&prepared).template, Some(LOGIN_CODE));
    assert_eq!(
        (prepared.business_type, prepared.priority),
        (CODE, Priority::High)
    );
    assert_eq!(prepared.plan[0].group, ONLY_SMPP);
}

#[test]
fn number_ranges_decide_the_route() {
    let catalog = fixture::compiled();
    let ranges = NumberRanges::parse("1380000,上海,上海,mobile").unwrap();
    let route = |to| {
        let draft = Draft::of_text(to, "您好");
        prepare(&catalog, catalog.account(HIS).unwrap(), &ranges, &draft)
            .unwrap()
            .plan[0]
            .group
    };
    assert_eq!(route("13800000009"), ONLY_SMPP);
    assert_eq!(route("13900000001"), BOTH);
}

#[test]
fn segments_follow_the_strictest_member_of_the_group() {
    // BOTH: 70 − 8 kept in a single one; 66 units and 8 kept in several. The signature takes 6.
    let segments = |characters: usize| {
        let text = "中".repeat(characters);
        prepare_for(HIS, &Draft::of_text(TO, &text)).unwrap().plan[0].segments
    };
    assert_eq!(segments(56), 1);
    assert_eq!(segments(57), 2);
    assert_eq!(segments(118), 2);
    assert_eq!(segments(119), 3);
    assert_eq!(segments(500), 8);
}

#[test]
fn refused_with_code_and_field() {
    let long = "长".repeat(1400);
    let (reference_long, forged) = ("r".repeat(65), [("姓名", "【银行】"), ("date", "2026-05-01")]);
    let text = Draft::of_text(TO, "您好");
    let template = Draft {
        words: named("visit"),
        ..text
    };
    let cases = [
        (
            Draft {
                to: Some("12345"),
                ..text
            },
            RefusalCode::InvalidPhone,
            "to",
        ),
        (Draft { to: Some(""), ..text }, RefusalCode::InvalidPhone, "to"),
        (
            Draft {
                words: said(None),
                ..text
            },
            RefusalCode::TextEmpty,
            "text",
        ),
        (
            Draft {
                words: said(Some(" ")),
                ..text
            },
            RefusalCode::TextEmpty,
            "text",
        ),
        (
            Draft {
                words: said(Some(&long)),
                ..text
            },
            RefusalCode::TextTooLong,
            "text",
        ),
        (
            Draft {
                words: said(Some("a\0")),
                ..text
            },
            RefusalCode::TextInvalid,
            "text",
        ),
        (
            Draft {
                words: Words {
                    template: Some("visit"),
                    ..text.words
                },
                ..text
            },
            RefusalCode::TextAndTemplate,
            "template",
        ),
        (
            Draft {
                words: named("nothing"),
                ..template
            },
            RefusalCode::UnknownTemplate,
            "template",
        ),
        (
            Draft {
                business_type: Some("code"),
                ..text
            },
            RefusalCode::TemplateRequired,
            "template",
        ),
        (
            Draft {
                business_type: Some("nothing"),
                ..text
            },
            RefusalCode::UnknownBusinessType,
            "business_type",
        ),
        (template, RefusalCode::MissingVariable, "variables.姓名"),
        (
            Draft {
                variables: &forged,
                ..template
            },
            RefusalCode::InvalidVariable,
            "variables.姓名",
        ),
        (
            Draft {
                signature: Some("【a】"),
                ..text
            },
            RefusalCode::SignatureInvalid,
            "signature",
        ),
        (
            Draft {
                reference: Some(&reference_long),
                ..text
            },
            RefusalCode::ReferenceTooLong,
            "reference",
        ),
        (
            Draft {
                reference: Some("a\nb"),
                ..text
            },
            RefusalCode::ReferenceInvalid,
            "reference",
        ),
        (
            Draft {
                validity_s: Some(59),
                ..text
            },
            RefusalCode::ValidityOutOfRange,
            "validity_s",
        ),
        (
            Draft {
                validity_s: Some(u32::MAX),
                ..text
            },
            RefusalCode::ValidityOutOfRange,
            "validity_s",
        ),
    ];
    for (draft, code, field) in cases {
        let refusal = prepare_for(HIS, &draft).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_str()), (code, field));
    }
    let refusal = prepare_for(FRESH, &text).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NoRoute);
}

#[test]
fn accounts_need_to_be_enabled_and_allowed_to_send() {
    let catalog = fixture::compiled();
    let check = |change: fn(&mut crate::catalog::Account)| {
        let mut account = catalog.account(HIS).unwrap().clone();
        change(&mut account);
        prepare(
            &catalog,
            &account,
            &NumberRanges::default(),
            &Draft::of_text(TO, "您好"),
        )
        .unwrap_err()
        .code
    };
    assert_eq!(
        check(|account| account.enabled = false),
        RefusalCode::AccountDisabled
    );
    assert_eq!(
        check(|account| account.modules.send = false),
        RefusalCode::ModuleNotGranted
    );
}

#[test]
fn refusals_repeat_neither_number_nor_content() {
    let text = Draft::of_text(TO, "您好");
    let cases = [
        Draft {
            to: Some("13800000009x"),
            ..text
        },
        Draft {
            words: said(Some("秘密\0")),
            ..text
        },
        Draft {
            words: named("visit"),
            variables: &[("姓名", "秘密【】")],
            ..text
        },
    ];
    for draft in cases {
        let refusal = prepare_for(HIS, &draft).unwrap_err().to_string();
        assert!(
            !refusal.contains("13800000009") && !refusal.contains("秘密"),
            "{refusal}"
        );
    }
}

proptest! {
    #[test]
    fn any_request_is_answered(
        to in "\\PC{0,20}|1390000[0-9]{4}",
        text in prop::option::of(".{0,300}"),
        signature in prop::option::of(".{0,30}"),
        reference in prop::option::of(".{0,80}"),
        validity_s: Option<u32>,
    ) {
        let draft = Draft {
            words: said(text.as_deref()),
            signature: signature.as_deref(),
            reference: reference.as_deref(),
            validity_s,
            ..Draft::of_text(&to, "")
        };
        if let Ok(prepared) = prepare_for(HIS, &draft) {
            let body = text.unwrap();
            prop_assert!(prepared.text().ends_with(&body));
            prop_assert!(VALIDITY_S.contains(&prepared.validity_s));
            let limits = fixture::compiled().limits(prepared.plan[0].group);
            let made = crate::segment::segments(prepared.text(), &limits).unwrap().count();
            prop_assert_eq!(made, usize::from(prepared.plan[0].segments));
        }
    }
}
