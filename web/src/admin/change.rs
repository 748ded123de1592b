//! What all changes of the configuration have in common.

use crate::http::Failure;
use crate::right::OperatorRight;
use crate::service::{ChangeError, KeyMaker, Terms};
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use carillon_api::{CatalogChanged, ChangeView, Code, NewKeyView};
use carillon_domain::catalog::Secret;
use carillon_domain::catalog::apply::{Applied, Change, EditError, Environment, What};

/// Errors of a file told in one answer.
const ERRORS_TOLD_MAX: usize = 20;

/// What the API lets an entry refer to: nothing of the server, neither its variables nor its files.
pub struct Remote(KeyMaker);

impl Remote {
    pub fn new() -> Result<Self, Failure> {
        KeyMaker::new()
            .map(Remote)
            .map_err(|error| Failure::internal(&error))
    }
}

impl Environment for Remote {
    fn variable(&self, _: &str) -> Result<String, String> {
        Err("variables of the server are not for the API; send the text itself".to_owned())
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Err("files of the server are not for the API; send the text itself".to_owned())
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        self.0.sha256(text)
    }

    fn new_api_key(&self) -> Secret {
        self.0.new_api_key()
    }
}

/// On what a request makes its change: `If-Match` with the version as an entity tag, or without quotes.
pub fn terms(request: &HttpRequest) -> Result<Terms, Failure> {
    let Some(tag) = request.headers().get(IF_MATCH) else {
        return Ok(Terms::default());
    };
    let tag = tag.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(Terms::default());
    }
    let version = tag.trim_matches('"').parse();
    let expected = version.map_err(|_| Failure::parameter("If-Match", "give a version, as ETag has it"))?;
    Ok(Terms {
        expected: Some(expected),
        ..Terms::default()
    })
}

/// Tells the operator, and the log, what was changed.
pub fn answer(
    right: &OperatorRight,
    verb: &'static str,
    what: &str,
    terms: Terms,
    applied: Applied,
) -> Result<HttpResponse, Failure> {
    let version = applied.snapshot.version;
    if !terms.dry_run {
        let changes = applied.changes.len();
        tracing::info!(target: "carillon::audit", operator = right.name(), verb, what, changes, version, "configuration");
    }
    let new_keys = applied.new_keys.into_iter().filter(|_| !terms.dry_run);
    let changed = CatalogChanged {
        version,
        changes: applied.changes.into_iter().map(view).collect(),
        new_keys: new_keys
            .map(|new| NewKeyView {
                account: new.account,
                key: new.key.reveal().to_owned(),
            })
            .collect(),
        dry_run: terms.dry_run,
    };
    let etag = (ETAG, format!("\"{version}\""));
    Ok(HttpResponse::Ok().insert_header(etag).json(changed))
}

fn view(change: Change) -> ChangeView {
    let (what, field, from, to) = match change.what {
        What::Added => ("added", None, None, None),
        What::Removed => ("removed", None, None, None),
        What::Changed { field, from, to } => ("changed", Some(field), Some(from), Some(to)),
        What::SecretChanged { field } => ("secret_changed", Some(field), None, None),
    };
    ChangeView {
        section: change.section.word().to_owned(),
        name: change.name,
        what: what.to_owned(),
        field: field.map(str::to_owned),
        from,
        to,
    }
}

/// Why an entry could not be changed.
pub fn edited(error: EditError) -> Failure {
    let code = match &error {
        EditError::Unknown { .. } => Code::NotFound,
        EditError::InUse { .. } => Code::InUse,
        EditError::Ambiguous { .. } | EditError::OtherName { .. } | EditError::Shape { .. } => {
            Code::InvalidField
        }
    };
    Failure::new(code, error.to_string())
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Stale { .. } => {
                Failure::new(Code::StaleVersion, error.to_string()).with_field("If-Match")
            }
            ChangeError::Edit(error) => edited(error),
            ChangeError::Invalid(errors) => {
                let told = errors.iter().take(ERRORS_TOLD_MAX).map(ToString::to_string);
                let mut text = told.collect::<Vec<_>>().join("\n");
                if let Some(more) = errors.len().checked_sub(ERRORS_TOLD_MAX).filter(|more| *more > 0) {
                    text += &format!("\nand {more} more");
                }
                Failure::new(Code::CatalogInvalid, text)
            }
            ChangeError::Compile(error) => Failure::new(Code::CatalogInvalid, error.to_string()),
            ChangeError::Lane(error) => Failure::from(error),
            ChangeError::Store(error) => Failure::from(error),
            ChangeError::Build(_) => Failure::internal(&error),
        }
    }
}
