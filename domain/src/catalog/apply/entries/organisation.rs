use crate::catalog::Organisation;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::Names;
use crate::catalog::apply::{ApplyError, ApplyFile, Section};
use crate::ids::TenantId;
use std::collections::BTreeMap;

pub(in crate::catalog::apply) fn organisations(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<TenantId, Organisation> {
    let build = |entry: &super::super::OrganisationEntry| {
        let mut check = Check::new(Section::Organisation, entry.name.as_str(), errors);
        check.name(&entry.name);
        check.weight("weight", entry.weight);
        let id = names.organisations.own(&entry.name)?;
        Some((
            id,
            Organisation {
                id,
                name: entry.name.clone(),
                weight: entry.weight,
                quiet_hours: entry.quiet_hours,
            },
        ))
    };
    file.organisation.iter().filter_map(build).collect()
}
