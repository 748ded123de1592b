use super::{
    HTML_BYTES_MAX, NAME_CHARACTERS_MAX, PLACES_MAX, Part, TEXT_BYTES_MAX, Template, Variable, VariableType,
};

/// What is wrong with a template's text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (character {position})")]
pub struct TemplateError {
    /// Counts characters from 1.
    pub position: usize,
    pub problem: TemplateProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    #[error("the template is empty")]
    Empty,
    #[error("the template is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    #[error("the HTML template is longer than {HTML_BYTES_MAX} bytes")]
    HtmlTooLong,
    #[error("the template has more than {PLACES_MAX} variables")]
    TooManyVariables,
    #[error("a variable is opened and not closed; a brace itself is written {{{{")]
    Unclosed,
    #[error("a brace is closed and was not opened; a brace itself is written }}}}")]
    Unopened,
    #[error("a variable's name is 1 to {NAME_CHARACTERS_MAX} letters, digits or _")]
    BadName,
    #[error(
        "the type `{found}` is unknown; types are text, text(n), number, money, date, time, code, url, phone"
    )]
    UnknownType { found: String },
}

impl Template {
    /// Reads a template's text. The grammar is in [`crate::template`].
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(TemplateError {
                position: 1,
                problem: TemplateProblem::TooLong,
            });
        }
        Self::parse_any(text)
    }

    /// The same for HTML, which may be longer; to be filled in by [`Template::render_html`].
    pub fn parse_html(html: &str) -> Result<Template, TemplateError> {
        if html.len() > HTML_BYTES_MAX {
            return Err(TemplateError {
                position: 1,
                problem: TemplateProblem::HtmlTooLong,
            });
        }
        Self::parse_any(html)
    }

    fn parse_any(text: &str) -> Result<Template, TemplateError> {
        if text.is_empty() {
            return Err(TemplateError {
                position: 1,
                problem: TemplateProblem::Empty,
            });
        }
        let mut parser = Parser {
            text,
            at: 0,
            fixed: String::new(),
            parts: Vec::new(),
            places: 0,
        };
        match parser.run() {
            Ok(()) => Ok(parser.finish()),
            Err((at, problem)) => Err(TemplateError {
                position: text[..at].chars().count() + 1,
                problem,
            }),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Byte position; always at a character.
    at: usize,
    fixed: String,
    parts: Vec<Part>,
    places: usize,
}

/// A problem at a byte position.
type Located = (usize, TemplateProblem);

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Located> {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                self.fixed.push_str(&rest[..1]);
                self.at += 2;
            } else if rest.starts_with('}') {
                return Err((self.at, TemplateProblem::Unopened));
            } else if rest.starts_with('{') {
                self.variable(rest)?;
            } else {
                let length = rest.find(['{', '}']).unwrap_or(rest.len());
                self.fixed.push_str(&rest[..length]);
                self.at += length;
            }
        }
        Ok(())
    }

    /// `rest` starts with the opening brace.
    fn variable(&mut self, rest: &str) -> Result<(), Located> {
        let open = self.at;
        let inside = match rest[1..].find(['{', '}']) {
            Some(length) if rest[1 + length..].starts_with('}') => &rest[1..1 + length],
            _ => return Err((open, TemplateProblem::Unclosed)),
        };
        self.places += 1;
        if self.places > PLACES_MAX {
            return Err((open, TemplateProblem::TooManyVariables));
        }
        let (name, kind) = inside.split_once(':').unwrap_or((inside, "text"));
        if !is_name(name) {
            return Err((open, TemplateProblem::BadName));
        }
        let Some(kind) = VariableType::parse(kind) else {
            return Err((
                open + 1 + name.len() + 1,
                TemplateProblem::UnknownType {
                    found: kind.to_owned(),
                },
            ));
        };
        self.take_fixed();
        self.parts.push(Part::Variable(Variable {
            name: name.into(),
            kind,
        }));
        self.at = open + 1 + inside.len() + 1;
        Ok(())
    }

    fn take_fixed(&mut self) {
        if !self.fixed.is_empty() {
            self.parts
                .push(Part::Fixed(std::mem::take(&mut self.fixed).into_boxed_str()));
        }
    }

    fn finish(mut self) -> Template {
        self.take_fixed();
        let fixed_bytes = self
            .parts
            .iter()
            .map(|part| {
                if let Part::Fixed(text) = part {
                    text.len()
                } else {
                    0
                }
            })
            .sum();
        Template {
            parts: self.parts.into_boxed_slice(),
            fixed_bytes,
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= NAME_CHARACTERS_MAX
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variables_and_their_types() {
        let text = "{姓名}，请于{date:date}{time:time}到{dept:text(20)}就诊，验证码{c:code}，{n:number}{m:money}{u:url}{p:phone}{t:text}";
        let template = Template::parse(text).unwrap();
        let variables: Vec<_> = template
            .variables()
            .map(|variable| (variable.name.as_str(), variable.kind))
            .collect();
        let default = VariableType::Text { characters_max: 100 };
        assert_eq!(
            variables,
            [
                ("姓名", default),
                ("date", VariableType::Date),
                ("time", VariableType::Time),
                ("dept", VariableType::Text { characters_max: 20 }),
                ("c", VariableType::Code),
                ("n", VariableType::Number),
                ("m", VariableType::Money),
                ("u", VariableType::Url),
                ("p", VariableType::Phone),
                ("t", default),
            ]
        );
    }

    #[test]
    fn refused_with_position() {
        let unknown = |found: &str| TemplateProblem::UnknownType {
            found: found.to_owned(),
        };
        let cases = [
            ("", 1, TemplateProblem::Empty),
            ("您好{name", 3, TemplateProblem::Unclosed),
            ("您好{na{me}}", 3, TemplateProblem::Unclosed),
            ("您好}", 3, TemplateProblem::Unopened),
            ("a}b", 2, TemplateProblem::Unopened),
            ("{}", 1, TemplateProblem::BadName),
            ("{ name }", 1, TemplateProblem::BadName),
            ("{a.b}", 1, TemplateProblem::BadName),
            ("{:date}", 1, TemplateProblem::BadName),
            ("{name:}", 7, unknown("")),
            ("{姓名:colour}", 5, unknown("colour")),
            ("{name:text()}", 7, unknown("text()")),
            ("{name:text(0)}", 7, unknown("text(0)")),
            ("{name:text(1001)}", 7, unknown("text(1001)")),
            ("{name:text(99999999999)}", 7, unknown("text(99999999999)")),
            ("{name:text(+5)}", 7, unknown("text(+5)")),
            ("{a:b:c}", 4, unknown("b:c")),
        ];
        for (text, position, problem) in cases {
            assert_eq!(
                Template::parse(text),
                Err(TemplateError { position, problem }),
                "{text}"
            );
        }
        let name = format!("{{{}}}", "n".repeat(33));
        assert_eq!(
            Template::parse(&name).unwrap_err().problem,
            TemplateProblem::BadName
        );
        let many = "{a}".repeat(65);
        assert_eq!(
            Template::parse(&many).unwrap_err().problem,
            TemplateProblem::TooManyVariables
        );
        let long = "a".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(
            Template::parse(&long).unwrap_err().problem,
            TemplateProblem::TooLong
        );
        assert!(Template::parse_html(&long).is_ok());
        let long = "a".repeat(HTML_BYTES_MAX + 1);
        assert_eq!(
            Template::parse_html(&long).unwrap_err().problem,
            TemplateProblem::HtmlTooLong
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[{}:a文()0-9]{0,40}") {
            if let Err(error) = Template::parse(&text) {
                prop_assert!(error.position >= 1 && error.position <= text.chars().count().max(1));
            }
        }

        #[test]
        fn text_without_variables_comes_out_as_it_is(text in "\\PC{1,100}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            let template = Template::parse(&escaped).unwrap();
            prop_assert_eq!(template.render(|_| None), Ok(text));
        }
    }
}
