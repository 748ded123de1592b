use crate::database::{Database, Transaction};
use crate::schema::{Operator, OperatorRights, Setting};
use carillon_storage::catalog::CatalogError;
use sea_query::{Expr, ExprTrait, Iden, OnConflict, Query};

/// A table of texts by name.
pub(crate) struct Named<Column> {
    table: Column,
    name: Column,
    value: Column,
}

pub(crate) const PASSWORDS: Named<Operator> = Named {
    table: Operator::Table,
    name: Operator::Name,
    value: Operator::Password,
};

pub(crate) const RIGHTS: Named<OperatorRights> = Named {
    table: OperatorRights::Table,
    name: OperatorRights::Operator,
    value: OperatorRights::Rights,
};

pub(crate) const SETTINGS: Named<Setting> = Named {
    table: Setting::Table,
    name: Setting::Name,
    value: Setting::Value,
};

impl<Column: Iden + Copy + 'static> Named<Column> {
    pub async fn get(&self, database: &Database, name: &str) -> Result<Option<String>, CatalogError> {
        self.find(&mut database.read().await?, name).await
    }

    pub async fn find(
        &self,
        transaction: &mut Transaction,
        name: &str,
    ) -> Result<Option<String>, CatalogError> {
        let query = Query::select()
            .column(self.value)
            .from(self.table)
            .and_where(Expr::col(self.name).eq(name))
            .to_owned();
        let rows: Vec<(String,)> = transaction.rows("reading a named text", &query).await?;
        Ok(rows.into_iter().next().map(|(value,)| value))
    }

    /// All names with their texts.
    pub async fn all(&self, transaction: &mut Transaction) -> Result<Vec<(String, String)>, CatalogError> {
        let query = Query::select()
            .columns([self.name, self.value])
            .from(self.table)
            .to_owned();
        transaction.rows("reading named texts", &query).await
    }

    pub async fn set(&self, database: &Database, name: &str, value: &str) -> Result<(), CatalogError> {
        let mut transaction = database.write().await?;
        self.put(&mut transaction, name, value).await?;
        transaction.commit().await
    }

    /// Adds the text or replaces the one stored.
    pub async fn put(
        &self,
        transaction: &mut Transaction,
        name: &str,
        value: &str,
    ) -> Result<(), CatalogError> {
        let upsert = Query::insert()
            .into_table(self.table)
            .columns([self.name, self.value])
            .values_panic([name.into(), value.into()])
            .on_conflict(OnConflict::column(self.name).update_column(self.value).to_owned())
            .to_owned();
        transaction.execute("storing a named text", &upsert).await?;
        Ok(())
    }
}
