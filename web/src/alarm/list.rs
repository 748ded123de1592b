use super::desk::AlarmDesk;
use crate::http::{Failure, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::live::AlarmsPage;
use carillon_domain::alarm::{Alarm, AlarmId};
use carillon_storage::alarm_log::ALARMS_PAGE_MAX;
use carillon_storage::catalog::CatalogError;
use serde::Deserialize;
use std::collections::BTreeMap;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = ALARMS_PAGE_MAX as u32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    state: Option<Which>,
    before: Option<u64>,
    limit: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// Not over.
    Open,
    /// Over.
    History,
}

/// `GET /v1/admin/alarms`
pub async fn list(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let asked: Asked = parameter::query(&request)?;
    let limit = parameter::limit(asked.limit, PAGE_DEFAULT, PAGE_MAX)?;
    let before = asked.before.map(AlarmId);
    let mut found = match asked.state {
        Some(Which::Open) => newest(state.alarms.open_alarms(), before),
        which => stored(&state.alarms, which, before, limit)
            .await
            .map_err(|error| Failure::internal(&error))?,
    };
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|alarm| alarm.id.0);
    let alarms = found.iter().map(|alarm| state.alarms.shown(alarm)).collect();
    Ok(HttpResponse::Ok().json(AlarmsPage { alarms, next }))
}

/// More than `limit` alarms, if there are; newest first. Those that are open, or not stored yet, count as the desk knows them.
async fn stored(
    desk: &AlarmDesk,
    which: Option<Which>,
    before: Option<AlarmId>,
    limit: usize,
) -> Result<Vec<Alarm>, CatalogError> {
    let mut known = desk.keeper.waiting();
    known.extend(desk.open_alarms().into_iter().map(|alarm| (alarm.id, alarm)));
    let mut found = Vec::new();
    let mut at = before;
    while found.len() <= limit {
        let page = desk.keeper.log.alarms(at, ALARMS_PAGE_MAX).await?;
        let is_last = page.len() < ALARMS_PAGE_MAX;
        at = page.last().map(|alarm| alarm.id);
        let others = page.into_iter().filter(|alarm| !known.contains_key(&alarm.id));
        found.extend(others.filter(|alarm| is_of(which, alarm)));
        if is_last {
            break;
        }
    }
    found.extend(of_known(known, which));
    Ok(newest(found, before))
}

fn of_known(known: BTreeMap<AlarmId, Alarm>, which: Option<Which>) -> impl Iterator<Item = Alarm> {
    known.into_values().filter(move |alarm| is_of(which, alarm))
}

fn is_of(which: Option<Which>, alarm: &Alarm) -> bool {
    which.is_none_or(|which| (which == Which::History) == alarm.cleared.is_some())
}

fn newest(mut alarms: Vec<Alarm>, before: Option<AlarmId>) -> Vec<Alarm> {
    alarms.retain(|alarm| before.is_none_or(|before| alarm.id < before));
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.id));
    alarms
}
