//! The rows of operators, their sessions, and the tokens of walls.

use crate::SqlCatalog;
use crate::database::Transaction;
use crate::named::{PASSWORDS, RIGHTS};
use crate::schema::{Session as SessionRow, WallToken as TokenRow};
use async_trait::async_trait;
use carillon_domain::ids::TenantId;
use carillon_domain::rights::Rights;
use carillon_domain::time::UnixMs;
use carillon_storage::catalog::CatalogError;
use carillon_storage::login::{Logins, SecretHash, Session, StoredLogins, WallToken};
use sea_query::{DeleteStatement, Expr, ExprTrait, Query};

const SESSION: &str = "session";
const WALL_TOKEN: &str = "wall token";

#[async_trait]
impl Logins for SqlCatalog {
    async fn logins(&self) -> Result<StoredLogins, CatalogError> {
        let mut transaction = self.database.read().await?;
        Ok(StoredLogins {
            sessions: sessions(&mut transaction).await?,
            wall_tokens: wall_tokens(&mut transaction).await?,
            rights: rights(&mut transaction).await?,
        })
    }

    async fn password(&self, operator: &str) -> Result<Option<String>, CatalogError> {
        // Anybody may ask for any name; PostgreSQL has no text with a zero in it.
        if operator.contains('\0') {
            return Ok(None);
        }
        PASSWORDS.get(&self.database, operator).await
    }

    async fn set_password(&self, operator: &str, phc: &str) -> Result<(), CatalogError> {
        let mut transaction = self.database.write().await?;
        PASSWORDS.put(&mut transaction, operator, phc).await?;
        transaction
            .execute("ending sessions", &end_sessions_of(operator))
            .await?;
        transaction.tell().await?;
        transaction.commit().await
    }

    async fn change_password(
        &self,
        operator: &str,
        from: &str,
        to: &str,
        kept: SecretHash,
    ) -> Result<bool, CatalogError> {
        let find_kept = Query::select()
            .column(SessionRow::Created)
            .from(SessionRow::Table)
            .and_where(Expr::col(SessionRow::Secret).eq(kept.0.to_vec()))
            .and_where(Expr::col(SessionRow::Operator).eq(operator))
            .to_owned();
        let mut end_others = end_sessions_of(operator);
        end_others.and_where(Expr::col(SessionRow::Secret).ne(kept.0.to_vec()));
        let mut transaction = self.database.write().await?;
        let stored = PASSWORDS.find(&mut transaction, operator).await?;
        let is_kept: Vec<(i64,)> = transaction.rows("finding a session", &find_kept).await?;
        if stored.as_deref() != Some(from) || is_kept.is_empty() {
            return Ok(false);
        }
        PASSWORDS.put(&mut transaction, operator, to).await?;
        transaction.execute("ending sessions", &end_others).await?;
        transaction.tell().await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn add_operator(&self, operator: &str, phc: &str, rights: Rights) -> Result<bool, CatalogError> {
        let mut transaction = self.database.write().await?;
        if PASSWORDS.find(&mut transaction, operator).await?.is_some() {
            return Ok(false);
        }
        PASSWORDS.put(&mut transaction, operator, phc).await?;
        RIGHTS
            .put(&mut transaction, operator, &rights.to_string())
            .await?;
        transaction.tell().await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn set_rights(&self, operator: &str, rights: Rights) -> Result<bool, CatalogError> {
        let mut transaction = self.database.write().await?;
        if PASSWORDS.find(&mut transaction, operator).await?.is_none() {
            return Ok(false);
        }
        RIGHTS
            .put(&mut transaction, operator, &rights.to_string())
            .await?;
        transaction.tell().await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn add_session(&self, session: &Session, phc: &str) -> Result<bool, CatalogError> {
        let insert = Query::insert()
            .into_table(SessionRow::Table)
            .columns([
                SessionRow::Secret,
                SessionRow::Operator,
                SessionRow::Created,
                SessionRow::Used,
                SessionRow::Source,
            ])
            .values_panic([
                session.secret.0.to_vec().into(),
                session.operator.as_str().into(),
                ms(session.created).into(),
                ms(session.used).into(),
                session.source.to_string().into(),
            ])
            .to_owned();
        let mut transaction = self.database.write().await?;
        let stored = PASSWORDS.find(&mut transaction, &session.operator).await?;
        if stored.as_deref() != Some(phc) {
            return Ok(false);
        }
        transaction.execute("adding a session", &insert).await?;
        transaction.tell().await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn add_wall_token(&self, token: &WallToken) -> Result<(), CatalogError> {
        let insert = Query::insert()
            .into_table(TokenRow::Table)
            .columns([
                TokenRow::Secret,
                TokenRow::Name,
                TokenRow::Organisation,
                TokenRow::Created,
                TokenRow::CreatedBy,
                TokenRow::Expires,
                TokenRow::Used,
            ])
            .values_panic([
                token.secret.0.to_vec().into(),
                token.name.as_str().into(),
                token.organisation.map(|tenant| i64::from(tenant.0)).into(),
                ms(token.created).into(),
                token.created_by.as_str().into(),
                token.expires.map(ms).into(),
                token.used.map(ms).into(),
            ])
            .to_owned();
        let mut transaction = self.database.write().await?;
        transaction.execute("adding a wall token", &insert).await?;
        transaction.tell().await?;
        transaction.commit().await
    }

    async fn remove_logins(&self, secrets: &[SecretHash]) -> Result<(), CatalogError> {
        let mut transaction = self.database.write().await?;
        for secret in secrets {
            let secret = secret.0.to_vec();
            let session = Query::delete()
                .from_table(SessionRow::Table)
                .and_where(Expr::col(SessionRow::Secret).eq(secret.clone()))
                .to_owned();
            let token = Query::delete()
                .from_table(TokenRow::Table)
                .and_where(Expr::col(TokenRow::Secret).eq(secret))
                .to_owned();
            transaction.execute("ending a session", &session).await?;
            transaction.execute("removing a wall token", &token).await?;
        }
        transaction.tell().await?;
        transaction.commit().await
    }

    async fn mark_used(&self, used: &[(SecretHash, UnixMs)]) -> Result<(), CatalogError> {
        let mut transaction = self.database.write().await?;
        for (secret, at) in used {
            let secret = secret.0.to_vec();
            let session = Query::update()
                .table(SessionRow::Table)
                .value(SessionRow::Used, ms(*at))
                .and_where(Expr::col(SessionRow::Secret).eq(secret.clone()))
                .to_owned();
            let token = Query::update()
                .table(TokenRow::Table)
                .value(TokenRow::Used, ms(*at))
                .and_where(Expr::col(TokenRow::Secret).eq(secret))
                .to_owned();
            transaction
                .execute("noting the use of a session", &session)
                .await?;
            transaction
                .execute("noting the use of a wall token", &token)
                .await?;
        }
        transaction.commit().await
    }
}

fn end_sessions_of(operator: &str) -> DeleteStatement {
    Query::delete()
        .from_table(SessionRow::Table)
        .and_where(Expr::col(SessionRow::Operator).eq(operator))
        .to_owned()
}

async fn sessions(transaction: &mut Transaction) -> Result<Vec<Session>, CatalogError> {
    let query = Query::select()
        .columns([
            SessionRow::Secret,
            SessionRow::Operator,
            SessionRow::Created,
            SessionRow::Used,
            SessionRow::Source,
        ])
        .from(SessionRow::Table)
        .to_owned();
    let rows: Vec<(Vec<u8>, String, i64, i64, String)> = transaction.rows("reading sessions", &query).await?;
    rows.into_iter()
        .map(|(secret, operator, created, used, source)| {
            let source = source.parse().map_err(|_| CatalogError::Unreadable {
                kind: SESSION,
                detail: format!("{source:?} is no address"),
            })?;
            Ok(Session {
                secret: secret_of(SESSION, secret)?,
                operator,
                created: time(created),
                used: time(used),
                source,
            })
        })
        .collect()
}

async fn wall_tokens(transaction: &mut Transaction) -> Result<Vec<WallToken>, CatalogError> {
    let query = Query::select()
        .columns([
            TokenRow::Secret,
            TokenRow::Name,
            TokenRow::Organisation,
            TokenRow::Created,
            TokenRow::CreatedBy,
            TokenRow::Expires,
            TokenRow::Used,
        ])
        .from(TokenRow::Table)
        .to_owned();
    type Row = (
        Vec<u8>,
        String,
        Option<i64>,
        i64,
        String,
        Option<i64>,
        Option<i64>,
    );
    let rows: Vec<Row> = transaction.rows("reading wall tokens", &query).await?;
    rows.into_iter()
        .map(
            |(secret, name, organisation, created, created_by, expires, used)| {
                // A token whose organisation were lost would show everybody's figures.
                let organisation = organisation.map(u32::try_from).transpose();
                let organisation = organisation.map_err(|_| CatalogError::Unreadable {
                    kind: WALL_TOKEN,
                    detail: "its organisation is no number of 32 bits".to_owned(),
                })?;
                Ok(WallToken {
                    secret: secret_of(WALL_TOKEN, secret)?,
                    name,
                    organisation: organisation.map(TenantId),
                    created: time(created),
                    created_by,
                    expires: expires.map(time),
                    used: used.map(time),
                })
            },
        )
        .collect()
}

async fn rights(transaction: &mut Transaction) -> Result<Vec<(String, Rights)>, CatalogError> {
    let rows = RIGHTS.all(transaction).await?;
    rows.into_iter()
        .map(|(operator, words)| match words.parse() {
            Ok(rights) => Ok((operator, rights)),
            Err(_) => Err(CatalogError::Unreadable {
                kind: "right",
                detail: format!("{words:?} are no rights"),
            }),
        })
        .collect()
}

fn secret_of(kind: &'static str, bytes: Vec<u8>) -> Result<SecretHash, CatalogError> {
    let hash = <[u8; 32]>::try_from(bytes);
    hash.map(SecretHash).map_err(|bytes| CatalogError::Unreadable {
        kind,
        detail: format!("its hash has {} bytes", bytes.len()),
    })
}

fn ms(at: UnixMs) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn time(ms: i64) -> UnixMs {
    UnixMs(u64::try_from(ms).unwrap_or(0))
}
