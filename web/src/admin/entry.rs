//! One entry of the configuration: read, put, taken away while traffic runs.

use super::change::{Remote, answer, edited, terms};
use crate::http::{Failure, body};
use crate::right::OperatorRight;
use crate::state::AppState;
use actix_web::http::header::ETAG;
use actix_web::{HttpRequest, HttpResponse, web};
use carillon_api::Code;
use carillon_domain::catalog::apply::Section;

/// Lists of words and numbers are long.
pub const ENTRY_BYTES_MAX: usize = 16 << 20;

/// `GET /v1/admin/catalog/{section}/{name}`
pub async fn entry(
    _right: OperatorRight,
    state: web::Data<AppState>,
    path: web::Path<EntryPath>,
) -> Result<HttpResponse, Failure> {
    let (section, name) = path.into_inner().parse()?;
    let (file, version) = state.catalog.file().await?;
    let entry = file.entry(section, &name).map_err(edited)?;
    let etag = (ETAG, format!("\"{version}\""));
    Ok(HttpResponse::Ok().insert_header(etag).json(entry))
}

/// `PUT /v1/admin/catalog/{section}/{name}`
pub async fn put_entry(
    right: OperatorRight,
    state: web::Data<AppState>,
    path: web::Path<EntryPath>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (section, name) = path.into_inner().parse()?;
    let terms = terms(&request)?;
    let body = body::read(&request, payload, ENTRY_BYTES_MAX, state.limits.body_timeout()).await?;
    let entry: serde_json::Value =
        serde_json::from_slice(&body).map_err(|error| Failure::new(Code::InvalidJson, error.to_string()))?;
    let remote = Remote::new()?;
    let applied = state
        .catalog
        .change(terms, &remote, |file| {
            file.upsert(section, &name, entry).map(drop)
        })
        .await?;
    answer(&right, "put", &format!("{section} {name}"), terms, applied)
}

/// `DELETE /v1/admin/catalog/{section}/{name}`
pub async fn remove_entry(
    right: OperatorRight,
    state: web::Data<AppState>,
    path: web::Path<EntryPath>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let (section, name) = path.into_inner().parse()?;
    let terms = terms(&request)?;
    let remote = Remote::new()?;
    let applied = state
        .catalog
        .change(terms, &remote, |file| file.remove(section, &name))
        .await?;
    answer(&right, "remove", &format!("{section} {name}"), terms, applied)
}

/// Templates and strategies are named inside their organisation.
#[derive(serde::Deserialize)]
pub struct EntryPath {
    section: String,
    organisation: Option<String>,
    name: String,
}

impl EntryPath {
    fn parse(self) -> Result<(Section, String), Failure> {
        let section = Section::from_word(&self.section).ok_or_else(|| {
            let words: Vec<_> = Section::ALL.into_iter().map(Section::word).collect();
            Failure::new(Code::NotFound, format!("sections are {}", words.join(", ")))
        })?;
        let name = match self.organisation {
            Some(organisation) => format!("{organisation}/{}", self.name),
            None => self.name,
        };
        Ok((section, name))
    }
}
