use crate::admin::catalog::word;
use crate::http::time::rfc3339;
use crate::query::{account_name, channel_word, connection_name, organisation_name};
use carillon_api::StatisticsRow;
use carillon_domain::catalog::Compiled;
use carillon_domain::province::Province;
use carillon_domain::tally::Measure;
use carillon_storage::history::{GroupBy, RollupRow};

/// A row with names instead of ids.
pub fn row(row: &RollupRow, measures: &[Measure], catalog: &Compiled) -> StatisticsRow {
    let connection = |id: Option<_>| id.map_or_else(String::new, |id| connection_name(catalog, id));
    StatisticsRow {
        at: row.at.map(rfc3339),
        organisation: row.tenant.map(|id| organisation_name(catalog, id)),
        account: row.account.map(|id| account_name(catalog, id)),
        kind: row.kind.map(|kind| channel_word(kind).to_owned()),
        connection: row.connection.map(connection),
        carrier: row.carrier.map(|carrier| word(&carrier)),
        province: row.province.map(Province::name).map(str::to_owned),
        counts: measures
            .iter()
            .map(|measure| (measure.word().to_owned(), row.counts[*measure]))
            .collect(),
    }
}

/// A column of the table that a spreadsheet reads.
pub struct Column {
    pub name: &'static str,
    pub is_grouped: fn(GroupBy) -> bool,
    pub value: fn(&StatisticsRow) -> Option<&str>,
}

pub const COLUMNS: [Column; 7] = [
    Column {
        name: "at",
        is_grouped: |by| by.time,
        value: |row| row.at.as_deref(),
    },
    Column {
        name: "organisation",
        is_grouped: |by| by.tenant,
        value: |row| row.organisation.as_deref(),
    },
    Column {
        name: "account",
        is_grouped: |by| by.account,
        value: |row| row.account.as_deref(),
    },
    Column {
        name: "kind",
        is_grouped: |by| by.kind,
        value: |row| row.kind.as_deref(),
    },
    Column {
        name: "connection",
        is_grouped: |by| by.connection,
        value: |row| row.connection.as_deref(),
    },
    Column {
        name: "carrier",
        is_grouped: |by| by.carrier,
        value: |row| row.carrier.as_deref(),
    },
    Column {
        name: "province",
        is_grouped: |by| by.province,
        value: |row| row.province.as_deref(),
    },
];
