use super::{Part, Template, Variable};
use compact_str::CompactString;

/// Why a template could not be filled in. Never repeats the value (PII-1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("variable `{variable}`: {problem}")]
pub struct RenderError {
    pub variable: CompactString,
    pub problem: RenderProblem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderProblem {
    #[error("no value was given")]
    Missing,
    #[error("the value is longer than {characters_max} characters")]
    TooLong { characters_max: u16 },
    #[error("the value holds a control character")]
    ControlCharacter,
    #[error("the value holds 【 or 】, which mark signatures")]
    SignatureMark,
    /// `expected` describes the type.
    #[error("the value is not {expected}")]
    IllTyped { expected: &'static str },
}

impl Template {
    /// The text with every variable replaced by what `value` returns for its name. Values are checked against their types;
    /// the first that is missing or does not fit is the error. An empty value fits only `text`.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, RenderError> {
        self.render_with(value, |_, value, text| {
            text.push_str(value);
            Ok(())
        })
    }

    /// The same for one line, e.g. a mail's subject: a value with a line break does not fit, so that none can add a header.
    pub fn render_line<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, RenderError> {
        self.render_with(value, |variable, value, text| {
            if value.contains(char::is_control) {
                return Err(variable.refused(RenderProblem::ControlCharacter));
            }
            text.push_str(value);
            Ok(())
        })
    }

    /// The same for HTML: what stands for itself in a value is escaped, in text as in quoted attributes, and line breaks
    /// stay visible.
    pub fn render_html<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, RenderError> {
        self.render_with(value, |_, value, html| {
            push_escaped(value, html);
            Ok(())
        })
    }

    fn render_with<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
        push: impl Fn(&Variable, &str, &mut String) -> Result<(), RenderError>,
    ) -> Result<String, RenderError> {
        /// Room for values, so that most texts are allocated once.
        const VALUE_BYTES_USUAL: usize = 24;
        let variables = self.variables().count();
        let mut text = String::with_capacity(self.fixed_bytes + variables * VALUE_BYTES_USUAL);
        for part in &self.parts {
            match part {
                Part::Fixed(fixed) => text.push_str(fixed),
                Part::Variable(variable) => {
                    let value = variable.accept(value(&variable.name))?;
                    push(variable, value, &mut text)?;
                }
            }
        }
        Ok(text)
    }
}

impl Variable {
    fn accept<'v>(&self, value: Option<&'v str>) -> Result<&'v str, RenderError> {
        let checked = value
            .ok_or(RenderProblem::Missing)
            .and_then(|value| self.kind.check(value).map(|()| value));
        checked.map_err(|problem| self.refused(problem))
    }

    fn refused(&self, problem: RenderProblem) -> RenderError {
        RenderError {
            variable: self.name.clone(),
            problem,
        }
    }
}

fn push_escaped(value: &str, html: &mut String) {
    for character in value.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn render(text: &str, values: &[(&str, &str)]) -> Result<String, RenderError> {
        let template = Template::parse(text).unwrap();
        template.render(|name| {
            values
                .iter()
                .find(|(given, _)| *given == name)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn values_are_put_in_their_places() {
        let values = [("姓名", "张三"), ("d", "2026-05-01"), ("unused", "x")];
        let text = render("{姓名}您好，{{{d:date}}}，{姓名}", &values);
        assert_eq!(text.as_deref(), Ok("张三您好，{2026-05-01}，张三"));
    }

    #[test]
    fn braces_in_values_are_only_text() {
        assert_eq!(render("{a}", &[("a", "{b}"), ("b", "x")]).as_deref(), Ok("{b}"));
    }

    #[test]
    fn the_variable_at_fault_is_named() {
        let cases = [
            ("missing", RenderProblem::Missing),
            ("forged", RenderProblem::SignatureMark),
            ("lines", RenderProblem::ControlCharacter),
            ("long", RenderProblem::TooLong { characters_max: 100 }),
        ];
        let long = "长".repeat(101);
        let values = [("forged", "【银行】"), ("lines", "a\u{7}"), ("long", &long)];
        for (name, problem) in cases {
            let error = render(&format!("x{{{name}}}"), &values).unwrap_err();
            assert_eq!(
                error,
                RenderError {
                    variable: name.into(),
                    problem
                }
            );
        }
        let error = render("{amount:money}", &[("amount", "lots")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "variable `amount`: the value is not an amount with at most two decimals"
        );
    }

    #[test]
    fn html_values_are_only_text() {
        let template = Template::parse_html("<style>a {{ }}</style><a title=\"{t}\">{t}</a>").unwrap();
        let html = template.render_html(|_| Some("<b onclick='x'>&\"\nend"));
        let value = "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;<br>end";
        let expected = format!("<style>a {{ }}</style><a title=\"{value}\">{value}</a>");
        assert_eq!(html, Ok(expected));
    }

    #[test]
    fn a_subject_has_one_line() {
        let template = Template::parse("{t}的报告").unwrap();
        assert_eq!(
            template.render_line(|_| Some("张三")).as_deref(),
            Ok("张三的报告")
        );
        let error = template.render_line(|_| Some("a\nBcc: x@y")).unwrap_err();
        assert_eq!(error.problem, RenderProblem::ControlCharacter);
    }

    proptest! {
        #[test]
        fn no_value_opens_a_tag_or_ends_an_attribute(value in "[<>&\"'a-c]{0,20}") {
            let template = Template::parse_html("{a}").unwrap();
            let html = template.render_html(|_| Some(&value)).unwrap();
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn no_value_brings_a_signature(value in "\\PC{0,30}") {
            if let Ok(text) = render("{a}", &[("a", &value)]) {
                prop_assert!(!text.contains(['【', '】']));
                prop_assert_eq!(text, value);
            }
        }
    }
}
