use super::body::{self, too_large};
use super::failure::Failure;
use crate::state::AppState;
use actix_web::web::{self, BytesMut, Payload};
use actix_web::{HttpRequest, error::BlockingError};
use carillon_actors::campaign::FilesKept;
use carillon_api::Code;
use carillon_domain::content::FileHash;
use carillon_storage::files::{FileWriter, FilesError};
use futures_util::StreamExt;
use std::io;
use std::time::Duration;

/// Written at once: the file store blocks, and every write takes another thread.
const PART_BYTES: usize = 256 * 1024;
/// So many bytes have to come within the time for a body.
const PACE_BYTES: u64 = 1024 * 1024;

/// A body that lies in the file store; durable.
pub struct StoredBody {
    pub file: FileHash,
    pub bytes: u64,
    /// Until a fact refers to it.
    pub kept: FilesKept,
}

/// Puts the body into the file store while it comes in: at most `bytes_max`, each MiB of it within the time for a body, and
/// as long as the disk has room beside what the journal needs.
///
/// A `Content-Length` above the limit is refused before a byte of the body is read. Of a body that breaks off nothing is
/// kept.
pub async fn store(
    state: &AppState,
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: u64,
) -> Result<StoredBody, Failure> {
    body::check_headers(
        request.headers(),
        usize::try_from(bytes_max).unwrap_or(usize::MAX),
    )?;
    check_room(state, bytes_max)?;
    let timeout = state.limits.body_timeout();
    let files = state.files.clone();
    let mut writer = blocking(move || files.begin(bytes_max)).await?;
    let mut bytes = 0;
    let mut part = BytesMut::new();
    let mut deadline = tokio::time::Instant::now() + timeout;
    loop {
        let chunk = tokio::time::timeout_at(deadline, payload.next()).await;
        let chunk = chunk.map_err(|_| too_slow(timeout))?;
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|error| body::broken(&error))?;
        let before = bytes;
        bytes += chunk.len() as u64;
        if bytes > bytes_max {
            return Err(too_large(bytes_max));
        }
        if bytes / PACE_BYTES > before / PACE_BYTES {
            deadline = tokio::time::Instant::now() + timeout;
            check_room(state, bytes_max)?;
        }
        part.extend_from_slice(&chunk);
        if part.len() >= PART_BYTES {
            writer = write(writer, part.split()).await?;
        }
    }
    let writer = write(writer, part).await?;
    let kept = state.lane.keep_files().await;
    let file = blocking(move || writer.finish()).await?;
    Ok(StoredBody { file, bytes, kept })
}

/// Files stop well before the journal does: nobody's uploads may stop everybody's messages.
fn check_room(state: &AppState, bytes_max: u64) -> Result<(), Failure> {
    match state.lane.disk_free_bytes() {
        Some(free) if free < state.disk_free_bytes_min.saturating_add(bytes_max) => Err(full()),
        _ => Ok(()),
    }
}

async fn write(mut writer: Box<dyn FileWriter>, part: BytesMut) -> Result<Box<dyn FileWriter>, Failure> {
    let written = web::block(move || writer.write_all(&part).map(|()| writer)).await;
    written
        .map_err(|error| stopping(&error))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(),
            _ => Failure::internal(&error),
        })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, Failure> {
    let done = web::block(work).await;
    done.map_err(|error| stopping(&error))?.map_err(|error| {
        if error.is_full() {
            full()
        } else {
            Failure::internal(&error)
        }
    })
}

fn too_slow(timeout: Duration) -> Failure {
    let detail = format!(
        "the next {} KiB of the body did not arrive within {} s",
        PACE_BYTES / 1024,
        timeout.as_secs()
    );
    Failure::new(Code::RequestTimeout, detail)
}

fn full() -> Failure {
    Failure::new(Code::DiskLow, "the disk has no room for the file")
}

fn stopping(error: &BlockingError) -> Failure {
    Failure::new(Code::Unavailable, error.to_string())
}
