use super::{CampaignMessage, CampaignPlan, CampaignWords, LineColumns};
use crate::catalog::{Account, Compiled};
use crate::intake::{Draft, PlanDraft, Prepared, StepDraft, Variables, Words, prepare};
use crate::number_range::NumberRanges;
use crate::phone::PhoneNumber;
use crate::refusal::{Refusal, RefusalCode};
use crate::template::{RenderError, RenderProblem, Template, TemplateError};
use compact_str::CompactString;
use hashbrown::HashMap;

/// Makes messages of lines. Its texts are compiled once.
#[derive(Clone, Debug)]
pub struct LineMaker {
    message: CampaignMessage,
    words: CompiledWords,
    /// As many as the plan has steps.
    steps: Vec<CompiledWords>,
}

#[derive(Clone, Debug, Default)]
struct CompiledWords {
    text: Option<Template>,
    subject: Option<Template>,
    html: Option<Template>,
}

/// A column that the campaign names and the file does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has no column `{column}`, which {field} names")]
pub struct ColumnMissing {
    pub field: &'static str,
    pub column: CompactString,
}

impl LineMaker {
    /// Compiles the texts. The refusal names the field of the campaign that is at fault.
    pub fn new(message: CampaignMessage) -> Result<Self, Refusal> {
        if message.columns.to.is_none() && message.columns.mail.is_none() {
            let detail = "name the column of the number or of the mail address";
            return Err(Refusal::new(RefusalCode::InvalidPhone, "columns.to", detail));
        }
        let words = CompiledWords::new(&message.words)?;
        let steps = match &message.plan {
            CampaignPlan::Steps(steps) => steps
                .iter()
                .map(|step| CompiledWords::new(&step.words))
                .collect::<Result<_, _>>()?,
            CampaignPlan::Simple | CampaignPlan::Strategy(_) => Vec::new(),
        };
        Ok(LineMaker {
            message,
            words,
            steps,
        })
    }

    /// Finds the columns in a header, whose names are each there once.
    pub fn bind(self, header: &[CompactString]) -> Result<BoundLines, ColumnMissing> {
        let places: HashMap<CompactString, usize> = header.iter().cloned().zip(0..).collect();
        let columns = self.message.columns.clone();
        if let Some((field, column)) = columns.named().find(|(_, column)| !places.contains_key(*column)) {
            return Err(ColumnMissing {
                field,
                column: column.clone(),
            });
        }
        let place =
            |column: &Option<CompactString>| column.as_ref().and_then(|column| places.get(column)).copied();
        let LineColumns {
            to,
            mail,
            template,
            strategy,
            reference,
            business_type,
            variables,
        } = &columns;
        let places_of = Places {
            to: place(to),
            mail: place(mail),
            template: place(template),
            strategy: place(strategy),
            reference: place(reference),
            business_type: place(business_type),
        };
        let mut by_variable = places.clone();
        for (variable, column) in variables {
            by_variable.insert(variable.clone(), places[column]);
        }
        Ok(BoundLines {
            maker: self,
            places: places_of,
            variables: by_variable,
            columns: header.len(),
        })
    }
}

/// Makes messages of the lines of one file.
#[derive(Clone, Debug)]
pub struct BoundLines {
    maker: LineMaker,
    places: Places,
    variables: HashMap<CompactString, usize>,
    columns: usize,
}

#[derive(Clone, Copy, Debug)]
struct Places {
    to: Option<usize>,
    mail: Option<usize>,
    template: Option<usize>,
    strategy: Option<usize>,
    reference: Option<usize>,
    business_type: Option<usize>,
}

impl BoundLines {
    /// How many cells a line has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The line's message with every check that needs no state. The refusal names the field of a message.
    pub fn prepare<S: AsRef<str>>(
        &self,
        catalog: &Compiled,
        account: &Account,
        ranges: &NumberRanges,
        cells: &[S],
    ) -> Result<Prepared, Refusal> {
        let cell = |place: Option<usize>| filled(cells, place?);
        let values = Values {
            places: &self.variables,
            cells,
        };
        let message = &self.maker.message;
        let template = cell(self.places.template);
        let rendered = match template {
            // The line's template takes the place of the campaign's words.
            Some(_) => RenderedWords::default(),
            None => self.maker.words.render(&values)?,
        };
        let words = match template {
            Some(template) => Words {
                template: Some(template),
                attachments: &message.words.attachments,
                ..Words::default()
            },
            None => rendered.words(&message.words),
        };
        let mut rendered_steps = Vec::new();
        let mut steps = Vec::new();
        let strategy = cell(self.places.strategy);
        let plan = match (&message.plan, strategy) {
            (_, Some(strategy)) => PlanDraft::Strategy(strategy),
            (CampaignPlan::Simple, None) => PlanDraft::Simple,
            (CampaignPlan::Strategy(strategy), None) => PlanDraft::Strategy(strategy),
            (CampaignPlan::Steps(given), None) => {
                for compiled in &self.maker.steps {
                    rendered_steps.push(compiled.render(&values)?);
                }
                steps.extend(
                    given
                        .iter()
                        .zip(&rendered_steps)
                        .map(|(step, rendered)| StepDraft {
                            channel: step.channel,
                            words: rendered.words(&step.words),
                            when: step.when.clone(),
                        }),
                );
                PlanDraft::Steps(&steps)
            }
        };
        let draft = Draft {
            to: cell(self.places.to),
            mail: cell(self.places.mail),
            words,
            variables: &values,
            signature: message.signature.as_deref(),
            business_type: cell(self.places.business_type).or(message.business_type.as_deref()),
            priority: message.priority,
            reference: cell(self.places.reference),
            validity_s: message.validity_s,
            not_before: None,
            window: message.window,
            plan,
        };
        prepare(catalog, account, ranges, &draft)
    }

    /// The number of a line, where it has a valid one.
    pub fn number<S: AsRef<str>>(&self, cells: &[S]) -> Option<PhoneNumber> {
        PhoneNumber::parse(filled(cells, self.places.to?)?).ok()
    }

    /// The column behind a message's field, where there is one; else the field itself.
    pub fn column_of<'a>(&'a self, field: &'a str) -> &'a str {
        let columns = &self.maker.message.columns;
        let variable = |name: &'a str| {
            let named = columns.variables.iter().find(|(variable, _)| variable == name);
            named.map_or(name, |(_, column)| column)
        };
        let column = match field {
            "to" => &columns.to,
            "mail" => &columns.mail,
            "template" => &columns.template,
            "strategy" => &columns.strategy,
            "reference" => &columns.reference,
            "business_type" => &columns.business_type,
            _ => return field.strip_prefix("variables.").map_or(field, variable),
        };
        column.as_deref().unwrap_or(field)
    }
}

/// A cell with something in it. An empty one is no value: nobody wants to be greeted as nobody.
fn filled<S: AsRef<str>>(cells: &[S], place: usize) -> Option<&str> {
    let cell = cells.get(place)?.as_ref().trim();
    (!cell.is_empty()).then_some(cell)
}

struct Values<'a, S> {
    places: &'a HashMap<CompactString, usize>,
    cells: &'a [S],
}

impl<S: AsRef<str>> Variables for Values<'_, S> {
    fn value(&self, name: &str) -> Option<&str> {
        filled(self.cells, *self.places.get(name)?)
    }
}

impl CompiledWords {
    fn new(words: &CampaignWords) -> Result<Self, Refusal> {
        let refused = |field: &'static str| {
            move |error: TemplateError| Refusal::new(RefusalCode::TextInvalid, field, error.to_string())
        };
        let parse = |text: &Option<Box<str>>| text.as_deref().map(Template::parse).transpose();
        Ok(CompiledWords {
            text: parse(&words.text).map_err(refused("text"))?,
            subject: parse(&words.subject).map_err(refused("subject"))?,
            html: words
                .html
                .as_deref()
                .map(Template::parse_html)
                .transpose()
                .map_err(refused("html"))?,
        })
    }

    fn render(&self, values: &dyn Variables) -> Result<RenderedWords, Refusal> {
        let value = |name: &str| values.value(name);
        Ok(RenderedWords {
            text: self
                .text
                .as_ref()
                .map(|text| text.render(value))
                .transpose()
                .map_err(unfilled)?,
            subject: self
                .subject
                .as_ref()
                .map(|subject| subject.render_line(value))
                .transpose()
                .map_err(unfilled)?,
            html: self
                .html
                .as_ref()
                .map(|html| html.render_html(value))
                .transpose()
                .map_err(unfilled)?,
        })
    }
}

/// As the checks of a single message say it.
fn unfilled(error: RenderError) -> Refusal {
    let code = match error.problem {
        RenderProblem::Missing => RefusalCode::MissingVariable,
        _ => RefusalCode::InvalidVariable,
    };
    Refusal::new(
        code,
        format!("variables.{}", error.variable),
        error.problem.to_string(),
    )
}

#[derive(Default)]
struct RenderedWords {
    text: Option<String>,
    subject: Option<String>,
    html: Option<String>,
}

impl RenderedWords {
    fn words<'a>(&'a self, given: &'a CampaignWords) -> Words<'a> {
        Words {
            text: self.text.as_deref(),
            template: given.template.as_deref(),
            subject: self.subject.as_deref(),
            html: self.html.as_deref(),
            attachments: &given.attachments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CampaignStep;
    use super::*;
    use crate::catalog::fixture::{self, *};
    use crate::plan::{ChannelKind, Condition};

    fn header() -> Vec<CompactString> {
        ["手机号", "姓名", "模板", "号"].map(Into::into).to_vec()
    }

    fn message(text: &str) -> CampaignMessage {
        CampaignMessage {
            words: CampaignWords {
                text: Some(text.into()),
                ..CampaignWords::default()
            },
            columns: LineColumns {
                to: Some("手机号".into()),
                template: Some("模板".into()),
                reference: Some("号".into()),
                variables: vec![("name".into(), "姓名".into())],
                ..LineColumns::default()
            },
            ..CampaignMessage::default()
        }
    }

    fn prepared(message: CampaignMessage, cells: [&str; 4]) -> Result<Prepared, Refusal> {
        let catalog = fixture::compiled();
        let lines = LineMaker::new(message)?.bind(&header()).unwrap();
        let account = catalog.account(HIS).unwrap();
        lines.prepare(&catalog, account, &NumberRanges::default(), &cells)
    }

    #[test]
    fn a_line_fills_the_text_by_its_columns() {
        let made = prepared(
            message("{name}您好，{姓名}，{{1}}"),
            ["13900000009", " 张三 ", "", "A-1"],
        )
        .unwrap();
        assert!(made.text().ends_with("张三您好，张三，{1}"), "{}", made.text());
        assert_eq!(made.reference.as_deref(), Some("A-1"));
    }

    #[test]
    fn an_empty_cell_is_no_value() {
        let refusal = prepared(message("{name}您好"), ["13900000009", " ", "", ""]).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::MissingVariable);
        let lines = LineMaker::new(message("x")).unwrap().bind(&header()).unwrap();
        assert_eq!(lines.column_of(&refusal.field), "姓名");
        assert_eq!(lines.column_of("to"), "手机号");
        assert_eq!(lines.column_of("text"), "text");
        assert_eq!(lines.column_of("variables.other"), "other");
    }

    #[test]
    fn what_cannot_be_made_is_told_at_once() {
        assert_eq!(LineMaker::new(message("{")).unwrap_err().field, "text");
        let mut nobody = message("x");
        nobody.columns.to = None;
        assert_eq!(LineMaker::new(nobody).unwrap_err().field, "columns.to");
        let missing = LineMaker::new(message("x"))
            .unwrap()
            .bind(&["手机".into()])
            .unwrap_err();
        assert_eq!((missing.field, missing.column.as_str()), ("columns.to", "手机号"));
    }

    #[test]
    fn a_line_may_have_a_strategy_and_an_address_of_its_own() {
        let mut wanted = message("{name}您好");
        wanted.words.subject = Some("{name}的报告".into());
        wanted.columns.template = None;
        wanted.columns.mail = Some("模板".into());
        let steps = |channel, when| CampaignStep {
            channel,
            words: CampaignWords::default(),
            when,
        };
        wanted.plan = CampaignPlan::Steps(vec![
            steps(ChannelKind::Sms, None),
            steps(ChannelKind::Mail, Some(Condition::NotSubmitted)),
        ]);
        let made = prepared(wanted.clone(), ["13900000009", "张三", "zhang@example.org", ""]).unwrap();
        let mail = made.plan[1].content.mail().unwrap();
        assert_eq!(
            (mail.address.as_str(), &*mail.subject),
            ("zhang@example.org", "张三的报告")
        );
        let refusal = prepared(wanted, ["13900000009", "张三", "", ""]).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::RecipientMissing);
        let mut wanted = message("{name}您好");
        wanted.columns.template = None;
        wanted.columns.strategy = Some("模板".into());
        let refusal = prepared(wanted, ["13900000009", "张三", "no such", ""]).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::UnknownStrategy);
    }

    #[test]
    fn a_line_may_have_a_template_of_its_own() {
        let refusal = prepared(message("x"), ["13900000009", "", "no such", ""]).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::UnknownTemplate);
    }
}
