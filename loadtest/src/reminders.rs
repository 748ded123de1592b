//! Appointment reminders as a hospital sends them, some of them broken on purpose. Nobody in them exists.

use crate::load::phone_of;
use crate::marker;
use carillon_api::{MessageRequest, Variables};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// The template that reminders use; it has to be in the catalog under this name.
pub const TEMPLATE_NAME: &str = "appointment";
pub const TEMPLATE_TEXT: &str = "{patient}您好，您预约的{department}就诊时间为{date:date} {time:time}，请提前15分钟\
                                 到院取号，单号{number}。";

/// A doubled line is never the first of this many lines, so that it stands in one request with its original as long as
/// requests have a multiple of it.
const BLOCK: u64 = 100;

const SURNAMES: [&str; 16] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
];
const DEPARTMENTS: [&str; 12] = [
    "心血管内科",
    "骨科门诊",
    "儿科",
    "眼科",
    "口腔科",
    "皮肤科",
    "超声检查",
    "磁共振检查",
    "胃镜检查",
    "康复医学科",
    "产科建档",
    "体检中心",
];
const INSTRUCTIONS: [&str; 6] = [
    "检查前请空腹八小时，当日清晨可饮少量清水，请勿饮用牛奶、豆浆或含糖饮料。",
    "正在服用抗凝、降糖或降压药物者，请提前告知接诊医生，切勿自行停药。",
    "请携带身份证、就诊卡及既往检查资料，由一位家属陪同前来。",
    "检查过程约需四十分钟，结束后请在休息区观察半小时，无不适方可离开。",
    "如需改期，请至少提前一日联系预约中心；逾期未到视为放弃，号源不予保留。",
    "院区车位有限，建议乘坐公共交通前来，地铁出站后步行约五分钟即到门诊楼。",
];

/// What is expected of a broken line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub code: &'static str,
    pub field: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Counts from 1.
    pub line: u64,
    /// One line of NDJSON, without its line feed.
    pub json: String,
    /// `None` for a good line.
    pub expected: Option<Expected>,
}

/// Names, departments and times, drawn from a seed.
#[derive(Debug)]
pub struct PatientWords {
    random: SmallRng,
}

impl PatientWords {
    pub fn new(seed: u64) -> Self {
        PatientWords {
            random: SmallRng::seed_from_u64(seed),
        }
    }

    pub fn patient(&mut self) -> String {
        format!("{}{}", self.pick(&SURNAMES), self.pick(&["先生", "女士"]))
    }

    pub fn department(&mut self) -> String {
        self.pick(&DEPARTMENTS).to_owned()
    }

    /// As the types `date` and `time` of templates want them.
    pub fn date_and_time(&mut self) -> (String, String) {
        let (month, day) = (self.random.random_range(1..=12), self.random.random_range(1..=28));
        let (hour, minute) = (
            self.random.random_range(8..=16),
            self.random.random_range(0..=11) * 5,
        );
        (
            format!("2030-{month:02}-{day:02}"),
            format!("{hour:02}:{minute:02}"),
        )
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.random.random_range(0..from.len())]
    }
}

/// The reminders of one seed, without end.
#[derive(Debug)]
pub struct Reminders {
    words: PatientWords,
    broken_share: f64,
    line: u64,
    /// The good line before, to be doubled.
    before: Option<String>,
}

#[derive(Clone, Copy)]
enum Fault {
    Phone,
    MissingVariable,
    IllTypedVariable,
    TooLong,
    Empty,
    UnknownTemplate,
    NotJson,
    Doubled,
}

const FAULTS: [Fault; 8] = [
    Fault::Phone,
    Fault::MissingVariable,
    Fault::IllTypedVariable,
    Fault::TooLong,
    Fault::Empty,
    Fault::UnknownTemplate,
    Fault::NotJson,
    Fault::Doubled,
];

impl Reminders {
    /// `broken_share` is 0…1.
    pub fn new(seed: u64, broken_share: f64) -> Self {
        let broken_share = broken_share.clamp(0.0, 1.0);
        Reminders {
            words: PatientWords::new(seed),
            broken_share,
            line: 0,
            before: None,
        }
    }

    fn variables(&mut self) -> Vec<(&'static str, String)> {
        let (date, time) = self.words.date_and_time();
        vec![
            ("patient", self.words.patient()),
            ("department", self.words.department()),
            ("date", date),
            ("time", time),
            ("number", marker::text(self.line)),
        ]
    }

    fn text(&mut self, instructions: usize) -> String {
        let mut text = format!(
            "{}您好，您预约的{}单号{}，请按时到院。",
            self.words.patient(),
            self.words.department(),
            marker::text(self.line)
        );
        for _ in 0..instructions {
            text.push_str(self.words.pick(&INSTRUCTIONS));
        }
        text
    }

    fn good(&mut self) -> String {
        let to = phone_of(self.line);
        match self.words.random.random_range(0..10) {
            0 => of_text(&to, &self.text(0)),
            1 | 2 => {
                let instructions = self.words.random.random_range(2..=5);
                of_text(&to, &self.text(instructions))
            }
            _ => {
                let variables = self.variables();
                of_template(&to, TEMPLATE_NAME, &variables)
            }
        }
    }

    fn broken(&mut self, fault: Fault) -> (String, Expected) {
        let to = phone_of(self.line);
        let expected = |code, field| Expected { code, field };
        let mut variables = self.variables();
        match fault {
            Fault::Phone => {
                let wrong =
                    self.words
                        .pick(&["1380013800", "23800000000", "138000000001", "1380000000x", ""]);
                (
                    of_template(wrong, TEMPLATE_NAME, &variables),
                    expected("invalid_phone", "to"),
                )
            }
            Fault::MissingVariable => {
                variables.retain(|(name, _)| *name != "date");
                (
                    of_template(&to, TEMPLATE_NAME, &variables),
                    expected("missing_variable", "variables.date"),
                )
            }
            Fault::IllTypedVariable => {
                variables
                    .iter_mut()
                    .filter(|(name, _)| *name == "time")
                    .for_each(|(_, value)| *value = "早上".into());
                (
                    of_template(&to, TEMPLATE_NAME, &variables),
                    expected("invalid_variable", "variables.time"),
                )
            }
            Fault::TooLong => (of_text(&to, &self.text(60)), expected("text_too_long", "text")),
            Fault::Empty => (of_text(&to, " "), expected("text_empty", "text")),
            Fault::UnknownTemplate => (
                of_template(&to, "no_such_template", &variables),
                expected("unknown_template", "template"),
            ),
            Fault::NotJson => {
                let mut line = of_text(&to, &self.text(0));
                line.pop();
                (line, expected("invalid_json", ""))
            }
            Fault::Doubled => match &self.before {
                Some(before) if self.line % BLOCK != 1 => (before.clone(), expected("duplicate_line", "")),
                _ => (of_text(&to, " "), expected("text_empty", "text")),
            },
        }
    }
}

fn of_template(to: &str, template: &str, variables: &[(&'static str, String)]) -> String {
    let values = variables
        .iter()
        .map(|(name, value)| ((*name).into(), value.as_str().into()));
    json(&MessageRequest {
        to: Some(to.into()),
        template: Some(template.into()),
        variables: Variables::new(values),
        ..MessageRequest::default()
    })
}

fn of_text(to: &str, text: &str) -> String {
    json(&MessageRequest {
        to: Some(to.into()),
        text: Some(text.into()),
        ..MessageRequest::default()
    })
}

fn json(request: &MessageRequest<'_>) -> String {
    serde_json::to_string(request).expect("texts and names become JSON")
}

impl Iterator for Reminders {
    type Item = Reminder;

    fn next(&mut self) -> Option<Reminder> {
        self.line += 1;
        if self.words.random.random_bool(self.broken_share) {
            let fault = FAULTS[self.words.random.random_range(0..FAULTS.len())];
            let (json, expected) = self.broken(fault);
            return Some(Reminder {
                line: self.line,
                json,
                expected: Some(expected),
            });
        }
        let json = self.good();
        self.before = Some(json.clone());
        Some(Reminder {
            line: self.line,
            json,
            expected: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::template::Template;
    use std::collections::HashSet;

    #[test]
    fn the_same_seed_writes_the_same_file() {
        let lines = |seed| Reminders::new(seed, 0.1).take(500).collect::<Vec<_>>();
        assert_eq!(lines(3), lines(3));
        assert_ne!(lines(3), lines(4));
    }

    #[test]
    fn good_lines_carry_their_own_marker_and_broken_ones_are_broken() {
        let mut kinds = HashSet::new();
        let mut before = String::new();
        for reminder in Reminders::new(1, 0.3).take(5_000) {
            let Reminder { line, json, expected } = reminder;
            let parsed = serde_json::from_str::<MessageRequest<'_>>(&json);
            match expected {
                None => {
                    let request = parsed.expect("a request");
                    assert_eq!(marker::find(json.as_bytes()), Some(line));
                    assert_eq!(request.to.as_ref().expect("a number").as_str(), phone_of(line));
                    before = json;
                }
                Some(Expected { code, .. }) => {
                    kinds.insert(code);
                    assert_eq!(parsed.is_err(), code == "invalid_json", "{json}");
                    assert_eq!(json == before, code == "duplicate_line", "{json}");
                    assert!(code != "duplicate_line" || line % BLOCK != 1);
                }
            }
        }
        assert_eq!(kinds.len(), FAULTS.len());
    }

    #[test]
    fn the_template_takes_the_variables() {
        let template = Template::parse(TEMPLATE_TEXT).expect("a template");
        let mut reminders = Reminders::new(9, 0.0);
        for _ in 0..100 {
            let variables = reminders.variables();
            let find = |name: &str| {
                variables
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| value.as_str())
            };
            template.render(find).expect("rendered");
        }
    }
}
