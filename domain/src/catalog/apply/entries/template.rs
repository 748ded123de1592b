use crate::catalog::Template;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::{EntryName, Names};
use crate::catalog::apply::{ApplyError, ApplyFile, Problem, Section, TemplateEntry};
use crate::ids::TemplateId;
use std::collections::BTreeMap;

pub(in crate::catalog::apply) fn templates(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<TemplateId, Template> {
    let build = |entry: &TemplateEntry| {
        let key = (entry.organisation.as_str(), entry.name.as_str());
        let mut check = Check::new(Section::Template, key.shown(), errors);
        check.name(&entry.name);
        if let Err(error) = crate::template::Template::parse(&entry.text) {
            check.report(
                "text",
                Problem::Template {
                    detail: error.to_string(),
                },
            );
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
        };
        Some((id, template))
    };
    file.template.iter().filter_map(build).collect()
}
