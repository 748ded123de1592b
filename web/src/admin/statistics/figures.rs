use super::csv;
use super::span::{Span, resolution_word};
use super::view::{COLUMNS, row};
use crate::http::time::rfc3339;
use crate::http::{Failure, parameter};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::Statistics;
use carillon_api::StatisticsView;
use carillon_domain::catalog::Compiled;
use carillon_domain::tally::Measure;
use carillon_storage::history::{GroupBy, RollupQuery, RollupRow};
use serde::Deserialize;

/// Says in CSV what `complete_until` says in JSON.
const COMPLETE_UNTIL: &str = "Carillon-Complete-Until";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    resolution: Option<String>,
    from: Option<String>,
    until: Option<String>,
    group_by: Option<String>,
    organisation: Option<String>,
    account: Option<String>,
    measures: Option<String>,
}

/// `GET /v1/admin/statistics`
pub async fn statistics(
    _right: OperatorRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let asked: Asked = parameter::query(&request)?;
    let catalog = state.lane.catalog();
    let span = Span::of(
        asked.resolution.as_deref(),
        asked.from.as_deref(),
        asked.until.as_deref(),
    )?;
    let measures = measures(asked.measures.as_deref())?;
    let query = asked.query(span, &catalog)?;
    let group_by = query.group_by;
    let found = state.lane.statistics(query).await?;
    if wants_csv(&request) {
        return Ok(as_csv(group_by, &measures, &found, &catalog));
    }
    let rows = found.rows.iter().map(|one| row(one, &measures, &catalog));
    Ok(HttpResponse::Ok().json(StatisticsView {
        resolution: resolution_word(span.resolution).to_owned(),
        from: rfc3339(span.from),
        until: rfc3339(span.until),
        complete_until: rfc3339(found.complete_until),
        rows: rows.collect(),
    }))
}

impl Asked {
    fn query(&self, span: Span, catalog: &Compiled) -> Result<RollupQuery, Failure> {
        let tenant = self.organisation.as_deref().map(|name| {
            let mut organisations = catalog.snapshot().organisations.values();
            let found = organisations.find(|organisation| organisation.name == name);
            found
                .map(|organisation| organisation.id)
                .ok_or_else(|| Failure::parameter("organisation", "there is no organisation of this name"))
        });
        let account = self.account.as_deref().map(|name| {
            let found = catalog.account_by_name(name);
            found
                .map(|account| account.id)
                .ok_or_else(|| Failure::parameter("account", "there is no account of this name"))
        });
        Ok(RollupQuery {
            resolution: span.resolution,
            from: span.from,
            until: span.until,
            tenant: tenant.transpose()?,
            account: account.transpose()?,
            group_by: group_by(self.group_by.as_deref())?,
        })
    }
}

fn group_by(text: Option<&str>) -> Result<GroupBy, Failure> {
    let mut group_by = GroupBy::default();
    for word in words(text) {
        match word {
            "time" => group_by.time = true,
            "organisation" => group_by.tenant = true,
            "account" => group_by.account = true,
            "kind" => group_by.kind = true,
            "connection" => group_by.connection = true,
            "carrier" => group_by.carrier = true,
            "province" => group_by.province = true,
            _ => {
                let known = "some of time, organisation, account, kind, connection, carrier, province";
                return Err(Failure::parameter("group_by", known));
            }
        }
    }
    Ok(group_by)
}

/// All when none is named; in their own order.
fn measures(text: Option<&str>) -> Result<Vec<Measure>, Failure> {
    let mut asked = Vec::new();
    for word in words(text) {
        let known = Measure::ALL.into_iter().find(|measure| measure.word() == word);
        asked.push(known.ok_or_else(|| {
            let known = Measure::ALL.map(Measure::word).join(", ");
            Failure::parameter("measures", format!("some of {known}"))
        })?);
    }
    if asked.is_empty() {
        return Ok(Measure::ALL.to_vec());
    }
    asked.sort_unstable();
    asked.dedup();
    Ok(asked)
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.into_iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// Whether CSV is asked for before JSON (RFC 9110 §12.5.1, without weights).
fn wants_csv(request: &HttpRequest) -> bool {
    let accepted = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    accepted
        .unwrap_or_default()
        .split(',')
        .filter_map(|range| range.split(';').next())
        .map(str::trim)
        .find_map(|range| match range {
            "text/csv" => Some(true),
            "application/json" | "*/*" => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

fn as_csv(
    group_by: GroupBy,
    measures: &[Measure],
    found: &Statistics<Vec<RollupRow>>,
    catalog: &Compiled,
) -> HttpResponse {
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .filter(|column| (column.is_grouped)(group_by))
        .collect();
    let mut table = csv::Table::default();
    for column in &columns {
        table.text(column.name);
    }
    for measure in measures {
        table.text(measure.word());
    }
    table.end_row();
    for found in &found.rows {
        let row = row(found, measures, catalog);
        for column in &columns {
            table.text((column.value)(&row).unwrap_or_default());
        }
        for measure in measures {
            table.number(found.counts[*measure]);
        }
        table.end_row();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"statistics.csv\""))
        .insert_header((COMPLETE_UNTIL, rfc3339(found.complete_until)))
        .body(table.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn csv_is_given_to_whom_asks_for_it_first() {
        for (accept, csv) in [
            ("", false),
            ("*/*", false),
            ("text/csv", true),
            ("text/csv;q=0.9, application/json", true),
            ("application/json, text/csv", false),
            ("image/png, text/csv", true),
        ] {
            let request = TestRequest::default()
                .insert_header((ACCEPT, accept))
                .to_http_request();
            assert_eq!(wants_csv(&request), csv, "{accept}");
        }
    }

    #[test]
    fn groups_and_measures_are_named() {
        let grouped = group_by(Some(" time,kind ,, time")).unwrap();
        let wanted = GroupBy {
            time: true,
            kind: true,
            ..GroupBy::default()
        };
        assert_eq!(grouped, wanted);
        assert_eq!(group_by(None).unwrap(), GroupBy::default());
        assert!(group_by(Some("time,tenant")).is_err());
        assert_eq!(
            measures(Some("failed,accepted,failed")).unwrap(),
            [Measure::Accepted, Measure::Failed]
        );
        assert_eq!(measures(None).unwrap(), Measure::ALL);
        assert!(measures(Some("accepted,tried")).is_err());
    }
}
