use crate::failed::{failed, unreadable};
use carillon_storage::history::HistoryError;
use scylla::client::session::Session;
use scylla::statement::unprepared::Statement;
use std::time::Duration;

const MAKING: &str = "making the tables";
const READING: &str = "reading the form of the tables";

/// The form of the tables this code knows.
const FORM: i32 = 1;

/// Rows that go by their age lie in windows of time, so that whole files of them go.
const WINDOWS: &str = "compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': '30'}";

/// Nothing is ever null: what is absent has a value that says so.
fn tables() -> [String; 8] {
    [
        // Up to which frame a lane has stored, and what its writer's timestamps begin with.
        "lane (one tinyint, lane int, upto bigint, base bigint, PRIMARY KEY (one, lane))".to_owned(),
        format!(
            "journey (part bigint, id bigint, lane int, frame bigint, phone bigint, tenant bigint, account bigint, state tinyint,
                final_at bigint, campaign bigint, line bigint, body blob, PRIMARY KEY (part, id)) WITH {WINDOWS}"
        ),
        // Messages under what they are looked for by.
        format!(
            "found (kind tinyint, key bigint, span bigint, shard int, id bigint, tenant bigint, account bigint, state tinyint,
                PRIMARY KEY ((kind, key, span, shard), id)) WITH CLUSTERING ORDER BY (id DESC) AND {WINDOWS}"
        ),
        // Which partitions of `found` and `figure` there are.
        "directory (kind tinyint, key bigint, span bigint, shard int, PRIMARY KEY ((kind, key), span, shard))
            WITH CLUSTERING ORDER BY (span DESC, shard ASC)"
            .to_owned(),
        format!(
            "correction (part bigint, id bigint, lane int, frame bigint, what blob, before blob, PRIMARY KEY (part, id)) WITH {WINDOWS}"
        ),
        // Messages that were corrected before they came.
        "early (lane int, id bigint, PRIMARY KEY (lane, id))".to_owned(),
        "figure (lane int, kind tinyint, resolution tinyint, period bigint, at bigint, key blob, frame bigint, sums blob, before blob,
            PRIMARY KEY ((lane, kind, resolution, period), at, key))"
            .to_owned(),
        "form (one tinyint PRIMARY KEY, form int)".to_owned(),
    ]
}

/// Makes the keyspace and its tables where they are missing; several nodes may do so at once.
pub(crate) async fn ensure(
    session: &Session,
    keyspace: &str,
    replication: u32,
    place: &str,
) -> Result<(), HistoryError> {
    let known = session.query_unpaged("SELECT keyspace_name FROM system_schema.keyspaces", &[]);
    let known = known
        .await
        .map_err(failed(MAKING, place))?
        .into_rows_result()
        .map_err(failed(MAKING, place))?;
    let mut is_known = false;
    for row in known.rows::<(String,)>().map_err(failed(MAKING, place))? {
        is_known |= row.map_err(failed(MAKING, place))?.0 == keyspace;
    }
    if !is_known {
        tracing::info!(keyspace, replication, "making the keyspace");
        let replication =
            format!("{{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}");
        let create = format!("CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {replication}");
        session
            .query_unpaged(slow(create), &[])
            .await
            .map_err(failed(MAKING, place))?;
    }
    session
        .use_keyspace(keyspace, true)
        .await
        .map_err(failed(MAKING, place))?;
    // The last table to be made tells that all of them are there.
    if let Some(form) = form(session, keyspace, place).await? {
        return match form {
            FORM => Ok(()),
            other => Err(unreadable(
                place,
                format!("form {other}, this program reads {FORM}"),
            )),
        };
    }
    for table in tables() {
        let create = format!("CREATE TABLE IF NOT EXISTS {keyspace}.{table}");
        session
            .query_unpaged(slow(create), &[])
            .await
            .map_err(failed(MAKING, place))?;
    }
    session
        .await_schema_agreement()
        .await
        .map_err(failed(MAKING, place))?;
    let insert = format!("INSERT INTO {keyspace}.form (one, form) VALUES (1, {FORM})");
    session
        .query_unpaged(insert, &[])
        .await
        .map_err(failed(MAKING, place))?;
    Ok(())
}

/// All nodes have to agree, which takes seconds on a busy one.
fn slow(text: String) -> Statement {
    let mut statement = Statement::new(text);
    statement.set_request_timeout(Some(Duration::from_secs(60)));
    statement
}

async fn form(session: &Session, keyspace: &str, place: &str) -> Result<Option<i32>, HistoryError> {
    let tables = session
        .query_unpaged(
            "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'form'",
            (keyspace,),
        )
        .await
        .map_err(failed(READING, place))?
        .into_rows_result()
        .map_err(failed(READING, place))?;
    if tables.rows_num() == 0 {
        return Ok(None);
    }
    let found = session
        .query_unpaged(format!("SELECT form FROM {keyspace}.form WHERE one = 1"), &[])
        .await
        .map_err(failed(READING, place))?
        .into_rows_result()
        .map_err(failed(READING, place))?;
    Ok(found
        .maybe_first_row::<(i32,)>()
        .map_err(failed(READING, place))?
        .map(|row| row.0))
}
