use super::*;
use crate::catalog::fixture::*;
use crate::content::{Attachment, Content, FileHash, MailContent};
use crate::intake::{CONTENT_BYTES_MAX, PlanDraft, StepDraft};
use crate::plan::ChannelKind;
use proptest::prelude::*;

fn free<'a>(subject: &'a str, text: &'a str) -> Words<'a> {
    Words {
        text: Some(text),
        subject: Some(subject),
        ..Words::default()
    }
}

fn mail(prepared: &Prepared) -> &MailContent {
    prepared.plan[0].content.mail().expect("a mail is expected")
}

#[test]
fn without_a_number_it_is_a_mail() {
    let prepared = prepare_for(HIS, &of_mail(free("报告", "您好"))).unwrap();
    assert_eq!((prepared.to, prepared.text()), (None, ""));
    let attempt = &prepared.plan[0];
    assert_eq!(
        (attempt.kind, attempt.group, attempt.segments, &attempt.when),
        (ChannelKind::Mail, MAILS, 1, &None)
    );
    let mail = mail(&prepared);
    assert_eq!(mail.address, "Zhang.San@home.example");
    // Neither signature nor tail: a mail has a sender.
    assert_eq!((&*mail.subject, &*mail.text), ("报告", "您好"));
    assert_eq!((&mail.html, mail.template), (&None, None));
}

#[test]
fn with_a_number_it_is_a_short_message() {
    let draft = Draft {
        mail: Some(MAIL),
        words: free("报告", "您好"),
        ..Draft::of_text(TO, "")
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    assert_eq!((prepared.plan.len(), prepared.text()), (1, "【示范医院】您好"));
}

#[test]
fn a_template_brings_subject_text_and_html() {
    let draft = Draft {
        variables: &[("姓名", "张<三>")],
        ..of_mail(named("report"))
    };
    let prepared = prepare_for(HIS, &draft).unwrap();
    let mail = mail(&prepared);
    assert_eq!(&*mail.subject, "张<三>的报告");
    assert_eq!(&*mail.text, "张<三>的报告已出。");
    assert_eq!(mail.html.as_deref(), Some("<p>张&lt;三&gt;</p>"));
    assert_eq!(mail.template, Some(REPORT));
    assert_eq!(prepared.business_type, NOTICE);
}

#[test]
fn a_text_is_made_of_html_where_none_is_given() {
    let html = |html| Words {
        subject: Some("报告"),
        html: Some(html),
        ..Words::default()
    };
    let prepared = prepare_for(HIS, &of_mail(html("<p>您好</p><style>p{}</style>"))).unwrap();
    assert_eq!(&*mail(&prepared).text, "您好");
    assert_eq!(
        mail(&prepared).html.as_deref(),
        Some("<p>您好</p><style>p{}</style>")
    );
    assert_eq!(
        refused(prepare_for(HIS, &of_mail(html("<img src=\"x\">")))),
        (RefusalCode::TextEmpty, "html".into())
    );
    let long = format!("<p>{}</p>", "长".repeat(40_000));
    let prepared = prepare_for(HIS, &of_mail(html(&long))).unwrap();
    assert!(mail(&prepared).text.len() < 33 * 1024 && mail(&prepared).text.ends_with('…'));
}

#[test]
fn attachments_go_along() {
    let attachments = [Attachment {
        name: "报告.pdf".into(),
        media_type: "application/pdf".into(),
        file: FileHash([7; 32]),
    }];
    let words = Words {
        attachments: &attachments,
        ..free("报告", "您好")
    };
    let prepared = prepare_for(HIS, &of_mail(words)).unwrap();
    assert_eq!(mail(&prepared).attachments, attachments);
}

#[test]
fn refused_with_code_and_field() {
    let (long_subject, endless) = ("长".repeat(201), "长".repeat(100_000));
    let lines = [("姓名", "a\nBcc: x@y"), ("date", "2026-05-01")];
    let good = of_mail(free("报告", "您好"));
    let with = |words| Draft { words, ..good };
    let forged = [Attachment {
        name: "a\r\nBcc: x@y".into(),
        media_type: "text/plain".into(),
        file: FileHash([7; 32]),
    }];
    use RefusalCode::*;
    let cases = [
        (Draft { mail: None, ..good }, RecipientMissing, "to"),
        (
            Draft {
                mail: Some("a@b@c"),
                ..good
            },
            InvalidMail,
            "mail",
        ),
        (
            Draft {
                mail: Some("a@b\r\nRCPT TO:<c@d>"),
                ..good
            },
            InvalidMail,
            "mail",
        ),
        (with(said(Some("您好"))), SubjectMissing, "subject"),
        (with(free(" ", "您好")), SubjectMissing, "subject"),
        (with(free("a\r\nBcc: x@y", "您好")), SubjectInvalid, "subject"),
        (with(free(&long_subject, "您好")), SubjectInvalid, "subject"),
        (with(free(&endless, "您好")), SubjectInvalid, "subject"),
        (with(free("报告", "")), TextEmpty, "text"),
        (
            with(Words {
                text: None,
                ..free("报告", "")
            }),
            TextEmpty,
            "text",
        ),
        (with(free("报告", "a\0")), TextInvalid, "text"),
        (with(free("报告", &endless)), TextTooLong, "text"),
        (
            with(Words {
                html: Some("a\0"),
                ..free("报告", "a")
            }),
            TextInvalid,
            "html",
        ),
        (
            with(Words {
                html: Some(&endless),
                ..free("报告", "a")
            }),
            TextTooLong,
            "html",
        ),
        (
            with(Words {
                html: Some("a"),
                ..named("report")
            }),
            TextAndTemplate,
            "template",
        ),
        (
            with(Words {
                subject: Some("a"),
                ..named("report")
            }),
            TextAndTemplate,
            "subject",
        ),
        (with(named("nothing")), UnknownTemplate, "template"),
        (with(named("report")), MissingVariable, "variables.姓名"),
        // The template has no subject, and a line break would forge a header in one.
        (
            Draft {
                variables: &lines,
                ..with(named("visit"))
            },
            SubjectMissing,
            "subject",
        ),
        (
            Draft {
                variables: &lines,
                ..with(named("report"))
            },
            InvalidVariable,
            "variables.姓名",
        ),
        (
            with(Words {
                attachments: &forged,
                ..free("报告", "您好")
            }),
            AttachmentInvalid,
            "attachments[0].name",
        ),
    ];
    for (draft, code, field) in cases {
        assert_eq!(refused(prepare_for(HIS, &draft)), (code, field.to_owned()));
    }
    // Granted no relay.
    assert_eq!(refused(prepare_for(LIS, &good)), (NoRoute, "mail".into()));
}

#[test]
fn where_templates_are_required_the_subject_is_not_free_either() {
    let catalog = {
        let mut snapshot = fixture::snapshot();
        snapshot
            .business_types
            .get_mut(&NOTICE)
            .unwrap()
            .template_required = true;
        crate::catalog::Compiled::new(std::sync::Arc::new(snapshot)).unwrap()
    };
    let variables = [("姓名", "张三"), ("date", "2026-05-01")];
    let draft = |words| Draft {
        variables: &variables,
        ..of_mail(words)
    };
    let subject = Words {
        subject: Some("free"),
        ..named("visit")
    };
    assert!(prepare_with(&catalog, HIS, &draft(named("report"))).is_ok());
    assert_eq!(
        refused(prepare_with(&catalog, HIS, &draft(subject))),
        (RefusalCode::TemplateRequired, "subject".into())
    );
    assert_eq!(
        refused(prepare_with(&catalog, HIS, &draft(free("a", "b")))),
        (RefusalCode::TemplateRequired, "template".into())
    );
}

#[test]
fn all_mails_of_a_message_fit_into_a_frame_together() {
    let html = "<p>长</p>".repeat(CONTENT_BYTES_MAX / 2 / "<p>长</p>".len());
    let step = |when| StepDraft {
        channel: ChannelKind::Mail,
        words: Words {
            html: Some(&html),
            ..free("a", "b")
        },
        when,
    };
    let steps = [step(None), step(Some(crate::plan::Condition::NotSubmitted))];
    let draft = |steps| Draft {
        plan: PlanDraft::Steps(steps),
        ..of_mail(Words::default())
    };
    assert!(prepare_for(HIS, &draft(&steps[..1])).is_ok());
    let mut more = steps.clone();
    let longer = html.clone() + &"长".repeat(200);
    more[1].words.html = Some(&longer);
    assert_eq!(
        refused(prepare_for(HIS, &draft(&more))),
        (RefusalCode::TextTooLong, "plan[1].html".into())
    );
}

#[test]
fn sensitive_words_are_found_wherever_a_person_reads() {
    let attachments = [Attachment {
        name: "赌.博.pdf".into(),
        media_type: "application/pdf".into(),
        file: FileHash([7; 32]),
    }];
    let good = free("报告", "您好");
    let cases = [
        (free("报告 赌博", "您好"), "subject"),
        (free("报告", "您好，赌 博"), "text"),
        (
            Words {
                html: Some("<b>赌</b><i>博</i>"),
                ..good
            },
            "html",
        ),
        (
            Words {
                html: Some("&#36172;&#x535a;"),
                ..good
            },
            "html",
        ),
        (
            Words {
                html: Some("赌<!-- -->博"),
                text: None,
                ..good
            },
            "html",
        ),
        (
            Words {
                attachments: &attachments,
                ..good
            },
            "attachments[0].name",
        ),
    ];
    for (words, field) in cases {
        let refusal = prepare_for(HIS, &of_mail(words)).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_str()),
            (RefusalCode::ForbiddenWord, field)
        );
        assert!(
            refusal.detail.contains("`law`") && !refusal.detail.contains('赌'),
            "{refusal}"
        );
    }
    let draft = Draft {
        variables: &[("姓名", "赌博"), ("date", "2026-05-01")],
        words: named("visit"),
        ..Draft::of_text(TO, "")
    };
    let refusal = prepare_for(HIS, &draft).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_str()),
        (RefusalCode::ForbiddenWord, "template")
    );
    // 【示范医院】 goes before it.
    assert!(refusal.detail.contains("character 7 "), "{refusal}");
    let refusal = prepare_for(HIS, &Draft::of_text(TO, "您好，赌博")).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_str()),
        (RefusalCode::ForbiddenWord, "text")
    );
}

#[test]
fn who_stands_in_a_black_list_gets_nothing() {
    for (to, mail, account, field) in [
        (Some("13800000001"), None, HIS, Some("to")),
        // In a white list of this account too.
        (Some("13800000002"), None, HIS, None),
        (Some("13800000002"), None, LIS, Some("to")),
        (None, Some("Gone@Home.Example"), HIS, Some("mail")),
        // The address is not used.
        (Some(TO), Some("gone@home.example"), HIS, None),
    ] {
        let draft = Draft {
            to,
            mail,
            words: free("报告", "您好"),
            ..Draft::of_text("", "")
        };
        let refusal = prepare_for(account, &draft).err();
        let found = refusal
            .as_ref()
            .map(|refusal| (refusal.code, refusal.field.as_str()));
        assert_eq!(
            found,
            field.map(|field| (RefusalCode::Blacklisted, field)),
            "{to:?} {mail:?}"
        );
        let words = refusal.map(|refusal| refusal.to_string()).unwrap_or_default();
        assert!(!words.contains("138") && !words.contains('@'), "{words}");
    }
}

proptest! {
    #[test]
    fn any_mail_is_answered(
        mail in "\\PC{0,20}|[a-z]{1,8}@[a-z.]{1,12}",
        subject in prop::option::of(".{0,220}"),
        text in prop::option::of(".{0,100}"),
        html in prop::option::of(".{0,100}|<p>[a-z<>&]{0,60}"),
    ) {
        let words = Words {
            text: text.as_deref(),
            subject: subject.as_deref(),
            html: html.as_deref(),
            ..Words::default()
        };
        let draft = Draft { mail: Some(&mail), ..of_mail(words) };
        if let Ok(prepared) = prepare_for(HIS, &draft) {
            let Content::Mail(content) = &prepared.plan[0].content else { panic!("a mail is expected") };
            prop_assert_eq!(Some(&*content.subject), subject.as_deref());
            prop_assert!(!content.subject.contains(char::is_control) && content.subject.chars().count() <= 200);
            prop_assert!(!content.text.trim().is_empty());
            prop_assert_eq!(content.html.as_deref(), html.as_deref());
            prop_assert!(content.address.is_ascii());
        }
    }
}
