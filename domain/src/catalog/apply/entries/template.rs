use crate::catalog::Template;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::{EntryName, Names};
use crate::catalog::apply::{ApplyError, ApplyFile, Problem, Section, TemplateEntry};
use crate::ids::TemplateId;
use crate::template::{Template as Parsed, TemplateError};
use std::collections::BTreeMap;

/// Variables as they are written.
const SUBJECT_CHARACTERS_MAX: usize = 200;

pub(in crate::catalog::apply) fn templates(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<TemplateId, Template> {
    let build = |entry: &TemplateEntry| {
        let key = (entry.organisation.as_str(), entry.name.as_str());
        let mut check = Check::new(Section::Template, key.shown(), errors);
        check.name(&entry.name);
        check_part("text", Parsed::parse(&entry.text), &mut check);
        if let Some(subject) = &entry.subject {
            check.line("subject", subject, SUBJECT_CHARACTERS_MAX);
            check_part("subject", Parsed::parse(subject), &mut check);
        }
        if let Some(html) = &entry.html {
            check_part("html", Parsed::parse_html(html), &mut check);
        }
        let tenant = names
            .organisations
            .find(&entry.organisation, "organisation", &mut check);
        let business_type = names
            .business_types
            .find(&entry.business_type, "business_type", &mut check);
        let id = names.templates.own(key)?;
        let template = Template {
            id,
            tenant: tenant?,
            name: entry.name.clone(),
            text: entry.text.clone(),
            business_type: business_type?,
            subject: entry.subject.clone(),
            html: entry.html.clone(),
        };
        Some((id, template))
    };
    file.template.iter().filter_map(build).collect()
}

fn check_part(field: &'static str, parsed: Result<Parsed, TemplateError>, check: &mut Check<'_>) {
    if let Err(error) = parsed {
        let detail = error.to_string();
        check.report(field, Problem::Template { detail });
    }
}
