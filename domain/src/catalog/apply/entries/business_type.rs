use crate::catalog::BusinessType;
use crate::catalog::apply::check::Check;
use crate::catalog::apply::names::Names;
use crate::catalog::apply::{ApplyError, ApplyFile, BusinessTypeEntry, Section};
use crate::ids::BusinessTypeId;
use std::collections::BTreeMap;

const SECONDS_MIN: u64 = 60;
const SECONDS_MAX: u64 = 7 * 24 * 3600;
const TAIL_CHARACTERS_MAX: usize = 50;
const CAP_MAX: u64 = 1000;

pub(in crate::catalog::apply) fn business_types(
    file: &ApplyFile,
    names: &Names<'_>,
    errors: &mut Vec<ApplyError>,
) -> BTreeMap<BusinessTypeId, BusinessType> {
    let build = |entry: &BusinessTypeEntry| {
        let mut check = Check::new(Section::BusinessType, entry.name.as_str(), errors);
        check.name(&entry.name);
        check.range("validity_s", entry.validity_s, SECONDS_MIN, SECONDS_MAX);
        check.range("receipt_wait_s", entry.receipt_wait_s, SECONDS_MIN, SECONDS_MAX);
        check.line("tail", &entry.tail, TAIL_CHARACTERS_MAX);
        for cap in &entry.caps {
            check.range("caps.messages", cap.messages, 1, CAP_MAX);
        }
        check.unique("caps", entry.caps.iter().map(|cap| cap.period.word()));
        let id = names.business_types.own(&entry.name)?;
        let business_type = BusinessType {
            id,
            name: entry.name.clone(),
            priority: entry.priority,
            uncertain: entry.uncertain,
            validity_s: entry.validity_s,
            receipt_wait_s: entry.receipt_wait_s,
            template_required: entry.template_required,
            receipts: entry.receipts,
            tail: entry.tail.clone(),
            sending_window: entry.sending_window,
            ignore_quiet_hours: entry.ignore_quiet_hours,
            caps: entry.caps.clone(),
        };
        Some((id, business_type))
    };
    file.business_type.iter().filter_map(build).collect()
}
