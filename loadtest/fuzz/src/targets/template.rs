use super::texts;
use crate::{Memory, Target};
use carillon_domain::template::{NAME_CHARACTERS_MAX, PLACES_MAX, TEXT_BYTES_MAX, Template};

/// Templates of texts and of HTML, and what is put into them.
pub static TEMPLATE: Target = Target {
    name: "template",
    run,
    seeds,
    words: &[
        "{",
        "}",
        "{{",
        "}}",
        "{name}",
        ":text(20)",
        ":money",
        ":date",
        ":time",
        ":code",
        ":url",
        ":phone",
        ":number",
        "<",
        "&",
        "【",
        "】",
    ],
    // Each place takes what a value takes, escaped.
    memory: Memory {
        fixed_bytes: 64 * 1024 + PLACES_MAX * 8 * 1024,
        per_input_byte: 64,
    },
    input_bytes_max: TEXT_BYTES_MAX + 100,
};

const VALUES: [&str; 8] = [
    "张三",
    "12",
    "12.50",
    "2026-03-01",
    "08:30",
    "123456",
    "https://a.example/<b>?c='d'&e=\"f\"",
    "13800000001",
];

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for parsed in [Template::parse(&text), Template::parse_html(&text)] {
        let Ok(template) = parsed else {
            continue;
        };
        assert!(template.variables().count() <= PLACES_MAX);
        assert!(
            template
                .variables()
                .all(|variable| variable.name.chars().count() <= NAME_CHARACTERS_MAX)
        );
        for value in VALUES {
            let rendered = template.render(|_| Some(value));
            let html = template.render_html(|_| Some(value));
            assert_eq!(
                rendered.is_ok(),
                html.is_ok(),
                "a value fits or not, wherever it goes"
            );
            let _line = template.render_line(|_| Some(value));
        }
        if template.variables().next().is_some() {
            assert!(template.render(|_| None).is_err());
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "您的验证码是{code:code}，5分钟内有效。",
        "{name:text(20)}您好，{date:date} {time:time}请到{department:text(20)}复诊，{amount:money}元{{}}",
        "<p>{name}</p><a href=\"{link:url}\">{number:number}</a>{phone:phone}",
    ])
}
