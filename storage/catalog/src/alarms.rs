//! The rows of alarms.

use crate::SqlCatalog;
use crate::schema::Alarm as Row;
use async_trait::async_trait;
use carillon_domain::alarm::{Alarm, AlarmId};
use carillon_domain::time::UnixMs;
use carillon_storage::alarm_log::{ALARMS_PAGE_MAX, AlarmLog};
use carillon_storage::catalog::CatalogError;
use sea_query::{Expr, ExprTrait, Func, OnConflict, Order, Query, SelectStatement};

/// Three values a row: well below SQLite's 32,766 bound values.
const ROWS_PER_INSERT: usize = 1_000;

#[async_trait]
impl AlarmLog for SqlCatalog {
    async fn open_alarms(&self) -> Result<Vec<Alarm>, CatalogError> {
        let query = Query::select()
            .column(Row::Body)
            .from(Row::Table)
            .and_where(Expr::col(Row::Cleared).is_null())
            .and_where(Expr::col(Row::Body).is_not_null())
            .and_where(self.is_ours())
            .order_by(Row::Id, Order::Asc)
            .to_owned();
        self.read_alarms(&query).await
    }

    async fn last_alarm(&self) -> Result<AlarmId, CatalogError> {
        let query = self.highest();
        let rows: Vec<(Option<i64>,)> = self
            .database
            .read()
            .await?
            .rows("reading the last alarm", &query)
            .await?;
        let highest = rows.first().and_then(|(highest,)| *highest);
        Ok(AlarmId(
            highest.unwrap_or(self.before_the_first()).cast_unsigned(),
        ))
    }

    async fn put_alarms(&self, alarms: &[Alarm]) -> Result<(), CatalogError> {
        if alarms.is_empty() {
            return Ok(());
        }
        let mut transaction = self.database.write().await?;
        for alarms in alarms.chunks(ROWS_PER_INSERT) {
            let mut insert = Query::insert();
            insert
                .into_table(Row::Table)
                .columns([Row::Id, Row::Cleared, Row::Body])
                .on_conflict(
                    OnConflict::column(Row::Id)
                        .update_columns([Row::Cleared, Row::Body])
                        .to_owned(),
                );
            for alarm in alarms {
                let body = serde_json::to_string(alarm).map_err(|error| unreadable(&error))?;
                insert.values_panic([
                    alarm.id.0.cast_signed().into(),
                    alarm.cleared.map(|at| at.0.cast_signed()).into(),
                    body.into(),
                ]);
            }
            transaction.execute("storing alarms", &insert).await?;
        }
        transaction.commit().await
    }

    async fn alarms(&self, before: Option<AlarmId>, limit: usize) -> Result<Vec<Alarm>, CatalogError> {
        let mut query = Query::select();
        query
            .column(Row::Body)
            .from(Row::Table)
            .and_where(Expr::col(Row::Body).is_not_null())
            .and_where(self.is_ours())
            .order_by(Row::Id, Order::Desc)
            .limit(limit.min(ALARMS_PAGE_MAX) as u64);
        if let Some(before) = before {
            query.and_where(Expr::col(Row::Id).lt(before.0.cast_signed()));
        }
        self.read_alarms(&query).await
    }

    async fn forget_alarms(&self, cleared_before: UnixMs) -> Result<u64, CatalogError> {
        let is_old = || {
            Expr::col(Row::Cleared)
                .lt(i64::try_from(cleared_before.0).unwrap_or(i64::MAX))
                .and(Expr::col(Row::Body).is_not_null())
                .and(self.is_ours())
        };
        // The row of the highest number stays, without its words: no number is given twice.
        let highest = self.highest();
        let empty = Query::update()
            .table(Row::Table)
            .value(Row::Body, Option::<String>::None)
            .and_where(is_old())
            .to_owned();
        let remove = Query::delete()
            .from_table(Row::Table)
            .and_where(Expr::col(Row::Body).is_null())
            .and_where(self.is_ours())
            .and_where(Expr::col(Row::Id).not_in_subquery(highest))
            .to_owned();
        let mut transaction = self.database.write().await?;
        let forgotten = transaction.execute("forgetting alarms", &empty).await?;
        transaction.execute("forgetting alarms", &remove).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

impl SqlCatalog {
    /// No alarm has this number, and all of the lane have higher ones.
    fn before_the_first(&self) -> i64 {
        i64::from(self.lane) << AlarmId::NUMBER_BITS
    }

    fn is_ours(&self) -> Expr {
        let first = self.before_the_first();
        Expr::col(Row::Id).between(first, first + (1 << AlarmId::NUMBER_BITS) - 1)
    }

    fn highest(&self) -> SelectStatement {
        Query::select()
            .expr(Func::max(Expr::col(Row::Id)))
            .from(Row::Table)
            .and_where(self.is_ours())
            .to_owned()
    }

    async fn read_alarms(&self, query: &SelectStatement) -> Result<Vec<Alarm>, CatalogError> {
        let rows: Vec<(String,)> = self.database.read().await?.rows("reading alarms", query).await?;
        rows.iter()
            .map(|(body,)| serde_json::from_str(body).map_err(|error| unreadable(&error)))
            .collect()
    }
}

fn unreadable(error: &serde_json::Error) -> CatalogError {
    CatalogError::Unreadable {
        kind: "alarm",
        detail: error.to_string(),
    }
}
