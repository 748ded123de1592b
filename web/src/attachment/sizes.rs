use crate::http::Chain;
use crate::send::LineFault;
use carillon_api::Code;
use carillon_domain::content::{Attachment, FileHash};
use carillon_domain::intake::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX};
use carillon_domain::refusal::{Refusal, RefusalCode};
use carillon_storage::files::{Files, FilesError};
use std::collections::HashMap;

/// Sizes of stored files, each asked for once.
pub struct StoredSizes<'a> {
    files: &'a dyn Files,
    known: HashMap<FileHash, Option<u64>>,
}

impl<'a> StoredSizes<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        StoredSizes {
            files,
            known: HashMap::new(),
        }
    }

    /// That the files of one mail are stored, and not too large together. `field` names the list.
    pub fn check(&mut self, attachments: &[Attachment], field: impl Fn() -> String) -> Result<(), Refused> {
        let mut bytes = 0u64;
        // More of them are refused as such.
        for (index, attachment) in attachments.iter().enumerate().take(ATTACHMENTS_MAX) {
            let size = self.size(attachment.file)?.ok_or_else(|| {
                let detail = "no file of this hash is stored; upload it first";
                let field = format!("{}[{index}].file", field());
                Refusal::new(RefusalCode::AttachmentUnknown, field, detail)
            })?;
            bytes = bytes.saturating_add(size);
        }
        if bytes > ATTACHMENT_BYTES_MAX {
            let detail = format!(
                "the attachments of a mail have at most {} MiB together",
                ATTACHMENT_BYTES_MAX >> 20
            );
            return Err(Refusal::new(RefusalCode::AttachmentsTooLarge, field(), detail).into());
        }
        Ok(())
    }

    fn size(&mut self, file: FileHash) -> Result<Option<u64>, FilesError> {
        if let Some(size) = self.known.get(&file) {
            return Ok(*size);
        }
        let size = self.files.size(file)?;
        self.known.insert(file, size);
        Ok(size)
    }
}

/// Why attachments are not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

impl From<Refused> for LineFault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Refusal(refusal) => refusal.into(),
            Refused::Files(error) => {
                tracing::error!(cause = %Chain(&error), "the file store cannot be read");
                LineFault {
                    code: Code::Internal,
                    field: String::new(),
                    detail: "the file store cannot be read".to_owned(),
                    place: None,
                }
            }
        }
    }
}
