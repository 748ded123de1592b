use super::pool::answered;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const CHANNEL: &str = "carillon_catalog";
/// How long nothing may be heard before the server is asked whether it is there.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Between two tries to listen again. Whoever waits looks by himself meanwhile.
const PAUSE: Duration = Duration::from_secs(1);
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The statement that tells of a change, once it is committed.
pub(crate) fn notify() -> String {
    format!("NOTIFY {CHANNEL}")
}

/// Counts the changes that anybody tells of; never ends. A connection that is lost comes back by itself.
pub(crate) async fn listen(options: PgConnectOptions, place: String, told: watch::Sender<u64>) {
    let mut is_new = true;
    loop {
        let error = hear(&options, &told, &mut is_new).await;
        // Told once, not with every try.
        if is_new {
            tracing::warn!(
                %place, cause = %error,
                "changes of the catalog are not told any more; they are looked for twice a second until they are again"
            );
        }
        is_new = false;
        sleep(PAUSE).await;
    }
}

/// Until the connection is lost, and why it was.
async fn hear(options: &PgConnectOptions, told: &watch::Sender<u64>, is_new: &mut bool) -> sqlx::Error {
    let mut listener = match answered(connect(options)).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    if !*is_new {
        tracing::info!("changes of the catalog are told again");
        *is_new = true;
    }
    loop {
        // Besides each notice, once at the beginning: nobody has heard what was told before.
        told.send_modify(|told| *told += 1);
        loop {
            match timeout(SILENCE_MAX, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None)) => return sqlx::Error::PoolClosed,
                Ok(Err(error)) => return error,
                Err(_) => {
                    let asked = sqlx::query("SELECT 1").execute(&mut listener);
                    if let Err(error) = answered(asked).await {
                        return error;
                    }
                }
            }
        }
    }
}

/// With a pool of its own each time: the driver keeps a listener's connection that no longer answers for as long as the
/// operating system does.
async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_MAX)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
