//! The rows of the route rules: a list without ids, written whole when anything in it changes.

use crate::database::Transaction;
use crate::object;
use crate::schema::RouteRule;
use crate::store::ROWS_PER_INSERT;
use carillon_domain::catalog::Snapshot;
use carillon_storage::catalog::CatalogError;
use sea_query::{Order, Query};

const KIND: &str = "route rule";

pub(crate) async fn read(transaction: &mut Transaction, snapshot: &mut Snapshot) -> Result<(), CatalogError> {
    let rules = bodies(transaction).await?;
    snapshot.route_rules = rules
        .iter()
        .map(|body| object::from_json(KIND, body))
        .collect::<Result<_, _>>()?;
    Ok(())
}

pub(crate) async fn write(transaction: &mut Transaction, next: &Snapshot) -> Result<(), CatalogError> {
    let rules = next.route_rules.iter().map(|rule| object::to_json(KIND, rule));
    let rules = rules.collect::<Result<Vec<String>, _>>()?;
    if bodies(transaction).await? == rules {
        return Ok(());
    }
    let delete = Query::delete().from_table(RouteRule::Table).to_owned();
    transaction.execute("removing the route rules", &delete).await?;
    let numbered: Vec<(i64, &String)> = (0..).zip(&rules).collect();
    for rules in numbered.chunks(ROWS_PER_INSERT) {
        let mut insert = Query::insert();
        insert
            .into_table(RouteRule::Table)
            .columns([RouteRule::Position, RouteRule::Body]);
        for (position, body) in rules {
            insert.values_panic([(*position).into(), body.as_str().into()]);
        }
        transaction.execute("adding route rules", &insert).await?;
    }
    Ok(())
}

async fn bodies(transaction: &mut Transaction) -> Result<Vec<String>, CatalogError> {
    let query = Query::select()
        .column(RouteRule::Body)
        .from(RouteRule::Table)
        .order_by(RouteRule::Position, Order::Asc)
        .to_owned();
    let rows: Vec<(String,)> = transaction.rows("reading the route rules", &query).await?;
    Ok(rows.into_iter().map(|(body,)| body).collect())
}
