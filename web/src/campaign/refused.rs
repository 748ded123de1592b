use super::steer::find;
use crate::http::{Failure, parameter};
use crate::right::CampaignRight;
use crate::state::AppState;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_actors::campaign::recipients::RefusedReader;
use carillon_api::{Code, RefusedLine, RefusedLinesPage};
use carillon_domain::content::FileHash;
use carillon_domain::ids::AccountId;
use carillon_storage::files::{FileReader, Files};
use futures_util::stream;
use serde::Deserialize;
use std::io::{self, BufReader, Read};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const PART_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after_line: Option<u32>,
    limit: Option<u32>,
}

/// `GET /v1/campaigns/{id}/refused`
pub async fn refused(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    one_page(&state, &request, Some(right.account().id)).await
}

/// A page of the refused lines of a campaign of `account`, or of any when `None`.
pub async fn one_page(
    state: &AppState,
    request: &HttpRequest,
    account: Option<AccountId>,
) -> Result<HttpResponse, Failure> {
    let Page { after_line, limit } = parameter::query(request)?;
    let limit = parameter::limit(limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let list = list_of(state, request, account).await?;
    let files = state.files.clone();
    let page = blocking(move || page(&*files, list, after_line.unwrap_or(0), limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `GET /v1/campaigns/{id}/refused.csv`
pub async fn refused_csv(
    right: CampaignRight,
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    whole_list(&state, &request, Some(right.account().id)).await
}

/// All refused lines of a campaign of `account`, or of any when `None`, as a file.
pub async fn whole_list(
    state: &AppState,
    request: &HttpRequest,
    account: Option<AccountId>,
) -> Result<HttpResponse, Failure> {
    let list = list_of(state, request, account).await?;
    let files = state.files.clone();
    let reader = blocking(move || open(&*files, list)).await?;
    let parts = stream::try_unfold(reader, |mut reader| async move {
        let part = web::block(move || {
            let mut part = Vec::with_capacity(PART_BYTES);
            reader.by_ref().take(PART_BYTES as u64).read_to_end(&mut part)?;
            Ok::<_, io::Error>((part, reader))
        });
        let (part, reader) = part.await.map_err(io::Error::other)??;
        Ok::<_, io::Error>((!part.is_empty()).then(|| (Bytes::from(part), reader)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"refused.csv\""))
        .streaming(parts))
}

async fn list_of(
    state: &AppState,
    request: &HttpRequest,
    account: Option<AccountId>,
) -> Result<FileHash, Failure> {
    let (_, campaign) = find(state, request, account).await?;
    let recipients = campaign.campaign.recipients.ok_or_else(|| {
        let state = campaign.campaign.state.word();
        Failure::new(
            Code::CampaignState,
            format!("the campaign is {state}; its recipients are not checked yet"),
        )
    })?;
    Ok(recipients.refused)
}

fn page(files: &dyn Files, list: FileHash, after: u32, limit: usize) -> io::Result<RefusedLinesPage> {
    let mut entries = RefusedReader::new(BufReader::new(open(files, list)?))?;
    let mut lines = Vec::new();
    while let Some(entry) = entries.next_entry()? {
        if entry.line <= after {
            continue;
        }
        if lines.len() == limit {
            let next = lines.last().map(|last: &RefusedLine| last.line);
            return Ok(RefusedLinesPage { lines, next });
        }
        lines.push(RefusedLine {
            line: entry.line,
            code: entry.code,
            field: entry.field,
            detail: entry.reason,
        });
    }
    Ok(RefusedLinesPage { lines, next: None })
}

fn open(files: &dyn Files, list: FileHash) -> io::Result<Box<dyn FileReader>> {
    let file = files.open(list).map_err(io::Error::other)?;
    file.ok_or_else(|| io::ErrorKind::NotFound.into())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = web::block(work).await;
    done.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))?
        .map_err(|error| Failure::internal(&error))
}
