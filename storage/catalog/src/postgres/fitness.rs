use sqlx::PgConnection;
use std::io;

/// Refuses a database that could not keep what is given to it.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (encoding, is_standby): (String, bool) =
        sqlx::query_as("SELECT current_setting('server_encoding'), pg_is_in_recovery()")
            .fetch_one(connection)
            .await?;
    if encoding != "UTF8" {
        return Err(unfit(format!(
            "its encoding is {encoding}; make the database with ENCODING 'UTF8'"
        )));
    }
    if is_standby {
        // As a server is that has just been replaced: the same address may lead to the right one in a moment.
        let text = "it is a standby, which can only be read";
        return Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, text)));
    }
    Ok(())
}

fn unfit(text: String) -> sqlx::Error {
    sqlx::Error::Configuration(text.into())
}
