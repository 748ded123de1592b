use crate::catalog::apply::check::{Check, LANE_MAX};
use crate::catalog::apply::names::Names;
use crate::catalog::apply::{ApplyError, ApplyFile, Problem, Section};
use crate::catalog::{Organisation, Snapshot};
use crate::ids::TenantId;
use std::collections::BTreeMap;

pub(in crate::catalog::apply) fn organisations(
    file: &ApplyFile,
    current: &Snapshot,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<TenantId, Organisation> {
    let build = |entry: &super::super::OrganisationEntry| {
        let mut check = Check::new(Section::Organisation, entry.name.as_str(), errors);
        check.name(&entry.name);
        check.weight("weight", entry.weight);
        check.range("lane", entry.lane, 0, LANE_MAX);
        let id = names.organisations.own(&entry.name)?;
        if let Some(known) = current.organisations.get(&id)
            && known.lane != entry.lane
        {
            check.report("lane", Problem::LaneMoved { from: known.lane });
        }
        Some((
            id,
            Organisation {
                id,
                name: entry.name.clone(),
                weight: entry.weight,
                quiet_hours: entry.quiet_hours,
                lane: entry.lane,
            },
        ))
    };
    file.organisation.iter().filter_map(build).collect()
}
